//! How long a credential may be used, by the clock and by the time that passes.

use std::time::Duration;

use tokio::time::Instant;
use wimse_core::{Clock, UnixTime};

/// The life of a credential. It ends by the clock or by monotonic time, whichever is first: a clock that is set back does not
/// make it longer, and a host that slept does not either.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) expires_at: UnixTime,
    pub(crate) since: Instant,
    pub(crate) length: Duration,
}

impl Life {
    /// The life of what has lived since `since`, no longer than `at_most`; `None` if it is over already.
    pub(crate) fn new(
        expires_at: UnixTime,
        since: Instant,
        at_most: Duration,
        clock: &dyn Clock,
    ) -> Option<Self> {
        let left = u64::try_from(expires_at.seconds_since(clock.now())).unwrap_or(0);
        let length = Duration::from_secs(left).min(at_most);
        (!length.is_zero()).then_some(Self { expires_at, since, length })
    }

    pub(crate) fn is_over(&self, clock: &dyn Clock) -> bool {
        self.left(clock).is_zero()
    }

    /// What is left by the more pessimistic account.
    pub(crate) fn left(&self, clock: &dyn Clock) -> Duration {
        let by_clock = u64::try_from(self.expires_at.seconds_since(clock.now())).unwrap_or(0);
        self.length.saturating_sub(self.since.elapsed()).min(Duration::from_secs(by_clock))
    }
}
