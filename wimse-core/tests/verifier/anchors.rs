//! Trust anchors that change under a running verifier, and the tokens that it remembers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use wimse_core::identifier::Schemes;
use wimse_core::jose::{Algorithm, Algorithms, JwkSet};
use wimse_core::trust::TrustError;
use wimse_core::{DomainAnchors, Limits, Profile, Reason, TrustAnchors, TrustStore, Verifier};

use crate::{NOW, World, foreign_key, request, verdict};

fn serving(world: &World, store: &TrustStore) -> Verifier {
    world.builder().trust_anchors(store).allow_replay().build().unwrap()
}

/// How many validated tokens the store remembers, as its `Debug` says.
fn remembered(store: &TrustStore) -> String {
    let shown = format!("{store:?}");
    shown.split("validated: ").nth(1).unwrap().split([',', ' ']).next().unwrap().to_owned()
}

#[test]
fn wit_28_a_validated_token_is_remembered_once_and_a_refused_one_never() {
    let world = World::new();
    let store = TrustStore::new(world.anchors());
    let verifier = serving(&world, &store);
    assert_eq!(remembered(&store), "Some(0)");

    let forged =
        crate::common::forge(world.wit_header().to_string(), world.wit_claims().to_string(), &foreign_key());
    let proof = world.proof_with(&forged, |_, _| ());
    assert_eq!(verdict(&verifier, &request(&forged, &proof)), Err(Reason::WitSignature));
    assert_eq!(remembered(&store), "Some(0)");

    let wit = world.wit();
    for _ in 0..5 {
        assert_eq!(verdict(&verifier, &request(&wit, &world.proof_with(&wit, |_, _| ()))), Ok(()));
        assert_eq!(remembered(&store), "Some(1)");
    }
    // A bad proof does not make the token forgotten, and a remembered token does not make a bad proof pass.
    let bad = world.proof_with(&wit, |_, claims| claims["aud"] = json!("https://other.example"));
    assert_eq!(verdict(&verifier, &request(&wit, &bad)), Err(Reason::AudienceMismatch));
    assert_eq!(remembered(&store), "Some(1)");
    assert_eq!(verdict(&verifier, &world.request()), Ok(()));
    assert_eq!(remembered(&store), "Some(2)");
}

#[test]
fn ta_04_ta_07_ta_08_what_the_anchors_no_longer_say_counts_at_once() {
    let world = World::new();
    let store = TrustStore::new(world.anchors());
    let verifier = serving(&world, &store);
    let request = world.request();
    let own = || DomainAnchors::new(world.keys());
    let set = |anchors: DomainAnchors| TrustAnchors::new().domain("example.com", anchors).unwrap();
    let other_key = |kid: &str| DomainAnchors::new(foreign_key().public_jwk().clone().with_kid(kid).into());
    let both =
        [world.issuer.public_jwk().clone().with_kid("k1"), foreign_key().public_jwk().clone().with_kid("k2")];
    for (what, anchors, expected) in [
        ("no domain at all", TrustAnchors::new(), Err(Reason::TrustDomainUnknown)),
        (
            "another domain with the same key",
            TrustAnchors::new().domain("example.org", own()).unwrap(),
            Err(Reason::TrustDomainUnknown),
        ),
        (
            "the same name under spiffe",
            TrustAnchors::new().domain("spiffe://example.com", own().profile(Profile::Wimse)).unwrap(),
            Err(Reason::TrustDomainUnknown),
        ),
        ("another key of the same name", set(other_key("k1")), Err(Reason::WitSignature)),
        ("another key of another name", set(other_key("k2")), Err(Reason::WitKeyUnknown)),
        ("a second key beside it", set(DomainAnchors::new(both.into_iter().collect())), Ok(())),
        (
            "no key any more",
            TrustAnchors::new().withdrawn_domain("example.com", JwkSet::default()).unwrap(),
            Err(Reason::WitKeyUnknown),
        ),
        (
            "another algorithm for tokens",
            set(own().algorithms([Algorithm::Ed25519])),
            Err(Reason::WitAlgorithm),
        ),
        (
            "another algorithm for proofs",
            set(own().proof_algorithms([Algorithm::Es384])),
            Err(Reason::WitConfirmation),
        ),
        ("an issuer allow-list", set(own().issuers(["https://issuer.example"])), Err(Reason::WitIssuer)),
        ("all algorithms", set(own().algorithms(Algorithms::ALL)), Ok(())),
    ] {
        store.replace(world.anchors());
        assert_eq!(verdict(&verifier, &request), Ok(()), "before {what}");
        assert_eq!(remembered(&store), "Some(1)");
        store.replace(anchors);
        assert_eq!(remembered(&store), "Some(0)");
        assert_eq!(verdict(&verifier, &request), expected, "{what}");
    }
}

#[test]
fn ta_08_ta_11_one_domain_is_exchanged_without_the_others() {
    let (world, neighbour) = (World::new(), World::new());
    let anchors = world.anchors().domain("example.org", neighbour.keys()).unwrap();
    let store = TrustStore::new(anchors);
    let verifier = serving(&world, &store);
    let (own, theirs) =
        (world.request(), neighbour.request_with_wit(|_, c| c["sub"] = json!("wimse://example.org/x")));
    let both = || (verdict(&verifier, &own), verdict(&verifier, &theirs));
    assert_eq!(both(), (Ok(()), Ok(())));

    assert!(store.replace_domain("not a domain", DomainAnchors::new(world.keys())).is_err());
    let twice: JwkSet =
        [world.keys().keys()[0].clone(), world.keys().keys()[0].clone()].into_iter().collect();
    assert_eq!(
        store.replace_domain("example.com", DomainAnchors::new(twice)),
        Err(TrustError::RepeatedKeyId)
    );
    assert_eq!(both(), (Ok(()), Ok(())));

    store.replace_domain("example.com", DomainAnchors::new(JwkSet::default())).unwrap();
    assert_eq!(both(), (Err(Reason::WitKeyUnknown), Ok(())));
    store.replace_domain("example.com", DomainAnchors::new(world.keys())).unwrap();
    assert_eq!(both(), (Ok(()), Ok(())));
    store.remove_domain("example.org").unwrap();
    assert_eq!(both(), (Ok(()), Err(Reason::TrustDomainUnknown)));
}

#[test]
fn ta_07_keys_of_one_domain_never_speak_for_another() {
    let (world, neighbour) = (World::new(), World::new());
    let store = TrustStore::new(world.anchors().domain("example.org", neighbour.keys()).unwrap());
    let verifier = serving(&world, &store);
    // Same `kid` in both domains; the subject alone says whose it is.
    let crossed = neighbour.request_with_wit(|_, claims| claims["iss"] = json!("wimse://example.com"));
    assert_eq!(verdict(&verifier, &crossed), Err(Reason::WitSignature));
}

#[test]
fn wit_09_wit_42_amb_36_a_remembered_token_is_held_against_the_clock_each_time() {
    let world = World::new();
    let store = TrustStore::new(world.anchors());
    let verifier = serving(&world, &store);
    let wit = world.wit_with(|_, claims| claims["nbf"] = json!(NOW - 1000));
    let at = |seconds: i64| {
        world.clock.set(seconds);
        let proof = world.proof_with(&wit, |_, claims| claims["exp"] = json!(seconds.saturating_add(60)));
        verdict(&verifier, &request(&wit, &proof))
    };
    // Leeway is 60 s at both ends, the token lives from NOW - 1000 to NOW + 3600.
    for _ in 0..2 {
        assert_eq!(at(NOW), Ok(()));
        assert_eq!(remembered(&store), "Some(1)");
        assert_eq!(at(NOW + 3600 + 59), Ok(()));
        assert_eq!(at(NOW + 3600 + 60), Err(Reason::WitExpired));
        assert_eq!(at(NOW + 3600 + 60), Err(Reason::WitExpired));
        assert_eq!(at(NOW + 1_000_000), Err(Reason::WitExpired));
        assert_eq!(at(NOW - 1000 - 60), Ok(()));
        assert_eq!(at(NOW - 1000 - 61), Err(Reason::WitNotYetValid));
        assert_eq!(at(i64::MIN), Err(Reason::WitNotYetValid));
        assert_eq!(at(i64::MAX), Err(Reason::WitExpired));
    }
}

#[test]
fn wit_10_amb_08_the_remaining_lifetime_of_a_token_is_capped() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.wit_remaining = Duration::from_secs(7200);
    let verifier = world.builder().allow_replay().limits(limits).build().unwrap();
    for (exp, expected) in
        [(7260, Ok(())), (7261, Err(Reason::WitLifetime)), (i64::MAX - NOW, Err(Reason::WitLifetime))]
    {
        let request = world.request_with_wit(|_, claims| claims["exp"] = json!(NOW + exp));
        assert_eq!(verdict(&verifier, &request), expected, "{exp}");
    }
}

#[test]
fn ta_08_no_request_that_begins_after_an_exchange_sees_the_old_anchors() {
    let world = World::new();
    let store = TrustStore::new(world.anchors());
    let verifier = serving(&world, &store);
    let request = world.request();
    for _ in 0..50 {
        store.replace(world.anchors());
        let exchanged = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut late = 0;
                    while late < 3 {
                        let after = exchanged.load(Ordering::SeqCst);
                        let accepted = verdict(&verifier, &request).is_ok();
                        assert!(!(after && accepted), "accepted after the exchange");
                        late += u8::from(after);
                    }
                });
            }
            assert_eq!(verdict(&verifier, &request), Ok(()));
            store.replace(TrustAnchors::new().domain("example.org", world.keys()).unwrap());
            exchanged.store(true, Ordering::SeqCst);
        });
    }
}

#[test]
fn more_tokens_than_the_store_remembers_are_all_served() {
    let world = World::new();
    let requests: Vec<_> = (0..20).map(|_| world.request()).collect();
    for capacity in [0, 1, 2, 100] {
        let store = TrustStore::with_cache_capacity(Some(world.anchors()), capacity);
        let verifier = serving(&world, &store);
        for _ in 0..2 {
            assert!(requests.iter().all(|request| verdict(&verifier, request) == Ok(())), "{capacity}");
        }
    }
}

#[test]
fn id_09_an_identifier_of_a_registered_scheme_is_authenticated_like_any_other() {
    let world = World::new();
    let schemes = Schemes::default().register("acme", |id| !id.contains('%')).unwrap();
    let anchors = TrustAnchors::new().schemes(schemes).domain("acme://corp.example", world.keys()).unwrap();
    let verifier = world.builder().trust_anchors(anchors).allow_replay().build().unwrap();
    for (subject, expected) in [
        ("acme://corp.example/payments:1", Ok(())),
        ("acme://corp.example/%41", Err(Reason::WitSubject)),
        ("acme://other.example/payments", Err(Reason::TrustDomainUnknown)),
        ("wimse://corp.example/payments", Err(Reason::TrustDomainUnknown)),
        ("other://corp.example/payments", Err(Reason::WitSubject)),
    ] {
        let request = world.request_with_wit(|_, claims| claims["sub"] = json!(subject));
        assert_eq!(verdict(&verifier, &request), expected, "{subject}");
    }
}
