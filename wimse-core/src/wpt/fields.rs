//! The fields of a request that carry credentials, read once: how many, which revision, what syntax.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::context::{ContextFields, Single, TXN_TOKEN, single};
use crate::revision::{Revision, Revisions, WptWire};
use crate::trace::{Step, Trace, ensure};
use crate::wit::WORKLOAD_IDENTITY_TOKEN;
use crate::{Reason, Rejection};

/// The credentials of a request, still unverified.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) wit: &'a str,
    pub(crate) proof: &'a str,
    pub(crate) revision: Revision,
}

impl<'a> Fields<'a> {
    pub(crate) fn read<T: Trace>(
        headers: &'a HeaderMap,
        accepted: Revisions,
        t: &mut T,
    ) -> Result<Self, Rejection> {
        let presented = presented_revision(headers);
        let fields = Self::read_presented(headers, &presented, accepted, t);
        match presented {
            Presented::One(revision) if accepted.contains(revision) => fields.map_err(|r| under(revision, r)),
            _ => fields,
        }
    }

    fn read_presented<T: Trace>(
        headers: &'a HeaderMap,
        presented: &Presented,
        accepted: Revisions,
        t: &mut T,
    ) -> Result<Self, Rejection> {
        let wit = single(headers, &WORKLOAD_IDENTITY_TOKEN);
        let (reason, found) = match (&wit, presented) {
            (Single::Repeated, _) => (Some(Reason::WitRepeated), "several"),
            (Single::Absent, Presented::None) => (Some(Reason::CredentialsMissing), "none"),
            (Single::Absent, _) => (Some(Reason::WitMissing), "none, but a proof"),
            (Single::One(_), _) => (None, "one"),
        };
        let expected = format_args!("exactly one {WORKLOAD_IDENTITY_TOKEN} field");
        let or = reason.unwrap_or(Reason::WitMissing);
        ensure(t, Step::WitField, reason.is_none(), or, expected, format_args!("{found}"))?;
        let Single::One(wit) = wit else { return Err(Reason::WitMissing.into()) };
        let wit = wit.to_str().map_err(|_| refuse_octets(t, Step::WitField, Reason::WitMalformed))?;

        let (revision, reason, found) = match presented {
            Presented::One(revision) if accepted.contains(*revision) => (*revision, None, revision.as_str()),
            Presented::One(older) => (*older, Some(Reason::RevisionNotAccepted), older.as_str()),
            Presented::Mixed => (Revision::default(), Some(Reason::RevisionsMixed), "two revisions"),
            Presented::None => (Revision::default(), Some(Reason::ProofMissing), "none"),
        };
        let expected = format_args!("a proof of an accepted revision");
        let or = reason.unwrap_or(Reason::ProofMissing);
        ensure(t, Step::ProofField, reason.is_none(), or, expected, format_args!("{found}"))?;
        let proof = proof_value(headers, revision, t)?;
        Ok(Self { wit, proof, revision })
    }
}

/// A refusal with the status that fits the revision that the caller speaks.
pub(crate) fn under(revision: Revision, rejection: Rejection) -> Rejection {
    if revision.wpt().challenge { rejection } else { rejection.without_challenge() }
}

/// Removes the proofs of an earlier attempt, of whatever revision. Other credentials in the same field stay.
pub(crate) fn remove_proofs(headers: &mut HeaderMap) {
    for wire in Revision::ALL.map(Revision::wpt) {
        let mut values = headers.get_all(&wire.field).iter();
        if values.any(|value| is_proof(value, wire)) {
            let values = headers.get_all(&wire.field).iter();
            let others: Vec<_> = values.filter(|value| !is_proof(value, wire)).cloned().collect();
            headers.remove(&wire.field);
            for value in others {
                headers.append(&wire.field, value);
            }
        }
    }
}

/// Marks the token, the proof and the context tokens as sensitive.
pub(crate) fn mark_sensitive(headers: &mut HeaderMap, context: &ContextFields) {
    let proofs = Revision::ALL.map(|revision| &revision.wpt().field);
    for (name, value) in headers.iter_mut() {
        let ours = [&WORKLOAD_IDENTITY_TOKEN, &TXN_TOKEN].contains(&name) || proofs.contains(&name);
        if ours || context.iter().any(|field| field == name) {
            value.set_sensitive(true);
        }
    }
}

/// Whether there is neither a token nor a proof of any revision.
pub(crate) fn carries_nothing(headers: &HeaderMap) -> bool {
    !headers.contains_key(WORKLOAD_IDENTITY_TOKEN) && matches!(presented_revision(headers), Presented::None)
}

enum Presented {
    None,
    One(Revision),
    Mixed,
}

fn presented_revision(headers: &HeaderMap) -> Presented {
    let carries = |revision: &Revision| {
        let wire = revision.wpt();
        headers.get_all(&wire.field).iter().any(|value| is_proof(value, wire))
    };
    let mut presented = Revision::ALL.into_iter().filter(carries);
    match (presented.next(), presented.next()) {
        (None, _) => Presented::None,
        (Some(revision), None) => Presented::One(revision),
        (Some(_), Some(_)) => Presented::Mixed,
    }
}

/// Whether a value of the field that carries proofs is one, as far as its scheme tells.
fn is_proof(value: &HeaderValue, wire: &WptWire) -> bool {
    wire.scheme.is_none_or(|scheme| credentials(value, scheme).is_some())
}

/// What follows the scheme name, if the value is of that scheme (RFC 9110 §11.4: name case-insensitive).
pub(crate) fn credentials<'a>(value: &'a HeaderValue, scheme: &str) -> Option<&'a [u8]> {
    let (name, rest) = value.as_bytes().split_at_checked(scheme.len())?;
    let ends = rest.first().is_none_or(|b| !b.is_ascii_alphanumeric() && !b"!#$%&'*+-.^_`|~".contains(b));
    (name.eq_ignore_ascii_case(scheme.as_bytes()) && ends).then_some(rest)
}

fn proof_value<'a, T: Trace>(
    headers: &'a HeaderMap,
    revision: Revision,
    t: &mut T,
) -> Result<&'a str, Rejection> {
    let wire = revision.wpt();
    let expected = format_args!("exactly one {} field", wire.field);
    let Single::One(value) = single(headers, &wire.field) else {
        let found = format_args!("several");
        t.check(Step::ProofField, false, expected, found);
        return Err(Rejection::new(Reason::ProofRepeated).with_detail(expected, found).at(Step::ProofField));
    };
    let token = match wire.scheme {
        None => Some(value.as_bytes()),
        Some(scheme) => credentials(value, scheme).and_then(|rest| {
            let token = rest.strip_prefix(b" ")?;
            let spaces = token.iter().take_while(|b| **b == b' ').count();
            token.get(spaces..).filter(|token| !token.is_empty())
        }),
    };
    let token = token.and_then(|token| std::str::from_utf8(token).ok());
    token.ok_or_else(|| refuse_octets(t, Step::ProofField, Reason::ProofMalformed))
}

fn refuse_octets<T: Trace>(t: &mut T, step: Step, reason: Reason) -> Rejection {
    let (expected, found) = (format_args!("one token"), format_args!("something else"));
    t.check(step, false, expected, found);
    Rejection::new(reason).with_detail(expected, found).at(step)
}

/// Why `Authorization` cannot be covered by `ath`.
pub(super) enum Uncoverable {
    Repeated,
    WithoutToken,
}

/// What the older revision's `ath` must cover (wpt-01 §2): whatever follows the scheme in `Authorization`. The draft
/// speaks of OAuth access tokens, but which schemes carry those cannot be told; nothing rides along uncovered. A
/// proof of the newer revision is no access token: a signer replaces it, a verifier never gets here with one.
pub(super) fn access_token(headers: &HeaderMap) -> Result<Option<&[u8]>, Uncoverable> {
    match single(headers, &AUTHORIZATION) {
        Single::Absent => Ok(None),
        Single::Repeated => Err(Uncoverable::Repeated),
        Single::One(value) if Revision::ALL.map(Revision::wpt).iter().any(|wire| replaced(value, wire)) => {
            Ok(None)
        }
        Single::One(value) => {
            let value = value.as_bytes().trim_ascii();
            let space = value.iter().position(|b| *b == b' ').ok_or(Uncoverable::WithoutToken)?;
            Ok(value.get(space..).map(<[u8]>::trim_ascii))
        }
    }
}

/// Whether an `Authorization` value is a proof that travels there.
fn replaced(authorization: &HeaderValue, wire: &WptWire) -> bool {
    wire.field == AUTHORIZATION && is_proof(authorization, wire)
}
