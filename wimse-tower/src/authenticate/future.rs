//! The response future: the decision, then the inner service's response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use wimse_core::Verifying;

use crate::rejection::refuse;
use crate::span::CallerSpan;
use crate::{RejectionResponse, ResponseBody};

pin_project! {
    /// The response future of [`Authenticate`](super::Authenticate).
    pub struct ResponseFuture<S, B, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[project_replace = StateReplacement]
    enum State<S, B, R>
    where
        S: Service<Request<B>>,
    {
        Verifying { verifying: Verifying, inner: S, parts: Parts, body: B, respond: R },
        Calling { #[pin] response: S::Future, span: CallerSpan },
        Done,
    }
}

impl<S: Service<Request<B>>, B, R> ResponseFuture<S, B, R> {
    pub(super) fn verifying(verifying: Verifying, inner: S, parts: Parts, body: B, respond: R) -> Self {
        Self { state: State::Verifying { verifying, inner, parts, body, respond } }
    }

    pub(super) fn calling(response: S::Future) -> Self {
        Self { state: State::Calling { response, span: CallerSpan::none() } }
    }
}

impl<S, B, R, ResBody> Future for ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    R: RejectionResponse,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProjection::Verifying { verifying, .. } = state.as_mut().project() {
            let decision = ready!(Pin::new(verifying).poll(cx));
            let StateReplacement::Verifying { mut inner, mut parts, body, respond, .. } =
                state.as_mut().project_replace(State::Done)
            else {
                return Poll::Pending;
            };
            let peer = match decision {
                Ok(peer) => peer,
                Err(rejection) => {
                    let response = refuse(&respond, rejection, &parts);
                    return Poll::Ready(Ok(response.map(ResponseBody::refusal)));
                }
            };
            let span = CallerSpan::of(&peer);
            parts.extensions.insert(peer);
            let response = span.run(|| inner.call(Request::from_parts(parts, body)));
            state.set(State::Calling { response, span });
        }
        match state.project() {
            StateProjection::Calling { response, span } => {
                let response = ready!(span.run(|| response.poll(cx)))?;
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            _ => Poll::Pending,
        }
    }
}
