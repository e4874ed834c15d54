//! A clock that jumps by an hour, in both directions.

use std::time::Duration;

use wimse_core::testing::FrozenClock;
use wimse_core::{Clock, CredentialSource, SystemClock};

use crate::identity::{Running, eventually, has_one};

const HOUR: i64 = 3600;

/// A clock that runs, and can be set.
#[derive(Clone)]
struct Jumping(FrozenClock);

impl Jumping {
    fn new() -> Self {
        Self(FrozenClock::at(0))
    }

    fn jump(&self, seconds: i64) {
        self.0.advance(seconds);
    }
}

impl Clock for Jumping {
    fn now(&self) -> wimse_core::UnixTime {
        wimse_core::UnixTime::from_secs(SystemClock.now().as_secs() + self.0.now().as_secs())
    }
}

#[tokio::test]
async fn set_forward_past_the_expiry_it_is_withdrawn_and_comes_back_with_the_clock() {
    let (server, clock) = (Running::start(1800).await, Jumping::new());
    let source = server.builder().clock(clock.clone()).build().unwrap().start();
    let (credentials, health) = (source.credentials(), || source.handle().health());
    source.handle().ready(Duration::from_secs(5)).await.unwrap();

    clock.jump(HOUR);
    eventually("withdrawn", || !has_one(&credentials)).await;
    eventually("the server says why", || {
        health().last_error.is_some_and(|error| error.reason() == "proof_time")
    })
    .await;
    assert_eq!((health().age, server.issued().len()), (None, 1));

    clock.jump(-HOUR);
    eventually("back", || has_one(&credentials) && source.handle().is_healthy()).await;
    assert_eq!(server.issued().len(), 2);
}

#[tokio::test]
async fn set_forward_within_the_lifetime_it_is_renewed_at_once() {
    // Half a minute is within the server's leeway, and leaves 15 of 45 seconds.
    let (server, clock) = (Running::start(45).await, Jumping::new());
    let source = server.builder().clock(clock.clone()).build().unwrap().start();
    source.handle().ready(Duration::from_secs(5)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.issued().len(), 1);

    clock.jump(35);
    eventually("renewed", || server.issued().len() == 2).await;
    assert!(has_one(&source.credentials()) && source.handle().is_healthy());
}

#[tokio::test]
async fn set_back_nothing_moves_and_expiry_comes_no_later() {
    let (server, clock) = (Running::start(3).await, Jumping::new());
    let source = server.builder().clock(clock.clone()).build().unwrap().start();
    let credentials = source.credentials();
    source.handle().ready(Duration::from_secs(5)).await.unwrap();
    let (first, started) = (credentials.current().unwrap(), std::time::Instant::now());

    clock.jump(-HOUR);
    // By the clock it lives for another hour. By the time that passes it does not, and no new one is to be had with proofs that
    // are dated an hour ago.
    eventually("refused", || {
        source.handle().health().last_error.is_some_and(|error| error.reason() == "proof_time")
    })
    .await;
    assert!(has_one(&credentials));
    eventually("withdrawn", || !has_one(&credentials)).await;
    assert!(first.expires_at().seconds_since(clock.now()) > HOUR / 2);
    let passed = started.elapsed();
    assert!(passed > Duration::from_secs(2) && passed < Duration::from_secs(5), "{passed:?}");

    clock.jump(HOUR);
    eventually("back", || has_one(&credentials)).await;
}
