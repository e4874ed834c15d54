//! RFC 9421 Appendix B and the messages of its sections, byte for byte.

use std::sync::LazyLock;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use wimse_core::httpsig::{
    BaseBuilder, HttpSigError, Limits, Message, Problem, ReceivedSignatures, ResponseParts, SIGNATURE,
    SIGNATURE_INPUT, SignatureBuilder, registered_algorithm,
};
use wimse_core::jose::{Algorithm, Jwk, PublicKey, SigningKey};

use crate::message::{request, response};

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../conformance/rfc9421-vectors.json")).unwrap()
});

pub(crate) fn block(list: &str, index: usize) -> &'static str {
    let block = &VECTORS[list][index];
    block.get("text").unwrap_or(block).as_str().unwrap()
}

fn section(index: usize) -> &'static str {
    block("body_blocks", index)
}

/// The text of a wrapped base64 block (RFC 8792).
fn unfolded(text: &str) -> Vec<u8> {
    BASE64.decode(text.replace("\\\n", "").trim().as_bytes()).unwrap()
}

fn public_key(name: &str) -> PublicKey {
    let mut jwk = VECTORS["keys"][name]["jwk"].clone();
    let members = jwk.as_object_mut().unwrap();
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        members.remove(private);
    }
    PublicKey::new(Jwk::parse(&jwk.to_string()).unwrap()).unwrap()
}

fn signing_key(name: &str, algorithm: Algorithm) -> SigningKey {
    SigningKey::from_jwk_with(&VECTORS["keys"][name]["jwk"].to_string(), algorithm).unwrap()
}

/// Verifies the signature with a label and returns its base.
fn verify(
    message: &Message<'_>,
    headers: &HeaderMap,
    label: &str,
    key: &str,
    algorithm: Algorithm,
) -> Result<String, HttpSigError> {
    let signatures = ReceivedSignatures::parse(headers, &Limits::default())?;
    let mut base = BaseBuilder::new();
    signatures.by_label(label)?.verify(message, &public_key(key), algorithm, &mut base)?;
    Ok(base.as_str().to_owned())
}

fn verify_request(text: &str, label: &str, key: &str, algorithm: Algorithm) -> Result<String, HttpSigError> {
    let request = request(text);
    verify(&Message::from(&request), request.headers(), label, key, algorithm)
}

fn test_message(name: &str) -> (String, bool) {
    let message = &VECTORS["messages"][name];
    let is_request = message["kind"] == "request";
    let mut text = if is_request {
        format!("{} {} HTTP/1.1\n", message["method"].as_str().unwrap(), message["target"].as_str().unwrap())
    } else {
        format!("HTTP/1.1 {} X\n", message["status"])
    };
    for field in message["headers"].as_array().unwrap() {
        text += &format!("{}: {}\n", field[0].as_str().unwrap(), field[1].as_str().unwrap());
    }
    (text, is_request)
}

#[test]
fn hsq_40_appendix_b2_bases_are_equal_and_signatures_verify() {
    let cases = VECTORS["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let id = text("id");
        let (message, is_request) = test_message(text("message"));
        let (request, response) =
            if is_request { (Some(request(&message)), None) } else { (None, Some(response(&message))) };
        let message = match (&request, &response) {
            (Some(request), _) => Message::from(request),
            (_, Some(response)) => Message::from(response),
            _ => panic!("neither"),
        };
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE_INPUT, HeaderValue::from_str(text("signature_input")).unwrap());
        headers.insert(SIGNATURE, HeaderValue::from_str(text("signature")).unwrap());

        let signatures = ReceivedSignatures::parse(&headers, &Limits::default()).unwrap();
        let signature = signatures.by_label(text("label")).unwrap();
        let mut base = BaseBuilder::new();
        base.build(&message, signature.input().unwrap()).unwrap();
        assert_eq!(base.as_str(), text("signature_base"), "{id}");

        let Some(algorithm) = registered_algorithm(text("alg")) else {
            assert_eq!(text("alg"), "hmac-sha256", "{id}");
            continue;
        };
        assert!(base.as_str().ends_with(&signature.input().unwrap().to_string()));
        signature.verify(&message, &public_key(text("key")), algorithm, &mut base).unwrap();

        let input = signature.input().unwrap();
        let mut builder = SignatureBuilder::new(text("label")).cover(input.components().iter().cloned());
        for parameter in input.parameters() {
            builder = builder.parameter(parameter.name(), parameter.value().clone());
        }
        let key = signing_key(text("key"), algorithm);
        let signed = builder.sign(&message, &key, &mut base).unwrap();
        assert_eq!(signed.input(), text("signature_input"), "{id}");
        let deterministic = case["deterministic"] == true;
        assert_eq!(signed.signature() == text("signature"), deterministic, "{id}");
        let mut again = HeaderMap::new();
        signed.append_to(&mut again, &Limits::default()).unwrap();
        verify(&message, &again, text("label"), text("key"), algorithm).unwrap();
    }
}

#[test]
fn appendix_b3_tls_terminating_proxy() {
    let text = block("b3_tls_proxy_blocks", 4);
    let base = verify_request(text, "ttrp", "test-key-ecc-p256", Algorithm::Es256).unwrap();
    assert_eq!(base, block("b3_tls_proxy_blocks", 2).trim_end());
    let without = text.replace("Client-Cert", "Client-Cert-2");
    let refused = verify_request(&without, "ttrp", "test-key-ecc-p256", Algorithm::Es256).unwrap_err();
    assert_eq!(refused.reason(), "covered_absent");
    assert_eq!(refused.component().unwrap().to_string(), "\"client-cert\"");
}

#[test]
fn appendix_b4_transformations() {
    let outcome = |index| {
        let text = block("b4_transformation_blocks", index);
        verify_request(text, "transform", "test-key-ed25519", Algorithm::Ed25519)
    };
    let original = block("b4_transformation_blocks", 1).trim_end();
    for unchanged in [0, 2, 3, 4] {
        assert_eq!(outcome(unchanged).as_deref(), Ok(original), "block {unchanged}");
    }
    for changed in [5, 6] {
        assert_eq!(outcome(changed), Err(HttpSigError::Invalid), "block {changed}");
    }
}

#[test]
fn section_2_4_a_response_signs_parts_of_its_request() {
    for (asked, expected, answered) in [(60, 62, 63), (64, 65, 66)] {
        let (asked, answered) = (request(section(asked)), response(section(answered)));
        let message = ResponseParts::from(&answered).with_request(&asked).into();
        let key = "test-key-ecc-p256";
        let base = verify(&message, answered.headers(), "reqres", key, Algorithm::Es256).unwrap();
        assert_eq!(base, section(expected).trim_end());

        let alone = verify(&Message::from(&answered), answered.headers(), "reqres", key, Algorithm::Es256);
        assert!(matches!(alone, Err(HttpSigError::Unresolved(_, Problem::RequestUnknown))), "{alone:?}");
        let other = request(&section(60).replace("/foo", "/bar"));
        let message = ResponseParts::from(&answered).with_request(&other).into();
        let swapped = verify(&message, answered.headers(), "reqres", key, Algorithm::Es256);
        assert!(swapped.is_err());
    }
    let signed = verify_request(section(64), "sig1", "test-key-rsa-pss", Algorithm::Ps512);
    assert!(signed.is_ok(), "{signed:?}");
}

#[test]
fn section_3_1_the_signature_of_the_text() {
    let base = verify_request(section(71), "sig1", "test-key-rsa-pss", Algorithm::Ps512).unwrap();
    assert_eq!(base, section(69).trim_end());
    let key = public_key("test-key-rsa-pss");
    assert!(key.verify(Algorithm::Ps512, base.as_bytes(), &unfolded(section(70))).is_ok());
    for other in [Algorithm::Ps256, Algorithm::Rs512, Algorithm::Es256] {
        let refused = verify_request(section(71), "sig1", "test-key-rsa-pss", other);
        assert_eq!(refused, Err(HttpSigError::Invalid));
    }
}

#[test]
fn hsq_37_section_4_3_a_proxy_signs_beside_the_client() {
    let client = |block| verify_request(section(block), "sig1", "test-key-ecc-p256", Algorithm::Es256);
    assert!(client(76).is_ok());
    assert_eq!(client(77), Err(HttpSigError::Invalid));
    assert_eq!(client(80), Err(HttpSigError::Invalid));

    let base = verify_request(section(80), "proxy_sig", "test-key-rsa", Algorithm::Rs256).unwrap();
    assert_eq!(base, section(78).trim_end());
    // The signature says `alg="rsa-v1_5-sha256"`, which another choice contradicts before any key is tried.
    let refused = verify_request(section(80), "proxy_sig", "test-key-rsa", Algorithm::Ps512);
    assert_eq!(refused, Err(HttpSigError::AlgorithmMismatch));
}

#[test]
fn hsq_29_registered_names() {
    for (name, algorithm) in [
        ("rsa-pss-sha512", Some(Algorithm::Ps512)),
        ("rsa-v1_5-sha256", Some(Algorithm::Rs256)),
        ("ecdsa-p256-sha256", Some(Algorithm::Es256)),
        ("ecdsa-p384-sha384", Some(Algorithm::Es384)),
        ("ed25519", Some(Algorithm::Ed25519)),
        ("hmac-sha256", None),
        ("ES256", None),
        ("", None),
    ] {
        assert_eq!(registered_algorithm(name), algorithm, "{name}");
    }
    assert_eq!(wimse_core::httpsig::registered_name(Algorithm::EdDsa), Some("ed25519"));
    assert_eq!(wimse_core::httpsig::registered_name(Algorithm::Ps256), None);
}
