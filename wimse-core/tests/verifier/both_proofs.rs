//! A Workload Proof Token and an HTTP signature in one message: both must hold, and both are used up.

use serde_json::json;
use wimse_core::replay::Use;
use wimse_core::{MemoryReplayCache, Proof, Reason, Revision, Verifier};

use crate::by_hand::{CONTENT, decide_all, parameter, set, verdict_all};
use crate::common::segment;
use crate::failing::failing_requests;
use crate::failing_signatures::failing_signatures;
use crate::replay::Scripted;
use crate::{CALLER, NOW, World, proof_of};

/// Verifiers that accept either proof, or one of them.
fn verifiers(world: &World) -> [Verifier; 3] {
    [vec![Proof::Wpt, Proof::HttpSignature], vec![Proof::Wpt], vec![Proof::HttpSignature]].map(|proofs| {
        let builder = world.builder().replay_cache(MemoryReplayCache::default()).context_tokens(["x-user"]);
        builder.proofs(proofs).build().unwrap()
    })
}

#[test]
fn amb_18_aud_03_both_proofs_are_two_authentications() {
    let world = World::new();
    for verifier in verifiers(&world) {
        for (token, signature) in [(30, 90), (90, 30)] {
            let mut request = world.post();
            world.add_proof(&mut request, |_, claims| claims["exp"] = json!(NOW + token));
            world.sign_by_hand(&mut request, |draft| draft.times("expires", NOW + signature));
            let peer = decide_all(&verifier, &request, CONTENT).unwrap();
            assert_eq!((peer.id().as_str(), peer.proof()), (CALLER, Proof::HttpSignature));
            assert_eq!(peer.expires_at().as_secs(), NOW + 30, "the proof that expires first");
            let proofs: Vec<_> = peer.authentications().map(|way| (way.proof(), way.revision())).collect();
            let newest = Revision::default();
            assert_eq!(proofs, [(Proof::HttpSignature, newest), (Proof::Wpt, newest)]);
            assert!(peer.authentications().all(|way| way.wit().subject().as_str() == CALLER));
            let shown = format!("{peer:?}");
            assert!(shown.contains("HttpSignature") && shown.contains("Wpt"), "{shown}");
        }
        // The content of such a request is covered, by the signature.
        assert!(verifier.verify_head(&world.proven_twice(|_, _| ())).unwrap().needs_content());
        let refused = verdict_all(&verifier, &world.proven_twice(|_, _| ()), b"other content");
        assert_eq!(refused, Err(Reason::DigestMismatch));
    }
}

#[test]
fn amb_18_hsq_07_a_signature_beside_a_token_covers_it() {
    let world = World::new();
    for verifier in verifiers(&world) {
        let uncovered = || {
            let mut request = world.post();
            world.add_proof(&mut request, |_, _| ());
            world.sign_by_hand(&mut request, |draft| draft.leaves_out("authorization"));
            request
        };
        assert_eq!(verdict_all(&verifier, &uncovered(), CONTENT), Err(Reason::ComponentNotCovered));
        // Another sound token of the same caller in place of the one that was signed over.
        let exchanged = world.proven_twice(|_, _| ());
        let mut exchanged = exchanged;
        world.add_proof(&mut exchanged, |_, _| ());
        assert_eq!(verdict_all(&verifier, &exchanged, CONTENT), Err(Reason::ProofSignature));
        let added = world.signed_before(|request| world.add_proof(request, |_, _| ()));
        assert_eq!(verdict_all(&verifier, &added, CONTENT), Err(Reason::ComponentNotCovered));
        let mut removed = world.proven_twice(|_, _| ());
        removed.headers_mut().remove("authorization");
        let reason = verdict_all(&verifier, &removed, CONTENT).unwrap_err();
        assert!(matches!(reason, Reason::ComponentUnresolved | Reason::ProofNotAccepted), "{reason}");
    }
}

#[test]
fn amb_18_a_signature_does_not_make_up_for_a_bad_token() {
    let world = World::new();
    let mut judged = 0;
    for verifier in verifiers(&world) {
        for failing in failing_requests(&world) {
            let expected = match failing.reason {
                // There the signature is the proof.
                Reason::CredentialsMissing | Reason::ProofMissing => continue,
                // Not covered by the token, but by the signature: it is the token that must cover it.
                Reason::RevisionNotAccepted => Reason::RevisionsMixed,
                reason => reason,
            };
            let mut request = failing.request;
            world.sign_by_hand(&mut request, |_| ());
            let refused = verdict_all(&verifier, &request, b"");
            assert_eq!(refused, Err(expected), "{}", failing.what);
            judged += 1;
        }
    }
    assert!(judged > 200);
}

#[test]
fn amb_18_a_token_does_not_make_up_for_a_bad_signature() {
    let world = World::new();
    for verifier in verifiers(&world) {
        for failing in failing_signatures(&world, true) {
            let rejection = decide_all(&verifier, &failing.request, CONTENT).unwrap_err();
            assert_eq!(rejection.reason(), failing.reason, "{}: {rejection}", failing.what);
        }
    }
}

#[test]
fn amb_18_amb_31_both_proofs_are_used_up() {
    let world = World::new();
    let cache = Scripted::says(Ok(Use::First));
    let verifier = world.builder().replay_cache(cache.clone()).build().unwrap();
    let request = world.proven_twice(|_, _| ());
    assert_eq!(verdict_all(&verifier, &request, b"other content"), Err(Reason::DigestMismatch));
    assert_eq!(cache.asked(), 0, "a refused request uses nothing up");
    assert_eq!(verdict_all(&verifier, &request, CONTENT), Ok(()));
    let nonce = parameter(request.headers(), "nonce").unwrap();
    let jti = segment(proof_of(&request), 1)["jti"].as_str().unwrap().to_owned();
    let asked = cache.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    assert!(asked.contains(&(String::new(), nonce, NOW + 180, NOW)), "{asked:?}");
    assert!(asked.contains(&(CALLER.to_owned(), jti, NOW + 180, NOW)), "{asked:?}");
}

#[test]
fn amb_18_amb_31_a_proof_that_was_used_once_refuses_the_other_beside_it() {
    let world = World::new();
    let replayed = Err(Reason::Replayed);
    for verifier in verifiers(&world) {
        let either = verifier.clone();
        let first = world.proven_twice(|_, _| ());
        assert_eq!(verdict_all(&either, &first, CONTENT), Ok(()));
        assert_eq!(verdict_all(&either, &first, CONTENT), replayed);

        // The same token under a fresh signature.
        let mut same_token = world.post();
        let authorization = first.headers()["authorization"].to_str().unwrap();
        let wit = first.headers()["workload-identity-token"].to_str().unwrap();
        set(same_token.headers_mut(), "authorization", authorization);
        set(same_token.headers_mut(), "workload-identity-token", wit);
        world.sign_by_hand(&mut same_token, |_| ());
        assert_eq!(verdict_all(&either, &same_token, CONTENT), replayed);

        // The same nonce over a fresh token.
        let nonce = parameter(first.headers(), "nonce").unwrap();
        let mut same_nonce = world.post();
        world.add_proof(&mut same_nonce, |_, _| ());
        world.sign_by_hand(&mut same_nonce, |draft| draft.says("nonce", &crate::by_hand::quoted(&nonce)));
        assert_eq!(verdict_all(&either, &same_nonce, CONTENT), replayed);
    }
    // One proof alone uses its part up, too.
    let verifier = world.verifier();
    let both = world.proven_twice(|_, _| ());
    let mut alone = both.clone();
    alone.headers_mut().remove("signature-input");
    alone.headers_mut().remove("signature");
    assert_eq!(crate::verdict(&verifier, &alone), Ok(()));
    assert_eq!(verdict_all(&verifier, &both, CONTENT), replayed);
}

#[test]
fn wpt_24_wpt_26_amb_18_both_proofs_cover_the_context_tokens() {
    let world = World::new();
    let [verifier, ..] = verifiers(&world);
    let request = |tth: &str, oth: &str| {
        world.signed_after(|request| {
            set(request.headers_mut(), "txn-token", "transaction");
            set(request.headers_mut(), "x-user", "user");
            world.add_proof(request, |_, claims| {
                claims["tth"] = json!(crate::sha256(tth));
                claims["oth"] = json!({ "x-user": crate::sha256(oth) });
            });
        })
    };
    let peer = decide_all(&verifier, &request("transaction", "user"), CONTENT).unwrap();
    assert_eq!(peer.context().txn_token().unwrap(), "transaction");
    assert_eq!(peer.context().get("x-user").unwrap(), "user");
    assert_eq!(verdict_all(&verifier, &request("x", "user"), CONTENT), Err(Reason::TxnToken));
    let other_user = verdict_all(&verifier, &request("transaction", "x"), CONTENT);
    assert_eq!(other_user, Err(Reason::ContextTokenMismatch));
}
