//! Since when the store is in trouble, and when to say so again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the store must answer without a fault until an outage is over; and how often one is told of.
pub(crate) const CALM: Duration = Duration::from_secs(10);

/// Keeps track of outages. An outage lasts from a first fault until the store has answered for [`CALM`] without another:
/// faults that come and go are one outage.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    /// Saves the lock while all is well.
    ongoing: AtomicBool,
    outage: Mutex<Option<Outage>>,
}

#[derive(Debug, Clone, Copy)]
struct Outage {
    since: Instant,
    last_fault: Instant,
    told: Instant,
}

/// A fault in its outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ongoing {
    /// How long the outage has lasted.
    pub(crate) lasted: Duration,
    /// Whether it is time to tell of it.
    pub(crate) tell: bool,
}

impl Outages {
    pub(crate) fn failed(&self, now: Instant) -> Ongoing {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        self.ongoing.store(true, Ordering::Release);
        let begins = outage.is_none();
        let outage = outage.get_or_insert(Outage { since: now, last_fault: now, told: now });
        let tell = begins || now.saturating_duration_since(outage.told) >= CALM;
        if tell {
            outage.told = now;
        }
        outage.last_fault = outage.last_fault.max(now);
        Ongoing { lasted: now.saturating_duration_since(outage.since), tell }
    }

    /// How long the outage had lasted that is over now.
    pub(crate) fn answered(&self, now: Instant) -> Option<Duration> {
        if !self.ongoing.load(Ordering::Acquire) {
            return None;
        }
        let mut ongoing = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let outage = (*ongoing)?;
        if now.saturating_duration_since(outage.last_fault) < CALM {
            return None;
        }
        *ongoing = None;
        self.ongoing.store(false, Ordering::Release);
        Some(outage.last_fault.saturating_duration_since(outage.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_that_come_and_go_are_one_outage() {
        let outages = Outages::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let ongoing = |lasted, tell| Ongoing { lasted: Duration::from_secs(lasted), tell };
        assert_eq!(outages.answered(at(0)), None);
        assert_eq!(outages.failed(at(1)), ongoing(0, true));
        assert_eq!(outages.failed(at(2)), ongoing(1, false));
        assert_eq!(outages.answered(at(3)), None);
        assert_eq!(outages.failed(at(11)), ongoing(10, true));
        assert_eq!(outages.failed(at(12)), ongoing(11, false));
        assert_eq!(outages.answered(at(21)), None);
        assert_eq!(outages.answered(at(22)), Some(Duration::from_secs(11)));
        assert_eq!(outages.answered(at(40)), None);
        assert_eq!(outages.failed(at(41)), ongoing(0, true));
    }
}
