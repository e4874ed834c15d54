//! How the receiver of a case is set up: anchors, settings, revision, context tokens, clock.

use serde_json::json;

use crate::support::{conformance, file_of, folder, read, run_one, vector, vectors, write};

#[test]
fn ta_04_anchors_that_cannot_be_loaded_refuse_everything() {
    let mut case = vector("wit.json", "wit-creds-example");
    let key = read(&vectors().join("wit.json"))["trust_anchors"]["example.com"][0].clone();
    let mut private = key.clone();
    private["d"] = json!("AQAB");
    for (anchors, reason) in [
        (json!({ "example.com": [key, key] }), "anchor_kid_repeated"),
        (json!({ "example.com": [private] }), "anchor_key_invalid"),
        (json!({ "Example.com": [key] }), "trust_domain_invalid"),
        (json!({ "example.com": [] }), "no_usable_anchor"),
        (json!("none published"), "trust_domain_unknown"),
    ] {
        case["trust_anchors"] = anchors;
        assert_eq!(run_one("unloadable", case.clone()).only(), (json!("reject"), json!(reason)));
    }
}

#[test]
fn ta_06_settings_reach_the_trust_domain() {
    for (settings, got, reason) in [
        (json!({ "issuers": ["https://issuer.example.com"] }), "reject", json!("wit_issuer")),
        (json!({ "algorithms": ["ES384"] }), "reject", json!("wit_algorithm")),
        (json!({ "algorithms": ["ES256"], "proof_algorithms": ["EdDSA"] }), "accept", json!(null)),
        (json!({ "proof_algorithms": ["Ed25519"] }), "reject", json!("wit_confirmation")),
    ] {
        for (file, id) in [("wit.json", "wit-creds-example"), ("wpt.json", "wpt02-example")] {
            let mut case = vector(file, id);
            case["settings"] = json!({ "example.com": settings });
            assert_eq!(run_one("settings", case).only(), (json!(got), reason.clone()), "{id} {settings}");
        }
    }
}

#[test]
fn a_request_that_no_http_message_can_hold_is_refused() {
    for (member, value) in [
        ("method", json!("PO ST")),
        ("target_uri", json!("https://workload.example.com/a b")),
        ("headers", json!([["Host", "a\nb"]])),
        ("headers", json!([["Bad Name", "v"]])),
    ] {
        let mut case = vector("wpt.json", "wpt02-example");
        case["request"][member] = value;
        let outcome = run_one("unrepresentable", case).only();
        assert_eq!(outcome, (json!("reject"), json!("request_not_representable")), "{member}");
    }
}

#[test]
fn wpt_31_a_case_that_lists_no_context_tokens_understands_those_of_its_proof() {
    let mut case = vector("wpt.json", "wpt01-oth-example");
    assert_eq!(run_one("unlisted", case.clone()).only(), (json!("accept"), json!(null)));
    case["understood_oth"] = json!([]);
    assert_eq!(run_one("listed", case).only(), (json!("reject"), json!("context_token_unknown")));
}

#[test]
fn the_cases_of_a_sequence_arrive_each_at_its_own_time() {
    let mut late = vector("wpt.json", "wpt02-example");
    (late["id"], late["now"]) = (json!("late"), json!(1_745_510_136));
    let mut sequence = vector("wpt.json", "wpt-replay");
    sequence["sequence"] = json!(["wpt02-example", "late"]);
    let file = file_of("times", &[vector("wpt.json", "wpt02-example"), late, sequence]);
    assert_eq!(conformance(&["--json"], &file).objects()[2]["reason"], json!([null, "proof_expired"]));
}

#[test]
fn wpt_vectors_without_anchors_use_those_of_the_wit_json_beside_them() {
    let folder = folder("beside");
    let file = write(
        &folder,
        "other.json",
        &json!({ "vectors": [vector("wpt.json", "wpt02-example")] }).to_string(),
    );
    assert_eq!(conformance(&[], &file).code, Some(2));
    std::fs::copy(vectors().join("wit.json"), folder.join("wit.json")).unwrap();
    assert_eq!(conformance(&[], &file).code, Some(0));
}
