//! What an operator can count and log about the store.

use std::sync::Arc;
use std::time::Duration;

use crate::Fault;

/// The store cannot decide.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Trouble<'a> {
    /// What is wrong.
    pub fault: &'a Fault,
    /// How long it has been.
    pub lasted: Duration,
    /// For how much longer this replica decides by its own memory. `None` if it refuses with 503.
    pub local_for: Option<Duration>,
}

/// Receives what happens to the store. No event holds an address, a password or a proof.
///
/// Called on the path of a request: be quick.
pub trait StoreObserver: Send + Sync + 'static {
    /// The store cannot decide: told when it begins and every 10 s while requests meet with it.
    fn trouble(&self, trouble: &Trouble<'_>) {
        let _ = trouble;
    }

    /// The store has answered for 10 s, after trouble for as long as `lasted`.
    fn recovered(&self, lasted: Duration) {
        let _ = lasted;
    }
}

impl<O: StoreObserver + ?Sized> StoreObserver for Arc<O> {
    fn trouble(&self, trouble: &Trouble<'_>) {
        (**self).trouble(trouble);
    }

    fn recovered(&self, lasted: Duration) {
        (**self).recovered(lasted);
    }
}

/// A [`StoreObserver`] that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl StoreObserver for Silent {}

/// Writes events of target `wimse`: trouble at `ERROR`, recovery at `INFO`.
#[cfg(feature = "tracing")]
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

#[cfg(feature = "tracing")]
impl StoreObserver for TracingObserver {
    fn trouble(&self, trouble: &Trouble<'_>) {
        let Trouble { fault, lasted, local_for } = trouble;
        let (reason, lasted) = (fault.reason(), lasted.as_secs());
        match local_for {
            Some(left) => tracing::error!(
                target: "wimse", reason, %fault, lasted, left = left.as_secs(),
                "replay store in trouble: this replica decides alone, and other replicas may accept the same proof"
            ),
            None => tracing::error!(
                target: "wimse", reason, %fault, lasted, "replay store in trouble: requests are refused with 503"
            ),
        }
    }

    fn recovered(&self, lasted: Duration) {
        tracing::info!(target: "wimse", lasted = lasted.as_secs(), "replay store recovered");
    }
}

/// What a cache uses unless told otherwise: `tracing` if the feature is on, else nothing.
pub fn default_observer() -> Arc<dyn StoreObserver> {
    #[cfg(feature = "tracing")]
    return Arc::new(TracingObserver);
    #[cfg(not(feature = "tracing"))]
    return Arc::new(Silent);
}
