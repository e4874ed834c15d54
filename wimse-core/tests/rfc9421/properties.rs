//! Properties: parsing never panics, what is signed verifies, what is covered cannot be changed.

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use std::sync::LazyLock;
use wimse_core::httpsig::{
    BaseBuilder, Component, HttpSigError, Limits, Message, ReceivedSignatures, SIGNATURE, SIGNATURE_INPUT,
    SignatureBuilder, Value,
};
use wimse_core::jose::{Algorithm, PublicKey, SigningKey};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Ed25519).unwrap());
static PUBLIC: LazyLock<PublicKey> = LazyLock::new(|| PublicKey::new(KEY.public_jwk().clone()).unwrap());

type Change = fn(&mut Request<()>);

/// Components of the request below, and a change to the request that each of them must notice.
const COVERED: [(&str, Change); 13] = [
    ("\"@method\"", |r| *r.method_mut() = http::Method::PUT),
    ("\"@path\"", |r| retarget(r, "/foo", "/fo0")),
    ("\"@query\"", |r| retarget(r, "Pet=dog", "Pet=cat")),
    ("\"@query\"", |r| retarget(r, "Pet=dog", "Pet=%64og")),
    ("\"@authority\"", |r| retarget(r, "example.com", "example.org")),
    ("\"@scheme\"", |r| retarget(r, "https:", "http:")),
    ("\"@target-uri\"", |r| retarget(r, "dog", "cat")),
    ("\"@query-param\";name=\"Pet\"", |r| retarget(r, "dog", "cat")),
    ("\"date\"", |r| set(r, "date", "Tue, 20 Apr 2021 02:07:56 GMT")),
    ("\"x-list\"", |r| set(r, "x-list", "a, b")),
    ("\"x-list\";bs", |r| set(r, "x-list", "a, b, c")),
    ("\"priority\";sf", |r| set(r, "priority", "i, u=1")),
    ("\"priority\";key=\"u\"", |r| set(r, "priority", "u=2, i")),
];

fn retarget(request: &mut Request<()>, from: &str, to: &str) {
    *request.uri_mut() = request.uri().to_string().replace(from, to).parse().unwrap();
}

fn set(request: &mut Request<()>, name: &'static str, value: &'static str) {
    request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
}

fn message() -> Request<()> {
    Request::post("https://example.com/foo?param=Value&Pet=dog")
        .header("date", "Tue, 20 Apr 2021 02:07:55 GMT")
        .header("x-list", "a, b")
        .header("x-list", "c")
        .header("priority", "u=1,  i")
        .body(())
        .unwrap()
}

fn verify(request: &Request<()>) -> Result<(), HttpSigError> {
    let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default())?;
    let signature = signatures.by_tag("t")?;
    signature.verify(&Message::from(request), &PUBLIC, Algorithm::Ed25519, &mut BaseBuilder::new())
}

/// What the signature fields say: the signature and what was signed.
fn octets_of(request: &Request<()>) -> Option<(String, Vec<u8>)> {
    let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default()).ok()?;
    let signature = signatures.by_label("sig").ok()?;
    Some((signature.input().ok()?.to_string(), signature.signature().ok()?.to_vec()))
}

fn signed(identifiers: &[&str], text: &str, number: i64) -> Request<()> {
    let mut request = message();
    let components = identifiers.iter().map(|identifier| identifier.parse::<Component<'_>>().unwrap());
    SignatureBuilder::new("sig")
        .parameter("number", Value::integer(number).unwrap())
        .cover(components)
        .nonce(text)
        .tag("t")
        .sign(&Message::from(&request), &KEY, &mut BaseBuilder::new())
        .unwrap()
        .append_to(request.headers_mut(), &Limits::default())
        .unwrap();
    request
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_changes_of_covered_parts_do_not(
        chosen in proptest::sample::subsequence((0..COVERED.len()).collect::<Vec<_>>(), 1..COVERED.len())
            .prop_shuffle(),
        text in "[ -~]{0,40}",
        number in -999_999_999_999_999_i64..=999_999_999_999_999,
    ) {
        let mut identifiers: Vec<&str> = Vec::new();
        for index in &chosen {
            if !identifiers.contains(&COVERED[*index].0) {
                identifiers.push(COVERED[*index].0);
            }
        }
        let request = signed(&identifiers, &text, number);
        prop_assert_eq!(verify(&request), Ok(()));
        for index in &chosen {
            let (identifier, change) = COVERED[*index];
            let mut changed = request.clone();
            change(&mut changed);
            prop_assert_eq!(verify(&changed), Err(HttpSigError::Invalid), "{}", identifier);
        }
        let mut same = request;
        set(&mut same, "x-unrelated", "x");
        prop_assert_eq!(verify(&same), Ok(()));
    }

    #[test]
    fn no_octet_of_the_signature_fields_can_change_unnoticed(index in any::<prop::sample::Index>(), bit in 0..7_u32) {
        let request = signed(&["\"@method\"", "\"@path\"", "\"date\""], "n", 1);
        for field in [SIGNATURE_INPUT, SIGNATURE] {
            let mut octets = request.headers()[&field].as_bytes().to_vec();
            let at = index.index(octets.len());
            octets[at] ^= 1 << bit;
            let Ok(value) = HeaderValue::from_bytes(&octets) else { continue };
            let mut changed = request.clone();
            changed.headers_mut().insert(field, value);
            // Base64 has spare bits at its end, which RFC 9651 §4.2.7 lets anyone set.
            if octets_of(&changed) != octets_of(&request) {
                prop_assert!(verify(&changed).is_err(), "{}", String::from_utf8_lossy(&octets));
            }
        }
    }

    #[test]
    fn parsing_never_panics(
        inputs in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..3),
        text in r#"([ab]=\(("[@a-z-]{0,8}"(;[a-z]{1,4}(=("[a-z]"|1|\?0|:AQ==:))?){0,3} ?){0,4}\)(;[a-z]{1,7}(="[a-z]{0,3}"|=1)?){0,4}(, )?){0,3}"#,
        signature in r"([ab](=:[A-Za-z0-9+/]{0,8}={0,2}:)?(, )?){0,3}",
    ) {
        let mut fields = HeaderMap::new();
        for line in inputs.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()) {
            fields.append(SIGNATURE_INPUT, line);
        }
        let _ = ReceivedSignatures::parse(&fields, &Limits::default());
        fields.insert(SIGNATURE_INPUT, HeaderValue::from_str(&text).unwrap());
        fields.insert(SIGNATURE, HeaderValue::from_str(&signature).unwrap());
        let request = message();
        if let Ok(signatures) = ReceivedSignatures::parse(&fields, &Limits::default()) {
            for signature in signatures.iter() {
                let verified = signature.verify(
                    &Message::from(&request), &PUBLIC, Algorithm::Ed25519, &mut BaseBuilder::new());
                prop_assert!(verified.is_err());
            }
        }
    }

    #[test]
    fn components_read_back_as_they_are_written(text in r#""[@a-z-]{1,12}"(;(sf|bs|tr|req|key="[ -~]{0,6}"|name="[ab%]{0,4}")){0,4}"#) {
        if let Ok(component) = text.parse::<Component<'_>>() {
            let again: Component<'_> = component.to_string().parse().unwrap();
            prop_assert_eq!(again.to_string(), component.to_string());
            prop_assert_eq!(again, component);
        }
    }

    #[test]
    fn a_value_never_spans_lines(value in proptest::collection::vec(any::<u8>(), 0..60), bs in any::<bool>()) {
        let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        let request = Request::get("/").header("x", value).body(()).unwrap();
        let identifier = if bs { "\"x\";bs" } else { "\"x\"" };
        let signature = SignatureBuilder::new("a").cover([identifier.parse::<Component<'_>>().unwrap()]);
        let mut base = BaseBuilder::new();
        if let Ok(text) = base.build(&Message::from(&request), signature.input()) {
            prop_assert_eq!(text.lines().count(), 2);
            prop_assert!(text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n')));
        }
    }
}
