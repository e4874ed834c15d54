//! When to try again after a failure, so that a fleet of workloads does not come back all at once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Doubles with each failure, up to a cap; each pause is between half and all of that.
#[cfg(any(feature = "server", feature = "spiffe"))]
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

#[cfg(any(feature = "server", feature = "spiffe"))]
impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// How long to wait after one more failure.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        upper_half(pause)
    }

    /// Begins anew after a success.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// By chance between half of a pause and all of it.
pub(crate) fn upper_half(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + 0.5 * fraction())
}

/// A number from 0 to 1, for spreading things out. The standard library's hasher has random keys; nothing secret depends on it.
pub(crate) fn fraction() -> f64 {
    let hash = RandomState::new().build_hasher().finish() >> 11;
    hash as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "server", feature = "spiffe"))]
    #[test]
    fn pauses_double_up_to_the_cap_and_differ() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        let pauses = || {
            let mut backoff = Backoff::new(first, longest);
            std::array::from_fn::<_, 10, _>(|_| backoff.pause())
        };
        for (i, pause) in pauses().into_iter().enumerate() {
            let whole = (first * 2_u32.pow(i.try_into().unwrap())).min(longest);
            assert!(pause >= whole / 2 && pause <= whole, "{i}: {pause:?}");
        }
        assert_ne!(pauses(), pauses());
        let mut backoff = Backoff::new(first, longest);
        backoff.pause();
        backoff.reset();
        assert!(backoff.pause() <= first);
    }

    #[test]
    fn fractions_are_spread_out() {
        let low = (0..1000).filter(|_| fraction() < 0.5).count();
        assert!((300..700).contains(&low), "{low}");
        assert!((0..1000).all(|_| (0.0..1.0).contains(&fraction())));
    }
}
