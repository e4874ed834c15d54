//! A request that is sent more than once: each attempt has a signature of its own, and the body.

use std::collections::HashSet;

use axum::Router;
use axum::response::IntoResponse;
use http::{HeaderMap, HeaderName};
use reqwest_middleware::ClientBuilder;
use wimse_reqwest::{RequestBuilderExt, WimseMiddleware, client_builder};

use crate::fixture::{WIT, clients, domain, through};
use crate::orders::{FRONTEND, Orders, SIGNATURE, SIGNATURE_INPUT, digest, echo, refusal, signature};
use crate::retries::retry;

#[tokio::test]
async fn wit_21_a_skipped_request_has_neither_token_nor_signature_also_of_an_earlier_attempt() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = through(client, signature(&caller));
        client.post(service.url("/orders")).body("two apples").send().await.unwrap();
        let stale = service.take_one().headers;
        let request = client.post(service.url("/orders")).headers(stale).body("two apples");
        let response = request.wimse(|options| options.skip()).send().await.unwrap();
        assert_eq!(refusal(response).await, (401, "credentials_missing".to_owned()));
        let arrived = service.take_one();
        for field in [WIT, SIGNATURE, SIGNATURE_INPUT] {
            assert!(!arrived.headers.contains_key(field), "{arrived:?}");
        }
    }
}

#[tokio::test]
async fn hsq_23_amb_21_the_fields_of_an_earlier_attempt_are_replaced() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    let [(_, client), _] = clients();
    let client = through(client, signature(&caller));
    client.post(service.url("/orders")).body("two apples").send().await.unwrap();
    let first = service.take_one();
    let fields = [WIT, SIGNATURE, SIGNATURE_INPUT, "content-digest"].map(HeaderName::from_static);
    let stale = fields.map(|field| (field.clone(), first.headers[field].clone()));
    let request = client.post(service.url("/orders")).headers(HeaderMap::from_iter(stale));
    let request = request.body("three pears");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let second = service.take_one();
    assert_ne!(second.parameter("nonce"), first.parameter("nonce"));
    assert_eq!(second.only("content-digest"), digest("three pears"));
    second.only(SIGNATURE);
}

#[tokio::test]
async fn hsq_25_hsq_26_amb_21_each_attempt_has_a_signature_of_its_own_and_the_whole_body() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (_, client) in clients() {
        let service = Orders::start_with(&domain, unavailable_at_first(), |layer| layer).await;
        let sign = WimseMiddleware::new(signature(&caller).build().unwrap());
        let client = ClientBuilder::new(client).with(retry()).with(sign).build();
        let response = client.post(service.url("/orders")).json(&["apple"]).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), format!("{FRONTEND} sent [\"apple\"]"));

        let attempts = service.take();
        assert_eq!(attempts.len(), 3);
        let nonces: HashSet<_> = attempts.iter().map(|attempt| attempt.parameter("nonce")).collect();
        let signatures: HashSet<_> = attempts.iter().map(|attempt| attempt.only(SIGNATURE)).collect();
        assert_eq!((nonces.len(), signatures.len()), (3, 3));
        for attempt in &attempts {
            assert_eq!(attempt.content, "[\"apple\"]");
            assert_eq!(attempt.only("content-digest"), digest("[\"apple\"]"));
        }
    }
}

/// The other order is a mistake, and one that shows.
#[tokio::test]
async fn hsq_26_with_the_middlewares_swapped_the_repeated_signature_is_refused_as_replayed() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (_, client) in clients() {
        let service = Orders::start_with(&domain, unavailable_at_first(), |layer| layer).await;
        let sign = WimseMiddleware::new(signature(&caller).build().unwrap());
        let client = ClientBuilder::new(client).with(sign).with(retry()).build();
        let response = client.post(service.url("/orders")).body("two apples").send().await.unwrap();
        assert_eq!(refusal(response).await, (400, "replayed".to_owned()));
        assert_eq!(service.take().len(), 2);
    }
}

/// Retries of reqwest's own client happen below every middleware, and show in the same way.
#[tokio::test]
async fn hsq_26_the_retries_of_reqwest_itself_repeat_the_signature_and_are_refused_as_replayed() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start_with(&domain, unavailable_at_first(), |layer| layer).await;
    let retry = reqwest::retry::for_host("127.0.0.1").no_budget().classify_fn(|attempt| {
        if attempt.status() == Some(http::StatusCode::SERVICE_UNAVAILABLE) {
            attempt.retryable()
        } else {
            attempt.success()
        }
    });
    let client = through(client_builder().retry(retry).build().unwrap(), signature(&caller));
    let response = client.post(service.url("/orders")).body("two apples").send().await.unwrap();
    assert_eq!(refusal(response).await, (400, "replayed".to_owned()));
    let attempts = service.take();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].parameter("nonce"), attempts[1].parameter("nonce"));
}

/// Answers twice with 503, and then as usual. The caller is authenticated each time, so that each proof is used up.
fn unavailable_at_first() -> Router {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let calls = std::sync::Arc::new(AtomicUsize::new(0));
    Router::new().fallback(async move |workload: wimse_axum::Workload, content: String| {
        let response = echo(workload, content).await;
        match calls.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => (http::StatusCode::SERVICE_UNAVAILABLE, response).into_response(),
            _ => response,
        }
    })
}
