//! What the caller is told about a refusal.

use futures_util::FutureExt;
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use wimse_core::httpsig::profile::wanted_of_request;
use wimse_core::{MemoryReplayCache, Proof, Reason, Rejection, Revision, Verifier};

use crate::by_hand::{CONTENT, decide_all};
use crate::failing::{Failing, failing_requests};
use crate::failing_signatures::failing_signatures;
use crate::{NOW, World, decide};

/// How an endpoint answers.
#[derive(Clone, Copy)]
struct Manner {
    status: u16,
    challenge: bool,
    /// Whether it accepts signatures, so that it says which.
    signatures: bool,
}

/// What a request can be refused for because it has no signature, or not the one that is wanted.
const MISSES: [Reason; 6] = [
    Reason::CredentialsMissing,
    Reason::ProofMissing,
    Reason::ProofNotAccepted,
    Reason::RevisionNotAccepted,
    Reason::ComponentNotCovered,
    Reason::SignatureParameter,
];

/// The answer keeps its promises, and holds nothing of the request's credentials.
fn check_answer(what: &str, request: &Request<()>, rejection: &Rejection, manner: Manner) {
    let Manner { status, challenge, signatures } = manner;
    let response = rejection.to_response();
    assert_eq!((rejection.status().as_u16(), response.status().as_u16()), (status, status), "{what}");
    assert_eq!(rejection.challenge(), challenge, "{what}");
    let challenges: Vec<_> = response.headers().get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, if challenge { vec!["WPT"] } else { vec![] }, "{what}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let wanted =
        (signatures && MISSES.contains(&rejection.reason())).then(|| wanted_of_request(Revision::default()));
    assert_eq!(response.headers().get("accept-signature"), wanted.as_ref(), "{what}: {rejection}");

    let text = std::str::from_utf8(response.body()).unwrap();
    let body: Value = serde_json::from_str(text).unwrap();
    let mut members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["reason", "status", "title", "type"], "{what}");
    assert_eq!(
        (&body["reason"], &body["status"]),
        (&json!(rejection.reason().code()), &json!(status)),
        "{what}"
    );
    for value in request.headers().values() {
        for secret in
            String::from_utf8_lossy(value.as_bytes()).split(['.', ' ', ',', ':']).filter(|s| s.len() > 5)
        {
            assert!(!text.contains(secret), "{what}: {text}");
        }
    }
}

/// A verifier that takes these proofs, and knows `x-user` as a context token.
fn accepting(world: &World, proofs: impl IntoIterator<Item = Proof>) -> Verifier {
    let builder = world.builder().replay_cache(MemoryReplayCache::default()).context_tokens(["x-user"]);
    builder.proofs(proofs).build().unwrap()
}

#[test]
fn err_04_err_06_amb_19_wpt_40_wpt_41_hsr_26_where_tokens_are_accepted_a_refusal_is_401_with_the_challenge() {
    let world = World::new();
    let manner = |signatures| Manner { status: 401, challenge: true, signatures };
    let either = accepting(&world, [Proof::Wpt, Proof::HttpSignature]);
    let tokens = accepting(&world, [Proof::Wpt]);
    for (verifier, signatures) in [(&either, true), (&tokens, false)] {
        for Failing { what, request, reason } in failing_requests(&world) {
            let rejection = decide(verifier, &request).unwrap_err();
            assert_eq!(rejection.reason(), reason, "{what}: {rejection}");
            check_answer(what, &request, &rejection, manner(signatures));
        }
        // A signature beside a token changes nothing about that.
        for Failing { what, request, reason } in failing_signatures(&world, true) {
            let rejection = decide_all(verifier, &request, CONTENT).unwrap_err();
            assert_eq!(rejection.reason(), reason, "{what}: {rejection}");
            check_answer(what, &request, &rejection, manner(signatures));
        }
        check_later(&world, verifier, || world.proven_twice(|_, _| ()), manner(signatures));
        // Whose request it is about is not known.
        let rejection = verifier.rejection(Reason::CredentialsMissing);
        check_answer("any reason", &world.signed(), &rejection, manner(signatures));
    }
}

#[test]
fn err_03_amb_19_hsr_26_where_both_are_accepted_a_signature_alone_is_refused_with_400() {
    let world = World::new();
    let manner = Manner { status: 400, challenge: false, signatures: true };
    let needs_a_token = Manner { status: 401, challenge: true, signatures: false };
    let either = accepting(&world, [Proof::Wpt, Proof::HttpSignature]);
    let tokens = accepting(&world, [Proof::Wpt]);
    for Failing { what, request, reason } in failing_signatures(&world, false) {
        let rejection = decide_all(&either, &request, CONTENT).unwrap_err();
        assert_eq!(rejection.reason(), reason, "{what}: {rejection}");
        check_answer(what, &request, &rejection, manner);
        // Where a token is needed, its challenge says so.
        let rejection = decide_all(&tokens, &request, CONTENT).unwrap_err();
        check_answer(what, &request, &rejection, needs_a_token);
    }
    check_later(&world, &either, || world.signed(), manner);
}

/// What is refused after the head, whose proofs are known by then.
fn check_later(world: &World, verifier: &Verifier, sound: impl Fn() -> Request<()>, manner: Manner) {
    let request = sound();
    let other = decide_all(verifier, &request, b"other content").unwrap_err();
    check_answer("other content", &request, &other, manner);
    let head = || verifier.verify_head(&request).unwrap();
    let mut in_pieces = head();
    in_pieces.update(b"other content");
    let in_pieces = in_pieces.finish().now_or_never().unwrap().unwrap_err();
    check_answer("other content in pieces", &request, &in_pieces, manner);
    check_answer("half the content", &request, &head().refuse(Reason::ContentIncomplete), manner);
    let mut late = head();
    late.update(CONTENT);
    world.clock.advance(120);
    check_answer("late", &request, &late.finish().now_or_never().unwrap().unwrap_err(), manner);
    world.clock.set(NOW);
    assert!(decide_all(verifier, &request, CONTENT).is_ok());
    check_answer("replayed", &request, &decide_all(verifier, &request, CONTENT).unwrap_err(), manner);
    // What is not about the credential keeps its status.
    for (reason, status) in [
        (Reason::ContentTooLarge, 413),
        (Reason::NotAuthorized, 403),
        (Reason::ResponseNotSignable, 501),
        (Reason::ReplayFull, 503),
        (Reason::LayerMissing, 500),
    ] {
        let manner = Manner { status, challenge: false, ..manner };
        check_answer("of another kind", &request, &head().refuse(reason), manner);
        check_answer("of another kind", &request, &verifier.rejection(reason), manner);
    }
    let unchecked = Manner { status: 500, challenge: false, ..manner };
    check_answer("no content", &request, &head().finish().now_or_never().unwrap().unwrap_err(), unchecked);
}

#[test]
fn err_01_err_02_err_03_amb_19_hsr_26_where_signatures_alone_are_accepted_a_refusal_is_400() {
    let world = World::new();
    let manner = Manner { status: 400, challenge: false, signatures: true };
    let verifier = accepting(&world, [Proof::HttpSignature]);
    for Failing { what, request, reason } in
        failing_signatures(&world, false).into_iter().chain(failing_signatures(&world, true))
    {
        let rejection = decide_all(&verifier, &request, CONTENT).unwrap_err();
        assert_eq!(rejection.reason(), reason, "{what}: {rejection}");
        check_answer(what, &request, &rejection, manner);
    }
    for Failing { what, request, .. } in failing_requests(&world) {
        check_answer(what, &request, &decide(&verifier, &request).unwrap_err(), manner);
    }
    check_later(&world, &verifier, || world.signed(), manner);
    check_later(&world, &verifier, || world.proven_twice(|_, _| ()), manner);
    let rejection = verifier.rejection(Reason::CredentialsMissing);
    check_answer("any reason", &world.signed(), &rejection, manner);
}

#[test]
fn err_01_err_02_wptl_03_the_older_revision_is_answered_with_400_and_no_challenge() {
    let world = World::new();
    let verifier = world
        .builder()
        .replay_cache(MemoryReplayCache::default())
        .context_tokens(["x-user"])
        .allow_revision(Revision::Wpt01HttpSignature06)
        .build()
        .unwrap();
    let mut wrong = Vec::new();
    for Failing { what, mut request, reason } in failing_requests(&world) {
        // The same request in the older form, where it has one.
        let values: Vec<_> = request.headers().get_all("authorization").iter().cloned().collect();
        let Some(Some(proof)) = values.first().map(|v| v.as_bytes().strip_prefix(b"WPT ")) else { continue };
        if values.len() > 1
            || matches!(reason, Reason::RevisionsMixed | Reason::RequestTarget)
            || what.contains("spaces")
        {
            continue;
        }
        request.headers_mut().remove("authorization");
        request.headers_mut().insert("workload-proof-token", HeaderValue::from_bytes(proof).unwrap());
        let rejection = decide(&verifier, &request).unwrap_err();
        assert_eq!(rejection.reason(), reason, "{what}: {rejection}");
        if (rejection.status().as_u16(), rejection.challenge()) == (400, false) {
            let manner = Manner { status: 400, challenge: false, signatures: true };
            check_answer(what, &request, &rejection, manner);
        } else {
            wrong.push(format!("{what}: {}", rejection.status()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
