//! Responses that were signed and are not as they were: nothing of them is handed on.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use tower::ServiceExt;
use wimse_core::ResponseError;
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};

use crate::fixture::{
    ENOUGH, ORDERS, Orders, Received, clients, domain, echo, own_signer, post, refused, signing, strict,
};
use crate::script::Script;

type Meddle = fn(Received) -> Response<Script>;

/// Sends what `change` makes of a response on its way.
async fn behind(
    meddle: impl Fn(Received) -> Response<Script> + Clone + Send + Sync + 'static,
) -> (wimse_core::testing::TestDomain, Orders) {
    let domain = domain();
    let own = own_signer(&domain);
    let service = Orders::start_behind(&domain, |layer| layer.sign_responses(own), echo, meddle).await;
    (domain, service)
}

fn without(mut received: Received, fields: &[&str]) -> Response<Script> {
    for field in fields {
        received.parts.headers.remove(*field).unwrap();
    }
    received.send()
}

fn with(mut received: Received, field: &'static str, value: &'static str) -> Response<Script> {
    received.parts.headers.insert(field, HeaderValue::from_static(value));
    received.send()
}

const CHANGES: [(&str, Meddle, &str); 12] = [
    (
        "status",
        |mut received| {
            received.parts.status = StatusCode::CREATED;
            received.send()
        },
        "proof_signature",
    ),
    ("content", |received| received.send().map(|_| Script::of(&["a forged answer"])), "digest_mismatch"),
    ("no content", |received| received.send().map(|_| Script::default()), "digest_mismatch"),
    ("more content", |received| received.send().map(|body| body.also("!")), "digest_mismatch"),
    (
        "content and digest",
        |mut received| {
            received.content = Bytes::from_static(b"a forged answer");
            let digest = ContentDigest::of(&received.content, DigestAlgorithm::Sha256);
            received.parts.headers.insert("content-digest", digest.to_header_value());
            received.send()
        },
        "proof_signature",
    ),
    ("no digest", |received| without(received, &["content-digest"]), "component_unresolved"),
    ("another type", |received| with(received, "content-type", "text/html"), "proof_signature"),
    ("no type", |received| without(received, &["content-type"]), "component_unresolved"),
    ("no token", |received| without(received, &["workload-identity-token"]), "wit_missing"),
    ("no signature", |received| without(received, &["signature"]), "proof_malformed"),
    (
        "no signature at all",
        |received| without(received, &["signature", "signature-input"]),
        "response_unsigned",
    ),
    ("unreadable", |received| with(received, "signature-input", "=?"), "proof_malformed"),
];

#[tokio::test]
async fn hsr_07_hsr_11_hsr_13_hsr_18_hsr_19_an_altered_response_is_refused() {
    for (what, meddle, reason) in CHANGES {
        let status = if what == "status" { 201 } else { 200 };
        let (domain, service) = behind(meddle).await;
        for (_, client) in clients() {
            let client = signing(client, strict(&domain, &service.base), ENOUGH);
            let order = post(service.url("/orders"), Script::of(&["two apples"]));
            // The length that hyper said of the original would end the altered one.
            assert_eq!(refused(client.oneshot(order)).await, (status, reason), "{what}");
        }
    }
}

/// Control for the test above: going through somebody else's hands alone does no harm.
#[tokio::test]
async fn hsr_19_an_unaltered_response_is_not_refused() {
    let (domain, service) = behind(Received::send).await;
    for (_, client) in clients() {
        let client = signing(client, strict(&domain, &service.base), ENOUGH);
        let response =
            client.oneshot(post(service.url("/orders"), Script::of(&["two apples"]))).await.unwrap();
        assert_eq!(Received::of(response).await.unwrap().from(), (200, Some(ORDERS)));
    }
}

#[tokio::test]
async fn hsr_16_hsr_17_hsr_28_a_response_to_another_request_is_refused() {
    let first: Arc<Mutex<Option<Response<Script>>>> = Arc::default();
    let replay =
        move |received: Received| first.lock().unwrap().get_or_insert_with(|| received.send()).clone();
    let (domain, service) = behind(replay).await;
    let mut outcomes = Vec::new();
    for (_, client) in clients() {
        let client = signing(client, strict(&domain, &service.base), ENOUGH);
        for _ in 0..2 {
            let order = post(service.url("/orders"), Script::of(&["two apples"]));
            outcomes.push(match client.clone().oneshot(order).await {
                Ok(_) => "accepted",
                Err(error) => error.downcast_ref::<ResponseError>().unwrap().reason().code(),
            });
        }
    }
    assert_eq!(
        outcomes,
        ["accepted", "request_nonce_mismatch", "request_nonce_mismatch", "request_nonce_mismatch"]
    );
}

/// Under a genuine head.
#[tokio::test]
async fn hsr_13_content_that_never_ends_is_refused_at_the_limit() {
    let (domain, service) =
        behind(|received| received.send().map(|_| Script::default().forever(&[7; 10_000]))).await;
    for (_, client) in clients() {
        let client = signing(client, strict(&domain, &service.base), ENOUGH);
        let outcome = client.oneshot(post(service.url("/orders"), Script::default()));
        let outcome = tokio::time::timeout(std::time::Duration::from_secs(20), refused(outcome));
        assert_eq!(outcome.await.unwrap(), (200, "content_too_large"));
    }
}

#[tokio::test]
async fn hsr_13_content_that_breaks_off_is_the_transports_error() {
    let (domain, service) = behind(|received| received.send().map(Script::fails)).await;
    for (_, client) in clients() {
        let client = signing(client, strict(&domain, &service.base), ENOUGH);
        let error = client.oneshot(post(service.url("/orders"), Script::default())).await.err().unwrap();
        assert!(error.is::<hyper::Error>(), "{error:?}");
    }
}
