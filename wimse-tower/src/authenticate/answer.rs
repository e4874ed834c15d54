//! Signing responses (http-signature §3.5): which, with what, and what to say where it cannot be done.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, VARY};
use http::{HeaderMap, Response, StatusCode, request, response};
use http_body::Body;
use pin_project_lite::pin_project;
use wimse_core::{Exchange, Observer, Reason, Rejection, Signer};

use crate::body::{ReadError, Reading, Whole};
use crate::rejection::refuse;
use crate::{BoxError, MaybeBuffered, RejectionResponse};

/// Which responses a layer signs.
#[derive(Clone)]
pub(super) struct Responses {
    pub(super) signer: Signer,
    pub(super) always: bool,
}

/// The signature that a response is to get.
pub(super) struct Signing {
    pub(super) responses: Responses,
    pub(super) limit: usize,
    pub(super) exchange: Exchange,
    pub(super) observer: Arc<dyn Observer>,
}

/// Whether the response to a request is signed.
pub(super) enum Answer {
    Unsigned,
    Signed(Box<Signing>),
    /// It must be, and cannot be.
    Impossible(&'static str),
}

impl Answer {
    pub(super) fn to(
        exchange: Option<Exchange>,
        responses: Option<&Responses>,
        limit: usize,
        observer: &Arc<dyn Observer>,
    ) -> Self {
        let always = responses.is_some_and(|responses| responses.always);
        match (exchange, responses) {
            (None, _) if always => {
                Self::Impossible("a request without an HTTP signature to tie the response to")
            }
            (Some(exchange), None) if exchange.requires_signed_response() => {
                Self::Impossible("a service without a credential to sign responses with")
            }
            (Some(exchange), Some(responses))
                if always || exchange.requires_signed_response() || exchange.prefers_signed_response() =>
            {
                let (responses, observer) = (responses.clone(), Arc::clone(observer));
                Self::Signed(Box::new(Signing { responses, limit, exchange, observer }))
            }
            _ => Self::Unsigned,
        }
    }
}

impl Signing {
    /// Nobody demands the signature, so that an unsigned response is as good.
    fn is_optional(&self) -> bool {
        !self.responses.always && !self.exchange.requires_signed_response()
    }

    fn sign(&self, parts: &mut response::Parts, content: &[u8]) -> Result<(), Rejection> {
        // What is tied to one request is for no other, also where a cache thinks that they are alike.
        parts.headers.append(VARY, HeaderValue::from_static("signature-input, accept-signature"));
        let Responses { signer, .. } = &self.responses;
        signer.sign_response(&self.exchange, parts.status, &mut parts.headers, content).map_err(impossible)
    }

    /// The error in the place of a response, signed if that is possible: it is an error either way.
    fn refusal(&self, response: Response<Bytes>) -> Response<Bytes> {
        let (mut parts, content) = response.into_parts();
        let unsigned = parts.headers.clone();
        if self.sign(&mut parts, &content).is_err() {
            parts.headers = unsigned;
        }
        Response::from_parts(parts, content)
    }
}

/// A signed response is required and cannot be made: the error of http-signature §3.6.
pub(super) fn impossible(found: impl Display) -> Rejection {
    Rejection::new(Reason::ResponseNotSignable).with_detail("a signed response", found)
}

pin_project! {
    /// Resolves to the signed response.
    pub(super) struct Answering<T, R> {
        #[pin]
        reading: Reading<T>,
        rest: Option<Box<Rest<R>>>,
    }
}

/// Everything about the response but its body.
struct Rest<R> {
    parts: response::Parts,
    signing: Box<Signing>,
    request: request::Parts,
    respond: R,
}

/// What the inner service's response becomes.
pub(super) enum Begun<T, R> {
    /// It may go as it is.
    Response(Response<MaybeBuffered<T>>),
    /// It has to be read first.
    Answering(Answering<T, R>),
}

pub(super) fn begin<T, R>(
    response: Response<T>,
    signing: Box<Signing>,
    request: request::Parts,
    respond: R,
) -> Begun<T, R>
where
    T: Body<Data = Bytes>,
    R: RejectionResponse,
{
    let limit = signing.limit;
    let small = response.body().size_hint().upper().is_some_and(|upper| upper <= limit as u64);
    if signing.is_optional() && (!small || is_endless(response.headers())) {
        return Begun::Response(response.map(MaybeBuffered::streamed));
    }
    let (parts, body) = response.into_parts();
    let rest = Rest { parts, signing, request, respond };
    if rest.has_no_content() {
        return Begun::Response(rest.finish(Whole::default()));
    }
    if is_endless(&rest.parts.headers) {
        return Begun::Response(rest.refuse(impossible("a stream of events")));
    }
    Begun::Answering(Answering { reading: Reading::new(body, limit), rest: Some(Box::new(rest)) })
}

/// A stream of events, which ends when the client goes away.
fn is_endless(headers: &HeaderMap) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.and_then(|value| value.get(..EVENTS.len())).is_some_and(|v| v.eq_ignore_ascii_case(EVENTS))
}

impl<R: RejectionResponse> Rest<R> {
    /// What a handler gives as body of such a response is not sent.
    fn has_no_content(&self) -> bool {
        let status = self.parts.status;
        status.is_informational() || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status)
    }

    fn finish<T>(mut self, whole: Whole) -> Response<MaybeBuffered<T>> {
        let unsigned = self.signing.is_optional().then(|| self.parts.headers.clone());
        match (self.signing.sign(&mut self.parts, &whole.content), unsigned) {
            (Ok(()), _) => {}
            (Err(_), Some(unsigned)) => self.parts.headers = unsigned,
            (Err(rejection), None) => return self.refuse(rejection),
        }
        Response::from_parts(self.parts, whole.into_body())
    }

    fn refuse<T>(self, rejection: Rejection) -> Response<MaybeBuffered<T>> {
        self.signing.observer.rejected(&rejection, self.signing.exchange.target());
        let refused = self.signing.refusal(refuse(&self.respond, rejection, &self.request));
        refused.map(|content| MaybeBuffered::whole(content, None))
    }
}

impl<T, R> Future for Answering<T, R>
where
    T: Body<Data = Bytes>,
    T::Error: Into<BoxError>,
    R: RejectionResponse,
{
    type Output = Response<MaybeBuffered<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let read = ready!(this.reading.poll(cx, |_| ()));
        let Some(rest) = this.rest.take() else { return Poll::Pending };
        Poll::Ready(match read {
            Ok(whole) => rest.finish(whole),
            Err(ReadError::TooLarge(error)) => rest.refuse(impossible(error)),
            Err(ReadError::Failed(error)) => rest.refuse(impossible(error)),
        })
    }
}
