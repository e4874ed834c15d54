//! The service's process, as its parent sees it.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::BoxError;

pub(crate) struct Service {
    pub(crate) bases: Vec<String>,
    child: Child,
    panics: Arc<AtomicU64>,
    remembered: Arc<AtomicU64>,
}

impl Service {
    /// Starts it and waits until it serves.
    pub(crate) async fn start(identity: &str, redis: &str) -> Result<Self, BoxError> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", identity, redis])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else { return Err("no pipes".into()) };
        let panics = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&panics);
        // Ends with the pipe.
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                counted.fetch_add(u64::from(line.contains("panicked")), Relaxed);
                say(&format!("      the service says: {line}"));
            }
        });
        let mut lines = BufReader::new(stdout).lines();
        let bases = lines.next_line().await?.ok_or("the service did not start")?;
        let remembered = Arc::new(AtomicU64::new(0));
        let latest = Arc::clone(&remembered);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                line.parse().into_iter().for_each(|number| latest.store(number, Relaxed));
            }
        });
        Ok(Self { bases: bases.split(' ').map(str::to_owned).collect(), child, panics, remembered })
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Relaxed)
    }

    /// How many proofs its replay caches hold.
    pub(crate) fn remembered(&self) -> u64 {
        self.remembered.load(Relaxed)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

#[expect(clippy::print_stderr, reason = "what the service says must not be lost")]
fn say(line: &str) {
    eprintln!("{line}");
}
