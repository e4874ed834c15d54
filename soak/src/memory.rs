//! How much memory a process holds, and whether that stays flat.

use std::time::Duration;

/// From when on memory must be flat: proofs are remembered for about four minutes, so that the replay cache has its final
/// size by then, and the allocator has seen everything.
pub(crate) const WARM_UP: Duration = Duration::from_secs(600);

/// How much more than after the warm-up.
const TOLERATED: f64 = 1.05;

/// What a proof takes in a replay cache, in octets: from 19 to 29.
const PROOF: u64 = 24;

#[derive(Default)]
pub(crate) struct Memory {
    now: u64,
    most_remembered: u64,
    after_warm_up: Option<u64>,
    largest_since: u64,
}

impl Memory {
    /// Looks at the process, and at how many proofs it remembers: that is how many were sent in the last minutes, so it is not flat where
    /// the load is not. Once taken, their room is kept for the next ones. Where the system has no `/proc`, there is nothing to see.
    pub(crate) fn look(&mut self, process: u32, remembered: u64, elapsed: Duration) {
        let Some(kib) = resident(process) else { return };
        self.now = kib;
        self.most_remembered = self.most_remembered.max(remembered);
        if elapsed >= WARM_UP {
            let rest = kib.saturating_sub(self.most_remembered * PROOF / 1024);
            self.after_warm_up.get_or_insert(rest);
            self.largest_since = self.largest_since.max(rest);
        }
    }

    pub(crate) fn now_mib(&self) -> u64 {
        self.now / 1024
    }

    pub(crate) fn most_remembered(&self) -> u64 {
        self.most_remembered
    }

    /// Growth since the warm-up, of all but remembered proofs; `None` if the run was too short to tell.
    pub(crate) fn growth(&self) -> Option<f64> {
        self.after_warm_up.map(|base| ratio(self.largest_since, base))
    }

    pub(crate) fn is_flat(&self) -> bool {
        self.growth().is_none_or(|growth| growth <= TOLERATED)
    }
}

#[expect(clippy::cast_precision_loss, reason = "KiB of memory fit")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
