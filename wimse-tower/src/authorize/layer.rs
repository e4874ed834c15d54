//! The layer: what it is configured with.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, Uri};
use tower_layer::Layer;
use wimse_core::observer::default_observer;
use wimse_core::policy::Decision;
use wimse_core::{Observer, Peer, Policy, Rejection, RequestHead};

use super::{AsyncHook, Authorize, Immediate};
use crate::{ProblemResponse, RejectionResponse};

/// Refuses callers that a policy does not allow with 403. Put it inside an [`AuthenticateLayer`](crate::AuthenticateLayer).
///
/// A request without credentials, where authentication is optional, is refused with 401. Where no
/// authentication layer saw the request at all it is answered with 500: that is a mistake in the service.
#[must_use]
pub struct AuthorizeLayer<A, R = ProblemResponse> {
    pub(super) config: Config<A, R>,
}

pub(super) struct Config<A, R> {
    pub(super) policy: A,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) target: fn(&Parts) -> &Uri,
    pub(super) respond: R,
}

impl<A: Clone, R: Clone> Clone for Config<A, R> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            observer: Arc::clone(&self.observer),
            target: self.target,
            respond: self.respond.clone(),
        }
    }
}

impl<P: Policy> AuthorizeLayer<Immediate<P>> {
    /// A layer that asks a [`Policy`], such as those of [`wimse_core::policy`], or a closure of the peer.
    pub fn new(policy: P) -> Self {
        Self::with(Immediate(Arc::new(policy)))
    }
}

impl<F, Fut, D> AuthorizeLayer<AsyncHook<F>>
where
    F: Fn(Peer, &RequestHead<'_>) -> Fut,
    Fut: Future<Output = D>,
    D: Into<Decision>,
{
    /// A layer that asks an asynchronous closure, which returns a [`Decision`] or a `bool`.
    ///
    /// ```
    /// # use wimse_core::{Peer, RequestHead, policy::Decision};
    /// # use wimse_tower::AuthorizeLayer;
    /// # async fn may(_: &str, _: &str) -> Option<bool> { None }
    /// let layer = AuthorizeLayer::asynchronous(|peer: Peer, request: &RequestHead<'_>| {
    ///     let path = request.uri.path().to_owned();
    ///     async move {
    ///         match may(peer.id().as_str(), &path).await {
    ///             Some(allowed) => Decision::from(allowed),
    ///             None => Decision::Unavailable,
    ///         }
    ///     }
    /// });
    /// # fn check<T>(_: T) {}
    /// # check(layer);
    /// ```
    pub fn asynchronous(hook: F) -> Self {
        Self::with(AsyncHook(Arc::new(hook)))
    }
}

impl<A> AuthorizeLayer<A> {
    fn with(policy: A) -> Self {
        let (observer, respond) = (default_observer(), ProblemResponse);
        Self { config: Config { policy, observer, target: |parts| &parts.uri, respond } }
    }
}

impl<A, R> AuthorizeLayer<A, R> {
    /// Replaces the default observer, which writes `tracing` events.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.config.observer = Arc::new(observer);
        self
    }

    /// Takes the target that the policy sees from somewhere else than `Parts::uri`.
    pub fn target_uri(mut self, target: fn(&Parts) -> &Uri) -> Self {
        self.config.target = target;
        self
    }

    /// Replaces the response to refused requests. Default: [`ProblemResponse`].
    ///
    /// The closure is best begun with [`Rejection::to_response`], which has the status and the challenge of the drafts. See
    /// [`RejectionResponse`] and `rejection_response` for a response that depends on the request.
    pub fn on_rejection<F>(self, respond: F) -> AuthorizeLayer<A, F>
    where
        F: Fn(&Rejection) -> Response<Bytes> + Clone,
    {
        self.rejection_response(respond)
    }

    /// As [`AuthorizeLayer::on_rejection`], with a response that may depend on the request.
    pub fn rejection_response<F: RejectionResponse>(self, respond: F) -> AuthorizeLayer<A, F> {
        let Config { policy, observer, target, .. } = self.config;
        AuthorizeLayer { config: Config { policy, observer, target, respond } }
    }
}

impl<A: Clone, R: Clone> Clone for AuthorizeLayer<A, R> {
    fn clone(&self) -> Self {
        Self { config: self.config.clone() }
    }
}

impl<S, A: Clone, R: Clone> Layer<S> for AuthorizeLayer<A, R> {
    type Service = Authorize<S, A, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorize { inner, config: self.config.clone() }
    }
}

impl<A: fmt::Debug, R> fmt::Debug for AuthorizeLayer<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeLayer").field("policy", &self.config.policy).finish_non_exhaustive()
    }
}
