//! Tokens with keys that are not in the set: new keys are found, and floods are not passed on.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::common::{Issuer, eventually, ms, request, set, verdict};
use crate::fixture::{SECOND, World};
use crate::server::Reply;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tokens_with_unknown_keys_cause_one_request() {
    let world = World::new().await;
    let cool_down = SECOND;
    let builder = world.builder().cool_down(cool_down).domain("example.com", world.server.url());
    let (_source, verifier) = world.ready(builder).await;
    assert_eq!(world.server.requests(), 1);
    let stranger = Issuer::new("example.com", "unknown");
    let requests: Vec<_> = (0..1000).map(|_| request(stranger.credential())).collect();

    let begun = tokio::time::Instant::now();
    let mut stampede = JoinSet::new();
    for request in requests {
        let verifier = verifier.clone();
        stampede.spawn(async move { verifier.verify(&request).await.unwrap_err().reason().code() });
    }
    let reasons = stampede.join_all().await;
    assert!(begun.elapsed() < cool_down, "too slow to be a stampede");
    assert_eq!(reasons, vec!["wit_key_unknown"; 1000]);
    ms(2500).await;
    assert_eq!(world.server.requests(), 2);
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
}

#[tokio::test]
async fn ta_04_a_key_that_was_just_published_is_found_by_the_first_token_under_it() {
    let world = World::new().await;
    let (_source, verifier) = world.ready(world.builder().domain("example.com", world.server.url())).await;
    let new = Issuer::new("example.com", "k2");
    world.server.always(Reply::ok(set([&world.issuer, &new])));
    let credential = new.credential();
    assert_eq!(verdict(&verifier, credential.clone()).await, "wit_key_unknown");
    eventually(|| world.log.count("updated") == 2).await;
    assert_eq!(verdict(&verifier, credential).await, "accepted");
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
    assert_eq!(world.server.requests(), 2);
}

#[tokio::test]
async fn unknown_keys_ask_once_per_cool_down_however_long_they_come() {
    let world = World::new().await;
    let builder = world.builder().cool_down(SECOND / 2).domain("example.com", world.server.url());
    let (_source, verifier) = world.ready(builder).await;
    let stranger = Issuer::new("example.com", "unknown").credential();
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(2200) {
        assert_eq!(verdict(&verifier, stranger.clone()).await, "wit_key_unknown");
        ms(10).await;
    }
    let caused = world.server.requests() - 1;
    assert!((3..=5).contains(&caused), "{caused}");
}

#[tokio::test]
async fn tokens_of_other_domains_and_with_known_keys_ask_for_nothing() {
    let world = World::new().await;
    let (_source, verifier) = world.ready(world.builder().domain("example.com", world.server.url())).await;
    let impostor = Issuer::new("example.com", "k1");
    for (issuer, reason) in [
        (Issuer::new("other.example", "unknown"), "trust_domain_unknown"),
        (Issuer::new("spiffe://example.com", "unknown"), "trust_domain_unknown"),
        (impostor, "wit_signature"),
    ] {
        assert_eq!(verdict(&verifier, issuer.credential()).await, reason);
    }
    ms(300).await;
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test]
async fn one_request_at_a_time_for_each_domain() {
    let world = World::new().await;
    let builder = world.eager().cool_down(SECOND / 100);
    let (_source, verifier) = world.ready(builder).await;
    world.server.always(Reply::ok(world.issuer.set()).delay(SECOND / 4));
    let stranger = Issuer::new("example.com", "unknown").credential();
    for _ in 0..100 {
        assert_eq!(verdict(&verifier, stranger.clone()).await, "wit_key_unknown");
        ms(10).await;
    }
    assert_eq!(world.server.counts().most_at_once.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(world.server.requests() < 10);
}
