//! The examples of RFC 9421 §2 and their edges.

use wimse_core::httpsig::{Message, Problem, RequestParts, ResponseParts};

use crate::message::{headers, problem, request, response, value, value_in};

#[test]
fn section_2_1_fields() {
    let request = request(
        "GET / HTTP/1.1\nHost: www.example.com\nDate: Tue, 20 Apr 2021 02:07:56 GMT\n\
         X-OWS-Header:   Leading and trailing whitespace.   \nCache-Control: max-age=60\n\
         Cache-Control:    must-revalidate\nExample-Dict:  a=1,    b=2;x=1;y=2,   c=(a   b   c)\nX-Empty:\n\
         X-Tab: \ta\tb\t\n",
    );
    for (identifier, expected) in [
        (r#""host""#, "www.example.com"),
        (r#""date""#, "Tue, 20 Apr 2021 02:07:56 GMT"),
        (r#""x-ows-header""#, "Leading and trailing whitespace."),
        (r#""cache-control""#, "max-age=60, must-revalidate"),
        (r#""example-dict""#, "a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        (r#""x-empty""#, ""),
        (r#""x-tab""#, "a\tb"),
        (r#""example-dict";key="a""#, "1"),
        (r#""example-dict";key="b""#, "2;x=1;y=2"),
        (r#""example-dict";key="c""#, "(a b c)"),
        (r#""example-dict";sf;key="c""#, "(a b c)"),
    ] {
        assert_eq!(value(&request, identifier).unwrap(), expected, "{identifier}");
    }
    assert_eq!(problem(&request, r#""example-dict";key="d""#), Problem::Absent);
}

#[test]
fn section_2_1_3_binary_wrapped_fields_keep_lines_apart() {
    let two = request("GET / HTTP/1.1\nExample-Header: value, with, lots\nExample-Header: of, commas\n");
    let one = request("GET / HTTP/1.1\nExample-Header: value, with, lots, of, commas\n");
    let (plain, wrapped) = (r#""example-header""#, r#""example-header";bs"#);
    assert_eq!(value(&one, plain), value(&two, plain));
    assert_eq!(value(&two, wrapped).unwrap(), ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:");
    assert_eq!(value(&one, wrapped).unwrap(), ":dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:");
}

#[test]
fn section_2_1_4_trailers() {
    let response = response("HTTP/1.1 200 OK\nTrailer: Expires\nExpires: in the header\n");
    let trailers = headers("Expires: Wed, 9 Nov 2022 07:28:00 GMT\n");
    let message = ResponseParts::from(&response).with_trailers(&trailers).into();
    assert_eq!(value_in(&message, r#""expires";tr"#).unwrap(), "Wed, 9 Nov 2022 07:28:00 GMT");
    assert_eq!(value_in(&message, r#""expires""#).unwrap(), "in the header");
    let refused = value_in(&Message::from(&response), r#""expires";tr"#).unwrap_err();
    assert_eq!(refused.reason(), "covered_absent");
}

#[test]
fn section_2_2_derived_components() {
    let request = request("POST /path?param=value HTTP/1.1\nHost: www.example.com\n");
    let parts = RequestParts::from(&request).with_scheme("https");
    for (identifier, expected) in [
        (r#""@method""#, "POST"),
        (r#""@target-uri""#, "https://www.example.com/path?param=value"),
        (r#""@authority""#, "www.example.com"),
        (r#""@scheme""#, "https"),
        (r#""@request-target""#, "/path?param=value"),
        (r#""@path""#, "/path"),
        (r#""@query""#, "?param=value"),
    ] {
        assert_eq!(value(parts, identifier).unwrap(), expected, "{identifier}");
    }
    assert_eq!(problem(&request, r#""@scheme""#), Problem::SchemeUnknown);
    assert_eq!(problem(&request, r#""@target-uri""#), Problem::SchemeUnknown);
    let response = response("HTTP/1.1 200 OK\n");
    assert_eq!(value_in(&Message::from(&response), r#""@status""#).unwrap(), "200");
}

#[test]
fn section_2_2_3_authority_is_lower_case_without_the_default_port() {
    for (target, host, scheme, expected) in [
        ("/", "WWW.Example.COM", None, Ok("www.example.com")),
        ("/", "example.com:8443", None, Ok("example.com:8443")),
        ("/", "example.com:443", Some("https"), Ok("example.com")),
        ("/", "example.com:80", Some("https"), Ok("example.com:80")),
        ("/", "example.com:80", Some("http"), Ok("example.com")),
        ("/", "example.com:", None, Ok("example.com")),
        ("/", "[2001:DB8::1]:443", Some("HTTPS"), Ok("[2001:db8::1]")),
        ("/", "[::1]", None, Ok("[::1]")),
        ("http://Example.com:80/", "other.example", None, Ok("example.com")),
        ("https://example.com:8443/", "other.example", Some("http"), Ok("example.com:8443")),
        ("/", "example.com:443", None, Err(Problem::SchemeUnknown)),
        ("/", "example.com:80", None, Err(Problem::SchemeUnknown)),
        ("/", "user@example.com", None, Err(Problem::Authority)),
        ("https://user@example.com/", "example.com", None, Err(Problem::Authority)),
        ("/", "", None, Err(Problem::Authority)),
        ("/", "a, b", None, Err(Problem::Authority)),
        ("/", "::1", None, Err(Problem::Authority)),
        ("/", "example.com/x", None, Err(Problem::Authority)),
        ("/", "example.com:123456", None, Err(Problem::Authority)),
        ("/", "[::1]x", None, Err(Problem::Authority)),
    ] {
        let request = request(&format!("GET {target} HTTP/1.1\nHost: {host}\n"));
        let mut parts = RequestParts::from(&request);
        if let Some(scheme) = scheme {
            parts = parts.with_scheme(scheme);
        }
        match expected {
            Ok(expected) => assert_eq!(value(parts, r#""@authority""#).unwrap(), expected, "{host}"),
            Err(expected) => assert_eq!(problem(parts, r#""@authority""#), expected, "{host}"),
        }
    }
}

#[test]
fn the_configured_authority_comes_before_host_and_host_must_be_one() {
    let two = request("GET / HTTP/1.1\nHost: a.example\nHost: b.example\n");
    assert_eq!(problem(&two, r#""@authority""#), Problem::Ambiguous);
    let configured = RequestParts::from(&two).with_authority("Svc.Example");
    assert_eq!(value(configured, r#""@authority""#).unwrap(), "svc.example");
    let none = request("GET / HTTP/1.1\n");
    assert_eq!(problem(&none, r#""@authority""#), Problem::Absent);
}

#[test]
fn hsq_02_hsq_03_amb_32_path_and_query_are_the_raw_octets() {
    for (target, path, query) in [
        ("/path?param=value&foo=bar&baz=bat%2Dman", "/path", "?param=value&foo=bar&baz=bat%2Dman"),
        ("/path?queryString", "/path", "?queryString"),
        ("/path?", "/path", "?"),
        ("/path", "/path", "?"),
        ("/", "/", "?"),
        ("https://example.com", "/", "?"),
        ("https://example.com?x=1", "/", "?x=1"),
        ("https://example.com/a", "/a", "?"),
        ("/%70ath/%2F//./../x?%41", "/%70ath/%2F//./../x", "?%41"),
        ("/a?b?c", "/a", "?b?c"),
    ] {
        let request = request(&format!("GET {target} HTTP/1.1\nHost: example.com\n"));
        assert_eq!(value(&request, r#""@path""#).unwrap(), path, "{target}");
        assert_eq!(value(&request, r#""@query""#).unwrap(), query, "{target}");
    }
    for (method, target) in [("OPTIONS", "*"), ("CONNECT", "www.example.com:80")] {
        let request = request(&format!("{method} {target} HTTP/1.1\nHost: www.example.com\n"));
        assert_eq!(problem(&request, r#""@path""#), Problem::NotApplicable);
        assert_eq!(problem(&request, r#""@query""#), Problem::NotApplicable);
        assert_eq!(value(&request, r#""@request-target""#).unwrap(), target);
    }
}

#[test]
fn section_2_2_5_the_absolute_form_must_be_told() {
    let target = "https://www.example.com/path?param=value";
    let request = request(&format!("GET {target} HTTP/1.1\n"));
    assert_eq!(problem(&request, r#""@request-target""#), Problem::NotApplicable);
    let told = RequestParts::from(&request).with_request_target(target);
    assert_eq!(value(told, r#""@request-target""#).unwrap(), target);
    assert_eq!(value(&request, r#""@target-uri""#).unwrap(), target);
}

#[test]
fn section_2_2_8_query_parameters_are_decoded_and_encoded_again() {
    let request = request(
        "GET /parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&\
         fa%C3%A7ade%22%3A%20=something&qux=&bare&two=1&tw%6F=2&=none&bad=%FF&%FF=no&odd=%zz%4&p=a=b~!'()*-._ HTTP/1.1\n",
    );
    for (name, expected) in [
        ("var", "this%20is%20a%20big%0Amultiline%20value"),
        ("bar", "with%20plus%20whitespace"),
        ("fa%C3%A7ade%22%3A%20", "something"),
        ("qux", ""),
        ("bare", ""),
        ("", "none"),
        ("odd", "%25zz%254"),
        ("p", "a%3Db%7E%21%27%28%29*-._"),
    ] {
        let identifier = format!("\"@query-param\";name=\"{name}\"");
        assert_eq!(value(&request, &identifier).unwrap(), expected, "{name}");
    }
    for (name, expected) in [
        ("absent", Problem::Absent),
        ("VAR", Problem::Absent),
        ("fa%c3%a7ade%22%3a%20", Problem::Absent),
        ("two", Problem::Ambiguous),
        ("bad", Problem::Octets),
        // No name is encoded like this: what is not UTF-8 is replaced before (URL Standard §5.1).
        ("%FF", Problem::Absent),
        ("%EF%BF%BD", Problem::Octets),
    ] {
        let identifier = format!("\"@query-param\";name=\"{name}\"");
        assert_eq!(problem(&request, &identifier), expected, "{name}");
    }
}

#[test]
fn query_parameters_need_a_query() {
    let request = request("GET /path HTTP/1.1\n");
    assert_eq!(problem(&request, r#""@query-param";name="a""#), Problem::Absent);
}

#[test]
fn hsr_07_hsr_08_components_go_with_their_kind_of_message() {
    let (asked, answered) = (request("PUT /a?b HTTP/1.1\nX: 1\n"), response("HTTP/1.1 201 C\nX: 2\n"));
    for identifier in [r#""@status""#, r#""@method";req"#, r#""x";req"#] {
        assert_eq!(problem(&asked, identifier), Problem::WrongMessage, "{identifier}");
    }
    let message: Message<'_> = ResponseParts::from(&answered).with_request(&asked).into();
    for (identifier, expected) in [
        (r#""@status""#, "201"),
        (r#""@method";req"#, "PUT"),
        (r#""@path";req"#, "/a"),
        (r#""@query";req"#, "?b"),
        (r#""@query-param";name="b";req"#, ""),
        (r#""x""#, "2"),
        (r#""x";req"#, "1"),
    ] {
        assert_eq!(value_in(&message, identifier).unwrap(), expected, "{identifier}");
    }
    for identifier in [r#""@method""#, r#""@path""#, r#""@query-param";name="b""#] {
        let refused = value_in(&message, identifier).unwrap_err();
        assert_eq!(refused.reason(), "covered_wrong_message", "{identifier}");
    }
}
