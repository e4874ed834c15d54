//! Both ways with npm `jose`: its tokens through our verifier, ours through its.
//!
//! Needs Node.js and `npm ci` in `interop/jose`, so it is not part of `cargo test`; run it with
//! `cargo test -p wimse-core --test interop_jose -- --ignored`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use futures_util::FutureExt;
use http::Request;
use serde_json::{Value, json};
use wimse_core::jose::{Algorithm, JwkSet, SigningKey};
use wimse_core::testing::FrozenClock;
use wimse_core::{Audiences, Credential, MemoryReplayCache, SignOptions, Signer, TrustAnchors, Verifier};
use wimse_core::{WitIssuer, WorkloadId};

const AUDIENCE: &str = "https://workload.example.com/path";

fn scripts() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/jose");
    assert!(folder.join("node_modules/jose").is_dir(), "npm `jose` is missing: run `npm ci` in interop/jose");
    folder
}

#[test]
#[ignore = "needs Node.js and npm `jose`: `npm ci` in interop/jose"]
fn their_tokens_through_our_verifier() {
    let output = Command::new("node").arg("issue.mjs").current_dir(scripts()).output().expect("node");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let anchors = JwkSet::parse(&document["trust_anchors"].to_string()).unwrap();
    let verifier = Verifier::builder()
        .trust_anchors(TrustAnchors::new().domain("example.com", anchors).unwrap())
        .audiences(Audiences::exact([AUDIENCE]))
        .replay_cache(MemoryReplayCache::default())
        .clock(FrozenClock::at(document["now"].as_i64().unwrap()))
        .build()
        .unwrap();
    let cases = document["cases"].as_array().unwrap();
    assert!(cases.len() >= Algorithm::ALL.len());
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let request = Request::get(AUDIENCE)
            .header("workload-identity-token", text("wit"))
            .header("authorization", format!("WPT {}", text("wpt")))
            .body(())
            .unwrap();
        let peer = verifier.verify(&request).now_or_never().unwrap();
        let peer = peer.unwrap_or_else(|rejection| panic!("{}: {rejection}", text("id")));
        assert_eq!(peer.wit().key().jwk().thumbprint(), text("thumbprint"), "{}", text("id"));
    }
}

#[test]
#[ignore = "needs Node.js and npm `jose`: `npm ci` in interop/jose"]
fn our_tokens_through_their_verifier() {
    let now = 1_800_000_000;
    let clock = FrozenClock::at(now);
    let mut keys = Vec::new();
    let mut cases = Vec::new();
    for algorithm in Algorithm::ALL {
        let (issuer, key) =
            (SigningKey::generate(algorithm).unwrap(), SigningKey::generate(algorithm).unwrap());
        let kid = format!("issuer-{algorithm}");
        keys.push(issuer.public_jwk().clone().with_kid(&kid));
        let issuer = WitIssuer::new(issuer, &kid).clock(clock.clone());
        let subject = WorkloadId::parse(&format!("wimse://example.com/{algorithm}")).unwrap();
        let wit = issuer.issue(&subject, key.public_jwk()).unwrap();
        let thumbprint = key.public_jwk().thumbprint();
        let credential = Credential::new(&wit, key).unwrap();
        let signer = Signer::builder().credentials(credential).clock(clock.clone()).build().unwrap();
        let mut request = Request::get(AUDIENCE).body(()).unwrap();
        let _ = signer.sign_request(&mut request, None, &SignOptions::default()).unwrap();
        let proof = request.headers()["authorization"].to_str().unwrap().strip_prefix("WPT ").unwrap();
        cases.push(json!({
            "id": algorithm.as_str(), "wit": wit, "wpt": proof, "audience": AUDIENCE, "thumbprint": thumbprint,
        }));
    }
    let document = json!({ "now": now, "issuer_jwks": { "keys": keys }, "cases": cases });
    let mut node = Command::new("node")
        .arg("verify.mjs")
        .current_dir(scripts())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    node.stdin.take().unwrap().write_all(document.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert_eq!(
        report.lines().filter(|line| line.starts_with("ok ")).count(),
        Algorithm::ALL.len(),
        "{report}"
    );
}
