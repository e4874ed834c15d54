//! What an operator can count and log: every decision, with bounded labels and no credentials.

use std::sync::Arc;

#[cfg(feature = "tracing")]
use crate::Kind;
use crate::{Peer, Reason, Rejection};

/// Receives every decision about a request, accepted or not (architecture §3.4: each leaves a trace).
///
/// Called on the path of the request: be quick. No event holds a token, a signature or a key.
pub trait Observer: Send + Sync + 'static {
    /// A request was authenticated.
    fn accepted(&self, peer: &Peer) {
        let _ = peer;
    }

    /// A request was refused.
    fn rejected(&self, rejection: &Rejection) {
        let _ = rejection;
    }

    /// A request without any credentials passed where authentication is optional.
    fn anonymous(&self) {}

    /// A caller was authorized or not; `None` stands for a request without credentials.
    fn authorized(&self, peer: Option<&Peer>, denied: Option<Reason>) {
        let _ = (peer, denied);
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn accepted(&self, peer: &Peer) {
        (**self).accepted(peer);
    }

    fn rejected(&self, rejection: &Rejection) {
        (**self).rejected(rejection);
    }

    fn anonymous(&self) {
        (**self).anonymous();
    }

    fn authorized(&self, peer: Option<&Peer>, denied: Option<Reason>) {
        (**self).authorized(peer, denied);
    }
}

/// An [`Observer`] that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Writes decisions as `tracing` events of target `wimse`: accepted at `INFO`, refused at `WARN`.
#[cfg(feature = "tracing")]
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

#[cfg(feature = "tracing")]
impl Observer for TracingObserver {
    fn accepted(&self, peer: &Peer) {
        tracing::info!(
            target: "wimse",
            caller = %peer.id(),
            proof = peer.proof().as_str(),
            token_hash = %peer.wit().token_hash(),
            token_id = peer.wit().id(),
            expires_at = peer.expires_at().as_secs(),
            "request authenticated"
        );
    }

    fn rejected(&self, rejection: &Rejection) {
        tracing::warn!(
            target: "wimse",
            reason = rejection.reason().code(),
            status = rejection.status().as_u16(),
            step = rejection.step().map(crate::trace::Step::code),
            expected = rejection.expected(),
            found = rejection.found(),
            advice = rejection.reason().advice(),
            "request refused"
        );
    }

    fn anonymous(&self) {
        tracing::debug!(target: "wimse", "request without credentials passed");
    }

    fn authorized(&self, peer: Option<&Peer>, denied: Option<Reason>) {
        let caller = peer.map(|peer| peer.id().as_str());
        match denied {
            None => tracing::debug!(target: "wimse", caller, "caller authorized"),
            Some(reason) if reason.kind() == Kind::Configuration => {
                tracing::error!(target: "wimse", reason = reason.code(), advice = reason.advice(), "{}", reason.title());
            }
            Some(reason) => {
                tracing::warn!(target: "wimse", caller, reason = reason.code(), "caller not authorized");
            }
        }
    }
}

/// What a builder uses unless told otherwise: `tracing` if the feature is on, else nothing.
pub fn default_observer() -> Arc<dyn Observer> {
    #[cfg(feature = "tracing")]
    return Arc::new(TracingObserver);
    #[cfg(not(feature = "tracing"))]
    return Arc::new(Silent);
}
