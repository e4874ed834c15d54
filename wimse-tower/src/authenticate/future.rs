//! The response future: the decision, the inner service's response, and the signature on it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response, request};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use wimse_core::Peer;

use super::admission::Admission;
use super::answer::{Answering, Begun, Signing, begin};
use crate::rejection::refuse;
use crate::span::CallerSpan;
use crate::{BoxError, MaybeBuffered, RejectionResponse};

pin_project! {
    /// The response future of [`Authenticate`](super::Authenticate).
    pub struct ResponseFuture<S, B, T, R>
    where
        S: Service<Request<MaybeBuffered<B>>, Response = Response<T>>,
    {
        #[pin]
        state: State<S, B, T, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[project_replace = StateReplacement]
    enum State<S, B, T, R>
    where
        S: Service<Request<MaybeBuffered<B>>, Response = Response<T>>,
    {
        Admitting { #[pin] admission: Admission<B>, inner: S, ready: bool, request: request::Parts, respond: R, signing: Option<Box<Signing>> },
        Admitted { inner: S, ready: bool, request: Option<Request<MaybeBuffered<B>>>, span: CallerSpan, answer: Option<ToSign<R>> },
        Calling { #[pin] response: S::Future, span: CallerSpan, answer: Option<ToSign<R>> },
        Answering { #[pin] answering: Answering<T, R> },
        Refused { response: Response<Bytes> },
        Done,
    }
}

/// A request for the inner service, and what its response needs.
pub(super) struct ToCall<B, R> {
    request: Request<MaybeBuffered<B>>,
    span: CallerSpan,
    answer: Option<ToSign<R>>,
}

impl<B, R> ToCall<B, R> {
    pub(super) fn new(
        peer: Peer,
        body: MaybeBuffered<B>,
        mut request: request::Parts,
        respond: R,
        signing: Option<Box<Signing>>,
    ) -> Self {
        // Who must sign may still have to refuse, and a refusal can depend on the request.
        let answer = signing.map(|signing| ToSign { signing, request: request.clone(), respond });
        let span = CallerSpan::of(&peer);
        request.extensions.insert(peer);
        Self { request: Request::from_parts(request, body), span, answer }
    }

    pub(super) fn anonymous(request: Request<MaybeBuffered<B>>) -> Self {
        Self { request, span: CallerSpan::none(), answer: None }
    }
}

/// What is needed to sign the response.
struct ToSign<R> {
    signing: Box<Signing>,
    request: request::Parts,
    respond: R,
}

impl<S, B, T, R> ResponseFuture<S, B, T, R>
where
    S: Service<Request<MaybeBuffered<B>>, Response = Response<T>>,
{
    pub(super) fn admitting(
        admission: Admission<B>,
        (inner, ready): (S, bool),
        request: request::Parts,
        respond: R,
        signing: Option<Box<Signing>>,
    ) -> Self {
        Self { state: State::Admitting { admission, inner, ready, request, respond, signing } }
    }

    /// Calls the inner service, which is ready.
    pub(super) fn calling(to_call: ToCall<B, R>, inner: &mut S) -> Self {
        let ToCall { request, span, answer } = to_call;
        let response = span.run(|| inner.call(request));
        Self { state: State::Calling { response, span, answer } }
    }

    pub(super) fn refused(response: Response<Bytes>) -> Self {
        Self { state: State::Refused { response } }
    }
}

impl<S, B, T, R> Future for ResponseFuture<S, B, T, R>
where
    S: Service<Request<MaybeBuffered<B>>, Response = Response<T>>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
    T: Body<Data = Bytes>,
    T::Error: Into<BoxError>,
    R: RejectionResponse,
{
    type Output = Result<Response<MaybeBuffered<T>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Admitting { admission, .. } => {
                    let decision = ready!(admission.poll(cx));
                    let StateReplacement::Admitting { inner, ready, request, respond, signing, .. } =
                        state.as_mut().project_replace(State::Done)
                    else {
                        return Poll::Pending;
                    };
                    match decision {
                        // Unsigned: whoever repeats a request, or sends it with other content, must not get a signed
                        // refusal to put in the place of the true response.
                        Err(rejection) => State::Refused { response: refuse(&respond, rejection, &request) },
                        Ok((peer, body)) => {
                            let ToCall { request, span, answer } =
                                ToCall::new(peer, body, request, respond, signing);
                            State::Admitted { inner, ready, request: Some(request), span, answer }
                        }
                    }
                }
                StateProjection::Admitted { inner, ready, request, span, answer } => {
                    if !*ready {
                        ready!(span.run(|| inner.poll_ready(cx)))?;
                    }
                    let Some(request) = request.take() else { return Poll::Pending };
                    let response = span.run(|| inner.call(request));
                    State::Calling { response, span: span.clone(), answer: answer.take() }
                }
                StateProjection::Calling { response, span, answer } => {
                    let response = ready!(span.run(|| response.poll(cx)))?;
                    let Some(ToSign { signing, request, respond }) = answer.take() else {
                        return Poll::Ready(Ok(response.map(MaybeBuffered::streamed)));
                    };
                    match begin(response, signing, request, respond) {
                        Begun::Response(response) => return Poll::Ready(Ok(response)),
                        Begun::Answering(answering) => State::Answering { answering },
                    }
                }
                StateProjection::Answering { answering } => return answering.poll(cx).map(Ok),
                StateProjection::Refused { .. } => {
                    let StateReplacement::Refused { response } = state.project_replace(State::Done) else {
                        return Poll::Pending;
                    };
                    return Poll::Ready(Ok(response.map(|content| MaybeBuffered::whole(content, None))));
                }
                StateProjection::Done => return Poll::Pending,
            };
            state.set(next);
        }
    }
}
