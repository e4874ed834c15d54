//! Asking for signatures with `Accept-Signature` (RFC 9421 §5).

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use wimse_core::httpsig::{
    ACCEPT_SIGNATURE, AcceptSignatureBuilder, Component, Derived, HttpSigError, Limits, ReceivedSignatures,
    RequestedSignatures, Value,
};

use crate::hostile::{fastest, generous, shapes, unlimited};
use crate::message::headers;

fn parse(fields: &HeaderMap) -> Result<RequestedSignatures<'_>, HttpSigError> {
    RequestedSignatures::parse(fields, &Limits::default())
}

/// A message with this one line.
fn asking(line: impl AsRef<[u8]>) -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_SIGNATURE, HeaderValue::from_bytes(line.as_ref()).unwrap())])
}

#[test]
fn hsr_23_a_message_may_ask_for_several_signatures_or_none() {
    let fields = headers(
        "Accept-Signature: pay=(\"@method\" \"@target-uri\" \"x\" );keyid=\"k-1\";created;tag=\"shop\" ,\taudit=()\n\
         Accept-Signature: log=(\"@status\" \"@query\";req \"x\";req;key=\"a\");alg=\"ed25519\";expires;nonce=\"n\"\n",
    );
    let requested = parse(&fields).unwrap();
    assert_eq!((requested.len(), requested.is_empty()), (3, false));
    let labels: Vec<_> = requested.iter().map(|member| member.label()).collect();
    assert_eq!(labels, ["pay", "audit", "log"]);
    let inputs: Vec<_> = requested.iter().map(|member| member.input().unwrap()).collect();
    let pay = inputs[0];
    assert_eq!(pay.to_string(), r#"("@method" "@target-uri" "x");keyid="k-1";created;tag="shop""#);
    assert_eq!((pay.keyid(), pay.tag()), (Ok(Some("k-1")), Ok(Some("shop"))));
    assert_eq!((pay.boolean("created"), pay.boolean("expires")), (Ok(Some(true)), Ok(None)));
    assert_eq!(pay.require([Derived::Method, Derived::TargetUri]), Ok(()));
    assert!(pay.require([Derived::Path]).is_err());
    assert!(inputs[1].components().is_empty() && inputs[1].parameters().is_empty());
    let log = inputs[2];
    assert_eq!((log.alg(), log.nonce()), (Ok(Some("ed25519")), Ok(Some("n"))));
    assert_eq!(log.get("expires"), Some(&Value::boolean(true)));
    assert!(log.covers(&r#""x";key="a";req"#.parse::<Component<'_>>().unwrap()));
    assert!(!log.covers(&r#""@query""#.parse::<Component<'_>>().unwrap()));

    for none in [HeaderMap::new(), asking("")] {
        assert!(parse(&none).unwrap().is_empty());
        assert_eq!(parse(&none).unwrap().by_tag("shop").unwrap_err(), HttpSigError::NotFound);
    }
}

#[test]
fn a_wish_is_no_signature_and_a_signature_no_wish() {
    let fields = headers(
        "Accept-Signature: a=(\"@status\");tag=\"t\"\n\
         Signature-Input: a=(\"@method\");tag=\"t\"\nSignature: a=:AQ==:\n",
    );
    let (requested, received) = (parse(&fields), ReceivedSignatures::parse(&fields, &Limits::default()));
    let (requested, received) = (requested.unwrap(), received.unwrap());
    assert_eq!((requested.len(), received.len()), (1, 1));
    assert_eq!(requested.by_tag("t").unwrap().input().unwrap().to_string(), r#"("@status");tag="t""#);
    assert_eq!(received.by_tag("t").unwrap().input().unwrap().to_string(), r#"("@method");tag="t""#);
}

#[test]
fn an_ambiguous_field_is_refused_as_a_whole() {
    let syntax = HttpSigError::Syntax(ACCEPT_SIGNATURE);
    let duplicate = HttpSigError::DuplicateLabel(ACCEPT_SIGNATURE);
    for (text, expected) in [
        ("Accept-Signature: a=(), a=()", duplicate.clone()),
        ("Accept-Signature: a=()\nAccept-Signature: a=()", duplicate.clone()),
        ("Accept-Signature: a=1, a=()", duplicate),
        ("Accept-Signature: a=();created;created", HttpSigError::DuplicateParameter),
        ("Accept-Signature: a=();tag=\"x\", b=();tag=\"y\";tag=\"z\"", HttpSigError::DuplicateParameter),
        ("Accept-Signature: a=(", syntax.clone()),
        ("Accept-Signature: a=(),", syntax.clone()),
        ("Accept-Signature: (\"@method\")", syntax.clone()),
        ("Accept-Signature: A=()", syntax.clone()),
        ("Accept-Signature: a=();created=", syntax.clone()),
        ("Accept-Signature: a=();created=1234567890123456", syntax.clone()),
        ("Accept-Signature: a=(\"x\"\nAccept-Signature: \"y\")", syntax.clone()),
        ("Accept-Signature:\nAccept-Signature: a=()", syntax.clone()),
        ("Accept-Signature: a=();tag=\"\u{e9}\"", syntax),
    ] {
        assert_eq!(parse(&headers(text)).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_with_one_member_does_not_touch_another() {
    let fields = headers(
        "Accept-Signature: one=(\"@new\"), two, three=:AQ==:;tag=\"t\", four=(\"x\" \"x\"), five=(x)\n\
         Accept-Signature: six=(\"@query-param\"), good=(\"@method\");tag=\"good\"\n",
    );
    let requested = parse(&fields).unwrap();
    let outcomes: Vec<_> =
        requested.iter().map(|member| member.input().err().map_or("sound", |error| error.reason())).collect();
    let expected = [
        "component_unknown",
        "httpsig_not_inner_list",
        "httpsig_not_inner_list",
        "component_duplicate",
        "component_not_string",
        "component_name_missing",
        "sound",
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(requested.by_tag("good").unwrap().label(), "good");
}

#[test]
fn a_parameter_of_another_type_is_no_wish_for_it() {
    let fields =
        asking("a=();created=1618884475;expires=\"soon\";nonce;keyid=k;alg=?1;tag=t, b=();created;expires");
    let requested = parse(&fields).unwrap();
    let inputs: Vec<_> = requested.iter().map(|member| member.input().unwrap()).collect();
    let (a, b) = (inputs[0], inputs[1]);
    for name in ["created", "expires"] {
        assert_eq!(a.boolean(name), Err(HttpSigError::ParameterType(name)));
        assert_eq!(b.boolean(name), Ok(Some(true)));
    }
    assert_eq!(a.nonce(), Err(HttpSigError::ParameterType("nonce")));
    assert_eq!(a.keyid(), Err(HttpSigError::ParameterType("keyid")));
    assert_eq!(a.alg(), Err(HttpSigError::ParameterType("alg")));
    assert_eq!(a.tag(), Err(HttpSigError::ParameterType("tag")));
    assert_eq!(requested.by_tag("t").unwrap_err(), HttpSigError::NotFound);
    // What is asked for is never taken for what was signed.
    assert_eq!(b.created(), Err(HttpSigError::ParameterType("created")));
    assert_eq!(b.expires(), Err(HttpSigError::ParameterType("expires")));
}

#[test]
fn the_tag_selects_and_must_be_alone() {
    for (line, expected) in [
        ("x=();tag=\"other\", y=(), z=();tag=\"t\"", Ok("z")),
        ("t=()", Err("httpsig_not_found")),
        ("a=();tag=\"t\", b=();tag=\"t\"", Err("httpsig_several_with_tag")),
        ("a=(\"@new\");tag=\"t\", b=1;tag=\"t\"", Err("httpsig_several_with_tag")),
    ] {
        let fields = asking(line);
        let requested = parse(&fields).unwrap();
        let selected = requested.by_tag("t").map(|member| member.label()).map_err(|error| error.reason());
        assert_eq!(selected, expected, "{line}");
    }
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let reason = |builder: &AcceptSignatureBuilder<'_>| builder.to_header_value().unwrap_err().reason();
    for label in ["", "Sig", "1", "a b", "a=b", "s\u{e9}"] {
        assert_eq!(reason(&AcceptSignatureBuilder::new(label)), "httpsig_not_encodable", "{label}");
    }
    let new = || AcceptSignatureBuilder::new("sig");
    assert_eq!(reason(&new().nonce("\u{e9}")), "httpsig_not_encodable");
    assert_eq!(reason(&new().tag("a\r\nb")), "httpsig_not_encodable");
    assert_eq!(reason(&new().parameter("Bad", Value::boolean(true))), "httpsig_not_encodable");
    assert_eq!(reason(&new().created().created()), "httpsig_duplicate_parameter");
    assert_eq!(reason(&new().cover([Derived::Path, Derived::Path])), "component_duplicate");
    assert_eq!(reason(&new().cover([Derived::QueryParam])), "component_name_missing");
    assert_eq!(new().to_header_value().unwrap(), "sig=()");
}

#[test]
fn each_limit_holds_at_its_edge() {
    let limits = Limits::default();
    let outcome = |line: String| parse(&asking(line)).map(|_| ());
    let list = |n: usize, unit: &dyn Fn(usize) -> String| (0..n).map(unit).collect::<Vec<_>>();
    let labels = |n| list(n, &|i| format!("l{i}=()")).join(",");
    assert_eq!(outcome(labels(limits.labels)), Ok(()));
    assert_eq!(outcome(labels(limits.labels + 1)), Err(HttpSigError::TooManyLabels));
    let components = |n| format!("a=({})", list(n, &|i| format!("\"c{i}\"")).join(" "));
    assert_eq!(outcome(components(limits.components)), Ok(()));
    assert_eq!(outcome(components(limits.components + 1)), Err(HttpSigError::TooManyComponents));
    let parameters = |n| format!("a=(){}", list(n, &|i| format!(";p{i}")).concat());
    assert_eq!(outcome(parameters(limits.parameters)), Ok(()));
    assert_eq!(outcome(parameters(limits.parameters + 1)), Err(HttpSigError::TooManyParameters));
    let sized = |n: usize| format!("a=();n=\"{}\"", "x".repeat(n - 9));
    assert_eq!(outcome(sized(limits.octets - 2)), Ok(()));
    assert_eq!(outcome(sized(limits.octets - 1)), Err(HttpSigError::TooLarge));
    let mut lines = HeaderMap::new();
    for i in 0..9 {
        let line = format!("a{i}=();n=\"{}\"", "x".repeat(4000));
        lines.append(ACCEPT_SIGNATURE, HeaderValue::from_str(&line).unwrap());
    }
    assert_eq!(parse(&lines).unwrap_err(), HttpSigError::TooLarge);
}

#[test]
fn a_field_of_any_hostile_shape_is_refused_fast() {
    for (name, text) in shapes() {
        let fields = asking(text);
        let spent = fastest(|| assert_eq!(parse(&fields).unwrap_err(), HttpSigError::TooLarge, "{name}"));
        assert!(spent < Duration::from_millis(20), "{name}: {spent:?}");
        // The counts bound the work where the size does not.
        let spent = fastest(|| drop(RequestedSignatures::parse(&fields, &generous())));
        assert!(spent < Duration::from_millis(250), "{name}: {spent:?}");
    }
}

#[test]
fn no_shape_recurses() {
    let deep = shapes().into_iter().filter(|(name, _)| name.contains('('));
    for (name, text) in deep {
        let fields = asking(text);
        let small_stack = std::thread::Builder::new().stack_size(128 * 1024);
        let parsed = small_stack.spawn(move || RequestedSignatures::parse(&fields, &unlimited()).is_ok());
        assert!(!parsed.unwrap().join().unwrap(), "{name}");
    }
}

proptest! {
    #[test]
    fn what_is_asked_for_reads_back(
        chosen in proptest::sample::subsequence(
            vec!["\"@method\"", "\"@status\"", "\"@path\";req", "\"date\"", "\"x\";key=\"a \\\"b\";req", "\"x\";bs",
                 "\"@query-param\";name=\"a%20b\""], 0..=7).prop_shuffle(),
        label in "[a-z*][a-z0-9_.*-]{0,8}",
        text in "[ -~]{0,40}",
        times in any::<(bool, bool)>(),
    ) {
        let components = chosen.iter().map(|identifier| identifier.parse::<Component<'_>>().unwrap());
        let mut builder = AcceptSignatureBuilder::new(&label).cover(components).nonce(&text).tag("t");
        if times.0 { builder = builder.created(); }
        if times.1 { builder = builder.expires(); }
        let fields = asking(builder.to_header_value().unwrap());
        let requested = parse(&fields).unwrap();
        prop_assert_eq!(requested.len(), 1);
        let member = requested.by_tag("t").unwrap();
        prop_assert_eq!(member.label(), label);
        let input = member.input().unwrap();
        let listed: Vec<_> = input.components().iter().map(ToString::to_string).collect();
        prop_assert_eq!(listed, chosen);
        prop_assert_eq!(input.nonce(), Ok(Some(text.as_str())));
        prop_assert_eq!(input.boolean("created"), Ok(times.0.then_some(true)));
        prop_assert_eq!(input.boolean("expires"), Ok(times.1.then_some(true)));
    }

    #[test]
    fn parsing_never_panics(
        lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..3),
        text in r#"[a-c]=\(("[@a-z-]{1,9}"(;(req|sf|key="x"|name="y"))?[ )]){0,3}\)?(;(created|expires|nonce|tag)(=("[a-z]"|1|\?0))?){0,3}"#,
    ) {
        let mut fields = HeaderMap::new();
        for line in lines.iter().chain([&text.clone().into_bytes()]) {
            if let Ok(line) = HeaderValue::from_bytes(line) {
                fields.append(ACCEPT_SIGNATURE, line);
            }
        }
        let _ = parse(&fields);
        fields.insert(ACCEPT_SIGNATURE, HeaderValue::from_str(&text).unwrap());
        // What is understood can be said again.
        if let Ok(requested) = parse(&fields) {
            for member in requested.iter().filter(|member| member.input().is_ok()) {
                let input = member.input().unwrap();
                let again = asking(format!("{}={input}", member.label()));
                let again = parse(&again).unwrap().iter().map(|one| one.input().unwrap().to_string()).next();
                prop_assert_eq!(again, Some(input.to_string()));
            }
        }
    }
}
