//! Requests and responses that a verifier, or a client, must refuse, and how it says so.

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use wimse_core::replay::{ProofUse, ReplayAnswer, Use};
use wimse_core::testing::FrozenClock;
use wimse_core::{Clock, Reason, ReplayCache, ResponseVerified, SignOptions, VerifierBuilder};

use super::{CONTENT, OLDER, TOKEN, World, finish, sign};
use crate::TARGET;

/// A store that forgets what has expired, as those with a time to live do.
struct Forgetful(FrozenClock, Mutex<HashMap<[u8; 32], i64>>);

impl ReplayCache for Forgetful {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        let (now, mut used) = (self.0.now().as_secs(), self.1.lock().unwrap());
        used.retain(|_, until| *until > now);
        let known = used.insert(proof.digest(), proof.expires_at().as_secs()).is_some();
        ReplayAnswer::Ready(Ok(if known { Use::Again } else { Use::First }))
    }
}

#[test]
fn hsq_35_wit_09_wit_42_a_proof_that_expires_while_content_is_awaited_is_refused() {
    let replay: [fn(&World) -> VerifierBuilder; 3] = [
        // In memory, as a domain's verifier has it.
        World::builder,
        |world| world.builder().allow_replay(),
        |world| world.builder().replay_cache(Forgetful(world.clock.clone(), Mutex::default())),
    ];
    // The signature is acceptable until NOW + 60 and 60 s of leeway; the token expires within 7,200 s too.
    let late = Err(Reason::ProofExpired);
    for (seconds, expected) in [(119, Ok(())), (120, late), (7_200, late)] {
        for (i, builder) in replay.iter().enumerate() {
            for request in [World::signed_with_token, |world: &World| world.signed(CONTENT)] {
                let world = World::new();
                let request = request(&world);
                let mut held = builder(&world).build().unwrap().verify_head(&request).unwrap();
                world.clock.advance(seconds);
                held.update(CONTENT);
                assert_eq!(finish(held), expected, "{seconds} s, {i}");
            }
        }
    }
}

#[test]
fn hsq_26_a_request_held_open_is_no_second_use_when_a_store_has_forgotten_the_first() {
    let world = World::new();
    let store = Forgetful(world.clock.clone(), Mutex::default());
    let verifier = world.builder().replay_cache(store).build().unwrap();
    let request = world.signed(CONTENT);
    let mut held = verifier.verify_head(&request).unwrap();
    let verdict = || verifier.verify_with_content(&request, CONTENT).now_or_never().unwrap();
    assert!(verdict().is_ok());
    assert_eq!(verdict().unwrap_err().reason(), Reason::Replayed);
    world.clock.advance(3_000);
    held.update(CONTENT);
    assert_eq!(finish(held), Err(Reason::ProofExpired));
}

#[test]
fn hsq_11_hsq_28_a_request_whose_content_nobody_looked_at_is_refused() {
    let world = World::new();
    let verifier = world.builder().build().unwrap();
    for content in [b"", CONTENT] {
        let request = world.signed(content);
        let head = || verifier.verify_head(&request).unwrap();
        assert!(head().needs_content());
        assert_eq!(finish(head()), Err(Reason::ContentUnchecked));
        // That used nothing up.
        let mut head = head();
        head.update(content);
        assert_eq!(finish(head), Ok(()));
    }
    let head = verifier.verify_head(&world.with_token(&SignOptions::default())).unwrap();
    assert!(!head.needs_content());
    assert_eq!(finish(head), Ok(()));
}

#[test]
fn hsr_13_a_response_whose_content_nobody_looked_at_is_refused() {
    let world = World::new();
    let (client, verifier) = (world.client().build().unwrap(), world.builder().build().unwrap());
    for content in [b"", CONTENT] {
        let answer = || {
            let mut request = Request::post(TARGET).body(()).unwrap();
            let expected = sign(&client, &mut request, CONTENT, &SignOptions::default());
            let exchange = verifier.verify_head(&request).unwrap().exchange().unwrap();
            let mut headers = HeaderMap::new();
            world.server().sign_response(&exchange, StatusCode::OK, &mut headers, content).unwrap();
            expected.verify_head(StatusCode::OK, &headers).unwrap().unwrap()
        };
        let finish = |answer: ResponseVerified| answer.finish().map(drop).map_err(|error| error.reason());
        assert_eq!(finish(answer()), Err(Reason::ContentUnchecked));
        let mut checked = answer();
        checked.update(content);
        assert_eq!(finish(checked), Ok(()));
    }
}

/// A request, the content that arrives with it, and what is wrong with it.
type Refused = (Request<()>, &'static [u8], Reason);

/// Requests whose one proof is an HTTP signature.
fn signed_and_refused(world: &World) -> Vec<Refused> {
    let edited = |edit: fn(&mut Request<()>)| {
        let mut request = world.signed(CONTENT);
        edit(&mut request);
        request
    };
    let mut older = Request::post(TARGET).body(()).unwrap();
    let _ =
        sign(&world.client().revision(OLDER).build().unwrap(), &mut older, CONTENT, &SignOptions::default());
    vec![
        (world.signed(CONTENT), b"pax", Reason::DigestMismatch),
        (world.signed(b""), CONTENT, Reason::DigestMissing),
        (edited(|r| *r.method_mut() = http::Method::PUT), CONTENT, Reason::ProofSignature),
        (edited(|r| drop(r.headers_mut().remove(TOKEN))), CONTENT, Reason::WitMissing),
        (
            edited(|r| assert!(r.headers_mut().append(TOKEN, HeaderValue::from_static("x")))),
            CONTENT,
            Reason::WitRepeated,
        ),
        (
            edited(|r| drop(r.headers_mut().insert(TOKEN, HeaderValue::from_static("x")))),
            CONTENT,
            Reason::WitMalformed,
        ),
        (
            edited(|r| drop(r.headers_mut().insert("signature-input", HeaderValue::from_static("x=(")))),
            CONTENT,
            Reason::ProofMalformed,
        ),
        (older, CONTENT, Reason::RevisionNotAccepted),
    ]
}

/// Requests that have a proof token, or nothing to tell what the caller speaks.
fn others_and_refused(world: &World) -> Vec<Refused> {
    let mut bare = world.signed(CONTENT);
    bare.headers_mut().remove("signature-input");
    let mut broken = world.signed_with_token();
    *broken.method_mut() = http::Method::PUT;
    vec![
        (Request::post(TARGET).body(()).unwrap(), b"", Reason::CredentialsMissing),
        (bare, CONTENT, Reason::ProofMissing),
        (world.with_token(&SignOptions::default().audience("another")), CONTENT, Reason::AudienceMismatch),
        (broken, CONTENT, Reason::ProofSignature),
        (world.signed_with_token(), b"pax", Reason::DigestMismatch),
    ]
}

#[test]
fn err_03_amb_19_wpt_40_wpt_41_who_signs_is_not_invited_to_fall_back_to_a_proof_that_covers_less() {
    let world = World::new();
    let verifier = world.builder().build().unwrap();
    let signed = signed_and_refused(&world).into_iter().map(|refused| (refused, (400, false)));
    let others = others_and_refused(&world).into_iter().map(|refused| (refused, (401, true)));
    for ((request, content, reason), answer) in signed.chain(others) {
        let whole = verifier.verify_with_content(&request, content).now_or_never().unwrap().map(drop);
        let pieces = verifier.verify_head(&request).and_then(|mut head| {
            head.update(content);
            head.finish().now_or_never().unwrap().map(drop)
        });
        for refused in [whole.unwrap_err(), pieces.unwrap_err()] {
            assert_eq!(refused.reason(), reason);
            assert_eq!((refused.status().as_u16(), refused.challenge()), answer, "{reason}");
            let challenged = refused.to_response().headers().contains_key("www-authenticate");
            assert_eq!(challenged, answer.1, "{reason}");
        }
    }
}

#[test]
fn err_03_amb_19_a_late_refusal_is_in_the_terms_of_the_proof_too() {
    let world = World::new();
    let verifier = world.builder().build().unwrap();
    let refused = |request: &Request<()>| {
        let mut head = verifier.verify_head(request).unwrap();
        head.update(CONTENT);
        let refused = head.finish().now_or_never().unwrap().unwrap_err();
        (refused.reason(), refused.status().as_u16(), refused.challenge())
    };
    for (request, status, challenge) in
        [(world.signed(CONTENT), 400, false), (world.signed_with_token(), 401, true)]
    {
        let head = verifier.verify_head(&request).unwrap().refuse(Reason::ContentIncomplete);
        assert_eq!((head.status().as_u16(), head.challenge()), (status, challenge));
        assert!(verifier.verify_with_content(&request, CONTENT).now_or_never().unwrap().is_ok());
        assert_eq!(refused(&request), (Reason::Replayed, status, challenge));
    }
}

#[test]
fn aud_02_hsq_39_neither_signature_nor_token_is_shown_of_fields_that_are_marked() {
    let world = World::new();
    let sent = world.signed_with_token();
    // As they come from the wire, where nothing is marked.
    let mut received = HeaderMap::new();
    for (name, value) in sent.headers() {
        received.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let secrets = ["signature", "authorization", TOKEN];
    let shows = |headers: &HeaderMap, name: &str| {
        let value = sent.headers()[name].to_str().unwrap();
        format!("{headers:?}").contains(value)
    };
    assert!(secrets.iter().all(|name| shows(&received, name)));
    world.builder().build().unwrap().mark_sensitive(&mut received);
    for name in secrets {
        assert!(!shows(&received, name), "{name}");
    }
    assert!(shows(&received, "content-digest"));
}
