//! Redis hangs, dies, comes back without its memory: no replay is accepted, answers come in time, and nobody has to do
//! anything for the fleet to recover.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wimse_redis::Fault;
use wimse_redis::observer::{StoreObserver, Trouble};

use crate::fleet::{Fleet, Reply, cache};
use crate::redis_server::RedisServer;

/// Sends new proofs to all replicas at once; each is accepted once.
async fn use_up(fleet: &Fleet, count: usize) -> Vec<HeaderMap> {
    let mut used = Vec::new();
    for _ in 0..count {
        let proof = fleet.proof();
        let replies = fleet.send_to_all(&proof).await;
        // A machine that is busy may let a question time out, which uses the proof up all the same.
        let accepted = replies.iter().filter(|reply| reply.accepted()).count();
        assert!(
            accepted == 1 || (accepted == 0 && replies.iter().any(|reply| reply.status == 503)),
            "{replies:?}"
        );
        used.push(proof);
    }
    used
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: see .ci/run"]
async fn amb_34_a_redis_that_hangs_costs_503_within_the_time_out_and_no_replay() {
    let redis = RedisServer::start(&[]);
    let cache = || cache(&redis.url()).build().unwrap();
    let fleet = Fleet::start([cache(), cache(), cache()]).await;
    fleet.accepted_again().await;
    let used = use_up(&fleet, 100).await;

    redis.pause();
    let mut took = Vec::new();
    for proof in used.iter().cycle().take(300) {
        let replies = fleet.send_to_all(proof).await;
        replies.iter().for_each(|reply| reply.assert_undecided());
        took.extend(replies.iter().map(|reply| reply.took));
    }
    took.sort();
    println!("503 after {:?} at most, {:?} in the median", took[took.len() - 1], took[took.len() / 2]);
    for _ in 0..20 {
        fleet.send_to_all(&fleet.proof()).await.iter().for_each(|reply| reply.assert_undecided());
    }

    redis.resume();
    let (_, took) = fleet.accepted_again().await;
    println!("recovered {took:?} after Redis went on");
    // It went on with all that it knew.
    assert!(took < Duration::from_secs(5), "{took:?}");
    for proof in &used {
        fleet.send_to_all(proof).await.iter().for_each(|reply| reply.assert_replayed());
    }
    use_up(&fleet, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_amb_34_a_redis_that_dies_and_comes_back_empty_lets_no_replay_through() {
    let mut redis = RedisServer::start(&[]);
    let cache = || cache(&redis.url()).build().unwrap();
    let fleet = Fleet::start([cache(), cache(), cache()]).await;
    fleet.accepted_again().await;
    let used = use_up(&fleet, 50).await;

    redis.kill();
    for proof in &used {
        fleet.send_to_all(proof).await.iter().for_each(|reply| reply.assert_undecided());
    }
    redis.start_again();
    // At most the mark that the first to come back has set by now.
    let left = redis.command(&["DBSIZE"]);
    assert!(left == ":0" || left == ":1", "it lost its memory: {left}");

    let replay = async {
        // For longer than the recovery takes, and while the proofs themselves are still valid.
        for _ in 0..40 {
            for proof in used.iter().step_by(5) {
                fleet.send_to_all(proof).await.iter().for_each(|reply| {
                    assert!(!reply.accepted(), "a replay was accepted");
                    assert_ne!(reply.reason, "proof_expired", "the test took too long to show anything");
                });
            }
            sleep(Duration::from_millis(250)).await;
        }
    };
    let ((_, took), ()) = tokio::join!(fleet.accepted_again(), replay);
    println!("recovered {took:?} after Redis was started again");
    use_up(&fleet, 20).await;
}

/// What a sender has met with.
#[derive(Debug, Default)]
struct Met {
    sent: usize,
    accepted: usize,
    undecided: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_amb_34_whatever_happens_to_redis_in_mid_stream_no_proof_is_accepted_twice() {
    let mut redis = RedisServer::start(&[]);
    let cache = || cache(&redis.url()).build().unwrap();
    let fleet = Arc::new(Fleet::start([cache(), cache(), cache()]).await);
    fleet.accepted_again().await;

    let over = Arc::new(AtomicBool::new(false));
    let mut senders = JoinSet::new();
    for _ in 0..4 {
        let (fleet, over) = (Arc::clone(&fleet), Arc::clone(&over));
        senders.spawn(async move {
            let (mut met, mut used) = (Met::default(), Vec::new());
            while !over.load(Ordering::Relaxed) {
                let proof = fleet.proof();
                let replies = fleet.send_to_all(&proof).await;
                let accepted = replies.iter().filter(|reply| reply.accepted()).count();
                assert!(accepted < 2, "{replies:?}");
                for reply in replies.iter().filter(|reply| reply.status == 503) {
                    reply.assert_undecided();
                    met.undecided += 1;
                }
                met.sent += 1;
                met.accepted += accepted;
                if accepted > 0 {
                    used.push(proof);
                }
                // One from before, whatever happened since: the steps go through all of them.
                if let Some(before) = used.get(met.sent * 7_919 % used.len().max(1)) {
                    let replies = fleet.send_to_all(before).await;
                    assert!(!replies.iter().any(Reply::accepted), "a replay was accepted: {replies:?}");
                }
            }
            met
        });
    }
    let second = Duration::from_secs(1);
    sleep(2 * second).await;
    redis.pause();
    sleep(2 * second).await;
    redis.resume();
    sleep(2 * second).await;
    redis.kill();
    sleep(second).await;
    redis.start_again();
    sleep(10 * second).await;
    over.store(true, Ordering::Relaxed);
    let met = senders.join_all().await.into_iter().fold(Met::default(), |all, met| Met {
        sent: all.sent + met.sent,
        accepted: all.accepted + met.accepted,
        undecided: all.undecided + met.undecided,
    });
    println!("{met:?}");
    assert!(met.accepted > 100 && met.undecided > 100, "{met:?}");
    use_up(&fleet, 20).await;
}

/// Remembers what was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(Fault, bool)>>>);

impl StoreObserver for Told {
    fn trouble(&self, trouble: &Trouble<'_>) {
        self.0.lock().unwrap().push((trouble.fault.clone(), trouble.local_for.is_some()));
    }

    fn recovered(&self, _: Duration) {
        self.0.lock().unwrap().push((Fault::NotConnected, false));
    }
}

#[tokio::test]
#[ignore = "needs redis-server: see .ci/run"]
async fn amb_34_a_replica_that_falls_back_knows_what_it_accepted_before_and_says_what_it_does() {
    let mut redis = RedisServer::start(&[]);
    let told = Told::default();
    let cache = cache(&redis.url())
        .allow_new_memory()
        .allow_local_fallback(Duration::from_secs(5))
        .observer(told.clone())
        .build()
        .unwrap();
    let fleet = Fleet::start([cache]).await;
    let replica = fleet.replicas[0];
    let (before, _) = fleet.accepted_again().await;
    told.0.lock().unwrap().clear();

    redis.kill();
    fleet.send(replica, &before[0]).await.assert_replayed();
    let during = fleet.proof();
    assert!(fleet.send(replica, &during).await.accepted());
    fleet.send(replica, &during).await.assert_replayed();
    assert_eq!(told.0.lock().unwrap().len(), 1);
    sleep(Duration::from_secs(5)).await;
    fleet.send(replica, &fleet.proof()).await.assert_undecided();

    redis.start_again();
    fleet.accepted_again().await;
    fleet.send(replica, &before[0]).await.assert_replayed();
    fleet.send(replica, &during).await.assert_replayed();
    sleep(Duration::from_secs(11)).await;
    assert!(fleet.send(replica, &fleet.proof()).await.accepted());
    let told = told.0.lock().unwrap().clone();
    assert!(told.first().is_some_and(|(_, local)| *local), "{told:?}");
    assert_eq!(told.last(), Some(&(Fault::NotConnected, false)), "told of the recovery: {told:?}");
}
