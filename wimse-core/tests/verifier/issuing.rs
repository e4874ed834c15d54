//! What an issuer signs, and what it refuses to.

use std::time::Duration;

use serde_json::json;
use wimse_core::jose::{Algorithm, Jwk, KeyError, SigningKey};
use wimse_core::wit::IssueError;
use wimse_core::{Credential, UnixTime, WitIssuer, WitRequest, WorkloadId};

use crate::common::segment;
use crate::{BASE, CALLER, NOW, World, decide, request};

fn issuer(world: &World) -> WitIssuer {
    WitIssuer::new(world.issuer.clone(), "k1").clock(world.clock.clone())
}

fn asked(world: &World) -> WitRequest {
    WitRequest::new(WorkloadId::parse(CALLER).unwrap(), world.workload.public_jwk().clone())
}

#[test]
fn wit_02_wit_05_wit_06_wit_08_wit_11_wit_13_wit_14_wit_15_a_token_says_what_the_draft_wants() {
    let world = World::new();
    let issuer = issuer(&world).issuer("https://issuer.example").lifetime(Duration::from_secs(600));
    let asked =
        asked(&world).not_before(UnixTime::from_secs(NOW - 5)).claim("team", json!({ "name": "web" }));
    let token = issuer.issue_with(asked).unwrap();
    assert_eq!(segment(&token, 0), json!({ "alg": "ES256", "kid": "k1", "typ": "wit+jwt" }));
    let claims = segment(&token, 1);
    assert_eq!(
        claims,
        json!({
            "sub": CALLER, "iat": NOW, "nbf": NOW - 5, "exp": NOW + 600, "iss": "https://issuer.example",
            "jti": claims["jti"], "team": { "name": "web" }, "cnf": { "jwk": world.workload.public_jwk() },
        })
    );
    assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
    assert_eq!(claims["cnf"]["jwk"].as_object().unwrap().len(), 5, "kty, crv, x, y, alg");
    let proof = world.proof_with(&token, |_, _| ());
    assert_eq!(decide(&world.verifier(), &request(&token, &proof)).unwrap().id(), &CALLER);
    assert!(Credential::new(&token, world.workload).is_ok());
}

#[test]
fn wit_10_a_token_lives_for_a_day_at_most() {
    let world = World::new();
    let day = 24 * 60 * 60;
    for (seconds, fine) in [(1, true), (day, true), (day + 1, false), (u64::MAX, false)] {
        let lifetime =
            issuer(&world).lifetime(Duration::from_secs(seconds)).issue_with(asked(&world)).map(|_| ());
        let expiry = UnixTime::from_secs(NOW).plus(Duration::from_secs(seconds));
        let explicit = issuer(&world).issue_with(asked(&world).expires_at(expiry)).map(|_| ());
        let expected = if fine { Ok(()) } else { Err(IssueError::Lifetime) };
        assert_eq!((lifetime, explicit), (expected.clone(), expected), "{seconds}");
    }
}

#[test]
fn wit_06_wit_36_a_token_names_one_workload() {
    let world = World::new();
    let second = "spiffe://example.com/other";
    for value in
        [json!(second), json!(["x", second]), json!({ "a": [{ "b": second }] }), json!({ second: 1 })]
    {
        let refused = issuer(&world).issue_with(asked(&world).claim("act", value.clone()));
        assert_eq!(refused, Err(IssueError::SecondIdentifier), "{value}");
    }
    let refused = issuer(&world).issuer("wimse://example.com/issuer").issue_with(asked(&world));
    assert_eq!(refused, Err(IssueError::SecondIdentifier));
    // A trust domain or a URL names no workload.
    for value in ["wimse://example.com", "https://example.com/other", BASE] {
        assert!(issuer(&world).issue_with(asked(&world).claim("from", value)).is_ok(), "{value}");
    }
}

#[test]
fn wit_15_svid_12_what_the_issuer_sets_cannot_be_set_by_a_claim() {
    let world = World::new();
    for name in ["sub", "exp", "nbf", "iat", "iss", "jti", "cnf", "aud"] {
        let refused = issuer(&world).issue_with(asked(&world).claim(name, 1));
        assert_eq!(refused, Err(IssueError::ReservedClaim(name.into())));
    }
    let mut jwk = serde_json::to_value(world.workload.public_jwk()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg");
    let without = Jwk::parse(&jwk.to_string()).unwrap();
    let subject = WorkloadId::parse(CALLER).unwrap();
    assert_eq!(issuer(&world).issue(&subject, &without), Err(IssueError::KeyWithoutAlgorithm));
    for error in [
        IssueError::Lifetime,
        IssueError::KeyWithoutAlgorithm,
        IssueError::SecondIdentifier,
        KeyError::Library.into(),
    ] {
        assert!(error.to_string().len() > 20);
    }
}

#[test]
fn wit_20_every_algorithm_issues() {
    let world = World::new();
    for algorithm in Algorithm::ALL {
        let key = crate::common::TestKey::of(algorithm).signing(algorithm);
        let workload = SigningKey::generate(Algorithm::Es256).unwrap();
        let token = WitIssuer::new(key, "k1")
            .clock(world.clock.clone())
            .issue(&WorkloadId::parse(CALLER).unwrap(), workload.public_jwk());
        assert_eq!(segment(&token.unwrap(), 0)["alg"], algorithm.as_str());
    }
}
