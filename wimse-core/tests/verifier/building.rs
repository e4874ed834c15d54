//! What is not decided does not build.

use std::time::Duration;

use futures_util::FutureExt;
use wimse_core::audience::AudienceError;
use wimse_core::{
    Audiences, BuildError, Limits, MemoryReplayCache, Reason, Signer, TrustAnchors, TrustStore, Verifier,
};

use crate::{BASE, World, verdict};

#[test]
fn wpt_15_ta_01_a_verifier_needs_anchors_audiences_and_a_replay_decision() {
    let world = World::new();
    let audiences = || Audiences::base_url(BASE);
    let mut wide = Limits::default();
    wide.leeway = Duration::from_secs(121);
    for (builder, error) in [
        (Verifier::builder(), BuildError::TrustAnchors),
        (Verifier::builder().audiences(audiences()).allow_replay(), BuildError::TrustAnchors),
        (
            Verifier::builder().trust_anchors(TrustAnchors::new()).audiences(audiences()).allow_replay(),
            BuildError::TrustAnchors,
        ),
        (Verifier::builder().trust_anchors(world.anchors()).allow_replay(), BuildError::Audiences),
        (Verifier::builder().trust_anchors(world.anchors()).audiences(audiences()), BuildError::Replay),
        (
            world.builder().audiences(Audiences::default()).allow_replay(),
            BuildError::Audience(AudienceError::Empty),
        ),
        (
            world.builder().audiences(Audiences::exact([""])).allow_replay(),
            BuildError::Audience(AudienceError::Empty),
        ),
        (
            world.builder().audiences(Audiences::exact::<&str>([])).allow_replay(),
            BuildError::Audience(AudienceError::Empty),
        ),
        (
            world.builder().audiences(audiences().and(Audiences::base_url("orders"))).allow_replay(),
            BuildError::Audience(AudienceError::NotAUrl),
        ),
        (
            world.builder().audiences(Audiences::base_url("https://a.example/?q")).allow_replay(),
            BuildError::Audience(AudienceError::Query),
        ),
        (world.builder().allow_replay().limits(wide), BuildError::Leeway),
    ] {
        assert_eq!(builder.build().err(), Some(error));
        assert!(error.to_string().len() > 20, "{error}");
    }
    assert!(world.builder().allow_replay().build().is_ok());
    assert!(world.builder().replay_cache(MemoryReplayCache::default()).build().is_ok());
}

#[test]
fn wpt_26_wpt_34_a_context_token_has_a_field_of_its_own() {
    let world = World::new();
    for name in [
        "",
        "two words",
        "Authorization",
        "authorization",
        "Txn-Token",
        "Workload-Identity-Token",
        "workload-proof-token",
        "x:y",
        "\u{e9}",
    ] {
        let verifier = world.builder().allow_replay().context_tokens(["x-user", name]).build();
        assert_eq!(verifier.err(), Some(BuildError::ContextField), "{name}");
        assert_eq!(
            world.signer().context_tokens([name]).build().err(),
            Some(BuildError::ContextField),
            "{name}"
        );
    }
    assert!(world.builder().allow_replay().context_tokens(["X-User", "x-user", "cookie"]).build().is_ok());
}

#[test]
fn wpt_17_a_signer_needs_credentials_and_a_short_lifetime() {
    let world = World::new();
    assert_eq!(Signer::builder().build().err(), Some(BuildError::Credentials));
    for (lifetime, fine) in [
        (Duration::ZERO, false),
        (Duration::from_millis(999), false),
        (Duration::from_secs(1), true),
        (Duration::from_secs(300), true),
        (Duration::from_secs(301), false),
        (Duration::MAX, false),
    ] {
        let built = world.signer().proof_lifetime(lifetime).build().map(|_| ());
        assert_eq!(built, if fine { Ok(()) } else { Err(BuildError::ProofLifetime) }, "{lifetime:?}");
    }
}

#[test]
fn ta_08_a_store_that_is_not_loaded_yet_answers_503_and_then_serves() {
    let world = World::new();
    let store = TrustStore::pending();
    let verifier =
        world.builder().trust_anchors(&store).replay_cache(MemoryReplayCache::default()).build().unwrap();
    let request = world.request();
    let rejection = verifier.verify(&request).now_or_never().unwrap().unwrap_err();
    assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::AnchorsNotLoaded, 503));
    assert!(!rejection.challenge());
    store.replace(world.anchors());
    assert_eq!(verdict(&verifier, &request), Ok(()));
}
