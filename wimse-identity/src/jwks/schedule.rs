//! When to ask again.

use std::time::Duration;

use crate::backoff::{fraction, upper_half};

/// The times that rule one source.
#[derive(Debug, Clone)]
pub(super) struct Times {
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
    /// For answers that say nothing.
    pub(super) usual: Duration,
    pub(super) cool_down: Duration,
    pub(super) stale_limit: Duration,
    pub(super) timeout: Duration,
}

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Times {
    /// Until the next regular request. Up to a tenth earlier than need be, so that replicas that started together drift apart.
    pub(super) fn next(&self, freshness: Option<Duration>) -> Duration {
        let fresh = freshness.unwrap_or(self.usual).clamp(self.shortest, self.longest);
        fresh.mul_f64(0.9 + 0.1 * fraction())
    }

    /// Until the next attempt after so many failures in a row: half of the pause at least, never longer than the longest interval.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let pause = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
        let pause = pause.min(LONGEST_PAUSE).min(self.longest);
        upper_half(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn times() -> Times {
        Times {
            shortest: 60 * SECOND,
            longest: 3600 * SECOND,
            usual: 300 * SECOND,
            cool_down: 30 * SECOND,
            stale_limit: 7200 * SECOND,
            timeout: 10 * SECOND,
        }
    }

    #[test]
    fn the_server_decides_within_bounds_and_jitter_only_shortens() {
        let times = times();
        for (freshness, expected) in
            [(None, 300), (Some(0), 60), (Some(61), 61), (Some(600), 600), (Some(u64::MAX), 3600)]
        {
            let drawn: Vec<_> = (0..200).map(|_| times.next(freshness.map(Duration::from_secs))).collect();
            let expected = expected * SECOND;
            assert!(drawn.iter().all(|d| *d <= expected && *d >= expected.mul_f64(0.9)), "{freshness:?}");
            assert!(drawn.iter().any(|d| *d != drawn[0]));
        }
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let times = times();
        for (failures, longest) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (u32::MAX, 60)] {
            let longest = longest * SECOND;
            assert!((0..200).map(|_| times.pause(failures)).all(|d| d <= longest && d >= longest / 2));
        }
        let short = Times { longest: SECOND / 10, ..times };
        assert!(short.pause(9) <= SECOND / 10);
    }
}
