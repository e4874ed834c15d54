//! A real `redis-server` behind a configuration.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use http::Request;
use wimse_core::SignOptions;

use crate::fixture::{Folder, SOON, changed};

struct RedisServer(Child);

impl RedisServer {
    fn start(socket: &Path) -> Self {
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            "0",
            "--save",
            "",
            "--appendonly",
            "no",
            "--requirepass",
            "hunter2",
            "--unixsocket",
        ]);
        Self(command.arg(socket).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn wpt_21_replicas_share_a_redis_whose_password_is_in_a_file() {
    let folder = Folder::full();
    let socket = folder.path().join("redis.sock");
    let _server = RedisServer::start(&socket);
    folder.write("redis.url", &format!("redis+unix://{}?pass=hunter2\n", socket.display()));
    for memory in ["", "{ }"] {
        let text = changed(&[
            ("server.replay.memory", memory),
            (
                "server.replay.redis",
                r#"{ url_file = "redis.url", allow_new_memory = true, timeout = "2s", prefix = "config:", clock_tolerance = "5s" }"#,
            ),
        ]);
        let replicas = [folder.start(&text), folder.start(&text)];
        for replica in &replicas {
            replica.ready(SOON).await.unwrap();
            assert!(replica.is_healthy(), "{:?}", replica.sources());
        }
        let mut request = Request::get("https://orders.example.com/orders").body(()).unwrap();
        let signer = replicas[0].signer().unwrap();
        let _ = signer.sign_request(&mut request, None, &SignOptions::default()).unwrap();
        for (replica, expected) in
            replicas.iter().chain(&replicas).zip(["", "replayed", "replayed", "replayed"])
        {
            let verdict = replica.server().unwrap().verifier().verify(&request).await;
            assert_eq!(
                verdict.err().map(|rejection| rejection.reason().code()).unwrap_or_default(),
                expected
            );
        }
    }
}

#[tokio::test]
async fn a_redis_that_is_away_is_named_and_lets_nobody_in() {
    let folder = Folder::full();
    let running = folder.start(&changed(&[
        ("server.replay.memory", ""),
        ("server.replay.redis", r#"{ url = "redis://127.0.0.1:1" }"#),
    ]));
    let error = running.ready(std::time::Duration::from_secs(1)).await.unwrap_err();
    assert!(error.waiting().any(|(path, _)| path == "server.replay.redis"), "{error}");
    let signer = running.signer().unwrap();
    let mut request = Request::get("https://orders.example.com/orders").body(()).unwrap();
    let _ = signer.sign_request(&mut request, None, &SignOptions::default()).unwrap();
    let rejection = running.server().unwrap().verifier().verify(&request).await.unwrap_err();
    assert_eq!(rejection.reason().code(), "replay_unavailable");
}
