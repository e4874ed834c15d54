//! What the caller is told about a refusal.

use http::{HeaderValue, Request};
use serde_json::{Value, json};
use wimse_core::{Kind, Limits, MemoryReplayCache, Reason, Rejection, Revision};

use crate::failing::{Failing, failing_requests};
use crate::{World, decide, verdict};

/// The answer keeps its promises, and holds nothing of the request's credentials.
fn check_answer(what: &str, request: &Request<()>, rejection: &Rejection, status: u16, challenge: bool) {
    let response = rejection.to_response();
    assert_eq!((rejection.status().as_u16(), response.status().as_u16()), (status, status), "{what}");
    assert_eq!(rejection.challenge(), challenge, "{what}");
    let challenges: Vec<_> = response.headers().get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, if challenge { vec!["WPT"] } else { vec![] }, "{what}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");

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
        for secret in String::from_utf8_lossy(value.as_bytes()).split(['.', ' ', ',']).filter(|s| s.len() > 5)
        {
            assert!(!text.contains(secret), "{what}: {text}");
        }
    }
}

#[test]
fn err_04_err_06_wpt_40_wpt_41_every_refusal_is_401_with_the_challenge_and_no_details() {
    let world = World::new();
    let verifier = world.verifier_with_context();
    for Failing { what, request, reason } in failing_requests(&world) {
        let rejection = decide(&verifier, &request).unwrap_err();
        assert_eq!(rejection.reason(), reason, "{what}: {rejection}");
        check_answer(what, &request, &rejection, 401, true);
    }
}

#[test]
fn every_reason_of_a_request_was_brought_about() {
    let world = World::new();
    let mut seen: Vec<_> = failing_requests(&world).into_iter().map(|failing| failing.reason).collect();
    // These take other configurations, and are brought about in the tests of those.
    seen.extend([Reason::WitIssuer, Reason::WitProfile, Reason::AccessToken, Reason::Replayed]);
    // Reasons of HTTP signatures, whose checks have tests of their own.
    seen.extend([Reason::ComponentNotCovered, Reason::ComponentUnresolved, Reason::SignatureParameter]);
    seen.extend([Reason::DigestMissing, Reason::DigestMalformed, Reason::DigestMismatch]);
    seen.extend([Reason::ResponseUnsigned, Reason::RequestNonce, Reason::CalleeUnexpected]);
    seen.extend([Reason::ProofNotAccepted, Reason::ContentIncomplete]);
    let missing: Vec<_> =
        Reason::ALL.iter().filter(|r| r.kind() == Kind::Credential && !seen.contains(r)).collect();
    assert!(missing.is_empty(), "{missing:?}");
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
            check_answer(what, &request, &rejection, 400, false);
        } else {
            wrong.push(format!("{what}: {}", rejection.status()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn svid_01_svid_12_wit_12_refusals_that_take_another_configuration() {
    use wimse_core::{DomainAnchors, Profile, TrustAnchors};
    let world = World::new();
    let key = world.issuer.public_jwk().clone().with_kid("k1").with_use("wit-svid");
    let svid = DomainAnchors::new(key.into()).profile(Profile::WitSvid).issuers(["https://issuer.example"]);
    let anchors = TrustAnchors::new().domain("spiffe://example.com", svid).unwrap();
    let verifier =
        world.builder().trust_anchors(anchors).allow_replay().limits(Limits::default()).build().unwrap();
    type Edit = fn(&mut Value, &mut Value);
    let rows: [(&str, Edit, Result<(), Reason>); 8] = [
        ("sound", |_, _| (), Ok(())),
        ("no kid", |h, _| drop(h.as_object_mut().unwrap().remove("kid")), Err(Reason::WitProfile)),
        ("aud", |_, c| c["aud"] = json!("x"), Err(Reason::WitProfile)),
        ("typ not exact", |h, _| h["typ"] = json!("application/wit+jwt"), Err(Reason::WitType)),
        ("EdDSA", |h, _| h["alg"] = json!("EdDSA"), Err(Reason::WitAlgorithm)),
        ("iss absent", |_, c| drop(c.as_object_mut().unwrap().remove("iss")), Err(Reason::WitIssuer)),
        ("iss another", |_, c| c["iss"] = json!("https://issuer.example/"), Err(Reason::WitIssuer)),
        ("tilde", |_, c| c["sub"] = json!("spiffe://example.com/~a"), Err(Reason::WitSubject)),
    ];
    for (what, edit, expected) in rows {
        let request = world.request_with_wit(|header, claims| {
            claims["sub"] = json!("spiffe://example.com/frontend");
            claims["iss"] = json!("https://issuer.example");
            edit(header, claims);
        });
        assert_eq!(verdict(&verifier, &request), expected, "{what}");
    }
}
