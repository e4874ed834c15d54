//! What holds without any Redis: answers come in time, refuse, and give nothing away.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::{Clock, ReplayCache, SystemClock};
use wimse_redis::observer::{StoreObserver, Trouble};
use wimse_redis::{BuildError, RedisReplayCache};

type Answer = Result<Use, ReplayError>;

const TIMEOUT: Duration = Duration::from_millis(50);

/// What a busy machine may add to a time-out.
const SLACK: Duration = Duration::from_millis(450);

async fn ask(cache: &RedisReplayCache, id: &str) -> Answer {
    let now = SystemClock.now();
    match cache.use_once(&ProofUse::new("wimse://example.com/a", id, now.plus(Duration::from_secs(180)), now))
    {
        ReplayAnswer::Ready(answer) => answer,
        ReplayAnswer::Pending(answer) => answer.await,
    }
}

/// Something that listens and is not Redis.
#[derive(Debug, Clone, Copy)]
enum Stranger {
    /// Nobody listens.
    Absent,
    /// Accepts connections, and is silent.
    Silent,
    /// Accepts connections, and closes them.
    Closes,
    /// Answers everything with something that is not the protocol.
    Babbles,
    /// Answers every question with OK, as long as one asks.
    AgreesToAll,
    /// Answers once, and falls silent in the middle.
    Stops,
}

/// Where it listens, on loopback.
async fn listen(stranger: Stranger) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    if matches!(stranger, Stranger::Absent) {
        return port;
    }
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut octets = [0; 4_096];
                loop {
                    if matches!(stranger, Stranger::Closes) {
                        return;
                    }
                    let Ok(1..) = stream.read(&mut octets).await else { return };
                    let answer = match stranger {
                        Stranger::Babbles => "HTTP/1.1 400 Bad Request\r\n\r\n".to_owned(),
                        Stranger::AgreesToAll => "+OK\r\n".repeat(8),
                        Stranger::Stops => "+OK\r\n$100\r\nabc".to_owned(),
                        _ => continue,
                    };
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    port
}

const STRANGERS: [Stranger; 6] = [
    Stranger::Absent,
    Stranger::Silent,
    Stranger::Closes,
    Stranger::Babbles,
    Stranger::AgreesToAll,
    Stranger::Stops,
];

#[tokio::test]
async fn amb_34_whoever_answers_in_place_of_redis_or_does_not_a_refusal_comes_in_time() {
    for stranger in STRANGERS {
        let port = listen(stranger).await;
        let cache = RedisReplayCache::builder(format!("redis://127.0.0.1:{port}")).build().unwrap();
        for id in 0..20 {
            let begin = Instant::now();
            assert_eq!(ask(&cache, &id.to_string()).await, Err(ReplayError::Unavailable), "{stranger:?}");
            assert!(begin.elapsed() < TIMEOUT + SLACK, "{stranger:?}: {:?}", begin.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let begin = Instant::now();
        assert!(cache.ready(TIMEOUT).await.is_err(), "{stranger:?}");
        assert!(cache.status().is_err() && begin.elapsed() < TIMEOUT + SLACK, "{stranger:?}");
    }
}

/// Remembers what was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(String, bool)>>>);

impl StoreObserver for Told {
    fn trouble(&self, trouble: &Trouble<'_>) {
        self.0.lock().unwrap().push((trouble.fault.to_string(), trouble.local_for.is_some()));
    }
}

#[tokio::test]
async fn amb_34_the_local_fallback_is_bounded_and_loud_and_takes_no_replay() {
    let told = Told::default();
    let port = listen(Stranger::Silent).await;
    let cache = RedisReplayCache::builder(format!("redis://127.0.0.1:{port}"))
        .allow_local_fallback(Duration::from_secs(1))
        .observer(told.clone())
        .build()
        .unwrap();
    let begin = Instant::now();
    for id in 0..5 {
        assert_eq!(ask(&cache, &id.to_string()).await, Ok(Use::First), "{id}");
        assert_eq!(ask(&cache, &id.to_string()).await, Ok(Use::Again), "{id}");
    }
    assert!(begin.elapsed() < Duration::from_secs(1), "the machine is too slow for this test");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for id in 5..10 {
        assert_eq!(ask(&cache, &id.to_string()).await, Err(ReplayError::Unavailable), "{id}");
    }
    let told = told.0.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "once, not for every request: {told:?}");
    assert!(told[0].1, "{told:?}");
}

#[tokio::test]
async fn a_proof_that_cannot_be_remembered_is_refused_even_by_the_fallback() {
    let cache = RedisReplayCache::builder("redis://127.0.0.1:1")
        .allow_local_fallback(Duration::from_secs(60))
        .build()
        .unwrap();
    let now = SystemClock.now();
    for left in [-1, 0, 781, i64::MAX] {
        let until = wimse_core::UnixTime::from_secs(now.as_secs().saturating_add(left));
        let ReplayAnswer::Pending(answer) =
            cache.use_once(&ProofUse::new("s", &left.to_string(), until, now))
        else {
            panic!("{left}")
        };
        assert_eq!(answer.await, Err(ReplayError::Unavailable), "{left}");
    }
}

#[tokio::test]
async fn the_connection_ends_with_the_last_clone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cache = RedisReplayCache::builder(format!("redis://127.0.0.1:{port}")).build().unwrap();
    let clone = cache.clone();
    drop(cache);
    let (mut stream, _) = listener.accept().await.unwrap();
    drop(clone);
    let mut sent = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut sent)).await.unwrap().unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(2), listener.accept()).await.is_err());
}

#[tokio::test]
async fn amb_34_what_cannot_work_is_not_built_and_the_reason_is_named() {
    const SECRET: &str = "correct-horse-battery";
    type Change = fn(wimse_redis::RedisReplayCacheBuilder) -> wimse_redis::RedisReplayCacheBuilder;
    let url = format!("redis://user:{SECRET}@127.0.0.1:1/0");
    let rows: [(Change, BuildError); 8] = [
        (|b| b.prefix(""), BuildError::Prefix),
        (|b| b.prefix("a{b}"), BuildError::Prefix),
        (|b| b.prefix("a b"), BuildError::Prefix),
        (|b| b.timeout(Duration::ZERO), BuildError::Timeout),
        (|b| b.timeout(Duration::from_secs(6)), BuildError::Timeout),
        (|b| b.clock_tolerance(Duration::ZERO), BuildError::ClockTolerance),
        (|b| b.clock_tolerance(Duration::from_secs(61)), BuildError::ClockTolerance),
        (|b| b.allow_local_fallback(Duration::ZERO), BuildError::Fallback),
    ];
    for (change, expected) in rows {
        assert_eq!(change(RedisReplayCache::builder(&url)).build().unwrap_err(), expected);
    }
    let mut shown = String::new();
    for url in [
        format!("http://user:{SECRET}@host"),
        format!("redis://user:{SECRET}@host:port"),
        SECRET.to_owned(),
        String::new(),
    ] {
        let builder = RedisReplayCache::builder(url);
        shown += &format!("{builder:?}");
        let error = builder.build().unwrap_err();
        assert_eq!(error, BuildError::Url);
        shown += &format!("{error} {error:?}");
    }
    let cache = RedisReplayCache::builder(url).build().unwrap();
    assert_eq!(ask(&cache, "a").await, Err(ReplayError::Unavailable));
    shown += &format!("{cache:?} {:?} {}", cache.status(), cache.status().unwrap_err());
    assert!(!shown.contains(SECRET), "{shown}");

    let encrypted = RedisReplayCache::builder("rediss://127.0.0.1/#insecure").build().unwrap_err();
    let expected = if cfg!(feature = "tls") { BuildError::InsecureTls } else { BuildError::TlsFeature };
    assert_eq!(encrypted, expected);
    let outside = std::thread::spawn(|| RedisReplayCache::builder("redis://127.0.0.1").build().unwrap_err());
    assert_eq!(outside.join().unwrap(), BuildError::Runtime);
}
