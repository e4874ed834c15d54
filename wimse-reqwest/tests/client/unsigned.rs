//! Unsigned responses: refused where signed ones are demanded, whatever their status and whoever they come from.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use http::{Extensions, StatusCode};
use reqwest::ResponseBuilderExt;
use reqwest_middleware::{ClientBuilder, Error, Middleware, Next, Result};
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_retry::{RetryTransientMiddleware, Retryable, RetryableStrategy, default_on_request_failure};
use wimse_core::{Callee, Proof, Reason, ResponseError, SignOptions};
use wimse_reqwest::{RequestBuilderExt, WimseError, WimseMiddleware};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fixture::{clients, domain, following, refused, through};
use crate::intermediary::{between, passed_on};
use crate::orders::{
    ORDERS, Orders, callee, checking, echo, order, own_signer, refused_response, signature, strict,
};
use crate::retries::retry;

async fn plain(status: u16) -> MockServer {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(status).set_body_string("<h1>nginx</h1>");
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

fn response_error(error: &Error) -> Option<&ResponseError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

#[tokio::test]
async fn hsr_18_amb_11_an_unsigned_response_is_refused_with_any_status() {
    let domain = domain();
    for status in [200, 201, 204, 302, 304, 400, 401, 404, 500, 501, 502, 503, 504] {
        let server = plain(status).await;
        for (_, client) in clients() {
            let client = through(client, strict(&domain, &server.uri()));
            let error = refused(client.get(server.uri()).send().await);
            let WimseError::Response(response) = &error else { panic!("{error:?}") };
            assert_eq!(response.unauthenticated_status(), status);
            assert_eq!(response.reason(), Reason::ResponseUnsigned);
            assert_eq!(error.reason(), "response_unsigned");
        }
    }
}

#[tokio::test]
async fn hsr_20_amb_12_an_unsigned_response_is_handed_out_where_none_was_demanded() {
    let domain = domain();
    for status in [200, 302, 404, 502] {
        let server = plain(status).await;
        for (_, client) in clients() {
            for signer in [
                signature(&domain.workload("/frontend")),
                checking(&domain, &server.uri()),
                checking(&domain, &server.uri()).prefer_signed_responses(),
            ] {
                let client = through(client.clone(), signer);
                let response = client.get(server.uri()).send().await.unwrap();
                assert_eq!((response.status().as_u16(), callee(&response)), (status, None));
                assert_eq!(response.text().await.unwrap(), "<h1>nginx</h1>");
            }
        }
    }
}

/// A service that speaks the protocol and has no credential of its own says so: with an error, which is unsigned by its nature.
#[tokio::test]
async fn hsr_04_hsr_05_amb_11_a_callee_that_cannot_sign_is_an_unauthenticated_501() {
    let domain = domain();
    let service = Orders::start_with(&domain, Router::new().fallback(echo), |layer| layer).await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        let found = refused_response(client.get(service.url("/orders"))).await;
        assert_eq!(found, (501, "response_unsigned"));
    }
}

/// A refusal before the signature of the request is known to be valid is unsigned, so that the client does not learn the reason.
#[tokio::test]
async fn hsr_18_amb_11_a_refusal_of_the_request_is_unsigned_and_refused() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        let request = client.get(service.url("/orders")).wimse(|options| options.audience("payments"));
        assert_eq!(refused_response(request).await, (400, "response_unsigned"));
    }
}

/// Keeps the status of what comes back to it, if it is a response.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Vec<Option<u16>>>>);

#[async_trait]
impl Middleware for Watch {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<reqwest::Response> {
        let outcome = next.run(request, extensions).await;
        self.0.lock().unwrap().push(outcome.as_ref().ok().map(|response| response.status().as_u16()));
        outcome
    }
}

#[tokio::test]
async fn amb_11_a_middleware_further_out_gets_the_error_as_well() {
    let domain = domain();
    let server = plain(200).await;
    let (outer, inner) = (Watch::default(), Watch::default());
    let sign = WimseMiddleware::new(strict(&domain, &server.uri()).build().unwrap());
    let [(_, client), _] = clients();
    let client = ClientBuilder::new(client).with(outer.clone()).with(sign).with(inner.clone()).build();
    assert_eq!(refused(client.get(server.uri()).send().await).reason(), "response_unsigned");
    assert_eq!(*outer.0.lock().unwrap(), [None]);
    assert_eq!(*inner.0.lock().unwrap(), [Some(200)]);
}

/// Tries again as it would after the status, which is all that an unauthenticated status is good for.
struct ByStatus;

impl RetryableStrategy for ByStatus {
    fn handle(&self, outcome: &Result<reqwest::Response>) -> Option<Retryable> {
        let error = outcome.as_ref().err()?;
        match response_error(error) {
            Some(response) if response.unauthenticated_status().is_server_error() => {
                Some(Retryable::Transient)
            }
            _ => default_on_request_failure(error),
        }
    }
}

#[tokio::test]
async fn amb_11_amb_21_a_refused_response_is_tried_again_only_by_a_strategy_that_says_so() {
    let domain = domain();
    let own = own_signer(&domain);
    let policy = ExponentialBackoff::builder()
        .retry_bounds(Duration::from_millis(1), Duration::from_millis(2))
        .build_with_max_retries(3);
    for (_, client) in clients() {
        let layer = |layer: wimse_axum::AuthenticateLayer| layer.sign_responses(own.clone());
        let service = Orders::start_with(&domain, Router::new().fallback(echo), layer).await;
        let attempts = Arc::new(Mutex::new(0));
        let proxy = between(&service.base, move |response| {
            let mut attempts = attempts.lock().unwrap();
            *attempts += 1;
            if *attempts % 3 != 0 {
                return (StatusCode::BAD_GATEWAY, "<h1>nginx</h1>").into_response();
            }
            passed_on(response)
        });
        let proxy = proxy.await;
        let sign = || WimseMiddleware::new(strict(&domain, &proxy).build().unwrap());
        let by_status = RetryTransientMiddleware::new_with_policy_and_strategy(policy, ByStatus);
        let patient = ClientBuilder::new(client.clone()).with(by_status).with(sign()).build();
        let response = order(&patient, &proxy).send().await.unwrap();
        assert_eq!(callee(&response), Some(ORDERS));
        assert_eq!(service.take().len(), 3);

        let usual = ClientBuilder::new(client).with(retry()).with(sign()).build();
        let error = order(&usual, &proxy).send().await.unwrap_err();
        assert_eq!(response_error(&error).unwrap().unauthenticated_status(), 502);
        assert_eq!(service.take().len(), 1);
    }
}

/// Nothing ties a response to a Workload Proof Token, so that no signature on one could be right.
#[tokio::test]
async fn hsr_17_hsr_19_amb_33_a_signature_on_the_response_to_a_proof_token_is_refused() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let stored: Mutex<Option<http::Response<Bytes>>> = Mutex::default();
    // A genuine one, to another request.
    let storing = between(&service.base, move |response| {
        passed_on(stored.lock().unwrap().get_or_insert(response).clone())
    });
    let storing = storing.await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &storing));
        order(&client, &storing).send().await.ok();
        let token = |options: SignOptions| options.proof(Proof::Wpt).require_signed_response(false);
        let request = order(&client, &storing).wimse(token);
        assert_eq!(refused_response(request).await, (200, "request_nonce_mismatch"));
        let unsigned = client.post(service.url("/orders")).body("two apples").wimse(token);
        assert_eq!(unsigned.send().await.unwrap().status(), 200);
        // Without credentials there is nobody to check for.
        let skipped = order(&client, &storing).wimse(SignOptions::skip).send().await.unwrap();
        assert_eq!((skipped.status().as_u16(), callee(&skipped)), (200, None));
    }
}

/// A redirect is a response like any other: it counts if it is signed, and is never followed with credentials.
#[tokio::test]
async fn amb_21_hsr_18_redirects_are_checked_and_not_followed() {
    let domain = domain();
    let own = own_signer(&domain);
    let routes = Router::new()
        .fallback(|| async { (StatusCode::TEMPORARY_REDIRECT, [(http::header::LOCATION, "/elsewhere")]) });
    let service = Orders::start_with(&domain, routes, |layer| layer.sign_responses(own)).await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        let request = client.post(service.url("/orders")).body("two apples");
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), callee(&response)), (307, Some(ORDERS)));
        assert_eq!(response.headers()["location"], "/elsewhere");
        assert_eq!(service.take_one().target, "/orders");
    }
}

/// reqwest takes `Authorization` away from a redirected request, and leaves token and signature, which it does not know. What
/// protects the caller then is the audience, which is another's.
#[tokio::test]
async fn amb_21_hsq_33_a_signature_that_a_client_takes_along_is_refused_by_the_next() {
    let domain = domain();
    let elsewhere = Orders::start(&domain).await;
    for status in [301, 302, 303, 307, 308] {
        let origin = MockServer::start().await;
        let location = elsewhere.url("/orders");
        let response = ResponseTemplate::new(status).insert_header("location", location.as_str());
        Mock::given(any()).respond_with(response).mount(&origin).await;
        let answers = Watch::default();
        let sign = WimseMiddleware::new(signature(&domain.workload("/frontend")).build().unwrap());
        let client = ClientBuilder::new(following()).with(sign).with(answers.clone()).build();
        let error = refused(client.post(origin.uri()).body("two apples").send().await);
        assert!(matches!(error, WimseError::RedirectFollowed), "{error:?}");
        assert_eq!(*answers.0.lock().unwrap(), [Some(400)]);
        let arrived = elsewhere.take_one();
        assert!(arrived.headers.contains_key("signature"));
        assert_eq!(arrived.parameter("wimse-aud"), format!("{}/", origin.uri()));
    }
}

/// Answers with what somebody else vouched for.
struct Stale(Callee);

#[async_trait]
impl Middleware for Stale {
    async fn handle(
        &self,
        request: reqwest::Request,
        _: &mut Extensions,
        _: Next<'_>,
    ) -> Result<reqwest::Response> {
        let response = http::Response::builder().url(request.url().clone()).extension(self.0.clone());
        Ok(response.body("cached").unwrap().into())
    }
}

#[tokio::test]
async fn hsr_20_a_callee_that_a_middleware_further_in_left_in_the_extensions_does_not_count() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let [(_, client), _] = clients();
    let signed = order(&through(client.clone(), strict(&domain, &service.base)), &service.base);
    let signed = signed.send().await.unwrap();
    let stale = Stale(signed.extensions().get::<Callee>().unwrap().clone());
    let sign = WimseMiddleware::new(checking(&domain, &service.base).build().unwrap());
    let client = ClientBuilder::new(client).with(sign).with(stale).build();
    let response = order(&client, &service.base).send().await.unwrap();
    assert_eq!(callee(&response), None);
    assert_eq!(response.text().await.unwrap(), "cached");
}
