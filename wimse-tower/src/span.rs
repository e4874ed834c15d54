//! The span in which an authenticated request is handled, or nothing without the `tracing` feature.

use wimse_core::Peer;

#[cfg(feature = "tracing")]
#[derive(Debug, Clone)]
pub(crate) struct CallerSpan(tracing::Span);

#[cfg(feature = "tracing")]
impl CallerSpan {
    pub(crate) fn of(peer: &Peer) -> Self {
        Self(
            tracing::info_span!(target: "wimse", "authenticated", caller = %peer.id(), proof = peer.proof().as_str()),
        )
    }

    pub(crate) fn none() -> Self {
        Self(tracing::Span::none())
    }

    pub(crate) fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        self.0.in_scope(work)
    }
}

#[cfg(not(feature = "tracing"))]
#[derive(Debug, Clone)]
pub(crate) struct CallerSpan;

#[cfg(not(feature = "tracing"))]
impl CallerSpan {
    pub(crate) fn of(_: &Peer) -> Self {
        Self
    }

    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }
}
