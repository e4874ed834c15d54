//! What an operator can count and log: every decision, with bounded labels and no credentials.

use std::sync::Arc;

use http::Method;

#[cfg(feature = "tracing")]
use crate::Kind;
use crate::{Peer, Reason, Rejection, RequestHead};

/// What a decision was about.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Target<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The path of the request's target, without its query.
    pub path: &'a str,
}

impl<'a> From<&RequestHead<'a>> for Target<'a> {
    fn from(request: &RequestHead<'a>) -> Self {
        Self { method: request.method, path: request.uri.path() }
    }
}

/// Receives every decision about a request, accepted or not (architecture §3.4: each leaves a trace).
///
/// Called on the path of the request: be quick. No event holds a token, a signature or a key.
pub trait Observer: Send + Sync + 'static {
    /// A request was authenticated.
    fn accepted(&self, peer: &Peer, target: Target<'_>) {
        let _ = (peer, target);
    }

    /// A request was refused.
    fn rejected(&self, rejection: &Rejection, target: Target<'_>) {
        let _ = (rejection, target);
    }

    /// A request without any credentials passed where authentication is optional.
    fn anonymous(&self, target: Target<'_>) {
        let _ = target;
    }

    /// A caller was authorized or not; `None` stands for a request without credentials.
    fn authorized(&self, peer: Option<&Peer>, denied: Option<Reason>, target: Target<'_>) {
        let _ = (peer, denied, target);
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn accepted(&self, peer: &Peer, target: Target<'_>) {
        (**self).accepted(peer, target);
    }

    fn rejected(&self, rejection: &Rejection, target: Target<'_>) {
        (**self).rejected(rejection, target);
    }

    fn anonymous(&self, target: Target<'_>) {
        (**self).anonymous(target);
    }

    fn authorized(&self, peer: Option<&Peer>, denied: Option<Reason>, target: Target<'_>) {
        (**self).authorized(peer, denied, target);
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
    fn accepted(&self, peer: &Peer, target: Target<'_>) {
        tracing::info!(
            target: "wimse",
            caller = %peer.id(),
            method = %target.method,
            path = target.path,
            proof = peer.proof().as_str(),
            token_hash = %peer.wit().token_hash(),
            token_id = peer.wit().id(),
            expires_at = peer.expires_at().as_secs(),
            "request authenticated"
        );
    }

    fn rejected(&self, rejection: &Rejection, target: Target<'_>) {
        tracing::warn!(
            target: "wimse",
            reason = rejection.reason().code(),
            method = %target.method,
            path = target.path,
            status = rejection.status().as_u16(),
            step = rejection.step().map(crate::trace::Step::code),
            expected = rejection.expected(),
            found = rejection.found(),
            advice = rejection.reason().advice(),
            "request refused"
        );
    }

    fn anonymous(&self, target: Target<'_>) {
        let Target { method, path } = target;
        tracing::debug!(target: "wimse", %method, path, "request without credentials passed");
    }

    fn authorized(&self, peer: Option<&Peer>, denied: Option<Reason>, target: Target<'_>) {
        let caller = peer.map(|peer| peer.id().as_str());
        let Target { method, path } = target;
        let Some(reason) = denied else {
            return tracing::debug!(target: "wimse", caller, %method, path, "caller authorized");
        };
        let (code, advice) = (reason.code(), reason.advice());
        if reason.kind() == Kind::Configuration {
            tracing::error!(target: "wimse", reason = code, %method, path, advice, "service set up wrongly");
        } else {
            tracing::warn!(target: "wimse", reason = code, caller, %method, path, advice, "caller not authorized");
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
