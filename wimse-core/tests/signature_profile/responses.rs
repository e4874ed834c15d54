//! Responses.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use wimse_core::httpsig::profile::{Exchange, ResponseCheck, ResponseSignature, VerifiedResponse};
use wimse_core::httpsig::{RequestParts, ResponseParts};
use wimse_core::jose::Algorithm;
use wimse_core::{Expectation, Rejection, Revision, TrustDomain, UnixTime, WorkloadId};

use crate::{NOW, Sent, World};

#[derive(Clone)]
pub(super) struct Answer {
    status: StatusCode,
    pub(super) headers: HeaderMap,
    content: Vec<u8>,
}

pub(super) fn exchange(sent: &Sent) -> Exchange<'_> {
    let request = RequestParts::new(&sent.method, &sent.uri, &sent.headers);
    Exchange { request, nonce: &sent.nonce, signed_response_wanted: true }
}

pub(super) fn answer(world: &World, sent: &Sent, revision: Revision, content: &str) -> Answer {
    let status = StatusCode::NOT_FOUND;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/plain"));
    let signature = ResponseSignature {
        credential: world.callee.credential(),
        exchange: exchange(sent),
        revision,
        now: UnixTime::from_secs(NOW),
        lifetime: Duration::from_secs(60),
    };
    signature.apply(status, &mut headers, content.as_bytes()).unwrap();
    Answer { status, headers, content: content.as_bytes().to_vec() }
}

pub(super) fn check_as(
    world: &World,
    exchange: Exchange<'_>,
    answer: &Answer,
    expected: &Expectation,
    revision: Revision,
) -> Result<Option<VerifiedResponse>, Rejection> {
    let wit = match answer.headers.contains_key("workload-identity-token") {
        true => Some(world.wit(&answer.headers)?),
        false => None,
    };
    let check = ResponseCheck {
        response: ResponseParts::new(answer.status, &answer.headers),
        exchange,
        wit: wit.as_deref(),
        expected,
        terms: crate::terms(revision, NOW),
    };
    let verified = check.verify()?;
    if let Some(verified) = &verified {
        verified.check_content(&answer.content)?;
    }
    Ok(verified)
}

pub(super) fn callee() -> Expectation {
    WorkloadId::parse("wimse://example.com/callee").unwrap().into()
}

pub(super) fn reason(outcome: Result<Option<VerifiedResponse>, Rejection>) -> &'static str {
    match outcome {
        Ok(Some(_)) => "accepted",
        Ok(None) => "unsigned",
        Err(rejection) => rejection.reason().code(),
    }
}

#[test]
fn hsr_07_hsr_15_every_algorithm_and_revision_signs_and_verifies() {
    for algorithm in Algorithm::ALL {
        let world = World::new(algorithm);
        for revision in Revision::ALL {
            for content in ["", "no such order"] {
                let sent = world.signed(revision, "");
                let answer = answer(&world, &sent, revision, content);
                let outcome = check_as(&world, exchange(&sent), &answer, &callee(), revision);
                assert_eq!(reason(outcome), "accepted", "{algorithm} {revision:?}");
            }
        }
    }
}

type Change = fn(&mut Answer);

#[test]
fn hsr_11_hsr_13_hsr_17_hsr_18_whatever_is_changed_on_the_way_is_noticed() {
    let world = World::new(Algorithm::Es256);
    let sent = world.signed(Revision::default(), "");
    let sound = answer(&world, &sent, Revision::default(), "no such order");
    let unsigned: Change = |a| drop((a.headers.remove("signature"), a.headers.remove("signature-input")));
    let changes: [(&str, Change, &str); 9] = [
        ("nothing", |_| (), "accepted"),
        ("the status", |a| a.status = StatusCode::OK, "proof_signature"),
        ("the content", |a| a.content[0] ^= 1, "digest_mismatch"),
        ("no digest", |a| drop(a.headers.remove("content-digest")), "component_unresolved"),
        (
            "the type",
            |a| drop(a.headers.insert("content-type", HeaderValue::from_static("x/y"))),
            "proof_signature",
        ),
        ("no token", |a| drop(a.headers.remove("workload-identity-token")), "wit_missing"),
        ("no signature", unsigned, "response_unsigned"),
        (
            "a proxy's error page",
            |a| (a.status, a.headers) = (StatusCode::BAD_GATEWAY, HeaderMap::new()),
            "response_unsigned",
        ),
        (
            "a field that nobody signs",
            |a| drop(a.headers.insert("x", HeaderValue::from_static("y"))),
            "accepted",
        ),
    ];
    for (what, change, expected) in changes {
        let mut answer = sound.clone();
        change(&mut answer);
        let outcome = check_as(&world, exchange(&sent), &answer, &callee(), Revision::default());
        assert_eq!(reason(outcome), expected, "{what}");
    }
}

#[test]
fn hsr_17_the_answer_to_another_request_is_refused() {
    let world = World::new(Algorithm::Es256);
    let (one, other) = (world.signed(Revision::default(), ""), world.signed(Revision::default(), ""));
    let answer = answer(&world, &other, Revision::default(), "");
    let outcome = check_as(&world, exchange(&one), &answer, &callee(), Revision::default());
    assert_eq!(reason(outcome), "request_nonce_mismatch");
}

#[test]
fn hsr_20_an_unsigned_answer_is_fine_where_none_was_asked_for_and_a_signed_one_is_checked() {
    let world = World::new(Algorithm::Es256);
    let sent = world.signed(Revision::default(), "");
    let relaxed = Exchange { signed_response_wanted: false, ..exchange(&sent) };
    let plain = Answer { status: StatusCode::OK, headers: HeaderMap::new(), content: b"x".to_vec() };
    assert_eq!(reason(check_as(&world, relaxed, &plain, &callee(), Revision::default())), "unsigned");
    let mut signed = answer(&world, &sent, Revision::default(), "x");
    signed.content = b"y".to_vec();
    let outcome = check_as(&world, relaxed, &signed, &callee(), Revision::default());
    assert_eq!(reason(outcome), "digest_mismatch");
}

#[test]
fn hsr_22_wit_46_amb_20_only_the_expected_callee_may_answer() {
    let world = World::new(Algorithm::Es256);
    let sent = world.signed(Revision::default(), "");
    let answer = answer(&world, &sent, Revision::default(), "");
    for (expected, outcome) in [
        (callee(), "accepted"),
        (WorkloadId::parse("wimse://example.com/calle").unwrap().into(), "callee_unexpected"),
        (WorkloadId::parse("spiffe://example.com/callee").unwrap().into(), "callee_unexpected"),
        (TrustDomain::parse("example.com").unwrap().into(), "accepted"),
        (TrustDomain::parse("other.example").unwrap().into(), "callee_unexpected"),
    ] {
        let got = check_as(&world, exchange(&sent), &answer, &expected, Revision::default());
        assert_eq!(reason(got), outcome, "{expected:?}");
    }
}

#[test]
fn amb_23_head_and_304_cover_a_digest_of_content_that_is_elsewhere() {
    let world = World::new(Algorithm::Es256);
    for (method, status) in [(Method::HEAD, StatusCode::OK), (Method::GET, StatusCode::NOT_MODIFIED)] {
        let mut sent = world.signed(Revision::default(), "");
        sent.method = method;
        let mut answer = answer(&world, &sent, Revision::default(), "the content that a GET would get");
        // Sign again with the status in question; the digest stays that of the content.
        let signature = ResponseSignature {
            credential: world.callee.credential(),
            exchange: exchange(&sent),
            revision: Revision::default(),
            now: UnixTime::from_secs(NOW),
            lifetime: Duration::from_secs(60),
        };
        answer.status = status;
        signature.apply(status, &mut answer.headers, &answer.content).unwrap();
        answer.content.clear();
        let outcome = check_as(&world, exchange(&sent), &answer, &callee(), Revision::default());
        assert_eq!(reason(outcome), "accepted", "{status}");
    }
}
