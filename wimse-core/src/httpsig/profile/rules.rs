//! The rules that requests and responses have in common.

use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName};

use super::TAG;
use super::lines::{Lines, REQUEST_FIELDS};
use super::suspects::Suspects;
use crate::clock::UnixTime;
use crate::httpsig::digest::{CONTENT_DIGEST, ContentDigest};
use crate::httpsig::{
    Component, Derived, HttpSigError, Limits, Message, ReceivedSignature, ReceivedSignatures, RequestParts,
    SignatureInput, with_scratch,
};
use crate::limits::MAX_LEEWAY;
use crate::revision::Revision;
use crate::trace::{Step, Trace, ensure};
use crate::wit::{WORKLOAD_IDENTITY_TOKEN, Wit};
use crate::{Reason, Rejection};

/// The longest validity that is accepted by default, from `created` to `expires`: 10 minutes.
pub const MAX_WINDOW: Duration = Duration::from_secs(600);

/// The longest nonce that is accepted, in octets.
const MAX_NONCE: usize = 256;

/// As [`REQUEST_FIELDS`], of a response.
static RESPONSE_FIELDS: [HeaderName; 3] = [WORKLOAD_IDENTITY_TOKEN, CONTENT_TYPE, CONTENT_DIGEST];

/// What a request's signature must cover, in the order in which this crate signs it. `further` are fields that must be
/// covered as well.
pub(super) fn of_request<'a>(
    revision: Revision,
    lines: Lines,
    further: &'a [HeaderName],
    headers: &'a HeaderMap,
) -> impl Iterator<Item = Component<'a>> {
    request_with(revision, lines.covered()).chain(fields(further, |name| headers.contains_key(name)))
}

/// What a response's signature must cover, in the order in which this crate signs it.
pub(super) fn of_response(
    revision: Revision,
    headers: &HeaderMap,
) -> impl Iterator<Item = Component<'static>> {
    response_with(revision, |name| headers.contains_key(name))
}

/// What the signature of a request with all the fields in question must cover.
pub(super) fn most_of_request(revision: Revision) -> impl Iterator<Item = Component<'static>> {
    request_with(revision, REQUEST_FIELDS.iter())
}

/// What the signature of a response with all the fields in question must cover.
pub(super) fn most_of_response(revision: Revision) -> impl Iterator<Item = Component<'static>> {
    response_with(revision, |_| true)
}

/// What a response's signature must cover whatever the response has.
pub(super) fn least_of_response(revision: Revision) -> impl Iterator<Item = Component<'static>> {
    response_with(revision, |_| false)
}

fn request_with<'a>(
    revision: Revision,
    fields: impl Iterator<Item = &'a HeaderName>,
) -> impl Iterator<Item = Component<'a>> {
    request_target(revision).map(Component::from).chain(fields.map(Component::from))
}

fn response_with(
    revision: Revision,
    present: impl Fn(&HeaderName) -> bool,
) -> impl Iterator<Item = Component<'static>> {
    let request = request_target(revision).map(Component::of_request);
    std::iter::once(Derived::Status.into()).chain(request).chain(fields(&RESPONSE_FIELDS, present))
}

fn request_target(revision: Revision) -> impl Iterator<Item = Derived> {
    std::iter::once(Derived::Method).chain(revision.signature().target.iter().copied())
}

fn fields<'a>(
    names: &'a [HeaderName],
    present: impl Fn(&HeaderName) -> bool,
) -> impl Iterator<Item = Component<'a>> {
    // The token is covered in any case: without it there is no key to verify with.
    let wanted = move |name: &&HeaderName| **name == WORKLOAD_IDENTITY_TOKEN || present(name);
    names.iter().filter(wanted).map(Component::from)
}

/// What a receiver accepts, of requests and responses alike.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The revision that the receiver is set to.
    pub revision: Revision,
    /// The current time.
    pub now: UnixTime,
    /// Clock difference that is tolerated, at most [`MAX_LEEWAY`].
    pub leeway: Duration,
    /// The longest validity that is accepted. See [`MAX_WINDOW`].
    pub window: Duration,
}

/// Everything that a signature is held against, but for what only requests or responses have.
pub(super) struct Check<'a> {
    pub(super) wit: &'a Wit,
    pub(super) headers: &'a HeaderMap,
    pub(super) terms: Terms,
}

/// What every WIMSE signature says.
pub(super) struct Common<'s> {
    pub(super) nonce: &'s str,
    pub(super) expires_at: UnixTime,
}

/// The one signature with the WIMSE tag; `None` if there is none (http-signature §3).
pub(super) fn find<'s, T: Trace>(
    signatures: &'s ReceivedSignatures<'_>,
    t: &mut T,
) -> Result<Option<ReceivedSignature<'s>>, Rejection> {
    match signatures.by_tag(TAG) {
        Ok(signature) => Ok(Some(signature)),
        Err(HttpSigError::NotFound) => Ok(None),
        Err(error) => Err(refuse(t, Step::SignatureFields, &error)),
    }
}

pub(super) fn read<'h, T: Trace>(
    headers: &'h HeaderMap,
    t: &mut T,
) -> Result<ReceivedSignatures<'h>, Rejection> {
    ReceivedSignatures::parse(headers, &Limits::default())
        .map_err(|error| refuse(t, Step::SignatureFields, &error))
}

impl Check<'_> {
    /// What must hold of a message before its signature is looked at: its request has a path, what must be one is one,
    /// and the token is the one that was validated.
    pub(super) fn message<T: Trace>(
        &self,
        request: RequestParts<'_>,
        further: &[HeaderName],
        t: &mut T,
    ) -> Result<Lines, Rejection> {
        let headers = self.headers;
        let located = request.has_path();
        let found = format_args!("{} {}", request.method(), request.path());
        ensure(t, Step::RequestTarget, located, Reason::RequestTarget, format_args!("a path"), found)?;
        let lines = Lines::of(headers);
        let twice = lines.repeated(headers, further);
        let name = twice.map_or("none", |(name, _)| name.as_str());
        let or = twice.map_or(Reason::WitRepeated, |(_, reason)| reason);
        let expected = format_args!("no field twice that must be one");
        ensure(t, Step::SignatureFields, twice.is_none(), or, expected, format_args!("{name}"))?;
        let token = headers.get(WORKLOAD_IDENTITY_TOKEN);
        let same = token.is_some_and(|token| token.as_bytes() == self.wit.token().as_bytes());
        let found = format_args!("{}", if same { "it" } else { "another, or none" });
        let expected = format_args!("the token that was validated");
        ensure(t, Step::WitField, same, Reason::ProofWitMismatch, expected, found).map(|()| lines)
    }

    /// Coverage, parameters and time: all that needs no cryptography.
    pub(super) fn claims<'s, 'm, T: Trace>(
        &self,
        signature: &ReceivedSignature<'s>,
        mandatory: impl Iterator<Item = Component<'m>>,
        forbidden: &[&'static str],
        t: &mut T,
    ) -> Result<(SignatureInput<'s>, Common<'s>), Rejection> {
        let input = signature.input().map_err(|error| refuse(t, Step::SignatureFields, &error))?;
        for (place, component) in mandatory.enumerate() {
            // Those who sign in the order of the rules are understood faster.
            let covered = input.components().get(place) == Some(&component) || input.covers(&component);
            let expected = format_args!("{component} covered");
            let found = format_args!("{}", if covered { "it" } else { "a signature that does not cover it" });
            ensure(t, Step::SignatureCoverage, covered, Reason::ComponentNotCovered, expected, found)?;
        }
        for name in ["keyid", "alg"].iter().chain(forbidden) {
            let absent = input.get(name).is_none();
            let expected = format_args!("no parameter `{name}`");
            let found = format_args!("{}", if absent { "none" } else { "one" });
            ensure(t, Step::SignatureParameters, absent, Reason::SignatureParameter, expected, found)?;
        }
        let nonce = input.nonce().map_err(|error| refuse(t, Step::SignatureParameters, &error))?;
        let sound = nonce.is_some_and(|nonce| !nonce.is_empty() && nonce.len() <= MAX_NONCE);
        let expected = format_args!("`nonce` of 1 to {MAX_NONCE} octets");
        let found = format_args!("{} octets", nonce.map_or(0, str::len));
        ensure(t, Step::SignatureParameters, sound, Reason::SignatureParameter, expected, found)?;
        let expires_at = self.window(input, t)?;
        Ok((input, Common { nonce: nonce.unwrap_or_default(), expires_at }))
    }

    fn window<T: Trace>(&self, input: SignatureInput<'_>, t: &mut T) -> Result<UnixTime, Rejection> {
        let Terms { now, window: longest, .. } = self.terms;
        let leeway = self.terms.leeway.min(MAX_LEEWAY);
        let times = input.created().and_then(|created| Ok((created, input.expires()?)));
        let times = times.map_err(|error| refuse(t, Step::ProofValidity, &error))?;
        let (Some(created), Some(expires)) = times else {
            let (expected, found) =
                (format_args!("`created` and `expires`"), format_args!("one or none of them"));
            ensure(t, Step::ProofValidity, false, Reason::SignatureParameter, expected, found)?;
            return Ok(now);
        };
        let at = Step::ProofValidity;
        let s = leeway.as_secs();
        let expected = format_args!("`expires` after {now} less {s} s of leeway");
        let found = format_args!("{expires}, {} s ago", now.seconds_since(expires));
        ensure(t, at, now < expires.plus(leeway), Reason::ProofExpired, expected, found)?;
        let expected = format_args!("`created` not after {now} plus {s} s of leeway");
        let found = format_args!("{created}, in {} s", created.seconds_since(now));
        ensure(t, at, created <= now.plus(leeway), Reason::ProofNotYetValid, expected, found)?;
        let window = expires.seconds_since(created);
        let short = window > 0 && expires <= created.plus(longest);
        let expected = format_args!("`expires` 1 to {} s after `created`", longest.as_secs());
        ensure(t, at, short, Reason::ProofLifetime, expected, format_args!("{window} s"))?;
        Ok(expires)
    }

    /// The digest that the content must have.
    pub(super) fn digest<T: Trace>(&self, t: &mut T) -> Result<Option<ContentDigest>, Rejection> {
        ContentDigest::parse(self.headers).map_err(|error| super::content::malformed(t, &error))
    }

    /// The signature itself, with the token's key and algorithm.
    pub(super) fn signature<T: Trace>(
        &self,
        signature: &ReceivedSignature<'_>,
        message: &Message<'_>,
        t: &mut T,
    ) -> Result<(), Rejection> {
        let algorithm = self.wit.proof_algorithm();
        let verified = with_scratch(|base| signature.verify(message, self.wit.key(), algorithm, base));
        match verified {
            Err(error) if error != HttpSigError::Invalid => Err(refuse(t, Step::SignatureFields, &error)),
            verified => {
                let input = signature.input().map_err(|error| refuse(t, Step::SignatureFields, &error))?;
                let suspects = Suspects { input, message };
                let expected = format_args!("a signature by the confirmation key with {algorithm}");
                let which = if verified.is_ok() { "one" } else { "none that verifies" };
                let found = format_args!("{which} over {suspects}");
                ensure(t, Step::ProofSignature, verified.is_ok(), Reason::ProofSignature, expected, found)
            }
        }
    }
}

/// What the engine says, as a refusal.
pub(crate) fn refuse<T: Trace>(t: &mut T, step: Step, error: &HttpSigError) -> Rejection {
    let reason = match error {
        HttpSigError::TooLarge
        | HttpSigError::TooManyLabels
        | HttpSigError::TooManyComponents
        | HttpSigError::TooManyParameters
        | HttpSigError::TooMuchCovered => Reason::ProofTooLarge,
        HttpSigError::SeveralWithTag => Reason::ProofRepeated,
        HttpSigError::Unresolved(..) => Reason::ComponentUnresolved,
        HttpSigError::ParameterType(_) => Reason::SignatureParameter,
        HttpSigError::NotCovered(_) => Reason::ComponentNotCovered,
        HttpSigError::AlgorithmMismatch => Reason::ProofAlgorithm,
        HttpSigError::Invalid => Reason::ProofSignature,
        _ => Reason::ProofMalformed,
    };
    let expected = format_args!("a usable signature");
    t.check(step, false, expected, format_args!("{error}"));
    Rejection::new(reason).with_detail(expected, error).at(step)
}
