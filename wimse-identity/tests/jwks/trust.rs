//! Which keys speak for which domain, and for how long.

use wimse_core::jose::{Algorithm, JwkSet};
use wimse_core::{DomainAnchors, TrustAnchors, TrustStore};

use crate::common::{Issuer, eventually, ms, set, verdict, verifier};
use crate::fixture::{DOMAIN, SECOND, World};
use crate::server::{Reply, Server};

#[tokio::test]
async fn ta_04_ta_08_keys_rotate_and_a_removed_key_ends_with_the_next_update_remembered_tokens_included() {
    let world = World::new().await;
    let new = Issuer::new("example.com", "k2");
    let store = TrustStore::pending();
    let early = verifier(&store);
    assert_eq!(verdict(&early, world.issuer.credential()).await, "anchors_not_loaded");
    let (source, verifier) = world.ready(world.eager().trust_store(&store)).await;
    let remembered = world.issuer.credential();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    assert_eq!(verdict(&verifier, new.credential()).await, "wit_key_unknown");
    let updates = |count| {
        let log = world.log.clone();
        eventually(move || log.count(&format!("updated jwks {DOMAIN}")) == count)
    };

    world.server.always(Reply::ok(set([&world.issuer, &new])));
    updates(2).await;
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    assert_eq!(verdict(&verifier, new.credential()).await, "accepted");

    world.server.always(Reply::ok(set([&new])));
    updates(3).await;
    assert_eq!(verdict(&verifier, remembered).await, "wit_key_unknown");
    assert_eq!(verdict(&verifier, new.credential()).await, "accepted");

    // The same keys, over and over: the tokens that were validated stay so.
    let before = format!("{store:?}");
    world.asked(3).await;
    assert_eq!(format!("{store:?}"), before);
    assert!(before.contains("validated: Some(1)"), "{before}");
    assert!(source.handle().is_healthy());
    assert_eq!(world.log.count("updated"), 3);
}

#[tokio::test]
async fn ta_01_ta_07_domains_have_their_own_keys_algorithms_and_issuers_also_after_keys_changed() {
    let world = World::new().await;
    let partner = Server::start(&world.authority).await;
    let theirs = Issuer::new("spiffe://partner.example", "k1");
    partner.always(Reply::ok(theirs.set()));
    let builder = world.builder().refresh_bounds(SECOND / 10, SECOND / 10);
    let builder = builder.domain_with("example.com", world.server.url(), |keys| {
        DomainAnchors::new(keys).proof_algorithms([Algorithm::Ed25519])
    });
    let builder = builder.domain_with("spiffe://partner.example", partner.url(), |keys| {
        DomainAnchors::new(keys).issuers(["https://issuer.partner.example"])
    });
    let (_source, verifier) = world.ready(builder).await;
    let named = |issuer: &Issuer| Issuer {
        wits: issuer.wits.clone().issuer("https://issuer.partner.example"),
        ..issuer.clone()
    };
    for round in ["k1", "k2", "k3"] {
        let (ours, theirs) =
            (Issuer::new("example.com", round), Issuer::new("spiffe://partner.example", round));
        world.server.always(Reply::ok(ours.set()));
        partner.always(Reply::ok(theirs.set()));
        let before = world.log.count("updated");
        eventually(|| world.log.count("updated") == before + 2).await;
        assert_eq!(verdict(&verifier, ours.credential()).await, "wit_confirmation");
        assert_eq!(verdict(&verifier, theirs.credential()).await, "wit_issuer");
        assert_eq!(verdict(&verifier, named(&theirs).credential()).await, "accepted");
        let crossed = Issuer { key: theirs.key.clone(), wits: theirs.wits.clone(), ..ours.clone() };
        assert_eq!(verdict(&verifier, crossed.credential()).await, "wit_signature");
    }
}

#[tokio::test]
async fn ta_08_a_domain_that_is_taken_out_stays_out_and_is_not_asked_for_until_it_is_put_in_again() {
    let world = World::new().await;
    let other = Issuer::new("other.example", "k");
    let before = TrustAnchors::new().domain("other.example", JwkSet::from(other.jwk())).unwrap();
    let store = TrustStore::new(before);
    let (source, verifier) = world.ready(world.eager().trust_store(&store)).await;
    let remembered = world.issuer.credential();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    store.remove_domain("example.com").unwrap();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "trust_domain_unknown");
    world.server.always(Reply::ok(Issuer::new("example.com", "k2").set()));
    ms(200).await;
    let asked = world.server.requests();
    ms(500).await;
    assert_eq!(world.server.requests(), asked);
    assert_eq!(verdict(&verifier, remembered.clone()).await, "trust_domain_unknown");
    assert_eq!(verdict(&verifier, other.credential()).await, "accepted");
    assert!(source.handle().is_healthy());

    world.server.always(Reply::ok(world.issuer.set()));
    store.replace_domain("example.com", JwkSet::default()).unwrap();
    eventually(|| world.log.count("updated") == 2).await;
    assert_eq!(verdict(&verifier, remembered).await, "accepted");
}

#[tokio::test]
async fn the_source_is_as_well_as_the_worst_of_its_domains() {
    let world = World::new().await;
    let mut partner = Server::start(&world.authority).await;
    partner.always(Reply::ok(Issuer::new("partner.example", "k").set()));
    partner.down().await;
    let source = world.eager().domain("partner.example", partner.url()).start().unwrap();
    let mut handle = source.handle().clone();
    handle.updated().await;
    assert_eq!(verdict(&verifier(source.trust_store()), world.issuer.credential()).await, "accepted");
    let error = source.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "jwks_unreachable");
    partner.up().await;
    source.handle().ready(5 * SECOND).await.unwrap();
    assert!(source.handle().is_healthy());
    partner.down().await;
    eventually(|| !source.handle().is_healthy()).await;
    world.asked(5).await;
    assert!(!source.handle().is_healthy(), "the other domain is well and hides nothing");
    partner.up().await;
    eventually(|| source.handle().is_healthy()).await;
}

#[tokio::test]
async fn the_end_of_the_last_handle_ends_the_requests() {
    let world = World::new().await;
    let (source, verifier) = world.ready(world.eager()).await;
    let handle = source.handle().clone();
    drop(source);
    world.asked(2).await;
    drop(handle);
    ms(200).await;
    let asked = world.server.requests();
    ms(500).await;
    assert_eq!(world.server.requests(), asked);
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
}
