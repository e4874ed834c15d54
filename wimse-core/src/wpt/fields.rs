//! The fields that carry proof tokens: how many, which revision, what syntax.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::context::{ContextFields, Single, TXN_TOKEN, single};
use crate::httpsig::SIGNATURE;
use crate::revision::{Revision, WptWire};
use crate::trace::{Step, Trace};
use crate::wit::WORKLOAD_IDENTITY_TOKEN;
use crate::{Reason, Rejection};

/// A refusal with the status that fits the revision that the caller speaks.
pub(crate) fn under(revision: Revision, rejection: Rejection) -> Rejection {
    if revision.wpt().challenge { rejection } else { rejection.without_challenge() }
}

/// Removes the proofs of an earlier attempt, of whatever revision. Other credentials in the same field stay.
pub(crate) fn remove_proofs(headers: &mut HeaderMap) {
    Revision::ALL.into_iter().for_each(|revision| remove_proofs_of(revision, headers));
}

/// As [`remove_proofs`], for a proof that will take the place of one of its own revision.
pub(crate) fn remove_proofs_but_of(kept: Revision, headers: &mut HeaderMap) {
    let others = Revision::ALL.into_iter().filter(|revision| *revision != kept);
    others.for_each(|revision| remove_proofs_of(revision, headers));
}

fn remove_proofs_of(revision: Revision, headers: &mut HeaderMap) {
    let wire = revision.wpt();
    if headers.get_all(&wire.field).iter().any(|value| is_proof(value, wire)) {
        let values = headers.get_all(&wire.field).iter();
        let others: Vec<_> = values.filter(|value| !is_proof(value, wire)).cloned().collect();
        headers.remove(&wire.field);
        for value in others {
            headers.append(&wire.field, value);
        }
    }
}

/// Marks the token, the proofs and the context tokens as sensitive.
pub(crate) fn mark_sensitive(headers: &mut HeaderMap, context: &ContextFields) {
    let proofs = Revision::ALL.map(|revision| &revision.wpt().field);
    for (name, value) in headers.iter_mut() {
        let ours =
            [&WORKLOAD_IDENTITY_TOKEN, &TXN_TOKEN, &SIGNATURE].contains(&name) || proofs.contains(&name);
        if ours || context.iter().any(|field| field == name) {
            value.set_sensitive(true);
        }
    }
}

/// The proof tokens of a request, by their fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented {
    None,
    One(Revision),
    Mixed,
}

/// Which proof tokens a request has.
pub(crate) fn presented(headers: &HeaderMap) -> Presented {
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

/// The one proof token of this revision.
pub(crate) fn proof_value<'a, T: Trace>(
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

pub(crate) fn refuse_octets<T: Trace>(t: &mut T, step: Step, reason: Reason) -> Rejection {
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
