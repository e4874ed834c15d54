//! The service: verify first, call the inner service with the peer.

use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use wimse_core::{RequestHead, Target};

use super::ResponseFuture;
use super::layer::Config;
use crate::{Anonymous, Caller, RejectionResponse, ResponseBody};

/// The service of an [`AuthenticateLayer`](super::AuthenticateLayer).
#[derive(Clone)]
pub struct Authenticate<S, R = crate::ProblemResponse> {
    pub(super) inner: S,
    pub(super) config: Config<R>,
}

impl<S, R, B, ResBody> Service<Request<B>> for Authenticate<S, R>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
    R: RejectionResponse,
    ResBody: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone is not ready; the one that was polled goes with the request.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let (mut parts, body) = request.into_parts();
        let verifier = &self.config.verifier;
        // Whatever an outer service left there is not what this layer vouches for.
        Caller::forget(&mut parts.extensions);
        verifier.mark_sensitive(&mut parts.headers);

        let head =
            RequestHead { method: &parts.method, uri: (self.config.target)(&parts), headers: &parts.headers };
        if self.config.optional && verifier.is_anonymous(&parts.headers) {
            verifier.observer().anonymous(Target::from(&head));
            parts.extensions.insert(Anonymous);
            return ResponseFuture::calling(inner.call(Request::from_parts(parts, body)));
        }
        let verifying = verifier.verify(head);
        ResponseFuture::verifying(verifying, inner, parts, body, self.config.respond.clone())
    }
}

impl<S: fmt::Debug, R> fmt::Debug for Authenticate<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").field("inner", &self.inner).finish_non_exhaustive()
    }
}
