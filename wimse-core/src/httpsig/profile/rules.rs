//! The rules that requests and responses have in common.

use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};

use super::TAG;
use crate::clock::UnixTime;
use crate::httpsig::digest::{CONTENT_DIGEST, ContentDigest, DigestError};
use crate::httpsig::{
    BaseBuilder, Component, Derived, HttpSigError, Limits, Message, ReceivedSignature, ReceivedSignatures,
    RequestParts, SignatureInput,
};
use crate::jose::sha256;
use crate::limits::MAX_LEEWAY;
use crate::revision::Revision;
use crate::trace::{Step, Trace, ensure};
use crate::wit::{WORKLOAD_IDENTITY_TOKEN, Wit};
use crate::wpt::TXN_TOKEN;
use crate::{Reason, Rejection};

/// The longest validity that is accepted by default, from `created` to `expires`: 10 minutes.
pub const MAX_WINDOW: Duration = Duration::from_secs(600);

/// The longest nonce that is accepted, in octets.
const MAX_NONCE: usize = 256;

/// Fields that must be covered wherever they are present (http-signature §3).
static REQUEST_FIELDS: [HeaderName; 5] =
    [WORKLOAD_IDENTITY_TOKEN, CONTENT_TYPE, CONTENT_DIGEST, AUTHORIZATION, TXN_TOKEN];
static RESPONSE_FIELDS: [HeaderName; 3] = [WORKLOAD_IDENTITY_TOKEN, CONTENT_TYPE, CONTENT_DIGEST];

/// What a request's signature must cover, in the order in which this crate signs it.
pub(super) fn of_request(
    revision: Revision,
    headers: &HeaderMap,
) -> impl Iterator<Item = Component<'static>> {
    request_target(revision).map(Component::from).chain(fields(&REQUEST_FIELDS, headers))
}

/// What a response's signature must cover, in the order in which this crate signs it.
pub(super) fn of_response(
    revision: Revision,
    headers: &HeaderMap,
) -> impl Iterator<Item = Component<'static>> {
    let request = request_target(revision).map(Component::of_request);
    std::iter::once(Derived::Status.into()).chain(request).chain(fields(&RESPONSE_FIELDS, headers))
}

fn request_target(revision: Revision) -> impl Iterator<Item = Derived> {
    std::iter::once(Derived::Method).chain(revision.signature().target.iter().copied())
}

fn fields(names: &'static [HeaderName], headers: &HeaderMap) -> impl Iterator<Item = Component<'static>> {
    // The token is covered in any case: without it there is no key to verify with.
    let wanted = |name: &&HeaderName| **name == WORKLOAD_IDENTITY_TOKEN || headers.contains_key(*name);
    names.iter().filter(wanted).map(Component::from)
}

/// Everything that a signature is held against, but for what only requests or responses have.
pub(super) struct Check<'a> {
    pub(super) wit: &'a Wit,
    pub(super) headers: &'a HeaderMap,
    pub(super) now: UnixTime,
    pub(super) leeway: Duration,
    pub(super) window: Duration,
}

/// Fields that a message has once: covered as one value, two lines would be one to the signature and two to whoever
/// reads them.
static ONCE: [(HeaderName, Reason); 4] = [
    (WORKLOAD_IDENTITY_TOKEN, Reason::WitRepeated),
    (CONTENT_TYPE, Reason::ComponentUnresolved),
    (AUTHORIZATION, Reason::ProofRepeated),
    (TXN_TOKEN, Reason::TxnToken),
];

/// The first of them that a message has more than once.
pub(super) fn repeated(headers: &HeaderMap) -> Option<(&'static HeaderName, Reason)> {
    let several = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
    ONCE.iter().find(|(name, _)| several(name)).map(|(name, reason)| (name, *reason))
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
        headers: &HeaderMap,
        t: &mut T,
    ) -> Result<(), Rejection> {
        let located = request.has_path();
        let found = format_args!("{} {}", request.method(), request.path());
        ensure(t, Step::RequestTarget, located, Reason::RequestTarget, format_args!("a path"), found)?;
        let twice = repeated(headers);
        let name = twice.map_or("none", |(name, _)| name.as_str());
        let or = twice.map_or(Reason::WitRepeated, |(_, reason)| reason);
        let expected = format_args!("no field twice that must be one");
        ensure(t, Step::SignatureFields, twice.is_none(), or, expected, format_args!("{name}"))?;
        let token = headers.get(WORKLOAD_IDENTITY_TOKEN);
        let same = token.is_some_and(|token| sha256(token.as_bytes()) == *self.wit.hash());
        let found = format_args!("{}", if same { "it" } else { "another, or none" });
        let expected = format_args!("the token that was validated");
        ensure(t, Step::WitField, same, Reason::ProofWitMismatch, expected, found)
    }

    /// Coverage, parameters and time: all that needs no cryptography.
    pub(super) fn claims<'s, T: Trace>(
        &self,
        signature: &ReceivedSignature<'s>,
        mandatory: impl Iterator<Item = Component<'static>>,
        forbidden: &[&'static str],
        t: &mut T,
    ) -> Result<(SignatureInput<'s>, Common<'s>), Rejection> {
        let input = signature.input().map_err(|error| refuse(t, Step::SignatureFields, &error))?;
        for component in mandatory {
            let covered = input.covers(&component);
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
        let (now, leeway) = (self.now, self.leeway.min(MAX_LEEWAY));
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
        let short = window > 0 && expires <= created.plus(self.window);
        let expected = format_args!("`expires` 1 to {} s after `created`", self.window.as_secs());
        ensure(t, at, short, Reason::ProofLifetime, expected, format_args!("{window} s"))?;
        Ok(expires)
    }

    /// The digest that the content must have.
    pub(super) fn digest<T: Trace>(&self, t: &mut T) -> Result<Option<ContentDigest>, Rejection> {
        ContentDigest::parse(self.headers).map_err(|error| digest_refused(t, &error))
    }

    /// The signature itself, with the token's key and algorithm.
    pub(super) fn signature<T: Trace>(
        &self,
        signature: &ReceivedSignature<'_>,
        message: &Message<'_>,
        t: &mut T,
    ) -> Result<(), Rejection> {
        let mut base = BaseBuilder::new();
        let algorithm = self.wit.proof_algorithm();
        let verified = signature.verify(message, self.wit.key(), algorithm, &mut base);
        match verified {
            Err(error) if error != HttpSigError::Invalid => Err(refuse(t, Step::SignatureFields, &error)),
            verified => {
                let expected = format_args!("a signature by the confirmation key with {algorithm}");
                let found = format_args!("{}", if verified.is_ok() { "one" } else { "none that verifies" });
                ensure(t, Step::ProofSignature, verified.is_ok(), Reason::ProofSignature, expected, found)
            }
        }
    }
}

/// Checks content against the digest that was covered. Content without a digest is refused, no content needs none.
pub(super) fn check_content(digest: Option<&ContentDigest>, content: &[u8]) -> Result<(), Rejection> {
    match digest {
        Some(digest) => {
            digest.verify(content).map_err(|error| digest_refused(&mut crate::trace::NoTrace, &error))
        }
        None if content.is_empty() => Ok(()),
        None => Err(Rejection::new(Reason::DigestMissing)
            .with_detail("`Content-Digest` for content", "none")
            .at(Step::ContentDigest)),
    }
}

fn digest_refused<T: Trace>(t: &mut T, error: &DigestError) -> Rejection {
    let reason =
        if *error == DigestError::Mismatch { Reason::DigestMismatch } else { Reason::DigestMalformed };
    let expected = format_args!("`Content-Digest` of the content with sha-256 or sha-512");
    t.check(Step::ContentDigest, false, expected, format_args!("{error}"));
    Rejection::new(reason).with_detail(expected, error).at(Step::ContentDigest)
}

/// What the engine says, as a refusal.
pub(super) fn refuse<T: Trace>(t: &mut T, step: Step, error: &HttpSigError) -> Rejection {
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
