#![no_main]
//! `Signature-Input`, `Signature` and `Accept-Signature`. One line of the input is one line of a field: of `Signature`
//! behind `!`, else of `Signature-Input`. Read are exactly the dictionaries that the reference reads, but for what two
//! readers could read differently, and what is read is written and read again as the same.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use reference::structured::{self, Bare, Member};
use wimse_core::httpsig::{
    ACCEPT_SIGNATURE, BaseBuilder, HttpSigError, Limits, Message, ReceivedSignatures, RequestedSignatures,
    SIGNATURE, SIGNATURE_INPUT,
};
use wimse_core::jose::{Algorithm, PublicKey};
use wimse_fuzz::{WORKLOAD, timed};

#[path = "../../wimse-core/tests/rfc9421_reference/reference/mod.rs"]
mod reference;

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|octet| *octet == b'\n') {
        let (name, line) = match line.strip_prefix(b"!") {
            Some(line) => (SIGNATURE, line),
            None => (SIGNATURE_INPUT, line),
        };
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append(name, value);
    }
    timed(|| judge(&headers));
});

fn judge(headers: &HeaderMap) {
    let limits = Limits::default();
    let read = ReceivedSignatures::parse(headers, &limits);
    let mut lax = Vec::new();
    let reference = members(headers, &mut lax);
    let received = match (&read, &reference) {
        (Ok(received), Some(_)) if lax.is_empty() => received,
        (Err(_), None) => return,
        // What is repeated is refused, if only where it is a key or a parameter of the signature itself.
        (_, Some(_)) if !lax.is_empty() => return,
        (
            Err(
                HttpSigError::TooLarge
                | HttpSigError::TooManyLabels
                | HttpSigError::TooManyComponents
                | HttpSigError::TooManyParameters,
            ),
            Some(_),
        ) => return,
        _ => panic!("{headers:?}: {read:?} and {reference:?}"),
    };
    let reference = reference.unwrap_or_default();
    let labels: BTreeSet<&str> = reference.iter().map(|(_, label, _)| label.as_str()).collect();
    assert_eq!(received.iter().map(|signature| signature.label()).collect::<BTreeSet<_>>(), labels);
    assert_eq!(received.len(), labels.len());

    let request = Request::get("https://example.com/").body(()).unwrap();
    let public = PublicKey::new(WORKLOAD.public_jwk().clone()).unwrap();
    for signature in received.iter() {
        let label = signature.label();
        assert!(received.by_label(label).is_ok());
        let of = |name| {
            reference.iter().find(|(field, known, _)| *field == name && known == label).map(|(_, _, m)| m)
        };
        match of("signature") {
            Some(Member::Item(Bare::Bytes(octets), _)) => {
                assert_eq!(signature.signature(), Ok(octets.as_slice()))
            }
            _ => assert!(signature.signature().is_err()),
        }
        // Nobody signed this.
        assert!(
            signature
                .verify(&Message::from(&request), &public, Algorithm::Ed25519, &mut BaseBuilder::new())
                .is_err()
        );
        let Ok(input) = signature.input() else { continue };
        let Some(Member::List(items, parameters)) = of("signature-input") else {
            panic!("{label} is no list")
        };
        assert_eq!((input.components().len(), input.parameters().len()), (items.len(), parameters.len()));
        again(label, &input.to_string());
    }
}

/// Every member of both fields. `None` if a line is no dictionary, or empty beside others.
fn members(
    headers: &HeaderMap,
    lax: &mut Vec<reference::Lax>,
) -> Option<Vec<(&'static str, String, Member)>> {
    let mut all: Vec<(&'static str, String, Member)> = Vec::new();
    for name in ["signature-input", "signature"] {
        let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
        for line in &lines {
            let line = line.as_bytes().trim_ascii();
            if lines.len() > 1 && line.is_empty() {
                return None;
            }
            for (label, member) in structured::dictionary(line, lax)? {
                if all.iter().any(|(field, known, _)| *field == name && *known == label) {
                    lax.push(reference::Lax::Repeated);
                }
                all.push((name, label, member));
            }
        }
    }
    Some(all)
}

/// What is written reads the same, also as something that is asked for.
fn again(label: &str, written: &str) {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(&format!("{label}={written}")).unwrap();
    headers.insert(SIGNATURE_INPUT, value.clone());
    headers.insert(ACCEPT_SIGNATURE, value);
    let mut limits = Limits::default();
    limits.octets = usize::MAX;
    let received = ReceivedSignatures::parse(&headers, &limits).unwrap();
    assert_eq!(received.by_label(label).unwrap().input().unwrap().to_string(), written);
    let requested = RequestedSignatures::parse(&headers, &limits).unwrap();
    assert_eq!(requested.iter().next().unwrap().input().unwrap().to_string(), written);
}
