//! Making signatures.

use http::{HeaderMap, HeaderValue};
use wimse_core::UnixTime;
use wimse_core::httpsig::{
    BaseBuilder, Component, Derived, HttpSigError, Limits, Message, ReceivedSignatures, SIGNATURE,
    SIGNATURE_INPUT, SignatureBuilder, Value, ValueInvalid,
};
use wimse_core::jose::{Algorithm, PublicKey, SigningKey};

use crate::message::request;

fn reason(builder: &SignatureBuilder<'_>) -> &'static str {
    let request = request("GET / HTTP/1.1\nX: 1\n");
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    builder.sign(&Message::from(&request), &key, &mut BaseBuilder::new()).unwrap_err().reason()
}

#[test]
fn hsq_21_signatures_stand_beside_each_other() {
    let mut request = request("GET /a HTTP/1.1\nX: 1\n");
    let mut base = BaseBuilder::new();
    let keys = [Algorithm::Es256, Algorithm::Ed25519, Algorithm::EdDsa, Algorithm::Es384]
        .map(|algorithm| SigningKey::generate(algorithm).unwrap());
    for (i, key) in keys.iter().enumerate() {
        let builder = SignatureBuilder::new(format!("sig{i}"))
            .cover([Derived::Method, Derived::Path])
            .created(UnixTime::from_secs(7))
            .expires(UnixTime::from_secs(9))
            .nonce("n")
            .keyid("k")
            .tag(format!("tag{i}"))
            .parameter("wimse-sign-response", Value::boolean(true));
        let signed = builder.sign(&Message::from(&request), key, &mut base).unwrap();
        assert!(signed.signature().is_sensitive());
        assert_eq!(signed.label(), format!("sig{i}"));
        signed.append_to(request.headers_mut(), &Limits::default()).unwrap();
    }
    let lines = request.headers().get_all(SIGNATURE_INPUT).iter().count();
    assert_eq!(lines, 4);
    let expected = "sig1=(\"@method\" \"@path\");created=7;expires=9;nonce=\"n\";keyid=\"k\";tag=\"tag1\";wimse-sign-response";
    assert_eq!(request.headers().get_all(SIGNATURE_INPUT).iter().nth(1).unwrap(), expected);

    // An intermediary may join the lines.
    for field in [SIGNATURE_INPUT, SIGNATURE] {
        let lines: Vec<_> = request.headers().get_all(&field).iter().map(|v| v.to_str().unwrap()).collect();
        let joined = HeaderValue::from_str(&lines.join(" ,\t")).unwrap();
        request.headers_mut().insert(field, joined);
    }
    let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    assert_eq!(signatures.len(), 4);
    for (i, key) in keys.iter().enumerate() {
        let public = PublicKey::new(key.public_jwk().clone()).unwrap();
        let signature = signatures.by_tag(&format!("tag{i}")).unwrap();
        let message = Message::from(&request);
        assert_eq!(signature.verify(&message, &public, key.algorithm(), &mut base), Ok(()));
        let other = signatures.by_tag(&format!("tag{}", (i + 1) % 4)).unwrap();
        assert!(other.verify(&message, &public, key.algorithm(), &mut base).is_err());
    }
}

#[test]
fn a_label_is_taken_once() {
    let mut request = request("GET /a HTTP/1.1\n");
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut base = BaseBuilder::new();
    let signed = SignatureBuilder::new("sig").cover([Derived::Path]);
    let signed = signed.sign(&Message::from(&request), &key, &mut base).unwrap();
    signed.clone().append_to(request.headers_mut(), &Limits::default()).unwrap();
    let before = request.headers().clone();
    let refused = signed.clone().append_to(request.headers_mut(), &Limits::default());
    assert_eq!(refused, Err(HttpSigError::DuplicateLabel(SIGNATURE_INPUT)));
    assert_eq!(*request.headers(), before);
    let mut broken = HeaderMap::new();
    broken.insert(SIGNATURE, HeaderValue::from_static("x=("));
    assert_eq!(signed.append_to(&mut broken, &Limits::default()), Err(HttpSigError::Syntax(SIGNATURE)));
}

#[test]
fn what_cannot_be_encoded_is_refused() {
    for label in ["", "Sig", "1", "a b", "a=b", "s\u{e9}"] {
        assert_eq!(reason(&SignatureBuilder::new(label)), "httpsig_not_encodable", "{label}");
    }
    let new = || SignatureBuilder::new("sig");
    assert_eq!(reason(&new().nonce("\u{e9}")), "httpsig_not_encodable");
    assert_eq!(reason(&new().tag("a\r\nb")), "httpsig_not_encodable");
    assert_eq!(reason(&new().parameter("Bad", Value::boolean(true))), "httpsig_not_encodable");
    assert_eq!(reason(&new().created(UnixTime::from_secs(i64::MAX))), "httpsig_not_encodable");
    assert_eq!(reason(&new().tag("a").tag("b")), "httpsig_duplicate_parameter");
    assert_eq!(reason(&new().cover([Derived::Path, Derived::Path])), "component_duplicate");
    assert_eq!(reason(&new().cover([Derived::QueryParam])), "component_name_missing");
    assert_eq!(reason(&new().cover([Derived::Status])), "covered_wrong_message");
    assert_eq!(reason(&new().cover([Component::field("absent").unwrap()])), "covered_absent");
    assert_eq!(Value::token("a b").unwrap_err(), ValueInvalid);
    assert_eq!(Value::integer(1_000_000_000_000_000).unwrap_err(), ValueInvalid);
    assert_eq!(Value::string("\u{7f}").unwrap_err(), ValueInvalid);
}

#[test]
fn secrets_do_not_show() {
    let mut request = request("GET /a HTTP/1.1\n");
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let signed =
        SignatureBuilder::new("sig").sign(&Message::from(&request), &key, &mut BaseBuilder::new()).unwrap();
    let octets = signed.signature().to_str().unwrap().get(5..20).unwrap().to_owned();
    assert!(!format!("{signed:?}").contains(&octets));
    signed.append_to(request.headers_mut(), &Limits::default()).unwrap();
    let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    let raw = format!("{:?}", signatures.by_label("sig").unwrap().signature().unwrap());
    let shown = format!("{signatures:?}");
    assert!(!shown.contains(&octets) && !shown.contains(&raw));
    assert!(!format!("{request:?}").contains(&octets));
}
