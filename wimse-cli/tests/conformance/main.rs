//! `wimse conformance` over the project's vectors, as a shell sees it.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where its expectations fail, in its helpers too"
)]

mod httpsig;
mod receiver;
mod support;
mod unreadable;

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::{Value, json};
use support::{command, conformance, file_of, folder, read, run_one, vector, vectors, write};

/// The names of a file's vectors and pairs, in order.
fn names(document: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pairs = document["comparison"].as_array().cloned().unwrap_or_default();
    let pairs = pairs.iter().map(|pair| format!("{} == {}", text(&pair["a"]), text(&pair["b"])));
    let vectors = document["vectors"].as_array().unwrap().iter();
    vectors.map(|v| text(v.get("id").unwrap_or(&v["input"]))).chain(pairs).collect()
}

fn comes_out_as_expected(file: &str) {
    let path = vectors().join(file);
    let (text, json) = (conformance(&[], &path), conformance(&["--json"], &path));
    assert_eq!((text.code, json.code), (Some(0), Some(0)), "{}", json.err);
    let objects = json.objects();
    let ids: Vec<_> = objects.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, names(&read(&path)));
    assert_eq!(text.out.lines().count(), ids.len());
    assert!(text.out.lines().all(|line| line.starts_with("ok       ") || line.starts_with("skipped  ")));
    for (line, text) in objects.iter().zip(json.out.lines()) {
        let members: Vec<_> = ["id", "kind", "expected", "got", "reason"]
            .iter()
            .map(|m| text.find(&format!("\"{m}\":")))
            .collect();
        assert!(members.is_sorted() && members[0] == Some(1), "{text}");
        assert_eq!(line["reason"].is_null(), line["got"] != "reject" && !line["got"].is_array(), "{text}");
    }
}

macro_rules! every_vector_comes_out_as_expected {
    ($($name:ident $file:literal)*) => {
        $(#[test] fn $name() { comes_out_as_expected($file); })*

        #[test]
        fn no_vector_file_is_left_out() {
            let files = std::fs::read_dir(vectors()).unwrap().map(|entry| entry.unwrap().file_name());
            assert_eq!(files.collect::<BTreeSet<_>>(), [$($file.into()),*].into());
        }
    };
}

every_vector_comes_out_as_expected! {
    wit "wit.json"
    wpt "wpt.json"
    httpsig_vectors "httpsig.json"
    identifier "identifier.json"
    own_wit "own-wit.json"
    own_wpt "own-wpt.json"
    own_httpsig "own-httpsig.json"
    own_identifier "own-identifier.json"
}

#[test]
fn a_folder_stands_for_its_json_files_by_name() {
    let folder = folder("by-name");
    for (name, id) in [("b.json", "second"), ("a.json", "first"), ("c.txt", "never")] {
        let document =
            json!({ "vectors": [{ "input": format!("wimse://example.com/{id}"), "id_pr99": true }] });
        write(&folder, name, &document.to_string());
    }
    let ran = conformance(&[], &folder);
    assert_eq!(ran.code, Some(0));
    let expected = "ok       identifier  wimse://example.com/first  accept\n\
                    ok       identifier  wimse://example.com/second  accept\n";
    assert_eq!(ran.out, expected);
    assert_eq!(ran.err, "2 vectors: 2 as expected, 0 mismatched, 0 skipped\n");
}

#[test]
fn refusals_come_for_the_reason_that_the_vector_names() {
    for (rules, file, id, got, reason) in [
        ("SVID-06", "wit.json", "svid-bad-eddsa-cnf", json!("reject"), json!("wit_confirmation")),
        ("SVID-05", "wit.json", "svid-bad-aud", json!("reject"), json!("wit_profile")),
        ("TA-03", "wit.json", "wit-bad-jku", json!("reject"), json!("wit_key_unknown")),
        ("TA-07", "wit.json", "wit-bad-cross-domain", json!("reject"), json!("wit_key_unknown")),
        ("WIT-28", "wit.json", "wit-httpsig07-svcC", json!("skipped"), json!(null)),
        ("WPT-31", "wpt.json", "wpt-bad-oth-unknown", json!("reject"), json!("context_token_unknown")),
        (
            "HSQ-06",
            "httpsig.json",
            "hs-bad-uncovered-content-digest",
            json!("reject"),
            json!("component_not_covered"),
        ),
        ("HSQ-22", "httpsig.json", "hs-bad-tag-value", json!("reject"), json!("proof_missing")),
        ("HSQ-23", "httpsig.json", "hs-bad-two-wimse-tags", json!("reject"), json!("proof_repeated")),
        (
            "HSR-17",
            "httpsig.json",
            "hr-bad-req-nonce-missing",
            json!("reject"),
            json!("request_nonce_mismatch"),
        ),
        (
            "HSR-18",
            "httpsig.json",
            "hr-bad-unsigned-error-asked",
            json!("reject"),
            json!("response_unsigned"),
        ),
        ("HSR-22", "httpsig.json", "hr-bad-wrong-server", json!("reject"), json!("callee_unexpected")),
        ("WIT-25", "httpsig.json", "hs-bad-two-wit-fields", json!("reject"), json!("wit_repeated")),
        ("WPT-21", "wpt.json", "wpt-replay", json!(["accept", "reject"]), json!([null, "replayed"])),
    ] {
        let ran = conformance(&["--json"], &vectors().join(file));
        let line = ran.objects().into_iter().find(|line| line["id"] == id).unwrap();
        assert_eq!((&line["got"], &line["reason"]), (&got, &reason), "{rules} {id}");
    }
}

#[test]
fn an_outcome_other_than_expected_is_exit_code_1() {
    let mut document = read(&vectors().join("wit.json"));
    document["vectors"][0]["expected"] = json!("reject");
    let file = write(&folder("flipped"), "wit.json", &document.to_string());
    let text = conformance(&[], &file);
    assert_eq!(text.code, Some(1));
    let mismatches: Vec<_> = text.out.lines().filter(|line| line.starts_with("MISMATCH")).collect();
    assert_eq!(mismatches, ["MISMATCH wit  wit-creds-example  expected reject; got accept"]);
    assert_eq!(text.out.lines().count(), names(&document).len());

    let json = conformance(&["--json"], &file);
    assert_eq!(json.code, Some(1));
    assert_eq!(json.objects()[0]["expected"], "reject");
    assert!(json.err.starts_with(mismatches[0]), "{}", json.err);
}

#[test]
fn a_refusal_for_another_reason_is_a_mismatch_too() {
    let mut expired = vector("wit.json", "wit-creds-example-expired");
    for (reason, code) in [("wit_expired", 0), ("wit_signature", 1)] {
        expired["expected_reason"] = json!(reason);
        assert_eq!(run_one("reason", expired.clone()).code, Some(code), "{reason}");
    }
    let mut sequence = vector("wpt.json", "wpt-replay");
    let example = vector("wpt.json", "wpt02-example");
    for (reasons, code) in
        [(json!([null, "replayed"]), 0), (json!([null, "proof_expired"]), 1), (json!("replayed"), 0)]
    {
        sequence["expected_reason"] = reasons.clone();
        let file = file_of("reasons", &[example.clone(), sequence.clone()]);
        assert_eq!(conformance(&[], &file).code, Some(code), "{reasons}");
    }
}

#[test]
fn either_outcome_of_a_policy_case_is_right() {
    for id in ["wit-creds-example", "wit-creds-example-expired"] {
        for (member, word) in [("expected", "policy"), ("interop", "either")] {
            let mut case = vector("wit.json", id);
            case[member] = json!(word);
            let ran = run_one("policy", case);
            assert_eq!((ran.code, &ran.objects()[0]["expected"]), (Some(0), &json!("policy")), "{id}");
        }
    }
}

#[test]
fn a_reader_that_leaves_early_does_not_change_the_verdict() {
    let mut document = read(&vectors().join("wit.json"));
    document["vectors"][50]["expected"] = json!("accept");
    document["vectors"][50]["interop"] = json!(null);
    let file = write(&folder("early"), "wit.json", &document.to_string());
    let mut child = command(&[], &file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = child.wait_with_output().unwrap();
    let err = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(
        (ran.status.code(), err.as_str()),
        (Some(1), "51 vectors: 45 as expected, 1 mismatched, 5 skipped\n")
    );
}
