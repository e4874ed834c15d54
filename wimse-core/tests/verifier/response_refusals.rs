//! Responses that the application must not see.

use std::time::Duration;

use http::{HeaderMap, Method, Request};
use wimse_core::{
    BuildError, Limits, Proof, Reason, ResponseError, SignOptions, SignerBuilder, TrustStore, WorkloadId,
};

use crate::by_hand::{CONTENT, set, sign_response_by_hand};
use crate::failing_responses::failing_responses;
use crate::responses::{Answer, CALLEE, Call, Server, call, call_with, demanding};
use crate::{NOW, TARGET, World};

#[test]
fn hsr_07_to_hsr_22_amb_24_whatever_is_wrong_with_a_response_is_refused() {
    let world = World::new();
    for failing in failing_responses(&world) {
        let (what, status) = (failing.what, failing.answer.status);
        let error = failing.answer.judged(failing.call.expected).unwrap_err();
        assert_eq!(error.reason(), failing.reason, "{what}: {error}");
        assert_eq!(error.rejection().reason(), failing.reason);
        assert_eq!(error.unauthenticated_status(), status, "{what}");
        let shown = error.to_string();
        assert!(shown.contains(status.as_str()) && shown.contains(failing.reason.code()), "{shown}");
    }
}

#[test]
fn hsr_18_amb_11_an_unsigned_response_is_refused_whatever_its_status() {
    let world = World::new();
    for status in 200..600 {
        let expected = call(&world).expected;
        let error = expected.verify_head(status.try_into().unwrap(), &HeaderMap::new()).unwrap_err();
        assert_eq!(error.reason(), Reason::ResponseUnsigned, "{status}");
        assert_eq!(error.unauthenticated_status().as_u16(), status);
    }
}

#[test]
fn the_responses_made_by_hand_are_sound_but_for_what_is_wrong_with_them() {
    let world = World::new();
    let server = Server::new(&world);
    let by_hand = |call: &Call, status: u16| {
        let mut answer = Answer::unsigned(status, b"");
        set(&mut answer.headers, "workload-identity-token", &server.wit);
        sign_response_by_hand(&world, &server.key, &call.request, status, &mut answer.headers, |_| ());
        answer
    };
    let (one, other) = (call(&world), call(&world));
    let answer = by_hand(&one, 204);
    assert!(answer.judged(one.expected).unwrap().is_some());
    // HSR-28: once more, for another request, it is worth nothing.
    assert_eq!(answer.judged(other.expected).unwrap_err().reason(), Reason::RequestNonce);
}

/// A signer that asks for nothing.
fn modest(world: &World) -> SignerBuilder {
    world.signer().proof(Proof::HttpSignature)
}

#[test]
fn hsr_19_hsr_20_amb_12_who_did_not_ask_takes_unsigned_responses_and_checks_signed_ones() {
    let world = World::new();
    let server = Server::new(&world);
    let expecting = |name: &'static str| {
        move |_: &str| Some(WorkloadId::parse(&format!("wimse://example.com/{name}")).unwrap().into())
    };
    let pending = TrustStore::pending();
    for (what, signer, signed) in [
        (
            "anchors and callee",
            modest(&world).response_anchors(world.anchors()).expected_callees(expecting("orders")),
            Ok(true),
        ),
        (
            "another callee",
            modest(&world).response_anchors(world.anchors()).expected_callees(expecting("x")),
            Err(Reason::CalleeUnexpected),
        ),
        ("no mapping", modest(&world).response_anchors(world.anchors()), Err(Reason::CalleeUnexpected)),
        (
            "an unknown name",
            modest(&world).response_anchors(world.anchors()).expected_callees(|_: &str| None),
            Err(Reason::CalleeUnexpected),
        ),
        ("no anchors", modest(&world), Err(Reason::TrustDomainUnknown)),
        ("anchors to come", modest(&world).response_anchors(&pending), Err(Reason::AnchorsNotLoaded)),
        ("a preference", demanding(&world).prefer_signed_responses(), Ok(true)),
    ] {
        let signer = signer.build().unwrap();
        // The options of a request outdo the signer's rule.
        let options = SignOptions::default().require_signed_response(false);
        for status in [200, 404, 502] {
            let call = call_with(&world, &signer, &Method::GET, &options);
            assert!(!call.exchange.requires_signed_response());
            let unsigned = Answer::unsigned(status, CONTENT).judged(call.expected);
            assert!(unsigned.unwrap().is_none(), "{what}");
            let call = call_with(&world, &signer, &Method::GET, &options);
            let answer = Answer::signed(&server, &call.exchange, status, CONTENT);
            let judged = answer.judged(call.expected).map(|callee| callee.is_some()).map_err(|e| e.reason());
            assert_eq!(judged, signed, "{what}");
        }
        let call = call_with(&world, &signer, &Method::GET, &options);
        let mut altered = Answer::signed(&server, &call.exchange, 200, CONTENT);
        altered.content.clear();
        let refused = altered.judged(call.expected).unwrap_err().reason();
        assert_eq!(refused, signed.err().unwrap_or(Reason::DigestMismatch), "{what}");
    }
}

#[test]
fn a_request_without_a_signature_has_nothing_to_tie_a_response_to() {
    let world = World::new();
    let server = Server::new(&world);
    let signer = modest(&world).build().unwrap();
    let answer = Answer::signed(&server, &call(&world).exchange, 200, CONTENT);
    let (token, none) = (SignOptions::default().proof(Proof::Wpt), SignOptions::default().skip());
    let mut unreadable = Answer::unsigned(200, CONTENT);
    set(&mut unreadable.headers, "signature-input", "a=(");
    let mut others = answer.clone();
    let input = others.headers["signature-input"].to_str().unwrap().replace(crate::by_hand::TAG, "proxies");
    set(&mut others.headers, "signature-input", &input);
    let refused = Err(Reason::RequestNonce);
    for (what, answer, to_token) in [
        ("unsigned", Answer::unsigned(200, CONTENT), Ok(())),
        ("somebody else's signature", others, Ok(())),
        ("signed", answer, refused),
        ("what may be signed", unreadable, refused),
    ] {
        // Without credentials nothing is expected of anybody.
        for (options, judged) in [(&token, to_token), (&none, Ok(()))] {
            let mut request = Request::get(TARGET).body(()).unwrap();
            let expected = signer.sign_request(&mut request, None, options).unwrap();
            let found = answer.judged(expected).map(|callee| assert!(callee.is_none(), "{what}"));
            assert_eq!(found.map_err(|error| error.reason()), judged, "{what}: {options:?}");
        }
    }
}

#[test]
fn hsr_22_a_signed_response_whose_content_nobody_looked_at_is_refused() {
    let world = World::new();
    let (server, signer) = (Server::new(&world), demanding(&world).build().unwrap());
    for (method, status, content) in [
        (Method::GET, 200, CONTENT),
        (Method::GET, 204, b"".as_slice()),
        (Method::GET, 304, b""),
        (Method::HEAD, 200, b""),
    ] {
        for looked in [false, true] {
            let call = call_with(&world, &signer, &method, &SignOptions::default());
            let answer = Answer::signed(&server, &call.exchange, status, content);
            let mut verified = call.expected.verify_head(answer.status, &answer.headers).unwrap().unwrap();
            if looked {
                verified.update(content);
            }
            let judged = verified.finish().map(drop).map_err(|error| error.reason());
            let expected = if looked { Ok(()) } else { Err(Reason::ContentUnchecked) };
            assert_eq!(judged, expected, "{method} {status}");
        }
    }
}

#[test]
fn amb_20_a_trust_domain_that_is_expected_does_not_make_a_request_a_response() {
    let world = World::new();
    let domain = |_: &str| Some(wimse_core::TrustDomain::parse("example.com").unwrap().into());
    let signer = demanding(&world).expected_callees(domain).build().unwrap();
    let call = call_with(&world, &signer, &Method::GET, &SignOptions::default());
    let mut reflected = Answer::unsigned(200, b"");
    reflected.headers = call.request.headers().clone();
    assert_eq!(reflected.judged(call.expected).unwrap_err().reason(), Reason::ComponentNotCovered);
}

#[test]
fn amb_08_a_response_keeps_to_the_limits_of_the_signer() {
    let world = World::new();
    let server = Server::new(&world);
    let with = |window: u64, leeway: u64| {
        let mut limits = Limits::default();
        limits.signature_window = Duration::from_secs(window);
        limits.leeway = Duration::from_secs(leeway);
        demanding(&world).limits(limits).build()
    };
    for (window, leeway, after, expected) in [
        (60, 60, 0, None),
        (59, 60, 0, Some(Reason::ProofLifetime)),
        (60, 60, 119, None),
        (60, 60, 120, Some(Reason::ProofExpired)),
        (60, 0, 59, None),
        (60, 0, 60, Some(Reason::ProofExpired)),
        (60, 10, -10, None),
        (60, 10, -11, Some(Reason::ProofNotYetValid)),
    ] {
        world.clock.set(NOW);
        let call = call_with(&world, &with(window, leeway).unwrap(), &Method::GET, &SignOptions::default());
        let answer = Answer::signed(&server, &call.exchange, 200, CONTENT);
        world.clock.advance(after);
        let error = answer.judged(call.expected).err();
        assert_eq!(error.map(|e| e.reason()), expected, "{window} {leeway} {after}");
    }
    for (window, leeway, error) in [(601, 60, BuildError::SignatureWindow), (600, 121, BuildError::Leeway)] {
        assert_eq!(with(window, leeway).err(), Some(error));
    }
}

#[test]
fn a_response_may_be_refused_after_all() {
    let world = World::new();
    let (server, call) = (Server::new(&world), call(&world));
    let answer = Answer::signed(&server, &call.exchange, 201, CONTENT);
    let verified = call.expected.verify_head(answer.status, &answer.headers).unwrap().unwrap();
    let error: ResponseError = verified.refuse(Reason::ContentTooLarge);
    assert_eq!((error.reason(), error.unauthenticated_status().as_u16()), (Reason::ContentTooLarge, 201));
    assert!(std::error::Error::source(&error).is_none() && !error.to_string().contains(CALLEE));
}
