//! Deciding about signed messages with the functions of the library, in the order that it demands of its callers.

use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, Response};
use wimse_core::dangerous::{read_wit_unverified, validate_wit_without_proof};
use wimse_core::httpsig::profile::{self, RequestCheck, ResponseCheck, SIGN_RESPONSE, TAG, Terms};
use wimse_core::httpsig::{HttpSigError, ReceivedSignatures, RequestParts, ResponseParts};
use wimse_core::limits::MAX_LEEWAY;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::trace::NoTrace;
use wimse_core::wit::WORKLOAD_IDENTITY_TOKEN;
use wimse_core::{
    Audiences, Expectation, Limits, MemoryReplayCache, Reason, Rejection, ReplayCache, Revision, TrustStore,
    UnixTime, Wit,
};

use super::super::fault::Fault;
use super::super::fields::OneOrMany;
use super::super::run::{NOT_REPRESENTABLE, Outcome};
use super::{Exchange, Receiver, Request, WitCheck};

/// The scheme of every message here: the drafts allow no other (http-signature §5.1), and no start line names it.
const SCHEME: &str = "https";

/// A nonce counts once, whoever sends it (http-signature §3), unlike the `jti` of a proof token.
const ANY_SENDER: &str = "";

/// Sends the requests one after another to one receiver.
pub(in super::super) fn sent(receiver: &Receiver, requests: &OneOrMany<Request>) -> OneOrMany<Outcome> {
    let trust = match receiver.trust.load() {
        Ok(anchors) => TrustStore::new(anchors),
        Err(error) => return requests.map(|_| error.into()),
    };
    let cache = MemoryReplayCache::default();
    requests.map(|request| match request.message.to_request() {
        Some(head) => accept(receiver, &trust, &cache, request, &head).into(),
        None => Outcome::reject(NOT_REPRESENTABLE),
    })
}

fn accept(
    receiver: &Receiver,
    trust: &TrustStore,
    cache: &MemoryReplayCache,
    request: &Request,
    head: &http::Request<()>,
) -> Result<(), Rejection> {
    let now = request.now;
    let wit = token(head.headers(), request.wit_check, trust, now)?.ok_or(Reason::WitMissing)?;
    let audiences = match &receiver.audiences {
        Some(audiences) => Audiences::exact(audiences.iter().cloned()),
        // Only vectors of published examples have no list: their recipient is the one that the example talks to. No
        // service may do this, since `Host` is the caller's word (http-signature §3.2).
        None => Audiences::exact([default_audience(head)]),
    };
    let check = RequestCheck {
        request: RequestParts::from(head).with_scheme(SCHEME),
        wit: &wit,
        audiences: &audiences,
        context: &[],
        terms: terms(receiver.revision, now),
    };
    let verified = check.verify()?.ok_or(Reason::ProofMissing)?;
    verified.check_content(request.message.body())?;
    // Last, so that nobody can use up another's nonce.
    let until = verified.expires_at().plus(MAX_LEEWAY);
    match cache.use_once(&ProofUse::new(ANY_SENDER, verified.nonce(), until, now)) {
        ReplayAnswer::Ready(Ok(Use::First)) => Ok(()),
        ReplayAnswer::Ready(Ok(Use::Again)) => Err(Reason::Replayed.into()),
        ReplayAnswer::Ready(Err(ReplayError::Full)) => Err(Reason::ReplayFull.into()),
        ReplayAnswer::Ready(Err(_)) | ReplayAnswer::Pending(_) => Err(Reason::ReplayUnavailable.into()),
    }
}

/// Gives the response to the client that sent the request.
pub(in super::super) fn answered(exchange: &Exchange) -> Result<Outcome, Fault> {
    let (Some(request), Some(response)) = (exchange.request.to_request(), exchange.response.to_response())
    else {
        return Ok(Outcome::reject(NOT_REPRESENTABLE));
    };
    let signatures =
        ReceivedSignatures::parse(request.headers(), &Default::default()).map_err(Fault::Sent)?;
    let input = signatures.by_tag(TAG).and_then(|signature| signature.input()).map_err(Fault::Sent)?;
    let asked = profile::Exchange {
        request: RequestParts::from(&request).with_scheme(SCHEME),
        nonce: input
            .nonce()
            .map_err(Fault::Sent)?
            .ok_or(Fault::Sent(HttpSigError::ParameterType("nonce")))?,
        signed_response_wanted: input.boolean(SIGN_RESPONSE).map_err(Fault::Sent)?.unwrap_or_default(),
    };
    let trust = match exchange.trust.load() {
        Ok(anchors) => TrustStore::new(anchors),
        Err(error) => return Ok(error.into()),
    };
    receive(exchange, &trust, asked, &response)
}

fn receive(
    exchange: &Exchange,
    trust: &TrustStore,
    asked: profile::Exchange<'_>,
    response: &Response<()>,
) -> Result<Outcome, Fault> {
    // A token says nothing about an ordinary response, so that nobody validates it.
    let wit = match is_signed(response.headers()) {
        true => token(response.headers(), exchange.wit_check, trust, exchange.now),
        false => Ok(None),
    };
    let wit = match wit {
        Ok(wit) => wit,
        Err(rejection) => return Ok(rejection.into()),
    };
    let expected = match (&exchange.server, &wit) {
        (Some(server), _) => Expectation::Workload(server.0.clone()),
        (None, Some(wit)) => Expectation::TrustDomain(wit.subject().trust_domain()),
        (None, None) => return Err(Fault::Missing("expected_server_identifier")),
    };
    let check = ResponseCheck {
        response: ResponseParts::from(response),
        exchange: asked,
        wit: wit.as_deref(),
        expected: &expected,
        terms: terms(exchange.revision, exchange.now),
    };
    let decision = check.verify().and_then(|verified| match verified {
        Some(verified) => verified.check_content(exchange.response.body()),
        None => Ok(()),
    });
    Ok(decision.into())
}

/// The one token of a message, validated; `None` if it has none.
fn token(
    headers: &HeaderMap,
    check: WitCheck,
    trust: &TrustStore,
    now: UnixTime,
) -> Result<Option<Arc<Wit>>, Rejection> {
    let mut lines = headers.get_all(WORKLOAD_IDENTITY_TOKEN).iter();
    let token = match (lines.next(), lines.next()) {
        (None, _) => return Ok(None),
        (Some(line), None) => line.to_str().map_err(|_| Reason::WitMalformed)?,
        (Some(_), Some(_)) => return Err(Reason::WitRepeated.into()),
    };
    let limits = Limits::default();
    match check {
        WitCheck::Full => validate_wit_without_proof(token, trust, &limits, now, &mut NoTrace),
        WitCheck::SkipSignature => read_wit_unverified(token, &limits, now).map(Arc::new),
    }
    .map(Some)
}

/// Whether there is a WIMSE signature, right or wrong.
fn is_signed(headers: &HeaderMap) -> bool {
    match ReceivedSignatures::parse(headers, &Default::default()) {
        Ok(signatures) => !matches!(signatures.by_tag(TAG), Err(HttpSigError::NotFound)),
        Err(_) => true,
    }
}

/// The target URI without its query, as a client takes it for the audience (http-signature §3.2).
fn default_audience(head: &http::Request<()>) -> String {
    let host = head.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{SCHEME}://{host}{}", head.uri().path())
}

fn terms(revision: Revision, now: UnixTime) -> Terms {
    let Limits { leeway, signature_window: window, .. } = Limits::default();
    Terms { revision, now, leeway, window }
}
