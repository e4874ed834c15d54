//! What a request presents: one token and its proofs, read once, before anything is verified.

use http::HeaderMap;

use crate::httpsig::profile::TAG;
use crate::httpsig::{Derived, HttpSigError, Limits, ReceivedSignature, ReceivedSignatures, SIGNATURE_INPUT};
use crate::peer::Proof;
use crate::revision::{Revision, Revisions};
use crate::trace::{Step, Trace, ensure};
use crate::wit::WORKLOAD_IDENTITY_TOKEN;
use crate::wpt::{self, Presented as Wpts, Single, refuse_octets, single};
use crate::{Reason, Rejection};

/// The proofs and revisions that a verifier accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    pub(crate) wpt: bool,
    pub(crate) signature: bool,
    pub(crate) revisions: Revisions,
}

impl Accepted {
    fn proof(self, proof: Proof) -> bool {
        match proof {
            Proof::Wpt => self.wpt,
            Proof::HttpSignature => self.signature,
        }
    }
}

/// The signatures of a message, looked through for the one of the profile.
pub(crate) struct Signatures<'a> {
    /// `None` where the message has none.
    received: Option<ReceivedSignatures<'a>>,
    unreadable: Option<HttpSigError>,
}

impl<'a> Signatures<'a> {
    pub(crate) fn read(headers: &'a HeaderMap) -> Self {
        let mut signatures = Self { received: None, unreadable: None };
        if headers.contains_key(SIGNATURE_INPUT) {
            let received = signatures.received.insert(ReceivedSignatures::default());
            signatures.unreadable = received.read(headers, &Limits::default()).err();
        }
        signatures
    }

    /// The signature with the WIMSE tag. Fields that cannot be read may hold one: that is an error, not none.
    pub(crate) fn find(&self) -> Result<Option<ReceivedSignature<'_>>, HttpSigError> {
        let received = match (&self.received, &self.unreadable) {
            (None, _) => return Ok(None),
            (Some(_), Some(error)) => return Err(error.clone()),
            (Some(received), None) => received,
        };
        match received.by_tag(TAG) {
            Ok(signature) => Ok(Some(signature)),
            Err(HttpSigError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The credentials of a request, still unverified. Whatever proof is there is to be verified, and at least one of them
/// is of an accepted kind.
pub(crate) struct Presented<'a, 's> {
    pub(crate) wit: &'a str,
    pub(crate) wpt: Option<&'a str>,
    pub(crate) signature: Option<ReceivedSignature<'s>>,
    pub(crate) revision: Revision,
}

/// Whether there is neither a token nor a proof of any kind or revision.
pub(crate) fn carries_nothing(headers: &HeaderMap) -> bool {
    !headers.contains_key(WORKLOAD_IDENTITY_TOKEN)
        && wpt::presented(headers) == Wpts::None
        && matches!(Signatures::read(headers).find(), Ok(None))
}

impl<'a, 's> Presented<'a, 's> {
    pub(crate) fn read<T: Trace>(
        headers: &'a HeaderMap,
        signatures: &'s Signatures<'a>,
        accepted: Accepted,
        t: &mut T,
    ) -> Result<Self, Rejection> {
        let wpts = wpt::presented(headers);
        let signature = signatures.find();
        let signed = !matches!(signature, Ok(None));
        let wit = single(headers, &WORKLOAD_IDENTITY_TOKEN);
        let (reason, found) = match (&wit, wpts) {
            (Single::Repeated, _) => (Some(Reason::WitRepeated), "several"),
            (Single::Absent, Wpts::None) if !signed => (Some(Reason::CredentialsMissing), "none"),
            (Single::Absent, _) => (Some(Reason::WitMissing), "none, but a proof"),
            (Single::One(_), _) => (None, "one"),
        };
        let expected = format_args!("exactly one {WORKLOAD_IDENTITY_TOKEN} field");
        let or = reason.unwrap_or(Reason::WitMissing);
        ensure(t, Step::WitField, reason.is_none(), or, expected, format_args!("{found}"))?;
        let Single::One(wit) = wit else { return Err(Reason::WitMissing.into()) };
        let wit = wit.to_str().map_err(|_| refuse_octets(t, Step::WitField, Reason::WitMalformed))?;

        let signature =
            signature.map_err(|error| crate::httpsig::profile::refuse(t, Step::SignatureFields, &error))?;
        if signed {
            let expected = format_args!("one signature with the WIMSE tag");
            t.check(Step::SignatureFields, true, expected, format_args!("one"));
        }
        let (revision, reason, found) = match (wpts, signature.map(revision_of)) {
            (Wpts::Mixed, _) => (Revision::default(), Some(Reason::RevisionsMixed), "two revisions"),
            (Wpts::One(wpt), Some(signed)) if wpt != signed => {
                (wpt, Some(Reason::RevisionsMixed), "two revisions")
            }
            (Wpts::None, None) => (Revision::default(), Some(Reason::ProofMissing), "none"),
            (Wpts::One(revision), _) | (Wpts::None, Some(revision)) => {
                let presented = [(wpts != Wpts::None, Proof::Wpt), (signed, Proof::HttpSignature)];
                let suffices = presented.iter().any(|(present, proof)| *present && accepted.proof(*proof));
                let reason = match (accepted.revisions.contains(revision), suffices) {
                    (false, _) => Some(Reason::RevisionNotAccepted),
                    (true, false) => Some(Reason::ProofNotAccepted),
                    (true, true) => None,
                };
                let other = if signed { "an HTTP signature" } else { "a Workload Proof Token" };
                let named = if suffices { revision.as_str() } else { other };
                (revision, reason, named)
            }
        };
        let expected = format_args!("a proof of an accepted kind and revision");
        let or = reason.unwrap_or(Reason::ProofMissing);
        ensure(t, Step::ProofField, reason.is_none(), or, expected, format_args!("{found}"))?;
        let wpt = match wpts {
            Wpts::One(revision) => Some(wpt::proof_value(headers, revision, t)?),
            _ => None,
        };
        Ok(Self { wit, wpt, signature, revision })
    }
}

/// A refusal in the terms of the proof that a request has: those of HTTP signatures (http-signature §3.6) where it has no
/// other, since a challenge would invite the caller to fall back to a proof that covers less.
pub(crate) fn in_terms_of(
    headers: &HeaderMap,
    signatures: &Signatures<'_>,
    accepted: Accepted,
    rejection: Rejection,
) -> Rejection {
    match wpt::presented(headers) {
        Wpts::One(revision) if accepted.revisions.contains(revision) => wpt::under(revision, rejection),
        Wpts::None if accepted.signature && !matches!(signatures.find(), Ok(None)) => {
            rejection.without_challenge()
        }
        _ => rejection,
    }
}

/// The revision whose request target a signature covers. One that covers neither is held against the newest.
fn revision_of(signature: ReceivedSignature<'_>) -> Revision {
    let covers = |target: &[Derived]| {
        let input = signature.input().ok();
        input.is_some_and(|input| target.iter().all(|component| input.covers(&(*component).into())))
    };
    let mut revisions = Revision::ALL.into_iter();
    revisions.find(|revision| covers(revision.signature().target)).unwrap_or_default()
}
