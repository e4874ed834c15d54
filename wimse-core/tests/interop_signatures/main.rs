//! Both ways with npm `http-message-signatures`, and `jose` for the tokens: its signatures of requests and responses
//! through our checks, ours through its.
//!
//! Needs Node.js and `npm ci` in `interop/http-message-signatures`, so it is not part of `cargo test`; run it with
//! `cargo test -p wimse-core --test interop_signatures -- --ignored`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]
mod case;
mod changes;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use case::{Case, Rest};
use changes::CHANGES;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::{Value, json};
use wimse_core::httpsig::profile::{RequestSignature, ResponseSignature};
use wimse_core::jose::{Algorithm, JwkSet};
use wimse_core::testing::TestDomain;
use wimse_core::{Clock, Revision, SystemClock, TrustAnchors, TrustStore, UnixTime};

const ORIGIN: &str = "https://orders.example.com";
/// What the library can verify under the names of WIMSE; see `profile.mjs` for the others.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ed25519, Algorithm::EdDsa];

fn scripts() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/http-message-signatures");
    assert!(
        folder.join("node_modules/http-message-signatures").is_dir(),
        "npm `http-message-signatures` is missing: run `npm ci` in interop/http-message-signatures"
    );
    folder
}

fn node(script: &str, input: &str) -> Output {
    let mut node = Command::new("node");
    let mut node = node
        .arg(script)
        .current_dir(scripts())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node");
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    node.wait_with_output().unwrap()
}

#[test]
#[ignore = "needs Node.js and npm `http-message-signatures`: `npm ci` in interop/http-message-signatures"]
fn hsq_01_hsq_40_hsr_07_hsr_17_their_signatures_through_our_checks() {
    let output = node("sign.mjs", "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let anchors = JwkSet::parse(&document["issuer_jwks"].to_string()).unwrap();
    let trust = TrustStore::new(TrustAnchors::new().domain("example.com", anchors).unwrap());
    let now = UnixTime::from_secs(document["now"].as_i64().unwrap());
    let cases: Vec<Case> = document["cases"].as_array().unwrap().iter().map(Case::read).collect();
    assert!(cases.len() >= 10 * ALGORITHMS.len());
    for algorithm in ALGORITHMS {
        assert!(cases.iter().any(|case| case.id.starts_with(algorithm.as_str())), "{algorithm}");
    }

    let mut bitten = [0; CHANGES.len()];
    for case in &cases {
        // As HTTP/2 has the target, and as HTTP/1.1 has it.
        let origin_form: Uri = case.uri.path_and_query().unwrap().as_str().parse().unwrap();
        for uri in [&case.uri, &origin_form] {
            let outcome = case.verify(uri, &trust, now);
            assert!(outcome.is_ok(), "{} as {uri}: {}", case.id, outcome.unwrap_err());
        }
        for ((what, change, reason), bitten) in CHANGES.iter().zip(&mut bitten) {
            let mut changed = case.clone();
            change(&mut changed);
            if format!("{changed:?}") == format!("{case:?}") {
                continue;
            }
            *bitten += 1;
            let refused = changed.verify(&changed.uri, &trust, now).expect_err(what);
            assert_eq!(refused.reason().code(), *reason, "{}: {what}: {refused}", case.id);
        }
    }
    for ((what, ..), bitten) in CHANGES.iter().zip(bitten) {
        assert!(bitten >= ALGORITHMS.len(), "{what}");
    }
    println!("{} exchanges verified, {} changed ones refused", cases.len(), bitten.iter().sum::<usize>());
}

/// Method, target, content, fields; status and content of the response; whether a signed response is asked for.
type Call = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    u16,
    &'static str,
    bool,
);

const CALLS: [Call; 9] = [
    ("GET", "/orders", "", &[], 200, "three orders", false),
    ("GET", "/orders?x=1&y=a%20b", "", &[], 204, "", true),
    ("GET", "/orders?", "", &[], 200, "", false),
    ("DELETE", "/", "", &[("x-unrelated", "1")], 404, "nothing here", true),
    ("GET", "/orders/a%2Fb;v=1/%C3%A9", "", &[], 200, "", false),
    ("POST", "/orders", "{\"item\":\"café\"}", &[], 201, "{}", true),
    ("GET", "/orders", "", &[("txn-token", "eyJ0.eyJ0eG4i.c2ln")], 200, "", false),
    ("GET", "/orders", "", &[("authorization", "Bearer a-token")], 401, "", false),
    (
        "POST",
        "/orders?x=1",
        "order",
        &[("authorization", "DPoP a-token"), ("txn-token", "eyJ0.eyJ0eG4i.c2ln")],
        500,
        "out of order",
        true,
    ),
];

fn sign(domain: &TestDomain, algorithm: Algorithm, call: &Call) -> Case {
    let (method, target, content, fields, status, answer, sign_response) = *call;
    let workload = |path| domain.workload_with(path, algorithm, |request| request);
    let (caller, callee) = (workload("/caller"), workload("/callee"));
    let typed = |content: &str| {
        let mut headers = HeaderMap::new();
        if !content.is_empty() {
            headers.insert("content-type", HeaderValue::from_static("text/plain"));
        }
        Rest { headers, content: content.to_owned() }
    };
    let path = target.split('?').next().unwrap();
    let mut case = Case {
        id: format!("{algorithm} {method} {target}"),
        audience: format!("{ORIGIN}{path}"),
        nonce: String::new(),
        sign_response,
        method: method.parse().unwrap(),
        uri: format!("{ORIGIN}{target}").parse().unwrap(),
        status: StatusCode::from_u16(status).unwrap(),
        request: typed(content),
        response: typed(answer),
    };
    for (name, value) in fields {
        case.request.headers.insert(*name, HeaderValue::from_static(value));
    }
    let (revision, now, lifetime) = (Revision::default(), SystemClock.now(), Duration::from_secs(120));
    let credential = caller.credential();
    let audience = &case.audience;
    let signature =
        RequestSignature { credential, audience, sign_response, context: &[], revision, now, lifetime };
    let headers = &mut case.request.headers;
    case.nonce = signature.apply(&case.method, &case.uri, headers, content.as_bytes()).unwrap();

    let (mut headers, credential) = (std::mem::take(&mut case.response.headers), callee.credential());
    let exchange = case.exchange(&case.uri);
    ResponseSignature { credential, exchange, revision, now, lifetime }
        .apply(case.status, &mut headers, answer.as_bytes())
        .unwrap();
    case.response.headers = headers;
    case
}

#[test]
#[ignore = "needs Node.js and npm `http-message-signatures`: `npm ci` in interop/http-message-signatures"]
fn hsq_01_hsq_31_hsr_07_hsr_16_our_signatures_through_their_library() {
    let domain = TestDomain::new("example.com");
    let mut cases = Vec::new();
    for algorithm in ALGORITHMS {
        cases.extend(CALLS.iter().map(|call| sign(&domain, algorithm, call)));
    }
    let mut keys: Vec<Value> =
        domain.jwk_set().keys().iter().map(|key| serde_json::from_str(&key.to_string()).unwrap()).collect();
    // npm `jose` takes no key whose purpose it does not know.
    keys.iter_mut().for_each(|key| drop(key.as_object_mut().unwrap().remove("use")));
    let verify = |cases: &[Case]| {
        let cases: Vec<Value> = cases.iter().map(Case::as_json).collect();
        let output =
            node("verify.mjs", &json!({ "issuer_jwks": { "keys": &keys }, "cases": cases }).to_string());
        let report = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), report)
    };
    let lines = |report: &str, start: &str| report.lines().filter(|line| line.starts_with(start)).count();

    let (code, report) = verify(&cases);
    assert_eq!((code, lines(&report, "ok ")), (Some(0), cases.len()), "{report}");
    print!("{report}");

    // The script does tell bad from good.
    let (bad, good) = cases.split_at_mut(ALGORITHMS.len());
    for case in bad.iter_mut() {
        case.status = StatusCode::IM_A_TEAPOT;
    }
    let counts = (bad.len(), good.len());
    let (code, report) = verify(&cases);
    assert_eq!((lines(&report, "FAIL "), lines(&report, "ok ")), counts, "{report}");
    assert_eq!(code, Some(1));
    let (code, report) = verify(&[]);
    assert_eq!((code, lines(&report, "ok ")), (Some(1), 0), "{report}");
}
