//! The service: verify first, then call the inner service with the peer.

use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use wimse_core::{Reason, RequestHead, Target};

use super::ResponseFuture;
use super::admission::Begun;
use super::answer::{Answer, impossible};
use super::future::ToCall;
use super::layer::Config;
use crate::rejection::refuse;
use crate::{Anonymous, BoxError, Caller, MaybeBuffered, RejectionResponse};

/// The service of an [`AuthenticateLayer`](super::AuthenticateLayer).
#[derive(Clone)]
pub struct Authenticate<S, R = crate::ProblemResponse> {
    pub(super) inner: S,
    pub(super) config: Config<R>,
}

impl<S, R, B, ResBody> Service<Request<B>> for Authenticate<S, R>
where
    S: Service<Request<MaybeBuffered<B>>, Response = Response<ResBody>> + Clone,
    R: RejectionResponse,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes>,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<MaybeBuffered<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, ResBody, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let Self { inner, config } = self;
        let Config { verifier, respond, responses, response_limit, .. } = config;
        // Whatever an outer service left there is not what this layer vouches for.
        Caller::forget(&mut parts.extensions);
        verifier.mark_sensitive(&mut parts.headers);

        let head =
            RequestHead { method: &parts.method, uri: (config.target)(&parts), headers: &parts.headers };
        // Nothing ties a response to a request without credentials.
        let always = responses.as_ref().is_some_and(|responses| responses.always);
        if config.optional && !always && verifier.is_anonymous(&parts.headers) {
            verifier.observer().anonymous(Target::from(&head));
            parts.extensions.insert(Anonymous::new(verifier.rejection(Reason::CredentialsMissing)));
            let request = Request::from_parts(parts, MaybeBuffered::streamed(body));
            return ResponseFuture::calling(ToCall::anonymous(request), inner);
        }
        let verified = verifier.verify_head(head).and_then(|head| {
            let (exchange, observer) = (head.exchange(), verifier.observer());
            match Answer::to(exchange, responses.as_ref(), *response_limit, observer) {
                Answer::Unsigned => Ok((head, None)),
                Answer::Signed(signing) => Ok((head, Some(signing))),
                Answer::Impossible(why) => Err(head.refuse(impossible(why))),
            }
        });
        let begun =
            verified.and_then(|(head, signing)| Ok((Begun::of(head, body, config.body_limit)?, signing)));
        match begun {
            Ok((Begun::Decided(peer, body), signing)) => {
                let to_call = ToCall::new(peer, body, parts, respond.clone(), signing);
                ResponseFuture::calling(to_call, inner)
            }
            Ok((Begun::Awaited(admission), signing)) => {
                // The clone is not ready; the one that was polled goes with the request. While content is awaited, it does
                // not: nothing of what the inner service set aside for the call is held then, it is for requests that are
                // there.
                let ready = !admission.awaits_content();
                let polled = renew(inner);
                let inner = if ready { polled } else { inner.clone() };
                ResponseFuture::admitting(admission, (inner, ready), parts, respond.clone(), signing)
            }
            Err(rejection) => {
                let refused = refuse(respond, rejection, &parts);
                // What the inner service set aside for the call is not needed.
                drop(renew(inner));
                ResponseFuture::refused(refused)
            }
        }
    }
}

/// Puts a clone in the place of the service that was polled.
fn renew<S: Clone>(polled: &mut S) -> S {
    let clone = polled.clone();
    mem::replace(polled, clone)
}

impl<S: fmt::Debug, R> fmt::Debug for Authenticate<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").field("inner", &self.inner).finish_non_exhaustive()
    }
}
