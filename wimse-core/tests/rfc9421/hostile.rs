//! Large and repetitive fields: bounded work, no recursion, no abort (HOSTILE-INPUT, availability).

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue};
use wimse_core::httpsig::{
    BaseBuilder, Component, ComponentParameter, HttpSigError, Limits, Message, ReceivedSignatures, SIGNATURE,
    SIGNATURE_INPUT, SignatureBuilder,
};

use crate::message::request;

const LARGE: usize = 128 * 1024;

pub(crate) fn shapes() -> Vec<(&'static str, String)> {
    let repeat = |unit: &str| unit.repeat(LARGE / unit.len());
    let numbered =
        |n: usize, f: &dyn Fn(usize) -> String, join: &str| (0..n).map(f).collect::<Vec<_>>().join(join);
    vec![
        ("one component, 20,000 parameters", format!("a=(\"x\"{})", ";a".repeat(20_000))),
        ("one component, 20,000 `req`", format!("a=(\"x\"{})", ";req".repeat(20_000))),
        (
            "one component, 20,000 different parameters",
            format!("a=(\"x\"{})", numbered(20_000, &|i| format!(";p{i}"), "")),
        ),
        ("one signature, 20,000 parameters", format!("a=(){}", numbered(20_000, &|i| format!(";p{i}"), ""))),
        ("one signature, 20,000 tags", format!("a=(){}", ";tag=\"t\"".repeat(20_000))),
        ("40,000 labels", numbered(40_000, &|i| format!("l{i}=()"), ", ")),
        ("40,000 equal labels", numbered(40_000, &|_| "l=()".to_owned(), ", ")),
        ("100,000 components", format!("a=({})", numbered(100_000, &|i| format!("\"c{i}\""), " "))),
        ("100,000 equal components", format!("a=({})", "\"x\" ".repeat(100_000))),
        ("(", repeat("(")),
        ("a=(", format!("a={}", repeat("("))),
        ("\"", repeat("\"")),
        ("a=\"", format!("a=\"{}", repeat("x"))),
        ("a=(\"", format!("a=(\"{}", repeat("\\\""))),
        (";a", repeat(";a")),
        ("a;a", format!("a=(){}", repeat(";a"))),
        (",", repeat(",")),
        ("a,", repeat("a,")),
        ("spaces", repeat(" ")),
        ("a=( spaces", format!("a=({}", repeat(" "))),
        ("tabs and commas", format!("a{}", repeat("\t,"))),
        ("a=:", format!("a=:{}:", repeat("A"))),
        ("a=:=", format!("a=:{}", repeat("="))),
        ("digits", format!("a={}", repeat("1"))),
        ("display", format!("a=%\"{}", repeat("%c3%bc"))),
        ("key", repeat("a")),
        ("=", format!("a{}", repeat("="))),
        ("?", format!("a={}", repeat("?1"))),
    ]
}

pub(crate) fn generous() -> Limits {
    let mut limits = Limits::default();
    (limits.octets, limits.covered_octets) = (usize::MAX, usize::MAX);
    limits
}

pub(crate) fn unlimited() -> Limits {
    let mut limits = generous();
    (limits.labels, limits.components, limits.parameters) = (usize::MAX, usize::MAX, usize::MAX);
    limits
}

pub(crate) fn fastest(mut run: impl FnMut()) -> Duration {
    (0..3)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
fn a_field_over_the_limit_is_refused_before_it_is_read() {
    for (name, text) in shapes() {
        for field in [SIGNATURE_INPUT, SIGNATURE] {
            let mut fields = HeaderMap::new();
            fields.insert(field, HeaderValue::from_str(&text).unwrap());
            let spent = fastest(|| {
                let refused = ReceivedSignatures::parse(&fields, &Limits::default()).unwrap_err();
                assert_eq!(refused, HttpSigError::TooLarge, "{name}");
            });
            assert!(spent < Duration::from_millis(20), "{name}: {spent:?}");
        }
    }
}

#[test]
fn counts_bound_the_work_when_the_size_does_not() {
    // Generous for a busy machine without optimisation; quadratic work would take seconds.
    for (name, text) in shapes() {
        for field in [SIGNATURE_INPUT, SIGNATURE] {
            let mut fields = HeaderMap::new();
            fields.insert(field, HeaderValue::from_str(&text).unwrap());
            let spent = fastest(|| {
                let _ = ReceivedSignatures::parse(&fields, &generous());
            });
            assert!(spent < Duration::from_millis(250), "{name}: {spent:?}");
        }
    }
}

#[test]
fn without_any_limit_nothing_recurses() {
    for (name, text) in shapes() {
        // What is quadratic without the limits on counts would only waste time here.
        if name.contains("different") || name.contains("40,000") || name.contains("100,000") {
            continue;
        }
        let mut fields = HeaderMap::new();
        fields.insert(SIGNATURE_INPUT, HeaderValue::from_str(&text).unwrap());
        let small_stack = std::thread::Builder::new().stack_size(128 * 1024);
        let parsed = small_stack.spawn(move || ReceivedSignatures::parse(&fields, &unlimited()).is_ok());
        let _ = parsed.unwrap().join().unwrap();
    }
}

#[test]
fn each_limit_holds_at_its_edge() {
    let limits = Limits::default();
    let parse = |field, text: String| {
        let mut fields = HeaderMap::new();
        fields.insert(field, HeaderValue::from_str(&text).unwrap());
        ReceivedSignatures::parse(&fields, &limits).map(|_| ())
    };
    let input = |text| parse(SIGNATURE_INPUT, text);
    let list =
        |n: usize, unit: &dyn Fn(usize) -> String, join| (0..n).map(unit).collect::<Vec<_>>().join(join);
    let labels = |n| list(n, &|i| format!("l{i}=()"), ",");
    assert_eq!(input(labels(16)), Ok(()));
    assert_eq!(input(labels(17)), Err(HttpSigError::TooManyLabels));
    assert_eq!(parse(SIGNATURE, labels(17)), Err(HttpSigError::TooManyLabels));
    let components = |n| format!("a=({})", list(n, &|i| format!("\"c{i}\""), " "));
    assert_eq!(input(components(64)), Ok(()));
    assert_eq!(input(components(65)), Err(HttpSigError::TooManyComponents));
    let unreadable = |n| format!("a=({})", list(n, &|i| format!("\"@c{i}\""), " "));
    assert_eq!(input(unreadable(65)), Err(HttpSigError::TooManyComponents));
    let parameters = |n| list(n, &|i| format!(";p{i}"), "");
    assert_eq!(input(format!("a=(){}", parameters(32))), Ok(()));
    assert_eq!(input(format!("a=(){}", parameters(33))), Err(HttpSigError::TooManyParameters));
    assert_eq!(input(format!("a=1{}", parameters(33))), Err(HttpSigError::TooManyParameters));
    assert_eq!(input(format!("a=(\"x\"{})", parameters(32))), Ok(()));
    assert_eq!(input(format!("a=(\"x\"{})", parameters(33))), Err(HttpSigError::TooManyParameters));
    let sized = |n: usize| format!("a=();n=\"{}\"", "x".repeat(n - 9));
    assert_eq!(input(sized(limits.octets - 2)), Ok(()));
    assert_eq!(input(sized(limits.octets - 1)), Err(HttpSigError::TooLarge));
}

#[test]
fn the_limit_on_size_is_for_all_lines_of_both_fields() {
    let mut fields = HeaderMap::new();
    for i in 0..8 {
        let line = format!("a{i}=();n=\"{}\"", "x".repeat(4000));
        fields.append(SIGNATURE_INPUT, HeaderValue::from_str(&line).unwrap());
    }
    assert!(ReceivedSignatures::parse(&fields, &Limits::default()).is_ok());
    fields.append(SIGNATURE, HeaderValue::from_str(&format!("a0=:{}:", "AAAA".repeat(250))).unwrap());
    assert_eq!(ReceivedSignatures::parse(&fields, &Limits::default()).unwrap_err(), HttpSigError::TooLarge);
    let mut empty_lines = HeaderMap::new();
    for _ in 0..20_000 {
        empty_lines.append(SIGNATURE, HeaderValue::from_static(""));
    }
    assert_eq!(
        ReceivedSignatures::parse(&empty_lines, &Limits::default()).unwrap_err(),
        HttpSigError::TooLarge
    );
}

#[test]
fn many_components_over_a_large_field_are_bounded_too() {
    let dictionary = (0..8000).map(|i| format!("k{i}=1")).collect::<Vec<_>>().join(", ");
    let request = request(&format!("GET / HTTP/1.1\nX: {dictionary}\n"));
    let keys: Vec<_> = (0..64).map(|i| format!("k{i}")).collect();
    let covered = keys
        .iter()
        .map(|key| Component::field("x").unwrap().with(ComponentParameter::Key(key.into())).unwrap());
    let signature = SignatureBuilder::new("a").cover(covered);
    let mut base = BaseBuilder::new();
    let start = Instant::now();
    let refused = base.build(&Message::from(&request), signature.input()).unwrap_err();
    assert_eq!(refused, HttpSigError::TooMuchCovered);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(base.with_limits(generous()).build(&Message::from(&request), signature.input()).is_ok());
}

#[test]
fn structured_fields_of_any_shape_do_not_recurse() {
    for (name, text) in shapes() {
        let request = request(&format!("GET / HTTP/1.1\nPriority: {text}\n"));
        let small_stack = std::thread::Builder::new().stack_size(256 * 1024);
        let built = small_stack.spawn(move || {
            let component = Component::field("priority").unwrap().with(ComponentParameter::Sf).unwrap();
            let signature = SignatureBuilder::new("a").cover([component]);
            let mut base = BaseBuilder::new().with_limits(generous());
            let start = Instant::now();
            let _ = base.build(&Message::from(&request), signature.input());
            start.elapsed()
        });
        let spent = built.unwrap().join().unwrap();
        assert!(spent < Duration::from_millis(2000), "{name}: {spent:?}");
    }
}
