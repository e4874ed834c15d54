//! The response future: the policy's decision, then the inner service's response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use wimse_core::{Peer, Rejection, RequestHead, Target};

use super::AuthorizeRequest;
use super::layer::Config;
use crate::rejection::refuse;
use crate::{MaybeBuffered, RejectionResponse};

pin_project! {
    /// The response future of [`Authorize`](super::Authorize).
    pub struct ResponseFuture<S, A, B, R>
    where
        S: Service<Request<B>>,
        A: AuthorizeRequest,
    {
        #[pin]
        state: State<S, A, B, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[project_replace = StateReplacement]
    enum State<S, A, B, R>
    where
        S: Service<Request<B>>,
        A: AuthorizeRequest,
    {
        Deciding { #[pin] decision: A::Future, waiting: Waiting<S, A, B, R> },
        Calling { #[pin] response: S::Future },
        Refused { response: Response<Bytes> },
        Done,
    }
}

/// What waits for the decision.
struct Waiting<S, A, B, R> {
    peer: Peer,
    inner: S,
    parts: Parts,
    body: B,
    config: Config<A, R>,
}

impl<S: Service<Request<B>>, A: AuthorizeRequest, B, R: RejectionResponse> ResponseFuture<S, A, B, R> {
    pub(super) fn deciding(
        decision: A::Future,
        peer: Peer,
        inner: S,
        parts: Parts,
        body: B,
        config: &Config<A, R>,
    ) -> Self {
        let waiting = Waiting { peer, inner, parts, body, config: config.clone() };
        Self { state: State::Deciding { decision, waiting } }
    }

    pub(super) fn refused(rejection: Rejection, request: &Parts, respond: &R) -> Self {
        let response = refuse(respond, rejection, request);
        Self { state: State::Refused { response } }
    }
}

impl<S, A, B, R, ResBody> Future for ResponseFuture<S, A, B, R>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    A: AuthorizeRequest,
    R: RejectionResponse,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<MaybeBuffered<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProjection::Deciding { decision, .. } = state.as_mut().project() {
            let refused = ready!(decision.poll(cx)).refusal();
            let StateReplacement::Deciding { waiting, .. } = state.as_mut().project_replace(State::Done)
            else {
                return Poll::Pending;
            };
            let Waiting { peer, mut inner, parts, body, config } = waiting;
            let head =
                RequestHead { method: &parts.method, uri: (config.target)(&parts), headers: &parts.headers };
            config.observer.authorized(Some(&peer), refused, Target::from(&head));
            state.set(match refused {
                None => State::Calling { response: inner.call(Request::from_parts(parts, body)) },
                Some(reason) => {
                    State::Refused { response: refuse(&config.respond, Rejection::new(reason), &parts) }
                }
            });
        }
        if let StateProjection::Calling { response } = state.as_mut().project() {
            let response = ready!(response.poll(cx))?;
            return Poll::Ready(Ok(response.map(MaybeBuffered::streamed)));
        }
        match state.project_replace(State::Done) {
            StateReplacement::Refused { response } => {
                Poll::Ready(Ok(response.map(|content| MaybeBuffered::whole(content, None))))
            }
            _ => Poll::Pending,
        }
    }
}
