//! A cluster of three nodes, one of which dies.

use std::time::Duration;

use tokio::time::sleep;

use crate::fleet::{Fleet, Reply, cache};
use crate::redis_server::{RedisServer, free_port};

/// Slots of a cluster.
const SLOTS: u16 = 16_384;

fn start() -> Vec<RedisServer> {
    let node = |_| {
        // The bus has a port of its own, which is not 10,000 above the other.
        let bus = free_port().to_string();
        RedisServer::start(&[
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &bus,
            "--cluster-node-timeout",
            "1000",
            "--cluster-require-full-coverage",
            "no",
        ])
    };
    let nodes: Vec<_> = (0..3).map(node).collect();
    let share = SLOTS / 3;
    for (number, node) in (0..).zip(&nodes) {
        let (from, to) = (number * share, if number == 2 { SLOTS - 1 } else { (number + 1) * share - 1 });
        let slots = ["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()];
        assert_eq!(node.command(&slots), "+OK");
    }
    for node in &nodes[1..] {
        let bus = node.command(&["CLUSTER", "NODES"]);
        let bus = bus.split_once('@').unwrap().1.split([',', ' ']).next().unwrap();
        let meet = ["CLUSTER", "MEET", "127.0.0.1", &node.port().to_string(), bus];
        assert_eq!(nodes[0].command(&meet), "+OK");
    }
    for node in &nodes {
        for attempt in 0.. {
            let info = node.command(&["CLUSTER", "INFO"]);
            if info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3") {
                break;
            }
            assert!(attempt < 400, "{info}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    nodes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: see .ci/run"]
async fn wpt_21_amb_34_each_part_of_a_cluster_counts_for_itself() {
    let mut nodes = start();
    let urls: Vec<_> = nodes.iter().map(RedisServer::url).collect();
    let cache = || cache(&urls[0]).cluster(&urls[1..]).build().unwrap();
    let fleet = Fleet::start([cache(), cache(), cache()]).await;
    fleet.accepted_again().await;
    // Until the last of the parts is old enough.
    sleep(Duration::from_secs(2)).await;

    let mut used = Vec::new();
    for _ in 0..300 {
        let proof = fleet.proof();
        let replies = fleet.send_to_all(&proof).await;
        assert_eq!(replies.iter().filter(|reply| reply.accepted()).count(), 1, "{replies:?}");
        used.push(proof);
    }
    for node in &nodes {
        let keys: u64 = node.command(&["DBSIZE"]).trim_start_matches(':').parse().unwrap();
        assert!(keys > 40, "{keys} of 300 on one node");
    }

    nodes[1].kill();
    let (mut accepted, mut undecided) = (0, 0);
    for _ in 0..60 {
        let reply = fleet.send(fleet.replicas[0], &fleet.proof()).await;
        if reply.accepted() {
            accepted += 1;
        } else {
            reply.assert_undecided();
            undecided += 1;
        }
    }
    assert!(accepted > 10 && undecided > 5, "the other nodes go on: {accepted} {undecided}");
    for proof in &used {
        let replies = fleet.send_to_all(proof).await;
        assert!(!replies.iter().any(Reply::accepted), "{replies:?}");
    }

    nodes[1].start_again();
    for _ in 0..12 {
        for proof in used.iter().step_by(3) {
            let replies = fleet.send_to_all(proof).await;
            assert!(!replies.iter().any(Reply::accepted), "{replies:?}");
        }
        sleep(Duration::from_millis(700)).await;
    }
    for _ in 0..60 {
        let reply = fleet.send(fleet.replicas[0], &fleet.proof()).await;
        assert!(reply.accepted(), "{reply:?}");
    }
}
