//! The layer: what it is configured with.

use std::fmt;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, Uri};
use tower_layer::Layer;
use wimse_core::content::DEFAULT_CONTENT_LIMIT;
use wimse_core::{Rejection, Signer, Verifier};

use super::Authenticate;
use super::answer::Responses;
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
    pub(super) body_limit: usize,
    pub(super) responses: Option<Responses>,
    pub(super) response_limit: usize,
    pub(super) respond: R,
}

impl AuthenticateLayer {
    /// A layer that demands what `verifier` demands.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            config: Config {
                verifier,
                optional: false,
                target: |parts| &parts.uri,
                body_limit: DEFAULT_CONTENT_LIMIT,
                responses: None,
                response_limit: DEFAULT_CONTENT_LIMIT,
                respond: ProblemResponse,
            },
        }
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

    /// How much content is read to check its digest, in octets; more is refused with 413. Default 2 MiB. Only the content of
    /// requests with an HTTP signature is read before the inner service gets it. How long that may take is for a timeout
    /// outside this layer.
    pub fn body_limit(mut self, octets: usize) -> Self {
        self.config.body_limit = octets;
        self
    }

    /// Signs the responses to requests that ask for it (http-signature §3.3, §3.5), with the credential of this signer.
    ///
    /// The signature covers the content, which is read whole before: up to 2 MiB, see [`AuthenticateLayer::response_limit`]. A
    /// response that neither ends nor grows is ended by nothing but a timeout outside this layer.
    /// Where a demanded signature cannot be made, the response is an error with status 501. Without this setting every
    /// request that demands a signed response is answered so, before the inner service sees it.
    ///
    /// Whatever the inner service answers is signed, its errors and the refusals of an [`AuthorizeLayer`](crate::AuthorizeLayer)
    /// as well. This layer's own refusals are not: a copy of the request, sent by somebody else, would be enough to get one to put
    /// in the place of the true response. Put layers that change the content, such as compression, inside this one.
    pub fn sign_responses(self, signer: Signer) -> Self {
        self.responses(signer, false)
    }

    /// As [`AuthenticateLayer::sign_responses`], for every response, asked for or not. A request without an HTTP signature,
    /// to which no response can be tied, is refused, with 501 if it has a proof token: let the verifier accept
    /// [`Proof::HttpSignature`](wimse_core::Proof::HttpSignature) alone. Nobody passes anonymously, whatever
    /// [`AuthenticateLayer::optional`] says.
    pub fn sign_all_responses(self, signer: Signer) -> Self {
        self.responses(signer, true)
    }

    fn responses(mut self, signer: Signer, always: bool) -> Self {
        self.config.responses = Some(Responses { signer, always });
        self
    }

    /// How much content of a response is read to sign it, in octets. Default 2 MiB.
    pub fn response_limit(mut self, octets: usize) -> Self {
        self.config.response_limit = octets;
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
        let Config { verifier, optional, target, body_limit, responses, response_limit, .. } = self.config;
        let config = Config { verifier, optional, target, body_limit, responses, response_limit, respond };
        AuthenticateLayer { config }
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
