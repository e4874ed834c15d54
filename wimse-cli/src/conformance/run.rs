//! Sending a case to its receiver.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use wimse_core::dangerous::validate_wit_without_proof;
use wimse_core::identifier::IdentifierError;
use wimse_core::observer::Silent;
use wimse_core::policy;
use wimse_core::trace::NoTrace;
use wimse_core::trust::TrustError;
use wimse_core::{
    Audiences, Clock, Limits, MemoryReplayCache, Reason, Rejection, TrustStore, UnixTime, Verifier,
    Verifying, WorkloadId,
};

use super::case::{Case, Expected, Receiver, Subject};
use super::fault::Fault;
use super::fields::OneOrMany;
use super::httpsig;
use super::message::Request;

/// The reason code of a message that the `http` crate cannot hold, so that no software built on it would see it.
pub(super) const NOT_REPRESENTABLE: &str = "request_not_representable";

/// The reason code of two identifiers that are well-formed and not the same.
const DIFFERENT: &str = "identifiers_differ";

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    Accept,
    Reject,
    Skipped,
}

impl Got {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Skipped => "skipped",
        }
    }
}

/// What came of a case, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) got: Got,
    pub(super) reason: Option<&'static str>,
}

impl Outcome {
    const ACCEPT: Self = Self { got: Got::Accept, reason: None };
    const SKIPPED: Self = Self { got: Got::Skipped, reason: None };

    pub(super) fn reject(reason: &'static str) -> Self {
        Self { got: Got::Reject, reason: Some(reason) }
    }
}

impl From<Rejection> for Outcome {
    fn from(rejection: Rejection) -> Self {
        Self::reject(rejection.reason().code())
    }
}

impl From<TrustError> for Outcome {
    fn from(error: TrustError) -> Self {
        Self::reject(error.reason())
    }
}

impl From<IdentifierError> for Outcome {
    fn from(error: IdentifierError) -> Self {
        Self::reject(error.reason())
    }
}

impl<T, E: Into<Self>> From<Result<T, E>> for Outcome {
    fn from(decision: Result<T, E>) -> Self {
        decision.map_or_else(Into::into, |_| Self::ACCEPT)
    }
}

/// Runs one case, from a fresh start.
pub(super) fn run(case: &Case) -> Result<OneOrMany<Outcome>, Fault> {
    if case.expected == OneOrMany::One(Expected::Unknown) {
        return Ok(OneOrMany::One(Outcome::SKIPPED));
    }
    Ok(match &case.subject {
        Subject::Wit { token, now, trust } => OneOrMany::One(match trust.load() {
            Ok(anchors) => {
                let store = TrustStore::new(anchors);
                validate_wit_without_proof(token, &store, &Limits::default(), *now, &mut NoTrace).into()
            }
            Err(error) => error.into(),
        }),
        Subject::Wpt { receiver, requests } => send(receiver, requests)?,
        Subject::SignedRequest { receiver, requests } => httpsig::sent(receiver, requests),
        Subject::SignedResponse(exchange) => OneOrMany::One(httpsig::answered(exchange)?),
        Subject::Identifier(input) => OneOrMany::One(WorkloadId::parse(input).into()),
        Subject::Comparison(a, b) => OneOrMany::One(compare(a, b).unwrap_or_else(Into::into)),
    })
}

/// Sends the requests one after another to one verifier.
fn send(receiver: &Receiver, requests: &OneOrMany<Request>) -> Result<OneOrMany<Outcome>, Fault> {
    let anchors = match receiver.trust.load() {
        Ok(anchors) => anchors,
        Err(error) => return Ok(requests.map(|_| error.into())),
    };
    let context_tokens = receiver.context_tokens.clone().unwrap_or_else(|| {
        let covered = requests.as_slice().iter().map(|request| request.message.covered_fields());
        covered.flatten().collect()
    });
    let clock = Arc::new(CaseClock::default());
    let verifier = Verifier::builder()
        .trust_anchors(anchors)
        .audiences(Audiences::exact(receiver.audiences.iter().cloned()))
        .context_tokens(context_tokens)
        .allow_revision(receiver.revision)
        .replay_cache(MemoryReplayCache::default())
        .clock(Arc::clone(&clock))
        .observer(Silent)
        .build()
        .map_err(Fault::Receiver)?;
    Ok(requests.map(|request| {
        clock.set(request.now);
        match request.message.to_http() {
            Some(message) => decide(verifier.verify(&message)),
            None => Outcome::reject(NOT_REPRESENTABLE),
        }
    }))
}

/// The decision of a verifier whose replay cache is in memory, and thus ready at once.
fn decide(decision: Verifying) -> Outcome {
    match pin!(decision).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(decision) => decision.into(),
        Poll::Pending => Rejection::new(Reason::ReplayUnavailable).into(),
    }
}

fn compare(a: &str, b: &str) -> Result<Outcome, IdentifierError> {
    let (a, b) = (WorkloadId::parse(a)?, WorkloadId::parse(b)?);
    // A rule that names the one must not let the other in either: nothing may match by prefix.
    let rule = policy::exact([a.as_str()])?.or(policy::pattern(a.as_str())?);
    let same = a == b || rule.allows(&b);
    Ok(if same { Outcome::ACCEPT } else { Outcome::reject(DIFFERENT) })
}

/// A clock that stands at the time of the case.
#[derive(Default)]
struct CaseClock(AtomicI64);

impl CaseClock {
    fn set(&self, now: UnixTime) {
        self.0.store(now.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for CaseClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}
