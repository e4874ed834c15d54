//! The response future: the inner client's, or the error that kept the request from being sent.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use wimse_core::SignError;

use crate::BoxError;

pin_project! {
    /// The response future of [`Sign`](super::Sign).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Sent { #[pin] response: F },
        Unsigned { error: Option<SignError> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn sent(response: F) -> Self {
        Self { state: State::Sent { response } }
    }

    pub(super) fn unsigned(error: SignError) -> Self {
        Self { state: State::Unsigned { error: Some(error) } }
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Sent { response } => response.poll(cx).map_err(Into::into),
            StateProjection::Unsigned { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error.into())),
                None => Poll::Pending,
            },
        }
    }
}
