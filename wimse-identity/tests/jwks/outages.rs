//! Servers that are away: for a while it costs nothing, then the domain is closed, then it comes back by itself.

use std::time::Duration;

use crate::common::{Issuer, eventually, ms, verdict};
use crate::fixture::{DOMAIN, SECOND, World};
use crate::server::{End, Reply};

/// Requests all the time, for as long as told. How many there were; each was accepted.
async fn all_accepted(world: &World, verifier: &wimse_core::Verifier, time: Duration) -> usize {
    let begun = tokio::time::Instant::now();
    let credential = world.issuer.credential();
    let mut count = 0;
    while begun.elapsed() < time {
        assert_eq!(verdict(verifier, credential.clone()).await, "accepted");
        count += 1;
        ms(5).await;
    }
    count
}

#[tokio::test]
async fn an_outage_shorter_than_the_limit_costs_no_request() {
    let mut world = World::new().await;
    let (source, verifier) = world.ready(world.eager().stale_limit(20 * SECOND)).await;
    world.server.down().await;
    assert!(all_accepted(&world, &verifier, 3 * SECOND).await > 100);
    assert!(!source.handle().is_healthy());
    assert!(world.log.has(&format!("failed jwks {DOMAIN} jwks_unreachable")));
    world.server.up().await;
    assert!(all_accepted(&world, &verifier, SECOND).await > 10);
    eventually(|| source.handle().is_healthy()).await;
    assert!(!world.log.has("withdrawn"));
    assert_eq!(world.log.count("updated"), 1);
}

#[tokio::test]
async fn ta_08_an_outage_longer_than_the_limit_closes_the_domain_and_its_end_opens_it() {
    let mut world = World::new().await;
    let limit = 2 * SECOND;
    let (source, verifier) = world.ready(world.eager().stale_limit(limit)).await;
    let remembered = world.issuer.credential();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    world.server.down().await;
    let down = tokio::time::Instant::now();
    all_accepted(&world, &verifier, SECOND).await;
    eventually(|| world.log.has(&format!("withdrawn jwks {DOMAIN} jwks_stale"))).await;
    // The last confirmation came up to one refresh interval and one request before the end.
    assert!(
        down.elapsed() > limit - SECOND / 2 && down.elapsed() < limit + SECOND / 2,
        "{:?}",
        down.elapsed()
    );
    assert_eq!(verdict(&verifier, remembered.clone()).await, "wit_key_unknown");
    assert!(source.handle().health().age.is_none());
    ms(500).await;
    assert_eq!(verdict(&verifier, remembered.clone()).await, "wit_key_unknown");

    world.server.up().await;
    eventually(|| source.handle().is_healthy()).await;
    assert_eq!(verdict(&verifier, remembered).await, "accepted");
    assert_eq!(world.log.count("withdrawn"), 1);
}

/// Every kind of failure, not only an unreachable server.
#[tokio::test]
async fn ta_08_keys_that_cannot_be_confirmed_are_withdrawn_whatever_the_reason() {
    for bad in [
        Reply::status(500),
        Reply::ok("{}"),
        Reply::ok(r#"{"keys":[]}"#),
        Reply::ok("x").end(End::Stalled),
        Reply::status(304),
        Reply::ok("").delay(60 * SECOND),
    ] {
        let world = World::new().await;
        // A tag, so that a 304 would fit if the keys had not changed.
        let tagged = Reply::ok(world.issuer.set()).header("etag", "\"1\"");
        let stays = bad.status == 304;
        world.server.always(tagged.clone());
        let (source, verifier) = world.ready(world.eager().stale_limit(SECOND).timeout(30 * SECOND)).await;
        world.server.always(bad);
        if stays {
            all_accepted(&world, &verifier, 3 * SECOND).await;
            continue;
        }
        eventually(|| world.log.has("withdrawn")).await;
        assert_eq!(verdict(&verifier, world.issuer.credential()).await, "wit_key_unknown");
        assert!(!source.handle().is_healthy());
    }
}

#[tokio::test]
async fn a_slow_server_is_given_up_and_asked_again() {
    let world = World::new().await;
    let slow = [
        Reply::ok(world.issuer.set()).delay(60 * SECOND),
        Reply::ok("{").end(End::Stalled),
        Reply::ok(world.issuer.set()).end(End::Broken),
    ];
    let mut replies = slow.into_iter();
    let good = Reply::ok(world.issuer.set());
    world.server.answers(move |_| replies.next().unwrap_or_else(|| good.clone()));
    let (source, verifier) = world.ready(world.eager().timeout(SECOND / 2)).await;
    assert_eq!(
        world.log.all(),
        [
            format!("failed jwks {DOMAIN} jwks_timeout"),
            format!("failed jwks {DOMAIN} jwks_timeout"),
            format!("failed jwks {DOMAIN} jwks_interrupted"),
            format!("updated jwks {DOMAIN}"),
        ]
    );
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
    assert!(source.handle().is_healthy());
}

#[tokio::test]
async fn without_any_answer_the_store_stays_pending() {
    let mut world = World::new().await;
    world.server.down().await;
    let builder = world.builder().refresh_bounds(SECOND / 10, 60 * SECOND);
    let source = builder.domain("example.com", world.server.url()).start().unwrap();
    let verifier = crate::common::verifier(source.trust_store());
    let error = source.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "jwks_unreachable");
    assert_eq!(verdict(&verifier, Issuer::new("example.com", "k").credential()).await, "anchors_not_loaded");
    // Pauses grow: a server that is away is not hammered.
    ms(2500).await;
    let attempts = world.log.count("failed");
    assert!((2..=6).contains(&attempts), "{attempts}");
}
