//! What an operator can count and log about sources.

use std::sync::Arc;

use crate::SourceError;

/// Receives what happens to sources. No event holds a token or a key.
pub trait SourceObserver: Send + Sync + 'static {
    /// The source has something new, which is in use from now on.
    fn updated(&self, source: &str) {
        let _ = source;
    }

    /// An attempt failed. What was there before stays in use.
    fn failed(&self, source: &str, error: &SourceError) {
        let _ = (source, error);
    }

    /// What was there is not to be used any more: withdrawn, or too old.
    fn withdrawn(&self, source: &str, error: &SourceError) {
        let _ = (source, error);
    }

    /// The source works, and something about it should be mended all the same.
    fn warned(&self, source: &str, error: &SourceError) {
        let _ = (source, error);
    }
}

impl<O: SourceObserver + ?Sized> SourceObserver for Arc<O> {
    fn updated(&self, source: &str) {
        (**self).updated(source);
    }

    fn failed(&self, source: &str, error: &SourceError) {
        (**self).failed(source, error);
    }

    fn withdrawn(&self, source: &str, error: &SourceError) {
        (**self).withdrawn(source, error);
    }

    fn warned(&self, source: &str, error: &SourceError) {
        (**self).warned(source, error);
    }
}

/// A [`SourceObserver`] that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl SourceObserver for Silent {}

/// Writes events of target `wimse`: updates at `INFO`, failures and warnings at `WARN`, withdrawals at `ERROR`.
#[cfg(feature = "tracing")]
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

#[cfg(feature = "tracing")]
impl SourceObserver for TracingObserver {
    fn updated(&self, source: &str) {
        tracing::info!(target: "wimse", source, "source updated");
    }

    fn failed(&self, source: &str, error: &SourceError) {
        tracing::warn!(target: "wimse", source, reason = error.reason(), %error, "source not updated");
    }

    fn withdrawn(&self, source: &str, error: &SourceError) {
        tracing::error!(target: "wimse", source, reason = error.reason(), %error, "source closed");
    }

    fn warned(&self, source: &str, error: &SourceError) {
        tracing::warn!(target: "wimse", source, reason = error.reason(), %error, "source should be mended");
    }
}

/// What sources use unless told otherwise: `tracing` if the feature is on, else nothing.
pub fn default_observer() -> Arc<dyn SourceObserver> {
    #[cfg(feature = "tracing")]
    return Arc::new(TracingObserver);
    #[cfg(not(feature = "tracing"))]
    return Arc::new(Silent);
}
