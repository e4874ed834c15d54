//! Which proofs, revisions and signatures count at an endpoint.

use futures_util::FutureExt;
use http::Request;
use wimse_core::{
    Audience, BuildError, MemoryReplayCache, Proof, Reason, Revision, SignOptions, Verifier, VerifierBuilder,
};

use crate::by_hand::{CONTENT, decide_all, quoted, set, verdict_all};
use crate::{BASE, TARGET, World};

const OLDER: Revision = Revision::Wpt01HttpSignature06;

fn with(world: &World, configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Verifier {
    configure(world.builder().replay_cache(MemoryReplayCache::default())).build().unwrap()
}

/// A request as a server gets it over HTTP/1.1, by a signer of this revision.
fn sent(world: &World, proof: Proof, revision: Revision) -> Request<()> {
    let signer = world.signer().proof(proof).revision(revision).audience(Audience::base_url(BASE).unwrap());
    let signer = signer.allow_unknown_transport().build().unwrap();
    let mut request = Request::post("/orders/7?page=2").body(()).unwrap();
    let _ = signer.sign_request(&mut request, Some(CONTENT), &SignOptions::default()).unwrap();
    request
}

#[test]
fn a_verifier_takes_the_proofs_that_it_is_told_to_take() {
    use Proof::{HttpSignature, Wpt};
    let world = World::new();
    let neither = world.builder().allow_replay().proofs([]).build();
    assert_eq!(neither.err(), Some(BuildError::Proofs));
    let refused = Err(Reason::ProofNotAccepted);
    for (proofs, of_wpt, of_signature) in [
        (None, Ok(()), Ok(())),
        (Some(vec![Wpt, HttpSignature]), Ok(()), Ok(())),
        (Some(vec![Wpt, Wpt]), Ok(()), refused),
        (Some(vec![HttpSignature]), refused, Ok(())),
    ] {
        let named = proofs.clone();
        let verifier = with(&world, |builder| match proofs {
            Some(proofs) => builder.proofs(proofs),
            None => builder,
        });
        assert_eq!(verdict_all(&verifier, &world.request(), b""), of_wpt, "{named:?}");
        assert_eq!(verdict_all(&verifier, &world.signed(), CONTENT), of_signature, "{named:?}");
        // Both suffice wherever one of them does.
        assert_eq!(verdict_all(&verifier, &world.proven_twice(|_, _| ()), CONTENT), Ok(()), "{named:?}");
        // What else is wrong with a proof that does not suffice, nobody needs to know.
        let head = verifier.verify_head(&world.signed_saying(|draft| draft.leaves_out("nonce")));
        let expected =
            if of_signature.is_ok() { Reason::SignatureParameter } else { Reason::ProofNotAccepted };
        assert_eq!(head.unwrap_err().reason(), expected, "{named:?}");
    }
}

#[test]
fn amb_01_wptl_03_the_older_signature_needs_to_be_let_in_and_keeps_to_its_answers() {
    let world = World::new();
    let (strict, lenient) = (world.verifier(), with(&world, |builder| builder.allow_revision(OLDER)));
    let request = sent(&world, Proof::HttpSignature, OLDER);
    assert!(request.headers()["signature-input"].to_str().unwrap().contains("\"@request-target\""));
    let rejection = decide_all(&strict, &request, CONTENT).unwrap_err();
    assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::RevisionNotAccepted, 400));
    assert!(!rejection.challenge());
    let peer = decide_all(&lenient, &request, CONTENT).unwrap();
    assert_eq!(peer.authentications().next().unwrap().revision(), OLDER);
    let newest = sent(&world, Proof::HttpSignature, Revision::default());
    assert_eq!(verdict_all(&lenient, &newest, CONTENT), Ok(()));

    let replayed = decide_all(&lenient, &request, CONTENT).unwrap_err();
    let mut altered = sent(&world, Proof::HttpSignature, OLDER);
    set(
        altered.headers_mut(),
        "workload-identity-token",
        &world.wit_with(|_, claims| claims["jti"] = "other".into()),
    );
    let altered = decide_all(&lenient, &altered, CONTENT).unwrap_err();
    for (rejection, reason) in [(replayed, Reason::Replayed), (altered, Reason::ProofSignature)] {
        assert_eq!((rejection.reason(), rejection.status().as_u16()), (reason, 400));
        assert!(!rejection.challenge());
    }
}

#[test]
fn amb_01_hsq_02_a_client_speaks_the_older_revision_to_a_full_url() {
    let world = World::new();
    let lenient = with(&world, |builder| builder.allow_revision(OLDER));
    let signer = world.signer().proof(Proof::HttpSignature).revision(OLDER).build().unwrap();
    let mut request = Request::post(TARGET).body(()).unwrap();
    let signed = signer.sign_request(&mut request, Some(CONTENT), &SignOptions::default());
    assert_eq!(signed.err(), None);
    // What the server sees of it over HTTP/1.1 and over HTTP/2.
    for target in ["/orders/7?page=2", TARGET] {
        *request.uri_mut() = target.parse().unwrap();
        let verified = lenient.verify_head(&request).map(drop).map_err(|rejection| rejection.reason());
        assert_eq!(verified, Ok(()), "{target}");
    }
}

#[test]
fn wptl_03_refused_content_is_answered_as_the_older_revision_is() {
    let world = World::new();
    let verifier = with(&world, |builder| builder.allow_revision(OLDER));
    let at_once = decide_all(&verifier, &sent(&world, Proof::HttpSignature, OLDER), b"x").unwrap_err();
    let head = || verifier.verify_head(&sent(&world, Proof::HttpSignature, OLDER)).unwrap();
    let mut in_pieces = head();
    in_pieces.update(b"x");
    let in_pieces = in_pieces.finish().now_or_never().unwrap().unwrap_err();
    let by_adapter = head().refuse(Reason::ContentIncomplete);
    for rejection in [at_once, in_pieces, by_adapter] {
        assert_eq!((rejection.status().as_u16(), rejection.challenge()), (400, false), "{rejection}");
    }
}

#[test]
fn amb_01_one_message_is_of_one_revision() {
    let world = World::new();
    let lenient = with(&world, |builder| builder.allow_revision(OLDER));
    for verifier in [world.verifier(), lenient] {
        for (token, signature) in [(Revision::default(), OLDER), (OLDER, Revision::default())] {
            let mut mixed = sent(&world, Proof::Wpt, token);
            let other = sent(&world, Proof::HttpSignature, signature);
            for field in ["signature-input", "signature", "content-digest"] {
                mixed.headers_mut().insert(field, other.headers()[field].clone());
            }
            let mixed = decide_all(&verifier, &mixed, CONTENT).unwrap_err();
            assert_eq!(mixed.reason(), Reason::RevisionsMixed, "{token:?} {signature:?}");
        }
        // A signature that covers the target in neither way is held against the newest.
        let neither = world.signed_saying(|draft| draft.covered.retain(|name| !name.starts_with('@')));
        assert_eq!(verdict_all(&verifier, &neither, CONTENT), Err(Reason::ComponentNotCovered));
        // One that covers it in both ways is of the newest.
        let mut both = world.post();
        *both.uri_mut() = "/orders/7?page=2".parse().unwrap();
        world.sign_by_hand(&mut both, |draft| draft.covered.push("@request-target".to_owned()));
        let peer = decide_all(&verifier, &both, CONTENT).unwrap();
        assert_eq!(peer.authentications().next().unwrap().revision(), Revision::default());
    }
    let older_alone = world.signed_saying(|draft| {
        draft.leaves_out("@path");
        draft.leaves_out("@query");
        draft.covered.push("@request-target".to_owned());
    });
    assert_eq!(verdict_all(&world.verifier(), &older_alone, CONTENT), Err(Reason::RevisionNotAccepted));
}

#[test]
fn hsq_22_wit_22_whoever_may_carry_a_signature_of_ours_is_not_anonymous() {
    let world = World::new();
    let verifier = world.verifier();
    let tagged = |tag: &str| format!("sig1=(\"@method\");created=1;tag={tag}");
    let ours = "\"wimse-workload-to-workload\"";
    for (input, anonymous) in [
        (tagged(ours), false),
        (tagged("\"payments\""), true),
        ("sig1=(\"@method\");created=1".to_owned(), true),
        (tagged("\"wimse-workload\""), true),
        (format!("{}, {}", tagged("\"payments\""), tagged(ours).replace("sig1", "sig2")), false),
        (format!("{}, {}", tagged(ours), tagged(ours).replace("sig1", "sig2")), false),
        // What cannot be read may hold one.
        ("sig1=(".to_owned(), false),
        ("x".repeat(40_000), false),
        (format!("{};tag=\"a\"", tagged("\"payments\"")), false),
        (tagged("\"payments\"").replace("sig1", "sig\u{e9}"), false),
    ] {
        let mut request = Request::get(TARGET).body(()).unwrap();
        set(request.headers_mut(), "signature-input", &input);
        assert_eq!(verifier.is_anonymous(request.headers()), anonymous, "{input:.80}");
        let reason = if anonymous { Reason::CredentialsMissing } else { Reason::WitMissing };
        assert_eq!(verdict_all(&verifier, &request, b""), Err(reason), "{input:.80}");
    }
    assert!(verifier.is_anonymous(Request::get(TARGET).header("signature", "x").body(()).unwrap().headers()));
    assert!(!verifier.is_anonymous(world.signed().headers()));
}

#[test]
fn hsq_22_hsq_37_signatures_of_others_do_no_harm() {
    let world = World::new();
    let verifier = world.verifier();
    let foreign = |request: &mut Request<()>| {
        world.sign_by_hand(request, |draft| {
            draft.label = "proxy";
            draft.covered = vec!["@method".to_owned()];
            draft.parameters = vec![("keyid", quoted("proxy")), ("tag", quoted("proxies"))];
        });
    };
    let unusable = |request: &mut Request<()>| {
        let headers = request.headers_mut();
        headers
            .append("signature-input", "proxy=(\"@unknown\" \"@unknown\");created=?1;tag=7".parse().unwrap());
        headers.append("signature", "proxy=\"text\"".parse().unwrap());
    };
    for add in [&foreign as &dyn Fn(&mut Request<()>), &unusable] {
        let mut beside_ours = world.signed_before(|request| add(request));
        assert_eq!(verdict_all(&verifier, &beside_ours, CONTENT), Ok(()));
        assert_eq!(verdict_all(&verifier, &beside_ours, CONTENT), Err(Reason::Replayed));
        beside_ours.headers_mut().remove("workload-identity-token");
        assert_eq!(verdict_all(&verifier, &beside_ours, CONTENT), Err(Reason::WitMissing));

        let mut beside_token = world.request();
        add(&mut beside_token);
        let head = verifier.verify_head(&beside_token).unwrap();
        assert!(!head.needs_content() && head.exchange().is_none());
        let peer = head.finish().now_or_never().unwrap().unwrap();
        assert_eq!((peer.proof(), peer.authentications().count()), (Proof::Wpt, 1));

        // A token with somebody else's signature has no proof.
        let mut alone = world.post();
        add(&mut alone);
        assert_eq!(verdict_all(&verifier, &alone, CONTENT), Err(Reason::ProofMissing));
    }
}

#[test]
fn hsq_22_amb_18_a_signature_field_that_cannot_be_read_spoils_a_sound_token() {
    let world = World::new();
    let verifier = world.verifier();
    for (input, reason) in [
        ("sig1=(".to_owned(), Reason::ProofMalformed),
        ("sig1=(\"@method\");created=1;created=1".to_owned(), Reason::ProofMalformed),
        ("x".repeat(40_000), Reason::ProofTooLarge),
        (format!("sig1=(\"@method\");tag={}", quoted(crate::by_hand::TAG)), Reason::ComponentNotCovered),
    ] {
        let mut request = world.request();
        set(request.headers_mut(), "signature-input", &input);
        assert_eq!(verdict_all(&verifier, &request, b""), Err(reason), "{input:.80}");
        request.headers_mut().remove("signature-input");
        assert_eq!(verdict_all(&verifier, &request, b""), Ok(()), "the token was not used up");
    }
}

#[test]
fn wpt_32_amb_16_context_tokens_count_if_the_signature_covers_them() {
    let world = World::new();
    let verifier = world.verifier_with_context();
    let request = || {
        world.signed_after(|request| {
            for name in ["txn-token", "x-user", "x-other"] {
                set(request.headers_mut(), name, &format!("the {name}"));
            }
        })
    };
    let peer = decide_all(&verifier, &request(), CONTENT).unwrap();
    assert_eq!(peer.context().txn_token().unwrap(), "the txn-token");
    assert_eq!(peer.context().get("X-User").unwrap(), "the x-user");
    assert!(peer.context().fields().map(|name| name.as_str()).eq(["txn-token", "x-user"]));
    // Whoever does not know the field takes it for any other.
    let peer = decide_all(&world.verifier(), &request(), CONTENT).unwrap();
    assert!(peer.context().fields().map(|name| name.as_str()).eq(["txn-token"]));
    assert!(decide_all(&verifier, &world.signed(), CONTENT).unwrap().context().is_empty());
}
