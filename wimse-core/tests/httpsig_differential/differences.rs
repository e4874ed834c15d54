//! Where the two differ on purpose, one test each: what they do, what we do.

use std::time::Duration;

use httpsig::prelude::HttpSignatureHeaders;
use wimse_core::UnixTime;
use wimse_core::httpsig::{
    BaseBuilder, Component, Derived, HttpSigError, Limits, Message, Problem, ReceivedSignatures,
    SIGNATURE_INPUT, SignatureBuilder, Value,
};
use wimse_core::jose::Algorithm;

use crate::sides::{
    FUTURE, LABEL, Parts, Said, our_key, signed_by_them, signed_by_us, they_verify, we_verify,
};

/// Where the two differ, all on this request.
fn simple() -> Parts {
    Parts {
        method: "GET",
        scheme: "https",
        host: "example.com".into(),
        port: None,
        path: "/a".into(),
        query: None,
        fields: vec![vec!["value".into()]],
    }
}

const KEY: Algorithm = Algorithm::Ed25519;

/// Signs the simple request as `builder` says; whether they and whether we take it.
fn verdicts(builder: &SignatureBuilder<'_>) -> (bool, bool) {
    let (request, _) = signed_by_us(&simple(), builder, KEY);
    (they_verify(&simple(), &request, KEY).is_ok(), we_verify(&request, KEY).is_ok())
}

fn builder<'a>() -> SignatureBuilder<'a> {
    SignatureBuilder::new(LABEL).cover([Derived::Method, Derived::Path])
}

#[test]
fn amb_39_unknown_parameters_stay_in_the_base_where_they_drop_them() {
    let audience = Value::string("https://example.com/a").unwrap();
    assert_eq!(verdicts(&builder().tag("t").parameter("wimse-aud", audience)), (false, true));
    assert_eq!(
        verdicts(&builder().tag("t").parameter("wimse-sign-response", Value::boolean(true))),
        (false, true)
    );
    assert_eq!(verdicts(&builder().tag("t")), (true, true));
}

#[test]
fn hsq_40_parameters_keep_the_order_received_where_they_impose_their_own() {
    let (early, late) = (UnixTime::from_secs(1), UnixTime::from_secs(FUTURE));
    assert_eq!(verdicts(&builder().tag("t").created(early)), (false, true));
    assert_eq!(verdicts(&builder().expires(late).created(early)), (false, true));
    assert_eq!(verdicts(&builder().created(early).expires(late)), (true, true));
}

#[test]
fn hsq_40_an_absent_field_is_an_error_where_they_sign_an_empty_one() {
    let theirs = Said::default().theirs(&["@method", "x-9"]);
    let (request, base) = signed_by_them(&simple(), &theirs, KEY);
    assert!(base.contains("\"x-9\": \n"), "{base}");
    assert!(they_verify(&simple(), &request, KEY).is_ok());
    let absent = Component::field("x-9").unwrap();
    let expected = HttpSigError::Unresolved(Box::new(absent.clone()), Problem::Absent);
    assert_eq!(we_verify(&request, KEY), Err(expected.clone()));
    let request = simple().request();
    let signed =
        builder().cover([absent]).sign(&Message::from(&request), &our_key(KEY), &mut BaseBuilder::new());
    assert_eq!(signed.err(), Some(expected));
}

#[test]
fn hsq_35_a_signature_of_the_future_is_refused_where_they_ask_for_its_end_alone() {
    let (request, _) = signed_by_us(&simple(), &builder().created(UnixTime::from_secs(FUTURE)), KEY);
    assert!(they_verify(&simple(), &request, KEY).is_ok());
    let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    let input = signatures.by_label(LABEL).unwrap().input().unwrap();
    let leeway = Duration::from_secs(60);
    assert_eq!(input.check_time(UnixTime::from_secs(FUTURE - 61), leeway), Err(HttpSigError::NotYetValid));
    assert_eq!(input.check_time(UnixTime::from_secs(FUTURE - 60), leeway), Ok(()));
}

/// RFC 9421 allows it; what must be covered is for the caller to say, and theirs has no place to say it.
#[test]
fn hsq_01_an_empty_covered_set_meets_no_demand_where_they_accept_it() {
    let empty = SignatureBuilder::new(LABEL).tag("t");
    assert_eq!(verdicts(&empty), (true, true));
    let (request, base) = signed_by_us(&simple(), &empty, KEY);
    assert_eq!(base, "\"@signature-params\": ();tag=\"t\"");
    let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    let demanded = signatures.by_label(LABEL).unwrap().input().unwrap().require([Derived::Method]);
    assert_eq!(demanded, Err(HttpSigError::NotCovered(Box::new(Derived::Method.into()))));
}

#[test]
fn hsq_40_quotes_and_backslashes_are_escaped_where_they_write_them_bare() {
    for text in ["\"", "\\", "a\"b\\c"] {
        assert_eq!(verdicts(&builder().nonce(text)), (false, true), "{text}");
    }
}

#[test]
fn hsq_01_a_method_keeps_its_letters_where_they_raise_them() {
    let parts = Parts { method: "get", ..simple() };
    let (request, base) = signed_by_us(&parts, &builder(), KEY);
    assert!(base.starts_with("\"@method\": get\n"), "{base}");
    assert_eq!(we_verify(&request, KEY), Ok(()));
    assert!(they_verify(&parts, &request, KEY).is_err());
    // By theirs, a signature of GET is one of `get` too.
    let (signed, _) = signed_by_them(&simple(), &Said::default().theirs(&["@method"]), KEY);
    let mut moved = parts.request();
    moved.headers_mut().extend(signed.headers().clone());
    assert!(they_verify(&parts, &moved, KEY).is_ok());
    assert_eq!(we_verify(&moved, KEY), Err(HttpSigError::Invalid));
}

#[test]
fn amb_39_a_parameter_of_the_wrong_type_is_an_error_where_they_take_it_for_absent() {
    let field = "sig1=(\"@method\");created=\"1\";nonce=1;tag=t";
    let theirs = HttpSignatureHeaders::try_parse("sig1=:AAAA:", field).unwrap();
    let said = theirs[LABEL].signature_params();
    assert_eq!((said.created, said.nonce.as_deref(), said.tag.as_deref()), (None, None, None));
    let mut request = simple().request();
    request.headers_mut().insert(SIGNATURE_INPUT, field.parse().unwrap());
    let ours = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    let input = ours.by_label(LABEL).unwrap().input().unwrap();
    assert_eq!(input.created(), Err(HttpSigError::ParameterType("created")));
    assert_eq!(input.nonce(), Err(HttpSigError::ParameterType("nonce")));
    assert_eq!(input.tag(), Err(HttpSigError::ParameterType("tag")));
}

#[test]
fn hsq_40_duplicate_labels_and_parameters_are_refused_where_their_last_one_wins() {
    for (field, expected) in [
        ("sig1=();tag=\"a\", sig1=();tag=\"b\"", HttpSigError::DuplicateLabel(SIGNATURE_INPUT)),
        ("sig1=();tag=\"a\";tag=\"b\"", HttpSigError::DuplicateParameter),
    ] {
        let theirs = HttpSignatureHeaders::try_parse("sig1=:AAAA:", field).unwrap();
        assert_eq!(theirs[LABEL].signature_params().tag.as_deref(), Some("b"));
        let mut request = simple().request();
        request.headers_mut().insert(SIGNATURE_INPUT, field.parse().unwrap());
        assert_eq!(ReceivedSignatures::parse(request.headers(), &Limits::default()).err(), Some(expected));
    }
}

#[test]
fn hsq_20_an_alg_that_is_not_that_of_the_key_is_refused_where_they_do_not_look() {
    assert_eq!(verdicts(&builder().alg("ecdsa-p256-sha256")), (true, false));
    assert_eq!(verdicts(&builder().alg("ed25519")), (true, true));
}
