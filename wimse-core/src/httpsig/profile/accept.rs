//! Asking for the WIMSE signature, and being asked (http-signature §3.5).
//!
//! What is asked for is all that the profile may want covered, also the fields that must be covered only where they are
//! present. RFC 9421 §5.1 takes a list as exact and §5.2 lets a signer that goes by it alone give up over a field that
//! its message does not have. But the message is not known yet when it is asked for, a shorter list would ask for less
//! than the profile (http-signature §3.5 forbids that), and whoever makes a WIMSE signature knows from its tag what to
//! cover of which message: §5.2 leaves such application rules the last word.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue};

use super::TAG;
use super::rules::{least_of_response, most_of_request, most_of_response};
use super::sign::LABEL;
use crate::httpsig::{AcceptSignatureBuilder, Component, Limits, RequestedSignatures};
use crate::revision::Revision;

type Wanted = LazyLock<[(Revision, Option<HeaderValue>); Revision::ALL.len()]>;

static OF_REQUEST: Wanted =
    LazyLock::new(|| Revision::ALL.map(|revision| (revision, wanted(most_of_request(revision)))));

static OF_RESPONSE: Wanted =
    LazyLock::new(|| Revision::ALL.map(|revision| (revision, wanted(most_of_response(revision)))));

/// The `Accept-Signature` of a server that wants the next request signed (http-signature §3.5).
pub fn wanted_of_request(revision: Revision) -> HeaderValue {
    pick(&OF_REQUEST, revision)
}

/// The `Accept-Signature` of a client that would like the response signed (http-signature §3.5). Only
/// [`SIGN_RESPONSE`](super::SIGN_RESPONSE) demands it.
pub fn wanted_of_response(revision: Revision) -> HeaderValue {
    pick(&OF_RESPONSE, revision)
}

/// Whether a request would like its response to have a WIMSE signature (http-signature §3.5). Not to be asked where
/// the request's signature has [`SIGN_RESPONSE`](super::SIGN_RESPONSE), which decides then.
///
/// It is only a wish, so what cannot be read counts as none, and so does what asks for less than the profile covers in
/// every response. What it asks for beyond that is not looked at: the signature is that of the profile in any case.
/// RFC 9421 §5.2 lets a server ignore a wish that does not fit, and sign in its own way beside it.
///
/// A response that is signed or not depending on this should say so with `Vary`, or not be cached (RFC 9421 §5).
pub fn asks_for_signed_response(headers: &HeaderMap, revision: Revision) -> bool {
    let Ok(requested) = RequestedSignatures::parse(headers, &Limits::default()) else {
        return false;
    };
    requested.iter().filter_map(|member| member.input().ok()).any(|input| {
        input.tag() == Ok(Some(TAG)) && least_of_response(revision).all(|component| input.covers(&component))
    })
}

fn wanted(components: impl Iterator<Item = Component<'static>>) -> Option<HeaderValue> {
    // No `nonce`: it would be the value that the signer shall use (RFC 9421 §5.1), and a WIMSE signer draws its own
    // (http-signature §3), which it must do unasked as well.
    AcceptSignatureBuilder::new(LABEL).cover(components).created().expires().tag(TAG).to_header_value().ok()
}

fn pick(wanted: &Wanted, revision: Revision) -> HeaderValue {
    let found = wanted.iter().find(|(of, _)| *of == revision).and_then(|(_, value)| value.clone());
    // Never empty, there is one for every revision; empty would be a field that asks for nothing.
    found.unwrap_or_else(|| HeaderValue::from_static(""))
}
