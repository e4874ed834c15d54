//! How much memory a process holds, and whether that stays flat.

use std::collections::VecDeque;
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
    forgetting: Forgetting,
    after_warm_up: Option<u64>,
    largest_since: u64,
}

impl Memory {
    /// Looks at the process, and at how many proofs it remembers: that is how many were sent in the last minutes, so it is not flat where
    /// the load is not. Once taken, their room is kept for the next ones. Where the system has no `/proc`, there is nothing to see.
    pub(crate) fn look(&mut self, process: u32, remembered: u64, accepted: u64, elapsed: Duration) {
        self.forgetting.look(remembered, accepted, elapsed);
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

    pub(crate) fn has_unexplained_proofs(&self) -> bool {
        self.forgetting.failed
    }

    pub(crate) fn is_flat(&self) -> bool {
        self.growth().is_none_or(|growth| growth <= TOLERATED) && !self.forgetting.failed
    }
}

/// Whether no more proofs are remembered than were sent of late: those are not counted as growth, so they must not be a leak either.
#[derive(Default)]
struct Forgetting {
    /// Calls accepted up to then, of the last [`KEPT`].
    history: VecDeque<(Duration, u64)>,
    failed: bool,
}

/// A proof of a minute is remembered for about four.
const KEPT: Duration = Duration::from_secs(300);

/// Proofs for each accepted call, at most: two replicas remember it, and some calls are not accepted.
const PROOFS: u64 = 3;

impl Forgetting {
    fn look(&mut self, remembered: u64, accepted: u64, elapsed: Duration) {
        self.history.push_back((elapsed, accepted));
        while self.history.get(1).is_some_and(|(then, _)| elapsed.saturating_sub(*then) >= KEPT) {
            self.history.pop_front();
        }
        let before = self.history.front().map_or(0, |(_, before)| *before);
        self.failed |= elapsed >= WARM_UP && remembered > PROOFS * accepted.saturating_sub(before);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 calls a second, each remembered for so many seconds.
    fn fails(remembered_for: u64) -> bool {
        let mut forgetting = Forgetting::default();
        for second in 1..=1_800 {
            let remembered = 1_500 * second.min(remembered_for);
            forgetting.look(remembered, 1_000 * second, Duration::from_secs(second));
        }
        forgetting.failed
    }

    #[test]
    fn a_cache_that_never_forgets_is_no_load() {
        assert!(!fails(244));
        assert!(fails(1_800));
    }
}
