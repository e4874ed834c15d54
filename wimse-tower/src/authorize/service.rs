//! The service: ask the policy about the peer that the authentication layer found.

use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use wimse_core::{Reason, Rejection, RequestHead, Target};

use super::layer::Config;
use super::{AuthorizeRequest, ResponseFuture};
use crate::{Caller, MaybeBuffered, ProblemResponse, RejectionResponse};

/// The service of an [`AuthorizeLayer`](super::AuthorizeLayer).
pub struct Authorize<S, A, R = ProblemResponse> {
    pub(super) inner: S,
    pub(super) config: Config<A, R>,
}

impl<S, A, R, B, ResBody> Service<Request<B>> for Authorize<S, A, R>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
    A: AuthorizeRequest,
    R: RejectionResponse,
    ResBody: Body<Data = Bytes>,
{
    type Response = Response<MaybeBuffered<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, A, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        let (parts, body) = request.into_parts();
        let config = &self.config;
        let head =
            RequestHead { method: &parts.method, uri: (config.target)(&parts), headers: &parts.headers };
        let refused: Rejection = match Caller::of(&parts.extensions) {
            Caller::Peer(peer) => {
                let deciding = config.policy.authorize(peer, &head);
                let peer = peer.clone();
                return ResponseFuture::deciding(deciding, peer, inner, parts, body, config);
            }
            Caller::Anonymous(anonymous) => anonymous.rejection().clone(),
            Caller::Unknown => Reason::LayerMissing.into(),
        };
        config.observer.authorized(None, Some(refused.reason()), Target::from(&head));
        ResponseFuture::refused(refused, &parts, &config.respond)
    }
}

impl<S: Clone, A: Clone, R: Clone> Clone for Authorize<S, A, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), config: self.config.clone() }
    }
}

impl<S: fmt::Debug, A, R> fmt::Debug for Authorize<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize").field("inner", &self.inner).finish_non_exhaustive()
    }
}
