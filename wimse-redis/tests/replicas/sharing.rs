//! A proof that one replica accepted is refused by all.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wimse_core::{LayeredReplayCache, MemoryReplayCache};
use wimse_redis::RedisReplayCache;

use crate::fleet::{Fleet, cache};
use crate::redis_server::RedisServer;

const PROOFS: usize = 10_000;

/// Senders, each of which has one proof on its way to all replicas.
const SENDERS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_amb_34_of_10_000_proofs_sent_to_three_replicas_at_once_each_is_accepted_once() {
    let redis = RedisServer::start(&[]);
    // A machine that is busy with all of this at once may take its time.
    let cache = || cache(&redis.url()).timeout(Duration::from_secs(5)).build().unwrap();
    let fleet = Arc::new(Fleet::start([cache(), cache(), cache()]).await);
    fleet.accepted_again().await;

    let begin = std::time::Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let fleet = Arc::clone(&fleet);
        senders.spawn(async move {
            let mut accepted = 0;
            for _ in 0..PROOFS / SENDERS {
                let replies = fleet.send_to_all(&fleet.proof()).await;
                accepted += replies.iter().filter(|reply| reply.accepted()).count();
                replies.iter().filter(|reply| !reply.accepted()).for_each(|reply| reply.assert_replayed());
            }
            accepted
        });
    }
    let accepted: usize = senders.join_all().await.into_iter().sum();
    println!("{} requests in {:?}", 3 * PROOFS, begin.elapsed());
    assert_eq!(accepted, PROOFS);
    assert!(redis.calls("set") >= 3 * PROOFS as u64);
}

#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_a_flood_of_one_proof_on_one_replica_reaches_redis_once() {
    let redis = RedisServer::start(&[]);
    let layered = || {
        let shared: RedisReplayCache = cache(&redis.url()).allow_new_memory().build().unwrap();
        LayeredReplayCache::new(MemoryReplayCache::default(), shared)
    };
    let fleet = Fleet::start([layered(), layered(), layered()]).await;
    fleet.accepted_again().await;
    let before = redis.calls("set");
    let proof = fleet.proof();
    let mut accepted = 0;
    for replica in &fleet.replicas {
        for _ in 0..500 {
            let reply = fleet.send(*replica, &proof).await;
            if reply.accepted() { accepted += 1 } else { reply.assert_replayed() }
        }
    }
    assert_eq!(accepted, 1);
    assert_eq!(redis.calls("set") - before, 3, "once for each replica");
}
