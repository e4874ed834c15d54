//! What Redis may forget, and how much of it is believed afterwards.

use std::time::Duration;

use tokio::time::sleep;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::testing::FrozenClock;
use wimse_core::{Clock, ReplayCache, SystemClock};
use wimse_redis::{Fault, RedisReplayCache};

use crate::fleet::{Fleet, cache};
use crate::redis_server::RedisServer;

async fn ask_at(cache: &RedisReplayCache, id: &str, now: i64) -> Result<Use, ReplayError> {
    let clock = FrozenClock::at(now);
    let until = clock.now().plus(Duration::from_secs(180));
    match cache.use_once(&ProofUse::new("wimse://example.com/a", id, until, clock.now())) {
        ReplayAnswer::Ready(answer) => answer,
        ReplayAnswer::Pending(answer) => answer.await,
    }
}

async fn ask(cache: &RedisReplayCache, id: &str) -> Result<Use, ReplayError> {
    ask_at(cache, id, SystemClock.now().as_secs()).await
}

/// Waits until the status is as wanted.
async fn until(cache: &RedisReplayCache, wanted: impl Fn(&Result<Duration, Fault>) -> bool) {
    for _ in 0..200 {
        if wanted(&cache.status()) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", cache.status());
}

#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_a_memory_that_was_emptied_is_noticed_at_once() {
    let redis = RedisServer::start(&[]);
    let cache = || cache(&redis.url()).build().unwrap();
    let fleet = Fleet::start([cache(), cache(), cache()]).await;
    for command in ["FLUSHALL", "FLUSHDB"] {
        let (used, _) = fleet.accepted_again().await;
        assert_eq!(redis.command(&[command]), "+OK");
        for proof in &used {
            fleet.send_to_all(proof).await.iter().for_each(|reply| assert!(!reply.accepted(), "{reply:?}"));
        }
        let (_, took) = fleet.accepted_again().await;
        assert!(took > Duration::from_secs(4), "{took:?}");
    }
}

/// A snapshot holds the mark of the memory, and not the proofs that came after it.
#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_a_memory_that_comes_back_from_a_snapshot_is_not_believed() {
    let mut redis = RedisServer::start(&["--dbfilename", "dump.rdb"]);
    let cache = || cache(&redis.url()).build().unwrap();
    let fleet = Fleet::start([cache(), cache(), cache()]).await;
    fleet.accepted_again().await;
    assert_eq!(redis.command(&["SAVE"]), "+OK");
    let (used, _) = fleet.accepted_again().await;
    redis.kill();
    redis.start_again();
    assert_ne!(redis.command(&["DBSIZE"]), ":0");
    for _ in 0..20 {
        for proof in &used {
            fleet.send_to_all(proof).await.iter().for_each(|reply| assert!(!reply.accepted(), "{reply:?}"));
        }
        sleep(Duration::from_millis(50)).await;
    }
    fleet.accepted_again().await;
    for proof in &used {
        fleet.send_to_all(proof).await.iter().for_each(|reply| assert!(!reply.accepted(), "{reply:?}"));
    }
}

#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_a_memory_on_disk_survives_where_the_operator_vouches_for_it() {
    let mut redis = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let cache = || cache(&redis.url()).trust_persistence().build().unwrap();
    let fleet = Fleet::start([cache(), cache(), cache()]).await;
    let (used, _) = fleet.accepted_again().await;
    redis.kill();
    redis.start_again();
    let (_, took) = fleet.accepted_again().await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    for proof in &used {
        fleet.send_to_all(proof).await.iter().for_each(|reply| reply.assert_replayed());
    }
    assert_eq!(redis.command(&["FLUSHALL"]), "+OK");
    for proof in &used {
        fleet.send_to_all(proof).await.iter().for_each(|reply| assert!(!reply.accepted(), "{reply:?}"));
    }
}

/// What the default protects from: the test above it could not fail otherwise.
#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn an_empty_memory_that_is_taken_for_a_new_one_accepts_a_replay_as_documented() {
    let redis = RedisServer::start(&[]);
    let fleet = Fleet::start([cache(&redis.url()).allow_new_memory().build().unwrap()]).await;
    let (used, _) = fleet.accepted_again().await;
    fleet.send(fleet.replicas[0], &used[0]).await.assert_replayed();
    assert_eq!(redis.command(&["FLUSHALL"]), "+OK");
    assert!(fleet.send(fleet.replicas[0], &used[0]).await.accepted());
}

#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn amb_34_a_redis_that_may_evict_proofs_is_not_used() {
    let redis = RedisServer::start(&["--maxmemory", "100mb"]);
    let cache = cache(&redis.url()).allow_new_memory().build().unwrap();
    assert_eq!(ask(&cache, "a").await, Ok(Use::First));
    for policy in ["volatile-ttl", "allkeys-lru"] {
        assert_eq!(redis.command(&["CONFIG", "SET", "maxmemory-policy", policy]), "+OK");
        until(&cache, |status| *status == Err(Fault::Evicting)).await;
        assert_eq!(ask(&cache, policy).await, Err(ReplayError::Unavailable));
        assert_eq!(redis.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]), "+OK");
        until(&cache, Result::is_ok).await;
        assert_eq!(ask(&cache, &format!("after {policy}")).await, Ok(Use::First));
    }
}

#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn amb_34_a_redis_that_is_full_refuses_and_forgets_nothing() {
    let redis = RedisServer::start(&[]);
    let cache = cache(&redis.url()).allow_new_memory().build().unwrap();
    assert_eq!(ask(&cache, "a").await, Ok(Use::First));
    assert_eq!(redis.command(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
    assert_eq!(ask(&cache, "b").await, Err(ReplayError::Full));
    assert_ne!(ask(&cache, "a").await, Ok(Use::First));
    assert_eq!(redis.command(&["CONFIG", "SET", "maxmemory", "0"]), "+OK");
    assert_eq!(ask(&cache, "a").await, Ok(Use::Again));
    assert_eq!(ask(&cache, "b").await, Ok(Use::First));
}

#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_clocks_that_jump_open_nothing() {
    let redis = RedisServer::start(&[]);
    let cache = cache(&redis.url()).allow_new_memory().build().unwrap();
    let now = SystemClock.now().as_secs();
    assert_eq!(ask_at(&cache, "a", now).await, Ok(Use::First));
    for jump in [3_600, 60, -60, -3_600] {
        assert_eq!(ask_at(&cache, "a", now + jump).await, Ok(Use::Again), "{jump}");
        assert_eq!(
            ask_at(&cache, &jump.to_string(), now + jump).await,
            Err(ReplayError::Unavailable),
            "{jump}"
        );
    }
    assert_eq!(ask(&cache, "b").await, Ok(Use::First));
}

/// A user that may do no more than the documentation says; another that may do less; a password that comes late.
#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn the_least_rights_suffice_and_fewer_are_told_of() {
    let redis = RedisServer::start(&[]);
    let user = |name: &str, rules: &[&str]| {
        let words = [&["ACL", "SETUSER", name, "on", ">secret", "~wimse-replay:*"], rules].concat();
        assert_eq!(redis.command(&words), "+OK");
    };
    let of = |name: &str| {
        let url = redis.url().replace("127.0.0.1", &format!("{name}:secret@127.0.0.1"));
        cache(&url).allow_new_memory().build().unwrap()
    };
    user("enough", &["+set", "+get", "+pttl", "+time", "+info"]);
    assert_eq!(ask(&of("enough"), "a").await, Ok(Use::First));
    user("less", &["+set", "+get", "+pttl", "+time"]);
    let less = of("less");
    assert_eq!(ask(&less, "b").await, Err(ReplayError::Unavailable));
    assert_eq!(less.status(), Err(Fault::Refused("NOPERM".to_owned())));

    let late = of("late");
    assert_eq!(ask(&late, "c").await, Err(ReplayError::Unavailable));
    until(&late, |status| *status == Err(Fault::Login)).await;
    user("late", &["+set", "+get", "+pttl", "+time", "+info"]);
    until(&late, Result::is_ok).await;
    assert_eq!(ask(&late, "d").await, Ok(Use::First));
}
