//! Expiry, and clocks that jump.

use std::fs;
use std::time::Duration;

use wimse_core::{Clock, CredentialSource, SystemClock};

use crate::common::{ShiftedClock, eventually, ms};
use crate::fixture::{World, subject};

const HOUR: i64 = 3600;

#[tokio::test]
async fn key_03_an_expired_token_is_not_taken() {
    let world = World::new();
    let old = SystemClock.now().minus(Duration::from_secs(1));
    let (token, key) = world.issuer.pair_with("/old", |request| request.expires_at(old));
    let write = || {
        fs::write(world.path("key"), &key).unwrap();
        fs::write(world.path("token"), &token).unwrap();
    };
    write();
    let source = world.start();
    let error = source.handle().ready(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "credential_expired");
    world.write("/good");
    world.signs_as(&source, "/good").await;
    write();
    eventually(|| world.log.count("credential_expired") == 2).await;
    world.signs_as(&source, "/good").await;
}

#[tokio::test]
async fn key_03_without_files_the_credential_lasts_until_it_expires_and_no_longer() {
    let world = World::new();
    let soon = SystemClock.now().plus(Duration::from_secs(5));
    let (token, key) = world.issuer.pair_with("/short", |request| request.expires_at(soon));
    fs::write(world.path("key"), key).unwrap();
    fs::write(world.path("token"), token).unwrap();
    let source = world.start();
    world.signs_as(&source, "/short").await;
    fs::remove_file(world.path("key")).unwrap();
    fs::remove_file(world.path("token")).unwrap();
    eventually(|| world.log.has("failed file credential file_missing")).await;
    world.signs_as(&source, "/short").await;
    eventually(|| world.log.has("withdrawn file credential credential_expired")).await;
    assert!(SystemClock.now() >= soon);
    assert!(source.current().is_err() && source.handle().health().age.is_none());
    world.write("/next");
    world.signs_as(&source, "/next").await;
    assert!(source.handle().is_healthy());
}

#[tokio::test]
async fn key_03_a_clock_that_jumps_an_hour_and_back_costs_what_it_must() {
    let world = World::new();
    world.write("/a");
    let clock = ShiftedClock::default();
    let source =
        world.builder().clock(clock.clone()).poll_interval(Duration::from_millis(300)).start().unwrap();
    world.signs_as(&source, "/a").await;

    // Back: the token seems to live longer, and nothing else happens.
    clock.shift(-HOUR);
    ms(700).await;
    assert_eq!(subject(&source).as_deref(), Some("/a"));
    assert!(source.handle().is_healthy());

    // Ahead: the token has expired, as far as anybody can tell.
    clock.shift(HOUR);
    eventually(|| source.current().is_err()).await;
    assert_eq!(source.handle().health().last_error.unwrap().reason(), "credential_expired");

    // Right again: the same files are good again, and nobody has to touch them.
    clock.shift(0);
    world.signs_as(&source, "/a").await;
    assert!(source.handle().is_healthy());
}
