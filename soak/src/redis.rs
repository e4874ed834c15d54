//! A redis-server that dies and comes back with what it knew.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::BoxError;

pub(crate) struct Redis {
    folder: TempDir,
    child: Child,
}

impl Redis {
    pub(crate) async fn start() -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        let child = spawn(&folder)?;
        let redis = Self { folder, child };
        redis.wait().await?;
        Ok(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("redis.sock").display())
    }

    /// Killed without warning, and started again after a while.
    pub(crate) async fn kill_and_restart(&mut self, after: Duration) -> Result<(), BoxError> {
        self.child.kill().await?;
        sleep(after).await;
        self.child = spawn(&self.folder)?;
        self.wait().await
    }

    async fn wait(&self) -> Result<(), BoxError> {
        let (socket, started) = (self.folder.path().join("redis.sock"), Instant::now());
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            if started.elapsed() > Duration::from_secs(10) {
                return Err("redis-server does not listen".into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

fn spawn(folder: &TempDir) -> Result<Child, BoxError> {
    // It is killed, not the machine: what it hands to the system before it answers outlives that. To wait for the disk as well would
    // make the disk the measure of all that goes on here.
    Command::new("redis-server")
        .args(["--port", "0", "--unixsocket", "redis.sock", "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "no", "--maxmemory-policy", "noeviction"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("redis-server could not be started (is it installed?): {error}").into())
}
