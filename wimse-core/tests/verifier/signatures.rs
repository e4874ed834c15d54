//! Requests with an HTTP signature as their one proof.

use std::time::Duration;

use futures_util::FutureExt;
use http::Request;
use serde_json::json;
use wimse_core::jose::Algorithm;
use wimse_core::testing::TestDomain;
use wimse_core::{
    Audiences, BuildError, DomainAnchors, Limits, MemoryReplayCache, Proof, Reason, SignOptions,
    TrustAnchors, Verifier,
};

use crate::by_hand::{CONTENT, decide_all, digest, quoted, set, verdict_all};
use crate::failing_signatures::failing_signatures;
use crate::replay::{Asked, Scripted};
use crate::{BASE, CALLER, NOW, TARGET, World, decide, verdict};

#[test]
fn hsq_01_to_hsq_16_a_signature_by_the_book_is_accepted() {
    let world = World::new();
    let verifier = world.verifier();
    let peer = decide_all(&verifier, &world.signed(), CONTENT).unwrap();
    assert_eq!((peer.id().as_str(), peer.proof()), (CALLER, Proof::HttpSignature));
    assert_eq!((peer.expires_at().as_secs(), peer.authentications().count()), (NOW + 60, 1));

    // Nothing but the profile's set is to be covered, and what is covered beyond it does no harm.
    let more =
        world.signed_saying(|draft| draft.covered.extend(["@query-param-x", "host"].map(str::to_owned)));
    assert_eq!(verdict_all(&verifier, &more, CONTENT), Err(Reason::ProofMalformed));
    let more = world.signed_after(|r| set(r.headers_mut(), "host", "evil.test"));
    assert_eq!(verdict_all(&verifier, &more, CONTENT), Ok(()));
    // Neither label nor order of parameters matters, and unknown parameters are ignored.
    let other = world.signed_saying(|draft| {
        draft.label = "anything";
        draft.parameters.reverse();
        draft.parameters.push(("x-unknown", "?0".to_owned()));
    });
    assert_eq!(verdict_all(&verifier, &other, CONTENT), Ok(()));
}

#[test]
fn hsq_29_wit_20_every_algorithm_signs_and_is_verified_end_to_end() {
    let domain = TestDomain::new("example.com");
    let verifier = domain.verifier(Audiences::base_url(BASE)).build().unwrap();
    for algorithm in Algorithm::ALL {
        let workload = domain.workload_with("/a", algorithm, |wit| wit);
        let mut request = Request::post(TARGET).body(()).unwrap();
        workload.sign_content(&mut request, CONTENT, &SignOptions::default());
        let peer = decide_all(&verifier, &request, CONTENT).unwrap();
        assert_eq!((peer.wit().proof_algorithm(), peer.proof()), (algorithm, Proof::HttpSignature));
    }
}

#[test]
fn hsq_01_to_hsq_23_hsq_35_wit_39_whatever_is_wrong_with_a_signature_is_refused() {
    let world = World::new();
    let cache = Scripted::says(Ok(wimse_core::replay::Use::First));
    let verifier = world.builder().replay_cache(cache.clone()).context_tokens(["x-user"]).build().unwrap();
    for failing in failing_signatures(&world, false) {
        let rejection = decide_all(&verifier, &failing.request, CONTENT).unwrap_err();
        assert_eq!(rejection.reason(), failing.reason, "{}: {rejection}", failing.what);
        assert_eq!(cache.asked(), 0, "{} used a nonce up", failing.what);
    }
}

#[test]
fn hsq_28_a_signature_whose_content_nobody_checks_is_refused_with_500() {
    let world = World::new();
    let verifier = world.verifier();
    let mut get = Request::get(TARGET).header("workload-identity-token", world.wit()).body(()).unwrap();
    world.sign_by_hand(&mut get, |_| ());
    for (request, content) in [(world.signed(), CONTENT), (get, b"")] {
        let by_head = verifier.verify_head(&request).unwrap().finish().now_or_never().unwrap();
        for rejection in [decide(&verifier, &request), by_head].map(Result::unwrap_err) {
            assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::ContentUnchecked, 500));
            let response = rejection.to_response();
            assert!(!rejection.challenge() && !response.headers().contains_key("accept-signature"));
        }
        // It is the service that is wrong: the request was not used up.
        assert_eq!(verdict_all(&verifier, &request, content), Ok(()));
        assert_eq!(verdict_all(&verifier, &request, content), Err(Reason::Replayed));
    }
    // What is refused anyhow is refused for its own reason.
    let expired = world.signed_saying(|draft| draft.times("expires", NOW - 60));
    assert_eq!(verdict(&verifier, &expired), Err(Reason::ProofExpired));
}

#[test]
fn hsq_11_content_may_arrive_in_any_pieces() {
    let world = World::new();
    let verifier = world.verifier();
    for cut in 0..=CONTENT.len() {
        let mut head = verifier.verify_head(&world.signed()).unwrap();
        assert!(head.needs_content());
        let (one, two) = CONTENT.split_at(cut);
        for piece in [one, b"", two] {
            head.update(piece);
        }
        assert_eq!(head.finish().now_or_never().unwrap().unwrap().id().as_str(), CALLER, "{cut}");

        let mut head = verifier.verify_head(&world.signed()).unwrap();
        head.update(two);
        let reason = head.finish().now_or_never().unwrap().map(drop).map_err(|r| r.reason());
        assert_eq!(reason, if cut == 0 { Ok(()) } else { Err(Reason::DigestMismatch) }, "{cut}");
    }
    // A proof token covers no content: there is nothing to wait for, and any content will do.
    let mut head = verifier.verify_head(&world.request()).unwrap();
    assert!(!head.needs_content() && head.exchange().is_none());
    head.update(b"anything");
    assert!(head.finish().now_or_never().unwrap().is_ok());
    assert_eq!(verdict_all(&verifier, &world.request(), b"anything"), Ok(()));
}

#[test]
fn hsq_10_hsq_11_amb_22_amb_23_content_has_every_digest_that_is_known() {
    let world = World::new();
    let verifier = world.verifier();
    let right = digest(CONTENT).to_str().unwrap().to_owned();
    let empty = digest(b"").to_str().unwrap().to_owned();
    let sha512 = |content: &[u8]| {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, content);
        format!("sha-512=:{}:", data_encoding::BASE64.encode(hash.as_ref()))
    };
    let (mismatch, malformed) = (Err(Reason::DigestMismatch), Err(Reason::DigestMalformed));
    for (field, content, expected) in [
        (Some(right.clone()), CONTENT, Ok(())),
        (Some(right.clone()), b"".as_slice(), mismatch),
        (Some(right.clone()), b"{\"item\":8}", mismatch),
        (Some(right.clone()), b"{\"item\":7} ", mismatch),
        (Some(empty.clone()), b"", Ok(())),
        (Some(empty), CONTENT, mismatch),
        (None, b"", Ok(())),
        (None, CONTENT, Err(Reason::DigestMissing)),
        (Some(sha512(CONTENT)), CONTENT, Ok(())),
        (Some(sha512(b"")), CONTENT, mismatch),
        (Some(format!("{right}, {}", sha512(CONTENT))), CONTENT, Ok(())),
        (Some(format!("{right}, {}", sha512(b""))), CONTENT, mismatch),
        (Some(format!("md5=:AAAA:, {right}")), CONTENT, Ok(())),
        (Some("md5=:AAAA:".to_owned()), CONTENT, malformed),
        (Some("md5=:AAAA:".to_owned()), b"", malformed),
        (Some(format!("{right}, {right}")), CONTENT, malformed),
        (Some("sha-256=7".to_owned()), CONTENT, malformed),
    ] {
        let request = || {
            world.signed_after(|request| {
                request.headers_mut().remove("content-digest");
                if let Some(field) = &field {
                    set(request.headers_mut(), "content-digest", field);
                }
            })
        };
        assert_eq!(verdict_all(&verifier, &request(), content), expected, "{field:?} {content:?}");
        let by_pieces = verifier.verify_head(&request()).and_then(|mut head| {
            head.update(content);
            head.finish().now_or_never().unwrap()
        });
        assert_eq!(by_pieces.map(drop).map_err(|r| r.reason()), expected, "{field:?} {content:?}");
    }
}

#[test]
fn hsq_26_amb_31_a_nonce_counts_once_whoever_sends_it() {
    let world = World::new();
    let verifier = world.verifier();
    let request = |sender: &str, expires: i64| {
        let mut request = world.post();
        let wit = world.wit_with(|_, claims| claims["sub"] = json!(sender));
        set(request.headers_mut(), "workload-identity-token", &wit);
        world.sign_by_hand(&mut request, |draft| {
            draft.says("nonce", "\"the-nonce\"");
            draft.times("expires", NOW + expires);
        });
        request
    };
    let other = "wimse://example.com/other";
    assert_eq!(verdict_all(&verifier, &request(CALLER, 60), CONTENT), Ok(()));
    for (sender, expires) in [(CALLER, 60), (CALLER, 90), (other, 60), (other, 600)] {
        let again = verdict_all(&verifier, &request(sender, expires), CONTENT);
        assert_eq!(again, Err(Reason::Replayed), "{sender} {expires}");
    }
    // Identifiers of proof tokens are counted by themselves.
    let proof = world.request_with_proof(|_, claims| claims["jti"] = json!("the-nonce"));
    assert_eq!(verdict(&verifier, &proof), Ok(()));
    let nonce = |draft: &mut crate::by_hand::Draft| draft.says("nonce", "\"a-jti\"");
    let proof = world.request_with_proof(|_, claims| claims["jti"] = json!("a-jti"));
    assert_eq!(verdict(&verifier, &proof), Ok(()));
    assert_eq!(verdict_all(&verifier, &world.signed_saying(nonce), CONTENT), Ok(()));
}

#[test]
fn hsq_26_amb_31_the_cache_is_told_no_sender_the_nonce_and_the_end_of_the_window() {
    let world = World::new();
    let cache = Scripted::says(Ok(wimse_core::replay::Use::First));
    let verifier = world.builder().replay_cache(cache.clone()).build().unwrap();
    let request = world.signed_saying(|draft| draft.says("nonce", "\"the-nonce\""));
    assert_eq!(verdict_all(&verifier, &request, CONTENT), Ok(()));
    let asked: Vec<Asked> = cache.asked.lock().unwrap().clone();
    // Expiry and the longest leeway that another verifier with the same cache may have.
    assert_eq!(asked, [(String::new(), "the-nonce".to_owned(), NOW + 60 + 120, NOW)]);
}

#[test]
fn hsq_26_hsq_28_a_nonce_is_used_up_last() {
    let world = World::new();
    let verifier = world.verifier();
    let honest = world.signed();
    assert_eq!(verdict_all(&verifier, &honest, b"other content"), Err(Reason::DigestMismatch));
    let head = verifier.verify_head(&honest).unwrap();
    assert_eq!(head.refuse(Reason::ContentTooLarge).status(), 413);
    drop(verifier.verify_head(&honest).unwrap());
    let mut spoiled = honest.clone();
    set(spoiled.headers_mut(), "authorization", "Bearer added");
    assert_eq!(verdict_all(&verifier, &spoiled, CONTENT), Err(Reason::ComponentNotCovered));
    assert_eq!(verdict_all(&verifier, &honest, CONTENT), Ok(()));
    for after in [0, 60, 119] {
        world.clock.set(NOW + after);
        assert_eq!(verdict_all(&verifier, &honest, CONTENT), Err(Reason::Replayed), "{after}");
    }
    world.clock.set(NOW + 120);
    assert_eq!(verdict_all(&verifier, &honest, CONTENT), Err(Reason::ProofExpired));
}

#[test]
fn hsq_26_of_two_requests_with_one_nonce_that_wait_for_their_content_one_is_accepted() {
    let world = World::new();
    let (verifier, request) = (world.verifier(), world.signed());
    let heads = [(); 2].map(|()| verifier.verify_head(&request).unwrap());
    let decided = heads.map(|mut head| {
        head.update(CONTENT);
        head.finish().now_or_never().unwrap().map(drop).map_err(|rejection| rejection.reason())
    });
    assert_eq!(decided, [Ok(()), Err(Reason::Replayed)]);
}

#[test]
fn hsq_13_hsq_35_amb_08_window_and_leeway_are_what_the_limits_say() {
    let world = World::new();
    let with = |window: u64, leeway: u64| {
        let mut limits = Limits::default();
        limits.signature_window = Duration::from_secs(window);
        limits.leeway = Duration::from_secs(leeway);
        world.builder().replay_cache(MemoryReplayCache::default()).limits(limits).build()
    };
    let judged = |verifier: &Verifier, created: i64, expires: i64| {
        let request = world.signed_saying(|draft| {
            draft.times("created", NOW + created);
            draft.times("expires", NOW + expires);
        });
        verdict_all(verifier, &request, CONTENT)
    };
    for window in [1, 120, 600] {
        let verifier = with(window, 60).unwrap();
        let longest = i64::try_from(window).unwrap();
        assert_eq!(judged(&verifier, 0, longest), Ok(()), "{window}");
        assert_eq!(judged(&verifier, 0, longest + 1), Err(Reason::ProofLifetime), "{window}");
    }
    for leeway in [0, 10, 120] {
        let verifier = with(600, leeway).unwrap();
        let s = i64::try_from(leeway).unwrap();
        assert_eq!(judged(&verifier, s, s + 60), Ok(()), "{leeway}");
        assert_eq!(judged(&verifier, s + 1, s + 60), Err(Reason::ProofNotYetValid), "{leeway}");
        assert_eq!(judged(&verifier, -s - 60, -s + 1), Ok(()), "{leeway}");
        assert_eq!(judged(&verifier, -s - 60, -s), Err(Reason::ProofExpired), "{leeway}");
    }
    assert_eq!(
        with(0, 60).unwrap().verify_head(&world.signed()).err().map(|r| r.reason()),
        Some(Reason::ProofLifetime)
    );
    for (window, leeway, error) in [(601, 60, BuildError::SignatureWindow), (600, 121, BuildError::Leeway)] {
        assert_eq!(with(window, leeway).err(), Some(error));
        assert!(error.to_string().contains("seconds"));
    }
}

#[test]
fn hsq_30_an_algorithm_that_the_trust_domain_does_not_allow_is_refused() {
    let world = World::new();
    for (allowed, expected) in
        [(Algorithm::Es256, Ok(())), (Algorithm::Ed25519, Err(Reason::WitConfirmation))]
    {
        let domain = DomainAnchors::new(world.keys()).proof_algorithms([allowed]);
        let anchors = TrustAnchors::new().domain("example.com", domain).unwrap();
        let verifier = world.builder().trust_anchors(anchors).allow_replay().build().unwrap();
        assert_eq!(verdict_all(&verifier, &world.signed(), CONTENT), expected, "{allowed}");
    }
}

#[test]
fn hsq_27_wit_39_the_token_is_judged_before_the_signature() {
    let world = World::new();
    let verifier = world.verifier();
    let wrong_in_both = world.signed_after(|r| {
        let wit = world.wit_with(|_, claims| claims["exp"] = json!(NOW - 60));
        set(r.headers_mut(), "workload-identity-token", &wit);
    });
    let mut wrong_in_both = wrong_in_both;
    set(wrong_in_both.headers_mut(), "signature", "sig1=:AAAA:");
    let audience = quoted("https://b.example/");
    assert_eq!(verdict_all(&verifier, &wrong_in_both, CONTENT), Err(Reason::WitExpired));
    let wrong_in_one = world.signed_saying(|draft| draft.says("wimse-aud", &audience));
    assert_eq!(verdict_all(&verifier, &wrong_in_one, CONTENT), Err(Reason::AudienceMismatch));
}
