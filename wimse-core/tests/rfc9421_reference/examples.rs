//! The reference by the examples of RFC 9421, so that agreeing with it means something.

use crate::compare::{Answer, Case, Form, sides};

fn lines(text: &str) -> Vec<(String, Vec<u8>)> {
    let line = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_lowercase(), value.as_bytes().to_vec())
    };
    text.lines().map(line).collect()
}

fn post(input: &str, fields: &str) -> Case {
    Case {
        form: Form::Origin,
        method: "POST".to_owned(),
        scheme: Some("https".to_owned()),
        authority: "www.example.com".to_owned(),
        path: "/path".to_owned(),
        query: Some("param=value".to_owned()),
        fields: lines(fields),
        trailers: None,
        answer: None,
        input: input.to_owned(),
    }
}

/// The reference's value of one component, which the engine must have too.
fn value(case: &Case) -> Option<String> {
    let (engine, reference) = sides(case).unwrap();
    assert_eq!(engine.ok(), reference.clone().map(|base| base.text), "{case:?}");
    let text = reference?.text;
    let (line, _) = text.split_once('\n').unwrap();
    Some(line[line.find(": ").unwrap() + 2..].to_owned())
}

#[test]
fn hsq_01_section_2_1_fields() {
    let fields = "X-OWS-Header:   Leading and trailing whitespace.   \nCache-Control: max-age=60\n\
                  Cache-Control:    must-revalidate\nX-Dictionary:  a=1,    b=2;x=1;y=2,   c=(a   b   c)\nX-Empty:\n\
                  X-List: value, with, lots\nX-List: of, commas";
    for (input, expected) in [
        (r#"("x-ows-header")"#, Some("Leading and trailing whitespace.")),
        (r#"("cache-control")"#, Some("max-age=60, must-revalidate")),
        (r#"("x-dictionary")"#, Some("a=1,    b=2;x=1;y=2,   c=(a   b   c)")),
        (r#"("x-dictionary";sf)"#, Some("a=1, b=2;x=1;y=2, c=(a b c)")),
        (r#"("x-dictionary";key="a")"#, Some("1")),
        (r#"("x-dictionary";key="b")"#, Some("2;x=1;y=2")),
        (r#"("x-dictionary";key="c")"#, Some("(a b c)")),
        (r#"("x-dictionary";key="d")"#, None),
        (r#"("x-empty")"#, Some("")),
        (r#"("x-list";bs)"#, Some(":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:")),
        (r#"("x-list";bs;sf)"#, None),
        (r#"("x-absent")"#, None),
        (r#"("x-list" "x-list")"#, None),
    ] {
        assert_eq!(value(&post(input, fields)).as_deref(), expected, "{input}");
    }
}

#[test]
fn hsq_01_section_2_2_derived_components() {
    for (input, expected) in [
        (r#"("@method")"#, Some("POST")),
        (r#"("@target-uri")"#, Some("https://www.example.com/path?param=value")),
        (r#"("@authority")"#, Some("www.example.com")),
        (r#"("@scheme")"#, Some("https")),
        (r#"("@request-target")"#, Some("/path?param=value")),
        (r#"("@path")"#, Some("/path")),
        (r#"("@query")"#, Some("?param=value")),
        (r#"("@status")"#, None),
        (r#"("@method";req)"#, None),
    ] {
        assert_eq!(value(&post(input, "")).as_deref(), expected, "{input}");
    }
    let connect = Case {
        form: Form::Authority,
        authority: "www.example.com:80".to_owned(),
        ..post(r#"("@request-target")"#, "")
    };
    assert_eq!(value(&connect).as_deref(), Some("www.example.com:80"));
    let options = Case { form: Form::Asterisk, ..post(r#"("@request-target")"#, "") };
    assert_eq!(value(&options).as_deref(), Some("*"));
    let absolute = Case { form: Form::AbsoluteInLine, ..post(r#"("@request-target")"#, "") };
    assert_eq!(value(&absolute).as_deref(), Some("https://www.example.com/path?param=value"));
    let bare = Case { query: None, ..post(r#"("@query")"#, "") };
    assert_eq!(value(&bare).as_deref(), Some("?"));
}

#[test]
fn hsq_01_section_2_2_8_query_parameters() {
    let query = "param=value&foo=bar&baz=batman&qux=&a=1&a=2&this=is%20a%20big%0Amultiline%20value&with%20spaces=+x+y&%FF=z";
    for (name, expected) in [
        ("baz", Some("batman")),
        ("qux", Some("")),
        ("param", Some("value")),
        ("this", Some("is%20a%20big%0Amultiline%20value")),
        ("with%20spaces", Some("%20x%20y")),
        ("a", None),
        ("absent", None),
        // No name is encoded like this: octets that are not UTF-8 are replaced before.
        ("%FF", None),
    ] {
        let input = format!(r#"("@query-param";name="{name}")"#);
        let case = Case { query: Some(query.to_owned()), ..post(&input, "") };
        assert_eq!(value(&case).as_deref(), expected, "{name}");
    }
}

#[test]
fn hsr_01_section_2_4_components_of_the_request_in_a_response() {
    let answer = |request_known| {
        let fields = lines("Content-Type: text/plain");
        Some(Answer { status: 503, fields, trailers: Some(lines("Expires: never")), request_known })
    };
    for (input, request_known, expected) in [
        (r#"("@status")"#, false, Some("503")),
        (r#"("content-type")"#, false, Some("text/plain")),
        (r#"("content-type";req)"#, true, Some("application/json")),
        (r#"("@method";req)"#, true, Some("POST")),
        (r#"("@method";req)"#, false, None),
        (r#"("@method")"#, true, None),
        (r#"("expires";tr)"#, true, Some("never")),
        (r#"("expires")"#, true, None),
    ] {
        let case = Case { answer: answer(request_known), ..post(input, "Content-Type: application/json") };
        assert_eq!(value(&case).as_deref(), expected, "{input}");
    }
}

/// RFC 9421 §2.5.
#[test]
fn hsq_01_section_2_5_the_whole_base() {
    let fields = "Date: Tue, 20 Apr 2021 02:07:56 GMT\nContent-Type: application/json\nContent-Length: 18";
    let input = r#"("@method" "@authority" "@path" "content-length" "content-type");created=1618884473;keyid="test-key-rsa-pss""#;
    let case = Case {
        authority: "example.com".to_owned(),
        path: "/foo".to_owned(),
        query: Some("param=Value&Pet=dog".to_owned()),
        ..post(input, fields)
    };
    let (engine, reference) = sides(&case).unwrap();
    let expected = format!(
        "\"@method\": POST\n\"@authority\": example.com\n\"@path\": /foo\n\"content-length\": 18\n\
         \"content-type\": application/json\n\"@signature-params\": {input}"
    );
    assert_eq!(reference.unwrap().text, expected);
    assert_eq!(engine.unwrap(), expected);
}
