//! How vectors of HTTP message signatures are decided: token, audience, clock, replay, callee.

use serde_json::{Value, json};

use crate::support::{conformance, file_of, run_one, vector};

/// Runs a vector in a folder of the test's own.
fn outcome(folder: &str, case: Value) -> (Value, Value) {
    run_one(folder, case).only()
}

fn reject(reason: &str) -> (Value, Value) {
    (json!("reject"), json!(reason))
}

fn accept() -> (Value, Value) {
    (json!("accept"), json!(null))
}

#[test]
fn hsq_27_skipping_the_check_of_a_token_skips_nothing_but_its_signature() {
    let mut case = vector("httpsig.json", "h07-req-a-b");
    assert_eq!(outcome("skip", case.clone()), accept());
    let now = case["now"].as_i64().unwrap();
    case["now"] = json!(now + 86_400);
    assert_eq!(outcome("skip", case.clone()), reject("wit_expired"));
    case["now"] = json!(now);
    case["wit_check"] = json!(null);
    assert_eq!(outcome("skip", case), reject("wit_key_unknown"));
}

#[test]
fn hsq_33_a_receiver_has_the_listed_audiences_or_the_default_one() {
    let mut case = vector("httpsig.json", "hs-ok-post");
    case["expected_audiences"] = json!(["https://svca.example.com/orders"]);
    assert_eq!(outcome("audiences", case.clone()), reject("audience_mismatch"));
    case["expected_audiences"] = json!(null);
    assert_eq!(outcome("audiences", case.clone()), accept());
    case["request"]["headers"][0] = json!(["Host", "svca.example.com"]);
    assert_eq!(outcome("audiences", case), reject("audience_mismatch"));
}

#[test]
fn wit_25_the_token_has_one_field() {
    let mut case = vector("httpsig.json", "hs-ok-post");
    case["request"]["headers"][1][0] = json!("X-Token");
    assert_eq!(outcome("token-fields", case), reject("wit_missing"));
    let mut case = vector("httpsig.json", "hr-ok");
    let line = case["response"]["headers"][0].clone();
    case["response"]["headers"].as_array_mut().unwrap().push(line);
    assert_eq!(outcome("token-fields", case), reject("wit_repeated"));
}

#[test]
fn hsq_26_a_nonce_counts_once_among_the_requests_of_a_sequence() {
    let post = vector("httpsig.json", "hs-ok-post");
    let mut sequence = post.clone();
    sequence["id"] = json!("twice");
    sequence["sequence"] = json!(["hs-ok-post", "hs-ok-post"]);
    sequence["expected"] = json!(["accept", "reject"]);
    sequence["expected_reason"] = json!("replayed");
    let ran = conformance(&["--json"], &file_of("twice", &[post, sequence]));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.objects()[1]["kind"], "httpsig");
    assert_eq!(ran.objects()[1]["reason"], json!([null, "replayed"]));
}

#[test]
fn hsr_22_without_an_expected_callee_its_own_trust_domain_will_do() {
    let mut case = vector("httpsig.json", "hr-bad-wrong-server");
    assert_eq!(outcome("any-callee", case.clone()), reject("callee_unexpected"));
    case["expected_server_identifier"] = json!(null);
    assert_eq!(outcome("any-callee", case), accept());
}

#[test]
fn hsr_20_the_token_of_an_unsigned_response_is_not_looked_at() {
    let mut case = vector("httpsig.json", "hr-bad-unsigned-asked");
    case["response"]["headers"].as_array_mut().unwrap().push(json!(["Workload-Identity-Token", "x"]));
    assert_eq!(outcome("unsigned", case.clone()), reject("response_unsigned"));
    let input = &mut case["request"]["headers"][4][1];
    *input = json!(input.as_str().unwrap().replace(";wimse-sign-response", ""));
    assert_eq!(outcome("unsigned", case), accept());
}

#[test]
fn a_message_that_http_cannot_hold_is_refused() {
    for (id, message, member, value) in [
        ("hs-ok-post", "request", "start_line", json!("POST /a b HTTP/1.1")),
        ("hs-ok-post", "request", "start_line", json!("POST /a")),
        ("hs-ok-post", "request", "start_line", json!("P(ST /a HTTP/1.1")),
        ("hs-ok-post", "request", "headers", json!([["Host", "a\nb"]])),
        ("hr-ok", "request", "headers", json!([["Bad Name", "v"]])),
        ("hr-ok", "response", "start_line", json!("HTTP/1.1 99 Low")),
        ("hr-ok", "response", "start_line", json!("HTTP/1.1")),
        ("hr-ok", "response", "headers", json!([["Bad Name", "v"]])),
    ] {
        let mut case = vector("httpsig.json", id);
        case[message][member] = value;
        assert_eq!(outcome("not-held", case), reject("request_not_representable"), "{id} {message} {member}");
    }
}

#[test]
fn ta_04_anchors_that_cannot_be_loaded_refuse_signed_messages() {
    for id in ["hs-ok-post", "hr-ok"] {
        let mut case = vector("httpsig.json", id);
        case["trust_anchors"] = json!({ "example.com": [] });
        assert_eq!(outcome("signed-anchors", case), reject("no_usable_anchor"), "{id}");
    }
}
