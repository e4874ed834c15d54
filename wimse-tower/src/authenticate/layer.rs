//! The layer: what it is configured with.

use std::fmt;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, Uri};
use tower_layer::Layer;
use wimse_core::{Rejection, Verifier};

use super::Authenticate;
use crate::{ProblemResponse, RejectionResponse};

/// Refuses requests whose caller is not authenticated, and puts the [`Peer`](wimse_core::Peer) into the extensions of the others.
///
/// Closed by default: a request without credentials is refused. Put it outside everything that acts on the
/// caller, and only once around a route, since a proof counts once.
#[derive(Clone)]
#[must_use]
pub struct AuthenticateLayer<R = ProblemResponse> {
    pub(super) config: Config<R>,
}

/// What the layer hands to its service.
#[derive(Clone)]
pub(super) struct Config<R> {
    pub(super) verifier: Verifier,
    pub(super) optional: bool,
    pub(super) target: fn(&Parts) -> &Uri,
    pub(super) respond: R,
}

impl AuthenticateLayer {
    /// A layer that demands what `verifier` demands.
    pub fn new(verifier: Verifier) -> Self {
        let config =
            Config { verifier, optional: false, target: |parts| &parts.uri, respond: ProblemResponse };
        Self { config }
    }
}

impl<R> AuthenticateLayer<R> {
    /// Lets requests without any credentials pass as [`Anonymous`](crate::Anonymous). **Weaker** than the default, which refuses
    /// them. Invalid or incomplete credentials are refused all the same. Context tokens in such a request, a `Txn-Token`
    /// say, are covered by nothing: only those in [`Peer::context`](wimse_core::Peer::context) may take part in authorization.
    pub fn optional(mut self) -> Self {
        self.config.optional = true;
        self
    }

    /// Takes the request's target from somewhere else than `Parts::uri`, for routers that rewrite it. Default:
    /// `Parts::uri`.
    pub fn target_uri(mut self, target: fn(&Parts) -> &Uri) -> Self {
        self.config.target = target;
        self
    }

    /// Replaces the response to refused requests. Default: [`ProblemResponse`].
    ///
    /// The closure is best begun with [`Rejection::to_response`], which has the status and the challenge of the drafts. See
    /// [`RejectionResponse`] and `rejection_response` for a response that depends on the request.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use wimse_core::{Rejection, Verifier};
    /// # use wimse_tower::AuthenticateLayer;
    /// # fn layer(verifier: Verifier) -> impl Clone {
    /// AuthenticateLayer::new(verifier).on_rejection(|rejection: &Rejection| {
    ///     let mut response = rejection.to_response();
    ///     *response.body_mut() = Bytes::from_static(b"go away");
    ///     response
    /// })
    /// # }
    /// ```
    pub fn on_rejection<F>(self, respond: F) -> AuthenticateLayer<F>
    where
        F: Fn(&Rejection) -> Response<Bytes> + Clone,
    {
        self.rejection_response(respond)
    }

    /// As [`AuthenticateLayer::on_rejection`], with a response that may depend on the request.
    pub fn rejection_response<F: RejectionResponse>(self, respond: F) -> AuthenticateLayer<F> {
        let Config { verifier, optional, target, .. } = self.config;
        AuthenticateLayer { config: Config { verifier, optional, target, respond } }
    }
}

impl<S, R: Clone> Layer<S> for AuthenticateLayer<R> {
    type Service = Authenticate<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticate { inner, config: self.config.clone() }
    }
}

impl<R> fmt::Debug for AuthenticateLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateLayer")
            .field("verifier", &self.config.verifier)
            .field("optional", &self.config.optional)
            .finish_non_exhaustive()
    }
}
