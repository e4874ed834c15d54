//! When the server is asked again, and what for.

use std::sync::{Arc, Mutex};

use http::HeaderMap;

use crate::common::{Issuer, eventually, ms, verdict};
use crate::fixture::{SECOND, World};
use crate::server::Reply;

#[tokio::test]
async fn cache_control_decides_within_bounds() {
    for (header, requests) in [
        (Some("max-age=1"), 2..=3),
        (Some("public, max-age=0"), 9..=30),
        (Some("no-store"), 9..=30),
        (Some("max-age=3600"), 1..=1),
        (None, 4..=6),
    ] {
        let world = World::new().await;
        let mut reply = Reply::ok(world.issuer.set());
        if let Some(value) = header {
            reply = reply.header("cache-control", value);
        }
        world.server.always(reply);
        let builder = world.builder().refresh_bounds(SECOND / 10, 60 * SECOND).refresh_interval(SECOND / 2);
        let (_source, _) = world.ready(builder.domain("example.com", world.server.url())).await;
        ms(2100).await;
        assert!(requests.contains(&world.server.requests()), "{header:?}: {}", world.server.requests());
    }
}

#[tokio::test]
async fn an_entity_tag_saves_the_answer_until_the_keys_change() {
    let world = World::new().await;
    let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let publish = |issuer: &Issuer, tag: &'static str| {
        let (seen, set) = (Arc::clone(&seen), issuer.set());
        world.server.answers(move |headers: &HeaderMap| {
            let known = headers.get("if-none-match").map(|tag| tag.to_str().unwrap().to_owned());
            seen.lock().unwrap().push(known.clone());
            let reply = if known.as_deref() == Some(tag) { Reply::status(304) } else { Reply::ok(&*set) };
            reply.header("etag", tag).header("cache-control", "max-age=0")
        });
    };
    publish(&world.issuer, "\"one\"");
    let (source, verifier) = world.ready(world.eager()).await;
    let remembered = world.issuer.credential();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    world.asked(4).await;
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    assert_eq!(world.log.count("updated"), 1);
    assert!(source.handle().is_healthy() && source.handle().health().age.unwrap() < SECOND);
    let new = Issuer::new("example.com", "k2");
    publish(&new, "W/\"two\"");
    eventually(|| world.log.count("updated") == 2).await;
    assert_eq!(verdict(&verifier, remembered).await, "wit_key_unknown");
    world.asked(3).await;
    assert_eq!(verdict(&verifier, new.credential()).await, "accepted");

    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], None);
    assert_eq!(seen[1].as_deref(), Some("\"one\""));
    assert_eq!(seen.last().unwrap().as_deref(), Some("W/\"two\""));
    assert!(!world.log.has("failed"));
}

/// A tag of something that was not used would make the server say that nothing has changed.
#[tokio::test]
async fn the_tag_of_a_refused_answer_is_not_sent_and_the_one_in_use_is() {
    let world = World::new().await;
    let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    world.server.always(Reply::ok(world.issuer.set()).header("etag", "\"good\""));
    let (_source, verifier) = world.ready(world.eager()).await;
    let record = Arc::clone(&seen);
    world.server.answers(move |headers| {
        record.lock().unwrap().push(headers.get("if-none-match").map(|tag| tag.to_str().unwrap().to_owned()));
        Reply::ok("{}").header("etag", "\"bad\"")
    });
    eventually(|| seen.lock().unwrap().len() >= 3).await;
    assert!(seen.lock().unwrap().iter().all(|tag| tag.as_deref() == Some("\"good\"")));
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
}

/// Keys that were withdrawn are asked for without their tag: they are not there any more.
#[tokio::test]
async fn after_a_withdrawal_the_keys_themselves_are_asked_for() {
    let mut world = World::new().await;
    let set = world.issuer.set();
    world.server.answers(move |headers| match headers.contains_key("if-none-match") {
        true => Reply::status(304),
        false => Reply::ok(&*set).header("etag", "\"1\""),
    });
    let (source, verifier) = world.ready(world.eager().stale_limit(SECOND)).await;
    world.asked(2).await;
    world.server.down().await;
    eventually(|| world.log.has("withdrawn")).await;
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "wit_key_unknown");
    world.server.up().await;
    eventually(|| source.handle().is_healthy()).await;
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
}

/// The server is too slow to say in time that nothing has changed, and quick otherwise.
#[tokio::test]
async fn keys_that_were_withdrawn_while_they_were_being_confirmed_are_asked_for_themselves() {
    let world = World::new().await;
    let set = world.issuer.set();
    world.server.answers(move |headers| match headers.contains_key("if-none-match") {
        true => Reply::status(304).delay(2 * SECOND),
        false => Reply::ok(&*set).header("etag", "\"1\"").header("cache-control", "max-age=1"),
    });
    let builder = world.builder().refresh_bounds(SECOND / 10, SECOND).stale_limit(3 * SECOND / 2);
    let (source, verifier) = world.ready(builder.domain("example.com", world.server.url())).await;
    eventually(|| world.log.has("withdrawn")).await;
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "wit_key_unknown");
    eventually(|| source.handle().is_healthy()).await;
    assert_eq!(world.log.count("updated"), 2);
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_a_failure() {
    let world = World::new().await;
    world.server.always(Reply::status(304));
    let source = world.eager().start().unwrap();
    let error = source.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "jwks_status");
    assert!(source.trust_store().anchors().is_none());
}
