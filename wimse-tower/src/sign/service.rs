//! The service: sign, then send.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;
use wimse_core::{SignOptions, Signer};

use super::ResponseFuture;
use crate::BoxError;

/// The service of a [`SignLayer`](super::SignLayer).
///
/// A request that cannot be signed is not sent: the error is a [`SignError`](wimse_core::SignError) in a [`BoxError`].
#[derive(Debug, Clone)]
pub struct Sign<S> {
    pub(super) inner: S,
    pub(super) signer: Signer,
    pub(super) options: SignOptions,
}

impl<S, B, ResBody> Service<Request<B>> for Sign<S>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let own = request.extensions_mut().remove::<SignOptions>();
        let signed = self.signer.sign_request(&mut request, None, own.as_ref().unwrap_or(&self.options));
        match signed {
            Ok(_) => ResponseFuture::sent(self.inner.call(request)),
            Err(error) => ResponseFuture::unsigned(error),
        }
    }
}
