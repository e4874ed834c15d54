//! What `wimse conformance` cannot read: exit code 2, and a message with the file and the vector.

use crate::support::{self, conformance, file_of, folder, run_one, vector, vectors, write};
use serde_json::{Value, json};

#[test]
fn a_path_or_file_that_holds_no_vectors() {
    let folder = folder("no-vectors");
    for (name, text) in [
        ("text.json", "not json"),
        ("array.json", "[]"),
        ("keys.json", r#"{"keys":[]}"#),
        ("empty.json", r#"{"vectors":[]}"#),
        ("strings.json", r#"{"vectors":["a"]}"#),
    ] {
        let ran = conformance(&[], &write(&folder, name, text));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{name}");
        assert!(ran.err.contains(name), "{}", ran.err);
    }
    for path in [folder.join("absent.json"), support::folder("no-files")] {
        let ran = conformance(&[], &path);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains(&path.display().to_string()), "{}", ran.err);
    }
}

fn without(mut vector: Value, member: &str) -> Value {
    vector.as_object_mut().unwrap().remove(member).unwrap();
    vector
}

fn with(mut vector: Value, member: &str, value: Value) -> Value {
    vector[member] = value;
    vector
}

#[test]
fn a_vector_that_does_not_say_enough() {
    let wit = || vector("wit.json", "wit-creds-example");
    let wpt = || vector("wpt.json", "wpt02-example");
    let signed = || vector("httpsig.json", "hs-ok-post");
    let answered = || vector("httpsig.json", "hr-ok");
    let replay = || vector("wpt.json", "wpt-replay");
    let identifier = json!({ "input": "spiffe://example.com/a", "id_pr99": true });
    let mut cases: Vec<(Value, &str)> = vec![
        (json!({ "id": "x", "expected": "accept" }), "of no known kind"),
        (with(wpt(), "profile", json!("httpsig-07")), "`kind` is missing"),
        (with(signed(), "kind", json!("push")), "`kind` cannot be used"),
        (with(signed(), "profile", json!("httpsig-05")), "`profile` cannot be used"),
        (with(signed(), "request", json!({ "start_line": "GET / HTTP/1.1" })), "`request` cannot be used"),
        (with(signed(), "wit_check", json!("later")), "`wit_check` cannot be used"),
        (with(signed(), "expected", json!(["accept"])), "`expected` must be"),
        (with(signed(), "sequence", json!(["x", "hs-ok-post"])), "names x"),
        (
            with(answered(), "expected_server_identifier", json!("billing")),
            "`expected_server_identifier` cannot be used",
        ),
        (with(answered(), "response", json!(null)), "`response` is missing"),
        (with(wit(), "profile", json!("wimse-2")), "`profile` cannot be used"),
        (with(wit(), "now", json!("yesterday")), "`now` cannot be used"),
        (with(wit(), "expected", json!("maybe")), "`expected` cannot be used"),
        (with(wit(), "expected", json!(["accept"])), "`expected` must be"),
        (with(wit(), "trust_anchors", json!("some")), "`trust_anchors` cannot be used"),
        (with(wit(), "settings", json!({ "example.com": { "algorithm": [] } })), "`settings` cannot be used"),
        (
            with(wit(), "settings", json!({ "example.com": { "algorithms": ["HS256"] } })),
            "`settings` cannot be used",
        ),
        (with(wit(), "settings", json!({ "example.net": {} })), "has no trust anchors"),
        (with(wpt(), "accepted_audiences", json!([])), "no receiver can be set up"),
        (with(wpt(), "understood_oth", json!(["authorization"])), "no receiver can be set up"),
        (with(replay(), "expected", json!("accept")), "`expected` must be"),
        (with(replay(), "sequence", json!(["absent", "absent"])), "names absent"),
        (with(replay(), "sequence", json!([])), "`sequence` is missing"),
        (identifier.clone(), "`spiffe` is missing"),
        (with(identifier, "spiffe", json!(1)), "`spiffe` cannot be used"),
    ];
    let members = ["id", "now", "profile", "expected"];
    cases.extend(members.map(|member| (without(wit(), member), "is missing")));
    cases.extend(
        ["accepted_audiences", "now", "profile", "expected"].map(|m| (without(wpt(), m), "is missing")),
    );
    cases.extend(["now", "profile", "expected", "request"].map(|m| (without(signed(), m), "is missing")));
    for (case, message) in cases {
        let file = file_of("unsaid", &[wpt(), case.clone()]);
        let ran = conformance(&[], &file);
        assert_eq!(ran.code, Some(2), "{case}");
        assert!(
            ran.err.contains(message) && ran.err.contains("vectors.json: vector "),
            "{message}: {}",
            ran.err
        );
        let name = case.get("id").or(case.get("input")).and_then(Value::as_str).unwrap_or("number 2");
        assert!(ran.err.contains(&format!("vector {name}: ")), "{}", ran.err);
    }
}

#[test]
fn a_sequence_whose_cases_want_different_receivers() {
    let example = vector("wpt.json", "wpt02-example");
    let other =
        with(with(example.clone(), "id", json!("other")), "accepted_audiences", json!(["https://a.example"]));
    let sequence = with(vector("wpt.json", "wpt-replay"), "sequence", json!(["wpt02-example", "other"]));
    let ran = conformance(&[], &file_of("receivers", &[example, other, sequence]));
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("vector wpt-replay: the cases of `sequence` want different receivers"),
        "{}",
        ran.err
    );
}

#[test]
fn it_outweighs_a_mismatch_and_does_not_stop_the_other_files() {
    let folder = folder("outweighs");
    write(&folder, "a.json", "not json");
    write(
        &folder,
        "b.json",
        &json!({ "vectors": [{ "input": "wimse://example.com/a", "id_pr99": false }] }).to_string(),
    );
    std::fs::copy(vectors().join("identifier.json"), folder.join("c.json")).unwrap();
    let ran = conformance(&[], &folder);
    assert_eq!(ran.code, Some(2));
    assert!(ran.out.starts_with("MISMATCH identifier  wimse://example.com/a  "), "{}", ran.out);
    assert!(ran.err.ends_with(" 1 mismatched, 0 skipped; 1 unreadable\n"), "{}", ran.err);
}

#[test]
fn a_response_to_a_request_that_nobody_could_answer_rightly() {
    let sent = |pattern: &str, replacement: &str| {
        let mut answered = vector("httpsig.json", "hr-ok");
        for line in answered["request"]["headers"].as_array_mut().unwrap() {
            line[1] = json!(line[1].as_str().unwrap().replace(pattern, replacement));
        }
        answered
    };
    let mut nobody = vector("httpsig.json", "hr-bad-unsigned-asked");
    nobody.as_object_mut().unwrap().remove("expected_server_identifier").unwrap();
    for (case, message) in [
        (sent("wimse-workload-to-workload", "another"), "has no usable signature"),
        (sent(";nonce=", ";x="), "has no usable signature"),
        (sent(";wimse-sign-response", ";wimse-sign-response=1"), "has no usable signature"),
        (nobody, "`expected_server_identifier` is missing"),
    ] {
        let ran = run_one("unanswerable", case);
        assert_eq!(ran.code, Some(2), "{message}");
        assert!(ran.err.contains(message), "{}", ran.err);
    }
}

#[test]
fn a_sequence_of_requests_that_names_a_response() {
    let (signed, answered) = (vector("httpsig.json", "hs-ok-post"), vector("httpsig.json", "hr-ok"));
    let mut sequence = with(signed.clone(), "id", json!("both"));
    sequence["sequence"] = json!(["hs-ok-post", "hr-ok"]);
    sequence["expected"] = json!(["accept", "accept"]);
    let ran = conformance(&[], &file_of("responses", &[signed, answered, sequence]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("vector both: `sequence` names a case that is no request"), "{}", ran.err);
}
