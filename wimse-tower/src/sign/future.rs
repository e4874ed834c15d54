//! The response future: content, signature, the inner client's response, and what its signature says.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response, request, response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use wimse_core::{Callee, ExpectedResponse, ResponseVerified, SignError, SignOptions, Signer};

use super::Bodies;
use crate::body::{ReadError, Reading, Whole};
use crate::rejection::is_grpc;
use crate::{BoxError, MaybeBuffered};

/// How often a gRPC stream may have nothing new to say before it is taken for one that waits for its sender. tokio's own
/// streams have nothing now and then only because others are to have their turn.
const IDLE_TURNS: u8 = 8;

/// What to do with a request.
pub(super) struct Plan<S, W> {
    pub(super) inner: S,
    pub(super) signer: Signer,
    pub(super) options: SignOptions,
    pub(super) response_limit: usize,
    pub(super) bodies: W,
}

pin_project! {
    /// The response future of [`Sign`](super::Sign).
    pub struct ResponseFuture<S, W, B, T>
    where
        W: Bodies<B>,
        S: Service<Request<W::Body>, Response = Response<T>>,
    {
        #[pin]
        state: State<S, W, B, T>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[project_replace = StateReplacement]
    enum State<S, W, B, T>
    where
        W: Bodies<B>,
        S: Service<Request<W::Body>, Response = Response<T>>,
    {
        Unsigned { request: Request<B>, plan: Plan<S, W> },
        Reading { #[pin] reading: Reading<B>, parts: Option<request::Parts>, plan: Option<Plan<S, W>>, idle: u8 },
        Sent { #[pin] response: S::Future, expected: Option<ExpectedResponse>, limit: usize },
        Checking { #[pin] reading: Reading<T>, parts: Option<response::Parts>, verified: Option<ResponseVerified> },
        Done,
    }
}

impl<S, W, B, T> ResponseFuture<S, W, B, T>
where
    W: Bodies<B>,
    S: Service<Request<W::Body>, Response = Response<T>>,
{
    pub(super) fn new(plan: Plan<S, W>, request: Request<B>) -> Self {
        Self { state: State::Unsigned { request, plan } }
    }
}

impl<S, W, B, T> State<S, W, B, T>
where
    W: Bodies<B>,
    S: Service<Request<W::Body>, Response = Response<T>>,
    B: Body<Data = Bytes>,
{
    /// Signs and sends, or begins to read what is to be signed.
    fn begin(request: Request<B>, plan: Plan<S, W>) -> Result<Self, BoxError> {
        let (parts, body) = request.into_parts();
        if !plan.signer.needs_content(&plan.options) {
            let body = plan.bodies.pass(body);
            return plan.send(parts, body, None);
        }
        match plan.bodies.limit() {
            _ if body.is_end_stream() => {
                let body = plan.bodies.pass(body);
                plan.send(parts, body, Some(b""))
            }
            Some(limit) => {
                let reading = Reading::new(body, limit);
                Ok(Self::Reading { reading, parts: Some(parts), plan: Some(plan), idle: 0 })
            }
            None => Err(SignError::ContentUnavailable.into()),
        }
    }
}

impl<S, W> Plan<S, W> {
    fn send<B, T>(
        self,
        mut parts: request::Parts,
        body: W::Body,
        content: Option<&[u8]>,
    ) -> Result<State<S, W, B, T>, BoxError>
    where
        W: Bodies<B>,
        S: Service<Request<W::Body>, Response = Response<T>>,
    {
        let Self { mut inner, signer, options, response_limit: limit, .. } = self;
        let expected = signer.sign(&parts.method, &parts.uri, &mut parts.headers, content, &options)?;
        let response = inner.call(Request::from_parts(parts, body));
        Ok(State::Sent { response, expected: Some(expected), limit })
    }
}

impl<S, W, B, T> Future for ResponseFuture<S, W, B, T>
where
    W: Bodies<B>,
    S: Service<Request<W::Body>, Response = Response<T>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
    T: Body<Data = Bytes>,
    T::Error: Into<BoxError>,
{
    type Output = Result<Response<MaybeBuffered<T>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Unsigned { .. } => {
                    let StateReplacement::Unsigned { request, plan } =
                        state.as_mut().project_replace(State::Done)
                    else {
                        return Poll::Pending;
                    };
                    State::begin(request, plan)?
                }
                StateProjection::Reading { reading, parts, plan, idle } => {
                    *idle = idle.saturating_add(1);
                    let read = reading.poll(cx, |_| *idle = 0);
                    if read.is_pending() && parts.as_ref().is_some_and(|parts| is_grpc(&parts.headers)) {
                        if *idle >= IDLE_TURNS {
                            // The sender may wait for the response.
                            return Poll::Ready(Err(SignError::ContentUnavailable.into()));
                        }
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    let Whole { content, trailers } = match ready!(read) {
                        Ok(whole) => whole,
                        Err(ReadError::TooLarge(error)) => {
                            return Poll::Ready(Err(SignError::from(error).into()));
                        }
                        Err(ReadError::Failed(error)) => return Poll::Ready(Err(error)),
                    };
                    let (Some(parts), Some(plan)) = (parts.take(), plan.take()) else { return Poll::Pending };
                    let Some(body) = plan.bodies.whole(content.clone(), trailers) else {
                        return Poll::Ready(Err(SignError::ContentUnavailable.into()));
                    };
                    plan.send(parts, body, Some(&content))?
                }
                StateProjection::Sent { response, expected, limit } => {
                    let mut response = ready!(response.poll(cx)).map_err(Into::into)?;
                    // Whatever an inner service left there is not what this layer vouches for.
                    response.extensions_mut().remove::<Callee>();
                    let Some(expected) = expected.take() else { return Poll::Pending };
                    let Some(verified) = expected.verify_head(response.status(), response.headers())? else {
                        return Poll::Ready(Ok(response.map(MaybeBuffered::streamed)));
                    };
                    let (parts, body) = response.into_parts();
                    let reading = Reading::new(body, *limit);
                    State::Checking { reading, parts: Some(parts), verified: Some(verified) }
                }
                StateProjection::Checking { reading, parts, verified } => {
                    let update =
                        |piece: &[u8]| verified.iter_mut().for_each(|verified| verified.update(piece));
                    let read = ready!(reading.poll(cx, update));
                    let (Some(mut parts), Some(mut verified)) = (parts.take(), verified.take()) else {
                        return Poll::Pending;
                    };
                    let whole = match read {
                        Ok(whole) => whole,
                        Err(ReadError::TooLarge(error)) => {
                            return Poll::Ready(Err(verified.refuse(error).into()));
                        }
                        Err(ReadError::Failed(error)) => return Poll::Ready(Err(error)),
                    };
                    verified.update(&[]);
                    verified.mark_sensitive(&mut parts.headers);
                    parts.extensions.insert(verified.finish()?);
                    return Poll::Ready(Ok(Response::from_parts(parts, whole.into_body())));
                }
                StateProjection::Done => return Poll::Pending,
            };
            state.set(next);
        }
    }
}
