//! The service: sign, then send, then check the response.

use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use wimse_core::{SignOptions, Signer};

use super::future::{Plan, ResponseFuture};
use super::{Bodies, PassThrough};
use crate::{BoxError, MaybeBuffered};

/// The service of a [`SignLayer`](super::SignLayer).
///
/// A request that cannot be signed is not sent: the error is a [`SignError`](wimse_core::SignError) in a [`BoxError`]. A response
/// that must not be handed on is a [`ResponseError`](wimse_core::ResponseError) in one. One that was signed has its
/// [`Callee`](wimse_core::Callee) in the extensions.
#[derive(Debug, Clone)]
pub struct Sign<S, W = PassThrough> {
    pub(super) inner: S,
    pub(super) signer: Signer,
    pub(super) options: SignOptions,
    pub(super) response_limit: usize,
    pub(super) bodies: W,
}

impl<S, W, B, ResBody> Service<Request<B>> for Sign<S, W>
where
    W: Bodies<B>,
    S: Service<Request<W::Body>, Response = Response<ResBody>> + Clone,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes>,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<MaybeBuffered<ResBody>>;
    type Error = BoxError;
    type Future = ResponseFuture<S, W, B, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The clone is not ready; the one that was polled goes with the request.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        let own = request.extensions_mut().remove::<SignOptions>();
        let plan = Plan {
            inner,
            signer: self.signer.clone(),
            options: own.unwrap_or_default().or(&self.options),
            response_limit: self.response_limit,
            bodies: self.bodies.clone(),
        };
        ResponseFuture::new(plan, request)
    }
}
