//! What is signed, with what options, and what is left of a request that could not be signed.

use http::{HeaderMap, Request, StatusCode};
use wimse_core::{Audience, Proof, Reason, SignError, SignOptions};

use super::{CONTENT, OLDER, TOKEN, World, finish, sign};
use crate::common::segment;
use crate::{TARGET, proof_of};

#[test]
fn amb_01_the_older_revision_is_signed_with_absolute_uris_and_verified_as_it_arrives() {
    let world = World::new();
    let client = world.client().revision(OLDER).require_signed_responses().build().unwrap();
    let verifier = world.builder().allow_revision(OLDER).build().unwrap();
    for (target, line) in [
        (TARGET, "/orders/7?page=2"),
        ("https://orders.example.com/a%2Fb", "/a%2Fb"),
        ("https://orders.example.com/?", "/?"),
        ("https://orders.example.com", "/"),
        ("https://orders.example.com?page=2", "/?page=2"),
    ] {
        // HTTP/1.1 has a request line; of HTTP/2's fields an absolute URI is made again.
        for received in [line, target] {
            let mut sent = Request::post(target).body(()).unwrap();
            let expected = sign(&client, &mut sent, CONTENT, &SignOptions::default());
            let mut request = Request::post(received).body(()).unwrap();
            *request.headers_mut() = sent.headers().clone();
            let mut head = verifier.verify_head(&request).unwrap();
            head.update(CONTENT);
            let exchange = head.exchange().unwrap();
            assert_eq!(finish(head), Ok(()), "{target} as {received}");

            let mut headers = HeaderMap::new();
            world.server().sign_response(&exchange, StatusCode::OK, &mut headers, CONTENT).unwrap();
            let mut answer = expected.verify_head(StatusCode::OK, &headers).unwrap().unwrap();
            answer.update(CONTENT);
            assert_eq!(answer.finish().unwrap().0.id().path(), "/orders");
        }
    }
    let mut request = Request::post(TARGET).body(()).unwrap();
    let _ = sign(&client, &mut request, CONTENT, &SignOptions::default());
    *request.uri_mut() = "/orders/7?page=3".parse().unwrap();
    assert_eq!(verifier.verify_head(&request).unwrap_err().reason(), Reason::ProofSignature);
}

#[test]
fn wit_21_wit_22_a_request_that_could_not_be_signed_carries_no_token() {
    let world = World::new();
    let client = world.client().build().unwrap();
    let unprintable = SignOptions::default().audience("bücher");
    for earlier in [false, true] {
        let mut request = if earlier { world.signed(CONTENT) } else { Request::new(()) };
        *request.uri_mut() = TARGET.parse().unwrap();
        let refused = client.sign_request(&mut request, Some(CONTENT), &unprintable).unwrap_err();
        assert_eq!(refused, SignError::Audience);
        assert!(!request.headers().contains_key(TOKEN), "{earlier}");
        assert!(!request.headers().contains_key("signature"), "{earlier}");
    }
    // Somebody else's signature has the label that ours would get.
    let mut labelled = Request::post(TARGET)
        .header("signature-input", r#"wimse=("@method");tag="other""#)
        .header("signature", "wimse=:AAAA:")
        .body(())
        .unwrap();
    let before = labelled.headers().clone();
    let refused = client.sign_request(&mut labelled, Some(b""), &SignOptions::default()).unwrap_err();
    assert_eq!(refused.reason(), "message_unsignable");
    assert_eq!(*labelled.headers(), before);
}

/// Audience, proof, and whether a signed response is demanded: what options made of a request.
fn made_with(world: &World, options: &SignOptions) -> (String, Proof, bool) {
    let client = world.client().proof(Proof::HttpSignature).build().unwrap();
    let mut request = Request::post(TARGET).body(()).unwrap();
    let expected = sign(&client, &mut request, CONTENT, options);
    let demanded = expected.verify_head(StatusCode::OK, &HeaderMap::new()).is_err();
    match request.headers().get("signature-input") {
        None => (segment(proof_of(&request), 1)["aud"].as_str().unwrap().to_owned(), Proof::Wpt, demanded),
        Some(input) => {
            let audience = input.to_str().unwrap().split("wimse-aud=\"").nth(1).unwrap();
            (audience.split('"').next().unwrap().to_owned(), Proof::HttpSignature, demanded)
        }
    }
}

#[test]
fn hsq_18_hsr_18_options_are_merged_one_by_one() {
    let world = World::new();
    // Neither is the one that the signer's mapping names.
    let (shipping, billing) = (world.domain.id("/shipping"), world.domain.id("/billing"));
    let none = SignOptions::default;
    let demanding = none().audience("shared").require_signed_response(true);
    let demanding_of = demanding.clone().expected_callee(shipping.clone());
    let token = none().audience("shared").proof(Proof::Wpt);
    let named = none().audience(Audience::CalleeIdentifier).expected_callee(shipping.clone());
    let signature = |audience: &str, demanded| (audience.to_owned(), Proof::HttpSignature, demanded);
    for (own, defaults, expected) in [
        (none(), &demanding, signature("shared", true)),
        (none().audience("own"), &demanding, signature("own", true)),
        (none().require_signed_response(false), &demanding, signature("shared", false)),
        (none().proof(Proof::HttpSignature), &demanding, signature("shared", true)),
        (none(), &demanding_of, signature("shared", true)),
        // Nothing would check the callee any more.
        (none().require_signed_response(false), &demanding_of, signature("shared", false)),
        (none(), &token, ("shared".to_owned(), Proof::Wpt, false)),
        (none().proof(Proof::HttpSignature), &token, signature("shared", false)),
        (none(), &named, signature(shipping.as_str(), false)),
        (none().expected_callee(billing.clone()), &named, signature(billing.as_str(), false)),
        (none().audience("own").require_signed_response(true), &named, signature("own", true)),
    ] {
        assert_eq!(made_with(&world, &own.or(defaults)), expected);
    }
    assert!(none().skip().or(&demanding).is_skipped());
    assert!(none().audience("own").or(&none().skip()).is_skipped());
    assert!(!none().or(&demanding).is_skipped());
}
