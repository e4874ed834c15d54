//! What reviews of the finished code found: each once a way in, or a way to be in the way.

use std::sync::Arc;

use http::{HeaderValue, Request};
use serde_json::json;
use wimse_core::jose::JwkSet;
use wimse_core::replay::{ProofUse, ReplayAnswer, Use};
use wimse_core::testing::{FrozenClock, TestDomain};
use wimse_core::wit::IssueError;
use wimse_core::{
    Audiences, DomainAnchors, MemoryReplayCache, Profile, Reason, ReplayCache, Revision, SignError,
    SignOptions, TrustAnchors, TrustStore, WitIssuer, WitRequest, WorkloadId,
};

use crate::{CALLER, NOW, TARGET, World, decide, verdict};

#[test]
fn svid_01_svid_02_svid_12_ta_09_a_spiffe_domain_follows_the_spiffe_standard_by_default() {
    let world = World::new();
    let bare = || DomainAnchors::new(world.keys());
    let named = || TrustAnchors::new().domain("spiffe://example.com", bare());
    assert!(named().is_err(), "anchors without `use: wit-svid` are none");
    let svid: JwkSet = world.issuer.public_jwk().clone().with_kid("k1").with_use("wit-svid").into();
    let strict = TrustAnchors::new().domain("spiffe://example.com", svid).unwrap();
    let lax = TrustAnchors::new().domain("spiffe://example.com", bare().profile(Profile::Wimse)).unwrap();
    let sent = world.request_with_wit(|_, claims| {
        claims["sub"] = json!("spiffe://example.com/a");
        claims["aud"] = json!("somebody");
    });
    let judged =
        |anchors| verdict(&world.builder().trust_anchors(anchors).allow_replay().build().unwrap(), &sent);
    assert_eq!(judged(strict), Err(Reason::WitProfile));
    assert_eq!(judged(lax), Ok(()));
}

#[test]
fn wptl_02_amb_01_under_the_older_revision_nothing_rides_along_in_authorization() {
    let world = World::new();
    let verifier =
        world.builder().allow_replay().allow_revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let mut older = world.request();
    let proof = older.headers_mut().remove("authorization").unwrap();
    let proof = HeaderValue::from_bytes(proof.as_bytes().strip_prefix(b"WPT ").unwrap()).unwrap();
    older.headers_mut().insert("workload-proof-token", proof);
    assert_eq!(verdict(&verifier, &older), Ok(()));
    for stolen in [
        "Bearer stolen",
        " Bearer stolen",
        "Basic eDp5",
        "GNAP stolen",
        "Token stolen",
        "stolen",
        "Bearer",
        "",
    ] {
        older.headers_mut().insert("authorization", HeaderValue::from_str(stolen).unwrap());
        assert_eq!(verdict(&verifier, &older), Err(Reason::AccessToken), "{stolen:?}");
    }
}

/// A store that takes its time.
struct Slow(FrozenClock, i64);

impl ReplayCache for Slow {
    fn use_once(&self, _: &ProofUse<'_>) -> ReplayAnswer {
        let (clock, seconds) = (self.0.clone(), self.1);
        ReplayAnswer::Pending(Box::pin(async move {
            clock.advance(seconds);
            Ok(Use::First)
        }))
    }
}

#[test]
fn wpt_18_wit_09_a_proof_that_expires_while_a_store_takes_its_time_is_refused() {
    let world = World::new();
    // The proof is acceptable until NOW + 60 and 60 s of leeway.
    for (seconds, expected) in
        [(119, Ok(())), (120, Err(Reason::ProofExpired)), (7_200, Err(Reason::ProofExpired))]
    {
        world.clock.set(NOW);
        let verifier = world.builder().replay_cache(Slow(world.clock.clone(), seconds)).build().unwrap();
        assert_eq!(
            decide(&verifier, &world.request()).map(drop).map_err(|r| r.reason()),
            expected,
            "{seconds}"
        );
    }
}

#[test]
fn ta_08_a_store_that_is_not_loaded_stays_so_when_a_domain_is_removed() {
    let world = World::new();
    let store = TrustStore::pending();
    let verifier = world.builder().trust_anchors(&store).allow_replay().build().unwrap();
    store.remove_domain("example.com").unwrap();
    assert!(store.remove_domain("Not a domain").is_err());
    assert!(store.anchors().is_none());
    assert_eq!(verdict(&verifier, &world.request()), Err(Reason::AnchorsNotLoaded));
}

#[test]
fn wit_22_a_skipped_request_keeps_no_credentials_of_an_earlier_attempt() {
    let world = World::new();
    let mut request = world.request();
    let signer = world.signer().build().unwrap();
    let _ = signer.sign_request(&mut request, None, &SignOptions::default().skip()).unwrap();
    assert!(request.headers().is_empty(), "{:?}", request.headers().keys().collect::<Vec<_>>());
}

#[test]
fn ta_09_what_is_meant_for_something_else_does_not_cost_a_domain_its_keys() {
    let world = World::new();
    let own = world.issuer.public_jwk().clone().with_kid("k1").to_string();
    let set = |other: &str| {
        JwkSet::parse(&format!(r#"{{"keys":[{own},{other}]}}"#)).map(|s| (s.keys().len(), s.ignored()))
    };
    for other in [
        r#"{"kid":"no kty"}"#,
        r#"{"kty":1}"#,
        r#"{"kty":"PQ"}"#,
        r#"{"kty":"EC","use":"x509-svid","crv":"P-256","x":"AA","y":"AA"}"#,
        r#"{"kty":"EC","use":"enc","crv":"P-256"}"#,
    ] {
        assert_eq!(set(other), Ok((1, 1)), "{other}");
    }
    for other in [r#"{"kty":"EC","crv":"P-256"}"#, r#"{"kty":"oct","k":"AA"}"#, r#"{"kty":1,"d":"AA"}"#, "7"]
    {
        assert!(set(other).is_err(), "{other}");
    }
}

#[test]
fn verifiers_of_one_store_share_what_was_validated_and_not_what_they_allow() {
    let world = World::new();
    let store = TrustStore::new(TrustAnchors::new().domain("example.com", world.keys()).unwrap());
    let verifier = |limits| {
        world
            .builder()
            .trust_anchors(&store)
            .replay_cache(Arc::new(MemoryReplayCache::default()))
            .limits(limits)
            .build()
    };
    let mut strict = wimse_core::Limits::default();
    strict.wit_remaining = std::time::Duration::from_secs(1);
    strict.leeway = std::time::Duration::ZERO;
    let request = world.request();
    assert_eq!(verdict(&verifier(wimse_core::Limits::default()).unwrap(), &request), Ok(()));
    assert_eq!(verdict(&verifier(strict).unwrap(), &request), Err(Reason::WitLifetime));
}

#[test]
fn wptl_03_the_older_revision_is_answered_in_its_way_also_when_a_store_takes_its_time() {
    let world = World::new();
    let slow = Slow(world.clock.clone(), 500);
    let verifier =
        world.builder().replay_cache(slow).allow_revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let mut older = Request::get(TARGET).body(()).unwrap();
    let signer = world.signer().revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let _ = signer.sign_request(&mut older, None, &SignOptions::default()).unwrap();
    let rejection = decide(&verifier, &older).unwrap_err();
    assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::ProofExpired, 400));
    assert!(!rejection.challenge());
}

#[test]
fn amb_01_a_request_that_is_signed_again_in_the_other_revision_is_sound() {
    let world = World::new();
    let verifier =
        world.builder().allow_replay().allow_revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let mut request = world.request();
    for revision in
        [Revision::Wpt01HttpSignature06, Revision::Wpt02HttpSignature07, Revision::Wpt01HttpSignature06]
    {
        let signer = world.signer().revision(revision).build().unwrap();
        let _ = signer.sign_request(&mut request, None, &SignOptions::default()).unwrap();
        let peer = decide(&verifier, &request).unwrap();
        assert_eq!(peer.authentications().next().unwrap().revision(), revision);
    }
    let signer = world.signer().revision(Revision::Wpt01HttpSignature06).build().unwrap();
    request.headers_mut().insert("authorization", HeaderValue::from_static("apikey"));
    let refused = signer.sign_request(&mut request, None, &SignOptions::default());
    assert_eq!(refused.unwrap_err(), SignError::AuthorizationTaken);
}

#[test]
fn a_map_that_is_full_is_marked_without_making_room() {
    let world = World::new();
    let mut headers = world.request().headers().clone();
    for i in headers.len()..24_576 {
        headers.insert(http::HeaderName::try_from(format!("x-{i}")).unwrap(), HeaderValue::from_static("1"));
    }
    world.verifier().mark_sensitive(&mut headers);
    assert!(headers["authorization"].is_sensitive() && !headers["x-9"].is_sensitive());
}

#[test]
fn what_no_verifier_would_read_is_not_issued() {
    let world = World::new();
    let issuer = WitIssuer::new(world.issuer.clone(), "k1");
    let request = || WitRequest::new(WorkloadId::parse(CALLER).unwrap(), world.workload.public_jwk().clone());
    let refused = issuer.issue_with(request().claim("x", vec![1; 1_100]));
    assert_eq!(refused, Err(IssueError::TooManyValues));
    assert!(issuer.issue_with(request().claim("x", vec![1; 900])).is_ok());
}

#[test]
fn ta_06_rotating_keys_keeps_the_allow_lists_of_a_domain() {
    let world = World::new();
    let anchors = DomainAnchors::new(world.keys()).issuers(["https://issuer.example"]);
    let store = TrustStore::new(TrustAnchors::new().domain("example.com", anchors).unwrap());
    let verifier = world.builder().trust_anchors(&store).allow_replay().build().unwrap();
    assert_eq!(verdict(&verifier, &world.request()), Err(Reason::WitIssuer));
    store.replace_keys("example.com", &world.keys()).unwrap();
    assert_eq!(verdict(&verifier, &world.request()), Err(Reason::WitIssuer));
    store.replace_keys("example.com", &JwkSet::default()).unwrap();
    assert_eq!(verdict(&verifier, &world.request()), Err(Reason::WitKeyUnknown));
    store.replace_domain("example.com", world.keys()).unwrap();
    assert_eq!(verdict(&verifier, &world.request()), Ok(()));
}

#[test]
fn the_test_domain_may_be_of_spiffe() {
    let domain = TestDomain::new("spiffe://example.org");
    let verifier = domain.verifier(Audiences::exact(["svc"])).build().unwrap();
    let mut request = Request::get(TARGET).body(()).unwrap();
    domain.workload("/a").sign_with(&mut request, &SignOptions::default().audience("svc"));
    assert_eq!(decide(&verifier, &request).unwrap().id().as_str(), "spiffe://example.org/a");
}

#[test]
fn ta_06_keys_that_rotate_meanwhile_do_not_bring_back_what_an_operator_tightened() {
    let world = World::new();
    for _ in 0..100 {
        let store = TrustStore::new(TrustAnchors::new().domain("example.com", world.keys()).unwrap());
        let (rotating, keys) = (store.clone(), world.keys());
        let source = std::thread::spawn(move || {
            (0..50).for_each(|_| rotating.replace_keys("example.com", &keys).unwrap());
        });
        let strict = DomainAnchors::new(world.keys()).issuers(["https://issuer.example"]);
        store.replace_domain("example.com", strict).unwrap();
        source.join().unwrap();
        let verifier = world.builder().trust_anchors(&store).allow_replay().build().unwrap();
        assert_eq!(verdict(&verifier, &world.request()), Err(Reason::WitIssuer));
    }
}
