//! What a signer puts on a request, and when it refuses to.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::{Value, json};
use wimse_core::jose::{Algorithm, SigningKey};
use wimse_core::testing::{FrozenClock, TestDomain};
use wimse_core::{
    Audience, Credential, CredentialError, MemoryReplayCache, Reason, Revision, RotatingCredential,
    SignError, SignOptions, Signer, UnixTime, Verifier,
};

use crate::common::segment;
use crate::{BASE, NOW, TARGET, World, decide, header, proof_of, sha256, verdict};

fn sign(signer: &Signer, request: &mut http::Request<()>) -> Result<(), SignError> {
    signer.sign_request(request, None, &SignOptions::default()).map(drop)
}

fn get() -> http::Request<()> {
    http::Request::get(TARGET).body(()).unwrap()
}

fn fields(names: &[(&'static str, &'static str)]) -> http::Request<()> {
    let mut request = get();
    for (name, value) in names {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    request
}

#[test]
fn wpt_01_wpt_07_wpt_09_wpt_11_wpt_17_wpt_20_wpt_22_a_proof_says_what_the_draft_wants() {
    let world = World::new();
    let mut request = get();
    sign(&world.signer().build().unwrap(), &mut request).unwrap();
    let wit = header(&request, "workload-identity-token").to_str().unwrap();
    let proof = proof_of(&request);
    assert_eq!(segment(proof, 0), json!({ "alg": "ES256", "typ": "wpt+jwt" }));
    let claims = segment(proof, 1);
    let id = claims["jti"].as_str().unwrap();
    assert_eq!(id.len(), 22, "128 random bits");
    assert_eq!(
        claims,
        json!({ "aud": format!("{BASE}/orders/7"), "exp": NOW + 60, "jti": id, "wth": sha256(wit) })
    );
    assert_eq!(verdict(&world.verifier(), &request), Ok(()));
}

#[test]
fn wit_19_wit_20_every_algorithm_signs_and_is_verified_end_to_end() {
    let clock = FrozenClock::at(NOW);
    let domain = TestDomain::new("example.com").clock(clock.clone());
    let verifier = Verifier::builder()
        .trust_anchors(domain.trust_anchors())
        .audiences(wimse_core::Audiences::base_url(BASE))
        .replay_cache(MemoryReplayCache::default())
        .clock(clock)
        .build()
        .unwrap();
    for algorithm in Algorithm::ALL {
        let mut request = get();
        domain.workload_with("/a", algorithm, |wit| wit).sign(&mut request);
        assert_eq!(segment(proof_of(&request), 0)["alg"], algorithm.as_str());
        let peer = decide(&verifier, &request).unwrap();
        assert_eq!(peer.wit().proof_algorithm(), algorithm);
    }
}

#[test]
fn wpt_20_amb_21_each_attempt_replaces_the_last_one_with_a_fresh_identifier() {
    let world = World::new();
    let signer = world.signer().build().unwrap();
    let verifier = world.verifier();
    let (mut request, mut seen) = (get(), HashSet::new());
    for _ in 0..100 {
        sign(&signer, &mut request).unwrap();
        assert_eq!(request.headers().len(), 2);
        assert!(seen.insert(segment(proof_of(&request), 1)["jti"].as_str().unwrap().to_owned()));
        assert_eq!(verdict(&verifier, &request), Ok(()));
        assert_eq!(verdict(&verifier, &request), Err(Reason::Replayed));
    }
}

#[test]
fn key_03_an_expired_token_is_never_signed_with_and_never_outlived() {
    let world = World::new();
    let signer = world.signer().proof_lifetime(Duration::from_secs(300)).build().unwrap();
    let expiry = NOW + 3600;
    for (now, exp) in [(NOW, NOW + 300), (expiry - 100, expiry), (expiry - 1, expiry)] {
        world.clock.set(now);
        let mut request = get();
        sign(&signer, &mut request).unwrap();
        assert_eq!(segment(proof_of(&request), 1)["exp"], exp, "{now}");
    }
    for now in [expiry, expiry + 1, i64::MAX] {
        world.clock.set(now);
        let mut request = get();
        let expired_at = UnixTime::from_secs(expiry);
        assert_eq!(sign(&signer, &mut request), Err(SignError::CredentialExpired { expired_at }), "{now}");
        assert!(request.headers().is_empty());
    }
}

#[test]
fn key_02_a_credential_is_a_token_with_its_own_key() {
    let world = World::new();
    let wit = world.wit();
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(Credential::new(&wit, other).err(), Some(CredentialError::KeyMismatch));
    let typ = world.wit_with(|header, _| header["typ"] = json!("JWT"));
    assert_eq!(Credential::new(&typ, world.workload.clone()).err(), Some(CredentialError::Malformed));
    // Ed25519 and EdDSA are one key and two names.
    let key = SigningKey::from_jwk(crate::common::TestKey::of(Algorithm::Ed25519).jwk).unwrap();
    let eddsa =
        SigningKey::from_pkcs8_pem(crate::common::TestKey::of(Algorithm::EdDsa).pem, Algorithm::EdDsa)
            .unwrap();
    let wit = world.wit_with(|_, claims| claims["cnf"] = json!({ "jwk": key.public_jwk() }));
    assert_eq!(Credential::new(&wit, eddsa).err(), Some(CredentialError::KeyMismatch));
    assert!(Credential::new(&wit, key).is_ok());
}

#[test]
fn key_04_a_rotated_credential_is_used_from_the_next_request_on() {
    let world = World::new();
    let source = RotatingCredential::pending();
    let signer = world.signer().credentials(source.clone()).build().unwrap();
    let mut request = get();
    let none = Err(SignError::Credential(CredentialError::Unavailable));
    assert_eq!(sign(&signer, &mut request), none);
    for _ in 0..3 {
        let wit = world.wit();
        source.replace(Credential::new(&wit, world.workload.clone()).unwrap());
        sign(&signer, &mut request).unwrap();
        assert_eq!(header(&request, "workload-identity-token"), wit.as_str());
    }
    source.withdraw();
    let before = request.headers().clone();
    assert_eq!(sign(&signer, &mut request), none);
    assert_eq!(*request.headers(), before, "a failure leaves the fields alone");
    // Sources work behind `Arc<dyn …>` as well.
    let shared: Arc<dyn wimse_core::CredentialSource> = Arc::new(source);
    assert_eq!(shared.current().err(), Some(CredentialError::Unavailable));
}

#[test]
fn wpt_03_wpt_34_somebody_elses_authorization_is_never_dropped() {
    let world = World::new();
    let signer = world.signer().build().unwrap();
    for value in ["Bearer token", "Basic dTpw", "WPTX token", "WPT-Next token", "", "WP"] {
        let mut request = fields(&[("authorization", value)]);
        assert_eq!(sign(&signer, &mut request), Err(SignError::AuthorizationTaken), "{value}");
        assert_eq!(header(&request, "authorization"), value);
    }
    let mut both = fields(&[("authorization", "WPT stale"), ("authorization", "Bearer token")]);
    assert_eq!(sign(&signer, &mut both), Err(SignError::AuthorizationTaken));
    for stale in ["WPT stale", "wpt stale", "WPT"] {
        let mut request = fields(&[("authorization", stale)]);
        assert_eq!(sign(&signer, &mut request), Ok(()), "{stale}");
        assert_eq!(verdict(&world.verifier(), &request), Ok(()));
    }
}

#[test]
fn wpt_24_wpt_26_wpt_27_wpt_28_wpt_32_context_tokens_are_covered_and_handed_on() {
    let world = World::new();
    let signer = world.signer().context_tokens(["X-User", "X-Absent"]).build().unwrap();
    let verifier = world
        .builder()
        .replay_cache(MemoryReplayCache::default())
        .context_tokens(["x-user", "x-absent"])
        .build()
        .unwrap();
    let mut request =
        fields(&[("txn-token", "transaction"), ("x-user", "  user token \t"), ("x-other", "not covered")]);
    sign(&signer, &mut request).unwrap();
    let claims = segment(proof_of(&request), 1);
    assert_eq!(claims["tth"], sha256("transaction"));
    assert_eq!(claims["oth"], json!({ "x-user": sha256("user token") }));
    assert_eq!(claims.get("ath"), None::<&Value>);

    let peer = decide(&verifier, &request).unwrap();
    assert_eq!(peer.context().txn_token().unwrap(), "transaction");
    assert_eq!(peer.context().get("X-USER").unwrap(), "  user token \t");
    assert!(peer.context().get("x-other").is_none() && peer.context().get("x-absent").is_none());
    assert!(peer.context().fields().map(|f| f.as_str()).eq(["txn-token", "x-user"]));

    // Whatever happens to them on the way is noticed.
    type Edit = fn(&mut HeaderMap);
    let edits: [(Edit, Reason); 7] = [
        (|h| drop(h.insert("txn-token", HeaderValue::from_static("another"))), Reason::TxnToken),
        (|h| drop(h.remove("txn-token")), Reason::TxnToken),
        (|h| assert!(h.append("txn-token", HeaderValue::from_static("transaction"))), Reason::TxnToken),
        (|h| drop(h.insert("x-user", HeaderValue::from_static("another"))), Reason::ContextTokenMismatch),
        (|h| drop(h.remove("x-user")), Reason::ContextTokenMismatch),
        (
            |h| assert!(h.append("x-user", HeaderValue::from_static("user token"))),
            Reason::ContextTokenMismatch,
        ),
        (|h| drop(h.insert("x-absent", HeaderValue::from_static("added"))), Reason::ContextTokenNotCovered),
    ];
    for (edit, reason) in edits {
        let mut request = fields(&[("txn-token", "transaction"), ("x-user", "user token")]);
        sign(&signer, &mut request).unwrap();
        edit(request.headers_mut());
        assert_eq!(verdict(&verifier, &request), Err(reason));
    }
}

#[test]
fn wpt_29_ctx_01_what_a_proof_must_cover_occurs_once() {
    let world = World::new();
    let signer = world.signer().context_tokens(["x-user"]).build().unwrap();
    for name in ["txn-token", "x-user"] {
        let mut request = fields(&[(name, "a"), (name, "b")]);
        let before = request.headers().clone();
        let error = sign(&signer, &mut request).unwrap_err();
        assert_eq!(error, SignError::RepeatedField(name.parse().unwrap()));
        assert_eq!(error.reason(), "field_repeated");
        assert_eq!(*request.headers(), before);
    }
}

#[test]
fn wptl_01_wptl_02_wpt_43_the_older_revision_end_to_end() {
    let world = World::new();
    let older = world.signer().revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let accepting = world
        .builder()
        .replay_cache(MemoryReplayCache::default())
        .allow_revision(Revision::Wpt01HttpSignature06)
        .build()
        .unwrap();

    let mut request = fields(&[("authorization", "Bearer  the-token "), ("txn-token", "t")]);
    sign(&older, &mut request).unwrap();
    assert_eq!(header(&request, "authorization"), "Bearer  the-token ");
    let claims = segment(header(&request, "workload-proof-token").to_str().unwrap(), 1);
    assert_eq!((&claims["ath"], &claims["tth"]), (&json!(sha256("the-token")), &json!(sha256("t"))));
    assert_eq!(verdict(&world.verifier(), &request), Err(Reason::RevisionNotAccepted));
    let peer = decide(&accepting, &request).unwrap();
    assert_eq!(peer.authentications().next().unwrap().revision(), Revision::Wpt01HttpSignature06);
    assert_eq!(verdict(&accepting, &request), Err(Reason::Replayed));

    for (edit, bearer) in
        [("another token", Some("Bearer another")), ("none", None), ("another scheme", Some("Basic x"))]
    {
        let mut request = fields(&[("authorization", "Bearer the-token")]);
        sign(&older, &mut request).unwrap();
        request.headers_mut().remove("authorization");
        if let Some(bearer) = bearer {
            request.headers_mut().insert("authorization", HeaderValue::from_static(bearer));
        }
        let rejection = decide(&accepting, &request).unwrap_err();
        assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::AccessToken, 400), "{edit}");
    }
    let mut added = get();
    sign(&older, &mut added).unwrap();
    added.headers_mut().insert("authorization", HeaderValue::from_static("Bearer added"));
    assert_eq!(verdict(&accepting, &added), Err(Reason::AccessToken));
    let mut twice = fields(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
    assert_eq!(sign(&older, &mut twice), Err(SignError::RepeatedField(http::header::AUTHORIZATION)));

    // The newest revision keeps working beside it, and ignores `ath`.
    assert_eq!(verdict(&accepting, &world.request()), Ok(()));
    let ath = world.request_with_proof(|_, claims| claims["ath"] = json!("x"));
    assert_eq!(verdict(&accepting, &ath), Ok(()));
}

#[test]
fn amb_01_one_message_never_carries_two_revisions() {
    let world = World::new();
    let stale = [("workload-proof-token", "stale"), ("authorization", "WPT stale")];
    let mut mixed = Vec::new();
    for (revision, (name, value)) in
        [Revision::Wpt02HttpSignature07, Revision::Wpt01HttpSignature06].into_iter().zip(stale)
    {
        let mut request = fields(&[(name, value)]);
        let signed = sign(&world.signer().revision(revision).build().unwrap(), &mut request);
        if signed.is_ok()
            && request.headers().contains_key("workload-proof-token")
            && request.headers().contains_key("authorization")
        {
            mixed.push(revision);
        }
    }
    assert_eq!(mixed, []);
}

#[test]
fn a_request_that_goes_without_credentials_is_left_alone() {
    let world = World::new();
    let signer = world.signer().build().unwrap();
    let mut headers = HeaderMap::new();
    let options = SignOptions::default().skip().audience(Audience::CalleeIdentifier);
    assert!(options.is_skipped());
    let target = Uri::from_static("http://anything/");
    let _ = signer.sign(&Method::GET, &target, &mut headers, None, &options).unwrap();
    assert!(headers.is_empty());
}
