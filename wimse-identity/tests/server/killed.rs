//! An identity server in a process of its own that is killed, as by `kill -9`, and started again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wimse_core::CredentialSource;

use crate::identity::{JOIN_TOKEN, Running, base, builder, eventually, has_one};

const ADDRESS: &str = "WIMSE_TEST_IDENTITY_SERVER";

/// Not a test: what the child process runs.
#[tokio::test]
#[ignore = "runs in the child process"]
async fn identity_server_process() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let server = Running::start_at(&address, 3, u32::MAX).await;
    println!("listening {}", server.address);
    std::future::pending::<()>().await;
}

struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(address: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::identity_server_process", "--ignored", "--nocapture"])
            .env(ADDRESS, address)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listening ")?.1.to_owned()))
            .unwrap();
        Self { child, address }
    }

    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::take(&mut self.address)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_killed_server_costs_nothing_while_the_credential_lives() {
    let server = Process::start("127.0.0.1:0");
    let source = builder(&base(&server.address))
        .join_token(|| Ok::<_, String>(JOIN_TOKEN.to_owned()))
        .build()
        .unwrap()
        .start();
    let credentials = source.credentials();
    source.handle().ready(Duration::from_secs(5)).await.unwrap();
    let before = credentials.current().unwrap();

    let address = server.kill();
    eventually("the renewal fails", || source.handle().health().last_error.is_some()).await;
    assert!(has_one(&credentials), "a credential that still lives was given up");

    let server = Process::start(&address);
    eventually("renewed", || source.handle().is_healthy()).await;
    let after = credentials.current().unwrap();
    assert!(after.expires_at() > before.expires_at());
    server.kill();
}
