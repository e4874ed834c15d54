//! Servers that answer badly: each is told apart, and none gets a token past the checks.

use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::{Router, routing::post};
use http::Response;
use wimse_core::WorkloadId;
use wimse_core::testing::TestDomain;
use wimse_identity::server::protocol::{NONCE_PATH, Nonce, Refusal, TOKEN_PATH, Token};

use crate::identity::{Running, builder};

/// Gets a credential from a server that answers like this, or the reason why not.
async fn outcome<R: IntoResponse + 'static>(
    nonce: impl Fn() -> R + Clone + Send + Sync + 'static,
    token: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static,
) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .route(NONCE_PATH, post(async move || nonce().into_response()))
        .route(TOKEN_PATH, post(async move || token()));
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let client = builder(&base)
        .join_token(|| Ok::<_, String>("join".to_owned()))
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let outcome = client.obtain().await;
    server.abort();
    outcome.map_or_else(|error| error.reason().to_owned(), |_| "issued".to_owned())
}

fn good_nonce() -> Response<String> {
    Nonce { nonce: "n".to_owned(), expires_in: 60 }.to_response()
}

async fn of_token(token: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static) -> String {
    outcome(good_nonce, token).await
}

fn json(status: u16, media_type: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).header("content-type", media_type).body(body.into()).unwrap()
}

fn never() -> Response<Body> {
    Refusal::Unavailable.to_response().map(Body::from)
}

#[tokio::test]
async fn answers_that_are_not_of_the_protocol() {
    for (status, media_type, body, expected) in [
        (200, "text/html", "<html>", "answer_malformed"),
        (200, "application/json", "{", "answer_malformed"),
        (200, "application/json", r#"{"token":"a.b.c"}"#, "answer_malformed"),
        (200, "application/json", r#"{"token":"a.b.c","expires_in":1,"more":1}"#, "answer_malformed"),
        (200, "application/json", r#"{"token":"a.b.c","token":"d","expires_in":1}"#, "answer_malformed"),
        (200, "application/json", r#"{"token":"a.b.c","expires_in":-1}"#, "answer_malformed"),
        (200, "application/json", r#"{"token":"a.b.c","expires_in":60}"#, "token_refused"),
        (200, "text/plain", r#"{"token":"a.b.c","expires_in":60}"#, "answer_malformed"),
        (404, "text/plain", "not found", "server_failed"),
        (500, "text/html", "<html>", "server_failed"),
        (401, "application/problem+json", r#"{"reason":"proof_expired"}"#, "server_refused"),
        (403, "application/problem+json", r#"{"reason":"evidence_refused","more":1}"#, "evidence_refused"),
        (403, "application/problem+json", r#"{"reason":7}"#, "server_failed"),
    ] {
        let answer = move || json(status, media_type, body);
        assert_eq!(of_token(answer).await, expected, "{status} {media_type} {body}");
        if status != 200 {
            assert_eq!(outcome(answer, never).await, expected, "as an answer to the request for a nonce");
        }
    }
    for refusal in Refusal::ALL.iter().copied() {
        let answer = move || refusal.to_response().map(Body::from);
        assert_eq!(of_token(answer).await, refusal.code());
    }
}

#[tokio::test]
async fn answers_that_go_elsewhere_never_end_or_never_come() {
    let elsewhere =
        || Response::builder().status(307).header("location", "/other").body(Body::empty()).unwrap();
    assert_eq!(of_token(elsewhere).await, "server_failed");

    let long = || json(200, "application/json", vec![b' '; 64 * 1024 + 1]);
    assert_eq!(of_token(long).await, "answer_too_large");
    let endless = || {
        let chunk = std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1024]));
        json(200, "application/json", Body::from_stream(tokio_stream::iter(chunk)))
    };
    assert_eq!(of_token(endless).await, "answer_too_large");
    let silent = || {
        json(
            200,
            "application/json",
            Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>()),
        )
    };
    assert_eq!(of_token(silent).await, "server_timeout");
}

#[tokio::test]
async fn a_long_code_of_the_server_is_not_repeated() {
    let body = format!(r#"{{"reason":"{}\u001b[31m"}}"#, "x".repeat(60_000));
    let answer = move || json(403, "application/problem+json", body.clone());
    assert_eq!(of_token(answer).await, "server_refused");
}

#[tokio::test]
async fn key_02_a_token_for_another_key_subject_or_time_is_refused() {
    let domain = TestDomain::new("example.com");
    let stolen = domain.workload("/frontend").token().to_owned();
    let answer = move || Token { token: stolen.clone(), expires_in: 3600 }.to_response().map(Body::from);
    assert_eq!(of_token(answer).await, "token_refused");

    let server = Running::start(60).await;
    let other = WorkloadId::parse("wimse://example.com/batch").unwrap();
    let refused = server.builder().expect_subject(other).build().unwrap().obtain().await.unwrap_err();
    assert_eq!(refused.reason(), "token_refused");
    assert!(refused.to_string().contains("wimse://example.com/frontend"), "{refused}");

    let server = Running::start(0).await;
    let refused = server.builder().build().unwrap().obtain().await.unwrap_err();
    assert_eq!(refused.reason(), "token_expired");
}
