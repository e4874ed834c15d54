//! A complete configuration over real files becomes a service that accepts and refuses.

use http::Request;
use wimse_config::{Running, SignResponses};
use wimse_core::{Audience, CredentialSource, SignOptions, WorkloadId};

use crate::fixture::{Folder, SOON, changed};

/// Everything that needs neither a network nor a feature.
const FULL: &str = r#"
[server]
proofs = ["wpt", "http-signature"]
allow_revision = "wpt-01/http-signature-06"
allow_several_audiences = true
context_tokens = ["X-User-Token"]
sign_responses = "on-request"
response_lifetime = "30s"
body_limit = 65536
response_limit = 131072
allow_anonymous = true

[server.audiences]
base_urls = ["https://orders.example.com", "https://orders.internal:8443/api"]
exact = ["orders"]

[server.limits]
leeway = "30s"
wit_remaining = "12h"
wpt_remaining = "2m"
signature_window = "5m"
wit_size = 8192
wpt_size = 4096

[server.replay.memory]
capacity = 10000

[client]
proof = "http-signature"
revision = "wpt-02/http-signature-07"
context_tokens = ["X-User-Token"]
require_signed_responses = true
proof_lifetime = "30s"
allow_plaintext_loopback = true
allow_unknown_transport = true

[client.audience]
base_url = "https://orders.example.com"

[[client.callees]]
name = "orders.example.com"
workload = "wimse://example.com/orders"

[[client.callees]]
name = "other.example.com:8443"
trust_domain = "example.com"

[client.limits]
leeway = "10s"

[client.dangerous]
allow_plaintext = false

[identity.file]
token = "orders.token"
key = "orders.pem"
poll_interval = "10s"
max_size = 32768

[trust]
cached_tokens = 1000

[[trust.domains]]
name = "example.com"
file = "example.com.json"
algorithms = ["ES256"]
proof_algorithms = ["ES256", "Ed25519"]
profile = "wimse"

[trust.file]
poll_interval = "10s"
max_size = 65536
"#;

async fn verdict(running: &Running, request: &Request<()>) -> String {
    match running.server().unwrap().verifier().verify_with_content(request, b"").await {
        Ok(peer) => peer.id().to_string(),
        Err(rejection) => rejection.reason().code().to_owned(),
    }
}

fn signed(running: &Running, options: &SignOptions) -> Request<()> {
    let mut request = Request::get("https://orders.example.com/orders").body(()).unwrap();
    let _ = running.signer().unwrap().sign_request(&mut request, Some(b""), options).unwrap();
    request
}

#[tokio::test]
async fn wpt_13_wpt_21_a_full_configuration_accepts_and_refuses() {
    let folder = Folder::full();
    let running = folder.start(FULL);
    running.ready(SOON).await.unwrap();
    assert!(running.is_healthy(), "{:?}", running.sources());

    let request = signed(&running, &SignOptions::default());
    assert_eq!(verdict(&running, &request).await, "wimse://example.com/orders");
    assert_eq!(verdict(&running, &request).await, "replayed");

    let request = signed(
        &running,
        &SignOptions::default().proof(wimse_core::Proof::Wpt).require_signed_response(false),
    );
    assert_eq!(verdict(&running, &request).await, "wimse://example.com/orders");
    let wrong = SignOptions::default()
        .proof(wimse_core::Proof::Wpt)
        .require_signed_response(false)
        .audience(Audience::base_url("https://billing.example.com").unwrap());
    assert_eq!(verdict(&running, &signed(&running, &wrong)).await, "audience_mismatch");

    let mut meddled = signed(&running, &SignOptions::default());
    *meddled.uri_mut() = "https://orders.example.com/refunds".parse().unwrap();
    assert_ne!(verdict(&running, &meddled).await, "wimse://example.com/orders");
}

#[tokio::test]
async fn what_is_for_the_layer_is_handed_on() {
    let folder = Folder::full();
    let running = folder.start(FULL);
    let server = running.server().unwrap();
    assert_eq!(server.layer().body_limit, Some(65_536));
    assert_eq!(server.layer().response_limit, Some(131_072));
    assert_eq!(server.layer().sign_responses, SignResponses::OnRequest);
    assert!(server.layer().allow_anonymous);
    assert!(server.response_signer().is_some());

    let plain = folder.start(&changed(&[]));
    let server = plain.server().unwrap();
    assert_eq!(server.layer(), &Default::default());
    assert!(server.response_signer().is_none());
}

#[tokio::test]
async fn wit_12_a_foreign_issuer_is_refused() {
    let (folder, foreign) = (Folder::full(), Folder::full());
    let running = folder.start(&changed(&[]));
    let stranger = foreign.start(&changed(&[]));
    running.ready(SOON).await.unwrap();
    stranger.ready(SOON).await.unwrap();
    let request = signed(&stranger, &SignOptions::default());
    assert_ne!(verdict(&running, &request).await, "wimse://example.com/orders");
    assert_eq!(verdict(&stranger, &request).await, "wimse://example.com/orders");
}

#[tokio::test]
async fn wpt_21_replay_is_accepted_where_that_was_written() {
    let folder = Folder::full();
    let allowed = changed(&[("server.replay.memory", ""), ("server.replay.allow_replay", "true")]);
    let running = folder.start(&allowed);
    running.ready(SOON).await.unwrap();
    let request = signed(&running, &SignOptions::default());
    for _ in 0..2 {
        assert_eq!(verdict(&running, &request).await, "wimse://example.com/orders");
    }
}

#[tokio::test]
async fn ta_03_what_is_configured_for_a_domain_holds() {
    for (option, accepted) in [
        (r#"algorithms = ["ES256"]"#, true),
        (r#"algorithms = ["ES384"]"#, false),
        (r#"proof_algorithms = ["ES256"]"#, true),
        (r#"proof_algorithms = ["Ed25519"]"#, false),
        (r#"issuers = ["https://issuer.example.com"]"#, false),
        (r#"profile = "wimse""#, true),
    ] {
        let folder = Folder::full();
        let domain = format!(r#"[{{ name = "example.com", file = "example.com.json", {option} }}]"#);
        let running = folder.start(&changed(&[("trust.domains", &domain)]));
        running.ready(SOON).await.unwrap();
        let got = verdict(&running, &signed(&running, &SignOptions::default())).await;
        assert_eq!(got == "wimse://example.com/orders", accepted, "{option}: {got}");
    }
}

#[tokio::test]
async fn limits_are_those_that_are_written() {
    let folder = Folder::full();
    let running = folder.start(&changed(&[("server.limits.wit_size", "100")]));
    running.ready(SOON).await.unwrap();
    assert_ne!(
        verdict(&running, &signed(&running, &SignOptions::default())).await,
        "wimse://example.com/orders"
    );
}

#[tokio::test]
async fn a_client_alone_needs_no_trust_and_a_server_alone_no_identity() {
    let folder = Folder::full();
    let client = folder.start(&changed(&[
        ("trust.domains", ""),
        ("server.audiences.base_urls", ""),
        ("server.replay.memory", ""),
    ]));
    client.ready(SOON).await.unwrap();
    assert!(client.server().is_none() && client.trust_store().is_none());
    let own = client.credentials().unwrap().current().unwrap();
    assert_eq!(own.subject(), &WorkloadId::parse("wimse://example.com/orders").unwrap());

    let server = folder.start(&changed(&[
        ("identity.file.token", ""),
        ("identity.file.key", ""),
        ("client.proof", ""),
    ]));
    server.ready(SOON).await.unwrap();
    assert!(server.signer().is_none() && server.credentials().is_none());
    let request = signed(&client, &SignOptions::default());
    assert_eq!(verdict(&server, &request).await, "wimse://example.com/orders");
}
