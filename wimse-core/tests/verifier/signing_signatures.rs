//! What a signer puts on a request that it proves with an HTTP signature, and when it refuses to.

use std::collections::HashSet;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request};
use wimse_core::httpsig::HttpSigError;
use wimse_core::httpsig::profile::SignatureError;
use wimse_core::{
    Audience, Credential, ExpectedResponse, Proof, Reason, RotatingCredential, SignError, SignOptions,
    Signer, UnixTime,
};

use crate::by_hand::{CONTENT, TAG, digest, parameter, set, verdict_all};
use crate::{BASE, NOW, TARGET, World, header};

fn signer(world: &World) -> Signer {
    world.signer().proof(Proof::HttpSignature).build().unwrap()
}

fn sign(signer: &Signer, request: &mut Request<()>, content: &[u8]) -> Result<ExpectedResponse, SignError> {
    signer.sign_request(request, Some(content), &SignOptions::default())
}

fn post() -> Request<()> {
    Request::post(TARGET).header("content-type", "application/json").body(()).unwrap()
}

fn names(request: &Request<()>) -> HashSet<&str> {
    request.headers().keys().map(http::HeaderName::as_str).collect()
}

/// Adds somebody else's signature.
fn add_foreign(request: &mut Request<()>) {
    let headers = request.headers_mut();
    headers.append("signature-input", HeaderValue::from_static("proxy=(\"@method\");tag=\"proxies\""));
    headers.append("signature", HeaderValue::from_static("proxy=:AAAA:"));
}

#[test]
fn hsq_01_to_hsq_20_hsq_31_a_signature_covers_and_says_what_the_draft_wants() {
    let world = World::new();
    let target = "\"@method\" \"@path\" \"@query\" \"workload-identity-token\"";
    for (content, fields, covered) in [
        (b"".as_slice(), vec![], String::new()),
        (CONTENT, vec![], " \"content-digest\"".to_owned()),
        (
            CONTENT,
            vec![
                ("content-type", "a/b"),
                ("authorization", "Bearer x"),
                ("txn-token", "t"),
                ("x-user", "u"),
                ("x", "y"),
            ],
            " \"content-type\" \"content-digest\" \"authorization\" \"txn-token\" \"x-user\"".to_owned(),
        ),
    ] {
        let signer = world.signer().proof(Proof::HttpSignature).context_tokens(["x-user"]).build().unwrap();
        let mut request = Request::put(TARGET).body(()).unwrap();
        fields.iter().for_each(|(name, value)| set(request.headers_mut(), name, value));
        let _ = sign(&signer, &mut request, content).unwrap();
        let nonce = parameter(request.headers(), "nonce").unwrap();
        let expected = format!(
            "wimse=({target}{covered});created={NOW};expires={};nonce=\"{nonce}\";tag=\"{TAG}\";wimse-aud=\"{BASE}/orders/7\"",
            NOW + 60
        );
        assert_eq!(header(&request, "signature-input"), expected.as_str());
        let has = request.headers().get("content-digest").cloned();
        assert_eq!(has, (!content.is_empty()).then(|| digest(content)));
        assert!(
            header(&request, "signature").is_sensitive()
                && header(&request, "workload-identity-token").is_sensitive()
        );
        assert_eq!(verdict_all(&world.verifier_with_context(), &request, content), Ok(()));
    }
}

#[test]
fn hsq_25_amb_21_each_attempt_replaces_the_last_one_with_a_fresh_nonce() {
    let world = World::new();
    let (signer, verifier) = (signer(&world), world.verifier());
    let (mut request, mut seen) = (post(), HashSet::new());
    for content in [CONTENT, b"", b"more"].into_iter().cycle().take(99) {
        let _ = sign(&signer, &mut request, content).unwrap();
        let nonce = parameter(request.headers(), "nonce").unwrap();
        assert_eq!(nonce.len(), 22, "128 random bits");
        assert!(seen.insert(nonce));
        assert_eq!(request.headers().contains_key("content-digest"), !content.is_empty());
        assert_eq!(request.headers().len(), if content.is_empty() { 4 } else { 5 });
        assert_eq!(verdict_all(&verifier, &request, content), Ok(()));
        assert_eq!(verdict_all(&verifier, &request, content), Err(Reason::Replayed));
    }
}

#[test]
fn hsq_10_the_content_must_be_at_hand_for_a_signature_alone() {
    let world = World::new();
    for (built, asked, needed) in [
        (Proof::Wpt, None, false),
        (Proof::Wpt, Some(Proof::HttpSignature), true),
        (Proof::HttpSignature, None, true),
        (Proof::HttpSignature, Some(Proof::Wpt), false),
    ] {
        let signer = world.signer().proof(built).build().unwrap();
        let options = asked.into_iter().fold(SignOptions::default(), SignOptions::proof);
        assert_eq!((signer.proof(), signer.needs_content(&options)), (built, needed), "{built} {asked:?}");
        let mut request = post();
        let signed = signer.sign_request(&mut request, None, &options).map(drop);
        assert_eq!(signed.err(), needed.then_some(SignError::ContentUnavailable), "{built} {asked:?}");
        assert_eq!(request.headers().contains_key("workload-identity-token"), !needed);
        let _ = signer.sign_request(&mut request, Some(CONTENT), &options).unwrap();
        assert_eq!(request.headers().contains_key("signature"), needed);
        assert_eq!(request.headers().contains_key("authorization"), !needed);
        assert_eq!(verdict_all(&world.verifier(), &request, CONTENT), Ok(()));
        assert!(!signer.needs_content(&options.skip()));
    }
}

#[test]
fn wpt_03_hsq_21_amb_21_an_attempt_with_the_other_proof_leaves_that_one_alone() {
    let world = World::new();
    let (signer, verifier) = (signer(&world), world.verifier());
    let mut request = post();
    for proof in [Proof::Wpt, Proof::HttpSignature, Proof::Wpt, Proof::HttpSignature, Proof::HttpSignature] {
        let options = SignOptions::default().proof(proof);
        let _ = signer.sign_request(&mut request, Some(CONTENT), &options).unwrap();
        let names = names(&request);
        assert_eq!(names.contains("authorization"), proof == Proof::Wpt, "{names:?}");
        for field in ["signature", "signature-input", "content-digest"] {
            assert_eq!(names.contains(field), proof == Proof::HttpSignature, "{names:?}");
        }
        let peer = crate::by_hand::decide_all(&verifier, &request, CONTENT).unwrap();
        assert_eq!((peer.proof(), peer.authentications().count()), (proof, 1));
    }
    let _ = signer.sign_request(&mut request, None, &SignOptions::default().skip()).unwrap();
    assert!(verifier.is_anonymous(request.headers()));
    for field in
        ["signature", "signature-input", "content-digest", "workload-identity-token", "authorization"]
    {
        assert!(!request.headers().contains_key(field), "{field}");
    }
}

#[test]
fn hsq_37_hsq_38_signatures_of_others_are_kept() {
    let world = World::new();
    let signer = signer(&world);
    let mut request = post();
    add_foreign(&mut request);
    let before = request.clone();
    // Where nothing of ours is to be taken off, nothing is.
    for options in [SignOptions::default().skip(), SignOptions::default().proof(Proof::Wpt)] {
        let mut request = before.clone();
        let _ = signer.sign_request(&mut request, None, &options).unwrap();
        assert_eq!(request.headers().get("signature-input"), before.headers().get("signature-input"));
    }
    let _ = sign(&signer, &mut request, CONTENT).unwrap();
    let inputs: Vec<_> = request.headers().get_all("signature-input").iter().collect();
    assert_eq!(inputs[0], before.headers()["signature-input"]);
    assert_eq!(inputs.len(), 2);
    assert_eq!(verdict_all(&world.verifier(), &request, CONTENT), Ok(()));

    // Ours cannot be taken out from among others, so that neither is a signed request sent twice, nor as an unsigned one.
    for options in
        [SignOptions::default(), SignOptions::default().skip(), SignOptions::default().proof(Proof::Wpt)]
    {
        let mut again = request.clone();
        let refused = signer.sign_request(&mut again, Some(CONTENT), &options).map(drop);
        assert_eq!(refused, Err(SignError::Signature(SignatureError::OtherSignatures)));
    }
    // Nor is anything signed beside what cannot be read, or under a label that is taken.
    let mut unreadable = post();
    set(unreadable.headers_mut(), "signature-input", "a=(");
    assert_eq!(sign(&signer, &mut unreadable, b"").unwrap_err().reason(), "message_unsignable");
    let mut taken = post();
    set(taken.headers_mut(), "signature-input", "wimse=(\"@method\");tag=\"proxies\"");
    set(taken.headers_mut(), "signature", "wimse=:AAAA:");
    let refused = sign(&signer, &mut taken, b"").unwrap_err();
    assert!(matches!(
        refused,
        SignError::Signature(SignatureError::Signature(HttpSigError::DuplicateLabel(_)))
    ));
}

#[test]
fn hsq_07_somebody_elses_authorization_is_covered_and_a_stale_proof_is_not() {
    let world = World::new();
    let (signer, verifier) = (signer(&world), world.verifier());
    for (authorization, kept) in
        [("Bearer x", true), ("Basic dTpw", true), ("WPT stale", false), ("wpt", false)]
    {
        let mut request = post();
        set(request.headers_mut(), "authorization", authorization);
        let _ = sign(&signer, &mut request, b"").unwrap();
        assert_eq!(request.headers().contains_key("authorization"), kept, "{authorization}");
        assert_eq!(verdict_all(&verifier, &request, b""), Ok(()), "{authorization}");
        let _ = sign(&signer, &mut request, b"").unwrap();
        set(request.headers_mut(), "authorization", "Bearer another");
        let expected = if kept { Reason::ProofSignature } else { Reason::ComponentNotCovered };
        assert_eq!(verdict_all(&verifier, &request, b""), Err(expected), "{authorization}");
    }
    let mut older = post();
    set(older.headers_mut(), "workload-proof-token", "stale");
    let _ = sign(&signer, &mut older, b"").unwrap();
    assert!(!older.headers().contains_key("workload-proof-token"));
}

#[test]
fn amb_17_hsq_31_amb_32_what_no_verifier_would_accept_is_not_signed() {
    let world = World::new();
    let signer = world.signer().proof(Proof::HttpSignature).context_tokens(["x-user"]).build().unwrap();
    for name in ["content-type", "authorization", "txn-token", "x-user"] {
        let mut request = Request::get(TARGET).body(()).unwrap();
        for _ in 0..2 {
            request.headers_mut().append(name, HeaderValue::from_static("Bearer x"));
        }
        let refused = sign(&signer, &mut request, b"").unwrap_err();
        assert_eq!(refused, SignError::RepeatedField(name.parse().unwrap()));
        assert!(names(&request).into_iter().eq([name]), "no token without a proof: {:?}", request.headers());
    }
    let asked = |audience: &str| {
        signer.sign_request(&mut post(), Some(b""), &SignOptions::default().audience(audience)).map(drop)
    };
    assert_eq!(asked(""), Err(SignError::Audience));
    assert_eq!(asked("\u{e9}"), Err(SignError::Audience));
    assert_eq!(asked("a \"quoted\" \\ name"), Ok(()));
    let connect = |method, target: &'static str| {
        let options = SignOptions::default().audience("svc");
        let signer = world.signer().proof(Proof::HttpSignature).allow_unknown_transport().build().unwrap();
        signer.sign(&method, &target.parse().unwrap(), &mut HeaderMap::new(), Some(b""), &options).map(drop)
    };
    let refused = Err(SignError::Signature(SignatureError::RequestTarget));
    assert_eq!(connect(Method::CONNECT, "orders.example.com:443"), refused);
    assert_eq!(connect(Method::OPTIONS, "*"), refused);
}

#[test]
fn hsq_33_quoted_audiences_arrive_as_they_were_meant() {
    let world = World::new();
    let name = "a \"quoted\" \\ name";
    let verifier =
        world.builder().allow_replay().audiences(wimse_core::Audiences::exact([name])).build().unwrap();
    let mut request = post();
    let options = SignOptions::default().audience(Audience::fixed(name));
    let _ = signer(&world).sign_request(&mut request, Some(CONTENT), &options).unwrap();
    assert_eq!(verdict_all(&verifier, &request, CONTENT), Ok(()));
}

#[test]
fn key_03_an_expired_token_is_never_signed_with_and_never_outlived() {
    let world = World::new();
    let signer = world.signer().proof(Proof::HttpSignature).proof_lifetime(Duration::from_secs(300));
    let (signer, expiry) = (signer.build().unwrap(), NOW + 3600);
    for (now, expires) in [(NOW, NOW + 300), (expiry - 100, expiry), (expiry - 1, expiry)] {
        world.clock.set(now);
        let mut request = post();
        let _ = sign(&signer, &mut request, CONTENT).unwrap();
        assert_eq!(parameter(request.headers(), "expires"), Some(expires.to_string()), "{now}");
        assert_eq!(parameter(request.headers(), "created"), Some(now.to_string()), "{now}");
    }
    for now in [expiry, expiry + 1, i64::MAX] {
        world.clock.set(now);
        let (mut request, expired_at) = (post(), UnixTime::from_secs(expiry));
        let refused = sign(&signer, &mut request, CONTENT).map(drop);
        assert_eq!(refused, Err(SignError::CredentialExpired { expired_at }), "{now}");
        assert_eq!(*request.headers(), *post().headers());
    }
}

#[test]
fn key_04_a_rotated_credential_is_used_from_the_next_request_on() {
    let world = World::new();
    let source = RotatingCredential::pending();
    let signer = world.signer().proof(Proof::HttpSignature).credentials(source.clone()).build().unwrap();
    let mut request = post();
    assert_eq!(sign(&signer, &mut request, CONTENT).unwrap_err().reason(), "credential_unavailable");
    for id in ["one", "two"] {
        let wit = world.wit_with(|_, claims| claims["jti"] = id.into());
        source.replace(Credential::new(&wit, world.workload.clone()).unwrap());
        let _ = sign(&signer, &mut request, CONTENT).unwrap();
        assert_eq!(header(&request, "workload-identity-token"), wit.as_str());
        assert_eq!(verdict_all(&world.verifier(), &request, CONTENT), Ok(()));
    }
}

#[test]
fn sign_errors_of_signatures_have_stable_codes() {
    for (error, code) in [
        (SignError::ContentUnavailable, "content_unavailable"),
        (SignError::ContentTooLarge { limit: 7 }, "content_too_large"),
        (SignError::ResponseUncheckable, "response_uncheckable"),
        (SignError::Signature(SignatureError::OtherSignatures), "message_unsignable"),
        (SignatureError::Lifetime.into(), "message_unsignable"),
        (SignatureError::RequestNonce.into(), "message_unsignable"),
        (SignatureError::Audience.into(), "audience_unknown"),
        (
            SignatureError::CredentialExpired { expired_at: UnixTime::from_secs(7) }.into(),
            "credential_expired",
        ),
    ] {
        assert_eq!(error.reason(), code, "{error}");
        assert!(error.to_string().len() > 20, "{error}");
    }
}
