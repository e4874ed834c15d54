//! What the signature fields may not be.

use http::HeaderMap;
use wimse_core::UnixTime;
use wimse_core::httpsig::{
    BaseBuilder, Component, ComponentError, ComponentParameter, Derived, HttpSigError, Limits, Message,
    ReceivedSignatures, SIGNATURE, SIGNATURE_INPUT, SignatureBuilder,
};
use wimse_core::jose::{Algorithm, PublicKey, SigningKey};

use crate::message::{headers, request};

fn parse(fields: &HeaderMap) -> Result<ReceivedSignatures<'_>, HttpSigError> {
    ReceivedSignatures::parse(fields, &Limits::default())
}

/// What is wrong with the fields as a whole, or else with the signature `a`.
fn refusal(text: &str) -> Option<HttpSigError> {
    let fields = headers(text);
    let outcome = parse(&fields).and_then(|signatures| {
        let signature = signatures.by_label("a")?;
        signature.input()?;
        signature.signature().map(|_| ())
    });
    outcome.err()
}

#[test]
fn hsq_40_component_identifiers() {
    for sound in [
        r#""content-type""#,
        r#""content-type";req"#,
        r#""content-type";sf"#,
        r#""x";bs"#,
        r#""x";bs;tr;req"#,
        r#""x";sf;key="a";tr;req"#,
        r#""x";key="a \"b\" \\";sf"#,
        r#""@method""#,
        r#""@query-param";name="a";req"#,
        r#""@status""#,
        r##""!#$%&'*+-.^_`|~09""##,
    ] {
        assert_eq!(sound.parse::<Component<'_>>().unwrap().to_string(), sound);
    }
    for (text, expected) in [
        ("", ComponentError::Syntax),
        ("\"a", ComponentError::Syntax),
        ("\"a\", \"b\"", ComponentError::Syntax),
        ("(\"a\")", ComponentError::Syntax),
        ("content-type", ComponentError::NotString),
        ("1", ComponentError::NotString),
        (r#""Content-Type""#, ComponentError::Name),
        (r#""""#, ComponentError::Name),
        (r#""a b""#, ComponentError::Name),
        (r#""a:b""#, ComponentError::Name),
        (r#"":path""#, ComponentError::Name),
        (r#""a\"b""#, ComponentError::Name),
        (r#""@signature-params""#, ComponentError::SignatureParams),
        (r#""@Method""#, ComponentError::UnknownDerived),
        (r#""@request-response""#, ComponentError::UnknownDerived),
        (r#""@""#, ComponentError::UnknownDerived),
        (r#""a";x"#, ComponentError::UnknownParameter),
        (r#""a";req=?0"#, ComponentError::ParameterType),
        (r#""a";req=1"#, ComponentError::ParameterType),
        (r#""a";sf="yes""#, ComponentError::ParameterType),
        (r#""a";key"#, ComponentError::ParameterType),
        (r#""a";key=b"#, ComponentError::ParameterType),
        (r#""@query-param";name"#, ComponentError::ParameterType),
        (r#""a";req;req"#, ComponentError::DuplicateParameter),
        (r#""a";key="b";key="c""#, ComponentError::DuplicateParameter),
        (r#""a";bs;sf"#, ComponentError::Combination),
        (r#""a";sf;bs"#, ComponentError::Combination),
        (r#""a";bs;key="b""#, ComponentError::Combination),
        (r#""a";key="b";bs"#, ComponentError::Combination),
        (r#""a";name="b""#, ComponentError::Combination),
        (r#""@method";sf"#, ComponentError::Combination),
        (r#""@method";bs"#, ComponentError::Combination),
        (r#""@method";tr"#, ComponentError::Combination),
        (r#""@method";key="a""#, ComponentError::Combination),
        (r#""@path";name="a""#, ComponentError::Combination),
        (r#""@status";req"#, ComponentError::Combination),
        (r#""@query-param";name="a";tr"#, ComponentError::Combination),
        (r#""@query-param""#, ComponentError::NameMissing),
        (r#""@query-param";req"#, ComponentError::NameMissing),
    ] {
        assert_eq!(text.parse::<Component<'_>>().unwrap_err(), expected, "{text}");
        if expected != ComponentError::Syntax {
            let fields = format!("Signature-Input: a=({text})\nSignature: a=:AQ==:");
            assert_eq!(refusal(&fields), Some(expected.into()), "{text}");
        }
    }
}

#[test]
fn the_order_of_component_parameters_does_not_make_another_component() {
    let parse = |text: &str| text.parse::<Component<'_>>().unwrap();
    assert_eq!(parse(r#""x";req;key="a""#), parse(r#""x";key="a";req"#));
    for other in [r#""x";key="b";req"#, r#""x";key="a""#, r#""x";req"#, r#""y";req;key="a""#] {
        assert_ne!(parse(r#""x";req;key="a""#), parse(other), "{other}");
    }
    let built = Component::field("x").unwrap().with(ComponentParameter::Req).unwrap();
    assert_eq!(built, parse(r#""x";req"#));
    assert_eq!(built.with(ComponentParameter::Req).unwrap_err(), ComponentError::DuplicateParameter);
    assert_eq!(Component::query_param("\u{e9}").unwrap_err(), ComponentError::ParameterType);
    assert_eq!(Component::field("Date").unwrap_err(), ComponentError::Name);
}

#[test]
fn hsq_40_a_component_is_listed_once() {
    for list in [
        r#""date" "date""#,
        r#""@method" "date" "@method""#,
        r#""x";req;key="a" "x";key="a";req"#,
        r#""@query-param";name="a" "@query-param";name="a""#,
    ] {
        let refused = refusal(&format!("Signature-Input: a=({list})\nSignature: a=:AQ==:")).unwrap();
        assert_eq!(refused.reason(), "component_duplicate", "{list}");
    }
    let list =
        r#""x" "x";req "x";key="a" "x";key="b" "x";bs "@query-param";name="a" "@query-param";name="b""#;
    assert_eq!(refusal(&format!("Signature-Input: a=({list})\nSignature: a=:AQ==:")), None);
}

#[test]
fn ambiguous_fields_are_refused_as_a_whole() {
    let syntax_input = HttpSigError::Syntax(SIGNATURE_INPUT);
    for (text, expected) in [
        ("Signature-Input: a=(), a=()", HttpSigError::DuplicateLabel(SIGNATURE_INPUT)),
        ("Signature-Input: a=()\nSignature-Input: a=()", HttpSigError::DuplicateLabel(SIGNATURE_INPUT)),
        ("Signature-Input: b=1, b=2, a=()", HttpSigError::DuplicateLabel(SIGNATURE_INPUT)),
        ("Signature: a=:AQ==:, a=:AQ==:", HttpSigError::DuplicateLabel(SIGNATURE)),
        ("Signature: a=:AQ==:\nSignature: a=1", HttpSigError::DuplicateLabel(SIGNATURE)),
        ("Signature: a=1, a=:AQ==:", HttpSigError::DuplicateLabel(SIGNATURE)),
        ("Signature-Input: a=();tag=\"x\";tag=\"y\"", HttpSigError::DuplicateParameter),
        ("Signature-Input: a=(), b=();q=1;q=1", HttpSigError::DuplicateParameter),
        ("Signature-Input: a=(", syntax_input.clone()),
        ("Signature-Input: a=()x", syntax_input.clone()),
        ("Signature-Input: a=(),", syntax_input.clone()),
        ("Signature-Input: A=()", syntax_input.clone()),
        ("Signature-Input: a=((\"x\"))", syntax_input.clone()),
        ("Signature-Input: a=(\"x\"\"y\")", syntax_input.clone()),
        ("Signature-Input: a=();created=1234567890123456", syntax_input.clone()),
        ("Signature-Input: a=();Tag=\"x\"", syntax_input.clone()),
        ("Signature-Input: a=();nonce=\"\u{e9}\"", syntax_input.clone()),
        ("Signature-Input: a=(\"x\"\nSignature-Input: \"y\")", syntax_input.clone()),
        ("Signature-Input:\nSignature-Input: a=()", syntax_input.clone()),
        ("Signature-Input: a=()\nSignature-Input:", syntax_input),
        ("Signature: a=:A*==:", HttpSigError::Syntax(SIGNATURE)),
        ("Signature: a=:AQ==", HttpSigError::Syntax(SIGNATURE)),
    ] {
        assert_eq!(refusal(text), Some(expected), "{text}");
    }
}

#[test]
fn what_is_wrong_with_one_signature_does_not_touch_another() {
    let fields = headers(
        "Signature-Input: one=(\"@new\"), two=1, three=(\"date\" \"date\");tag=\"t\", five=();created=\"now\"\n\
         Signature-Input: good=(\"@method\");tag=\"good\"\n\
         Signature: four=:AQ==:, one=:AQ==:, two=:AQ==:, good=:AQ==:, five=now, six=(:AQ==:)\n",
    );
    let signatures = parse(&fields).unwrap();
    assert_eq!(signatures.len(), 7);
    let input = |label: &str| signatures.by_label(label).unwrap().input().map(|_| ()).map_err(|e| e.reason());
    assert_eq!(input("one"), Err("component_unknown"));
    assert_eq!(input("two"), Err("httpsig_not_inner_list"));
    assert_eq!(input("three"), Err("component_duplicate"));
    assert_eq!(input("four"), Err("httpsig_input_missing"));
    assert_eq!(input("five"), Ok(()));
    assert_eq!(input("good"), Ok(()));
    let octets = |label: &str| signatures.by_label(label).unwrap().signature().map_err(|e| e.reason());
    assert_eq!(octets("three"), Err("httpsig_signature_missing"));
    assert_eq!(octets("five"), Err("httpsig_not_byte_sequence"));
    assert_eq!(octets("six"), Err("httpsig_not_byte_sequence"));
    assert_eq!(octets("good"), Ok(&[1][..]));
    assert_eq!(signatures.by_label("none").unwrap_err(), HttpSigError::NotFound);

    let five = signatures.by_label("five").unwrap().input().unwrap();
    assert_eq!(five.created(), Err(HttpSigError::ParameterType("created")));
    assert_eq!(
        five.check_time(UnixTime::from_secs(0), std::time::Duration::ZERO).unwrap_err().reason(),
        "httpsig_parameter_type"
    );
    assert_eq!(five.tag(), Ok(None));
    assert_eq!(signatures.by_tag("good").unwrap().label(), "good");
    assert!(parse(&HeaderMap::new()).unwrap().is_empty());
}

#[test]
fn hsq_22_hsq_23_hsq_24_the_tag_selects_and_must_be_alone() {
    for (inputs, expected) in [
        ("a=();tag=\"t\"", Ok("a")),
        ("x=();tag=\"other\", y=(), z=();tag=\"t\"", Ok("z")),
        ("t=()", Err("httpsig_not_found")),
        ("a=();tag=t", Err("httpsig_not_found")),
        ("a=();tag=\"T\"", Err("httpsig_not_found")),
        ("a=();tag=\"t\", b=();tag=\"t\"", Err("httpsig_several_with_tag")),
        // Neither is usable, but they are two all the same.
        ("a=(\"@new\");tag=\"t\", b=1;tag=\"t\"", Err("httpsig_several_with_tag")),
        ("a=();tag=\"t\", b=(\"@new\");tag=\"t\"", Err("httpsig_several_with_tag")),
    ] {
        let fields = headers(&format!("Signature-Input: {inputs}"));
        let signatures = parse(&fields).unwrap();
        let selected = signatures.by_tag("t").map(|signature| signature.label()).map_err(|e| e.reason());
        assert_eq!(selected, expected, "{inputs}");
    }
}

#[test]
fn amb_39_parameters_of_any_type_and_name_stay_in_the_base_in_their_order() {
    let parameters =
        r#";z=1;tag="t";a;b=?0;c=tok/en:x;d=1.5;e=:AQ==:;f=@7;g=%"%c3%bc";created=-1;wimse-aud="x\"y""#;
    let fields = headers(&format!("Signature-Input: a=(  \"@method\"   \"@path\" ){parameters}"));
    let signatures = parse(&fields).unwrap();
    let input = signatures.by_label("a").unwrap().input().unwrap();
    assert_eq!(input.to_string(), format!("(\"@method\" \"@path\"){parameters}"));
    assert_eq!(input.string("wimse-aud"), Ok(Some("x\"y")));
    assert_eq!(input.string("c"), Err(HttpSigError::ParameterType("c")));
    assert_eq!(input.boolean("a"), Ok(Some(true)));
    assert_eq!(input.boolean("z"), Err(HttpSigError::ParameterType("z")));
    assert_eq!(input.integer("z"), Ok(Some(1)));
    assert_eq!(input.created(), Ok(Some(UnixTime::from_secs(-1))));
    assert_eq!(input.get("c").unwrap().as_token(), Some("tok/en:x"));
    assert_eq!(input.get("d").unwrap().as_thousandths(), Some(1500));
    assert_eq!(input.get("e").unwrap().as_bytes(), Some(&[1][..]));
    assert_eq!(input.get("f").unwrap().as_date(), Some(7));
    assert_eq!(input.get("g").unwrap().as_display_string(), Some("\u{fc}"));
    assert_eq!(input.get("none"), None);

    let request = request("GET /x HTTP/1.1\n");
    let mut base = BaseBuilder::new();
    let text = base.build(&Message::from(&request), input).unwrap();
    let last = format!("\"@signature-params\": (\"@method\" \"@path\"){parameters}");
    assert_eq!(text, format!("\"@method\": GET\n\"@path\": /x\n{last}"));
}

#[test]
fn hsq_35_validity_window() {
    use std::time::Duration;
    let check = |parameters: &str, now: i64| {
        let fields = headers(&format!("Signature-Input: a=(){parameters}"));
        let signatures = parse(&fields).unwrap();
        let input = signatures.by_label("a").unwrap().input().unwrap();
        input.check_time(UnixTime::from_secs(now), Duration::from_secs(5)).map_err(|e| e.reason())
    };
    for (parameters, now, expected) in [
        (";created=100;expires=200", 100, Ok(())),
        (";created=100;expires=200", 95, Ok(())),
        (";created=100;expires=200", 94, Err("httpsig_not_yet_valid")),
        (";created=100;expires=200", 204, Ok(())),
        (";created=100;expires=200", 205, Err("httpsig_expired")),
        (";created=100;expires=100", 100, Err("httpsig_lifetime")),
        (";created=100;expires=99", 100, Err("httpsig_lifetime")),
        (";created=999999999999999", 100, Err("httpsig_not_yet_valid")),
        (";expires=-999999999999999", 100, Err("httpsig_expired")),
        (";created=100", 1_000_000, Ok(())),
        ("", 0, Ok(())),
        (";created=1.5", 100, Err("httpsig_parameter_type")),
        (";expires=@200", 100, Err("httpsig_parameter_type")),
        (";expires", 100, Err("httpsig_parameter_type")),
    ] {
        assert_eq!(check(parameters, now), expected, "{parameters} at {now}");
    }
}

#[test]
fn a_covered_component_that_the_message_does_not_have_is_an_error() {
    let fields = headers("Signature-Input: a=(\"@method\" \"x-absent\")\nSignature: a=:AQ==:");
    let signatures = parse(&fields).unwrap();
    let request = request("GET / HTTP/1.1\nX: 1\n");
    let key = PublicKey::new(SigningKey::generate(Algorithm::Es256).unwrap().public_jwk().clone()).unwrap();
    let mut base = BaseBuilder::new();
    base.build(&Message::from(&request), SignatureBuilder::new("b").input()).unwrap();
    let signature = signatures.by_label("a").unwrap();
    let refused = signature.verify(&Message::from(&request), &key, Algorithm::Es256, &mut base).unwrap_err();
    assert_eq!(refused.reason(), "covered_absent");
    assert_eq!(refused.to_string(), "\"x-absent\": the message does not have it");
    assert_eq!(base.as_str(), "", "neither half a base nor the one before");
}

#[test]
fn only_plain_ascii_is_signed() {
    let request = request("GET /\u{fc} HTTP/1.1\nX: \u{fc}\nY: caf\u{e9}\n");
    for identifier in [r#""x""#, r#""y""#, r#""@path""#] {
        assert_eq!(crate::message::value(&request, identifier).unwrap_err().reason(), "covered_octets");
    }
    // As RFC 9421 §2.1.3 intends, octets that no other form can carry are covered as a byte sequence.
    assert_eq!(crate::message::value(&request, r#""x";bs"#).unwrap(), ":w7w=:");
}

#[test]
fn require_names_what_is_not_covered() {
    let signature = SignatureBuilder::new("a").cover([Derived::Method, Derived::Path]);
    let input = signature.input();
    assert_eq!(input.require([Derived::Path, Derived::Method]), Ok(()));
    let refused = input.require([Derived::Method, Derived::Query]).unwrap_err();
    assert_eq!(refused.to_string(), "\"@query\" is not covered");
    assert_eq!(refused.reason(), "component_not_covered");
    let answered = Component::from(Derived::Method).with(ComponentParameter::Req).unwrap();
    assert!(!input.covers(&answered));
}
