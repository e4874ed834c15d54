//! A signed response is due and cannot be made: an error, and nothing of what the handler said (http-signature §3.5, §3.6).

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use http_body_util::channel::Channel;
use hyper::body::Frame;
use wimse_core::jose::Algorithm;
use wimse_core::testing::FrozenClock;
use wimse_core::{Rejection, RotatingCredential, Signer, UnixTime, WitRequest};

use crate::fixture::{CALLER, World, pieces, post};
use crate::sockets::{Reply, Server, clients, copy, domain, optional, signed as with_proof_token, verifier};
use crate::watching::Runs;

const SECRET: &str = "what only the caller may know";
const LIMIT: usize = 100;

/// A response of the application, none of which may come through.
fn secret(body: Body) -> Response {
    let mut response =
        (StatusCode::CREATED, [("x-secret", SECRET), ("etag", "secret")], body).into_response();
    response.extensions_mut().insert(SECRET);
    response
}

type Respond = fn() -> Response;

fn counting(respond: Respond) -> (Router, Runs) {
    let runs = Runs::default();
    let handler = {
        let runs = runs.clone();
        async move || {
            runs.note();
            respond()
        }
    };
    (Router::new().route("/orders", any(handler)), runs)
}

#[track_caller]
fn assert_impossible(reply: &Reply) {
    reply.assert_refused(501, "response_not_signable");
    assert!(!reply.headers.contains_key("x-secret") && !reply.headers.contains_key("etag"), "{reply:?}");
    assert!(!String::from_utf8_lossy(&reply.body).contains(SECRET));
}

/// Before the handler has done anything, and so that the same request may go where it can be answered.
#[tokio::test]
async fn hsr_04_hsr_05_err_05_without_a_credential_of_its_own_the_service_does_not_begin() {
    let world = World::new();
    let verifier = world.verifier();
    let (app, runs) = counting(|| secret("apples".into()));
    let unable = Server::start(app.layer(wimse_axum::authenticate(verifier.clone()))).await;
    let (app, able_runs) = counting(|| secret("apples".into()));
    let able = app.layer(wimse_axum::authenticate(verifier).sign_responses(world.own()));
    let able = Server::start(able).await;
    for client in clients() {
        let call = world.demanding(able.get("/orders"), b"");
        let mut elsewhere = copy(&call.request);
        *elsewhere.uri_mut() = unable.get("/orders").uri().clone();
        let refused = client.send(elsewhere).await;
        assert_impossible(&refused);
        assert!(!refused.headers.contains_key("signature"));
        assert_eq!(runs.count(), 0);
        assert_eq!(call.send(&client).await.signed().status, 201);
        assert_eq!(able_runs.take(), 1);
    }
    for caller in world.callers() {
        assert_eq!(caller.refused(unable.get("/orders")).await, ("response_unsigned", 501));
    }
}

#[tokio::test]
async fn hsr_03_hsr_04_where_every_response_is_signed_a_request_without_a_signature_is_refused() {
    let world = World::new();
    let (app, runs) = counting(|| secret("apples".into()));
    let layer = wimse_axum::authenticate(verifier(&world.domain)).sign_all_responses(world.own());
    let server = Server::start(app.layer(layer)).await;
    for client in clients() {
        let refused = client.send(with_proof_token(&world.caller, server.get("/orders"))).await;
        assert_impossible(&refused);
        assert_eq!(runs.count(), 0);
        let call = world.demanding(server.get("/orders"), b"");
        assert_eq!(call.send(&client).await.signed().status, 201);
        assert_eq!(runs.take(), 1);
    }
}

/// Callers who say nothing about themselves may pass here, but not without the signature that every response is to have.
#[tokio::test]
async fn hsr_03_hsr_04_where_every_response_is_signed_an_anonymous_request_is_refused() {
    let world = World::new();
    for (verifier, status) in [(world.verifier(), 400), (verifier(&world.domain), 401)] {
        let layer = wimse_axum::authenticate_optional(verifier).sign_all_responses(world.own());
        let server = Server::start(Router::new().route("/orders", get(optional)).layer(layer)).await;
        for client in clients() {
            client.send(server.get("/orders")).await.assert_refused(status, "credentials_missing");
            let call = world.demanding(server.get("/orders"), b"");
            assert_eq!(call.send(&client).await.signed().ok(), CALLER);
        }
    }
}

fn endless() -> Body {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    tokio::spawn(
        async move { while sender.send_data(Bytes::from_static(SECRET.as_bytes())).await.is_ok() {} },
    );
    Body::new(body)
}

/// Begins, and then nothing more comes of it.
fn silent() -> Body {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    assert!(sender.try_send(Frame::data(Bytes::from_static(b"data: x\n\n"))).is_ok());
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop(sender);
    });
    Body::new(body)
}

fn failing() -> Body {
    let (mut sender, body) = Channel::<Bytes, io::Error>::new(1);
    sender.try_send(Frame::data(Bytes::from_static(SECRET.as_bytes()))).unwrap();
    sender.abort(io::Error::other("the database went away"));
    Body::new(body)
}

fn events(content_type: &'static str) -> Response {
    let mut response = secret(silent());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn with_two_types() -> Response {
    let mut response = secret(SECRET.into());
    for content_type in ["text/plain", "text/html"] {
        response.headers_mut().append(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// What else a dictionary of signatures holds cannot be kept beside ours.
fn with_other_signatures() -> Response {
    let mut response = secret(SECRET.into());
    let headers = response.headers_mut();
    let input = r#"a=("@status");tag="wimse-workload-to-workload", b=("@status");tag="other""#;
    headers.insert("signature-input", HeaderValue::from_static(input));
    headers.insert("signature", HeaderValue::from_static("a=:AAAA:, b=:AAAA:"));
    response
}

#[tokio::test]
async fn hsr_04_hsr_05_err_05_what_cannot_be_signed_does_not_leave_the_service() {
    let world = World::new();
    let cases: [(&str, Respond); 9] = [
        ("larger than the limit", || secret(vec![b's'; LIMIT + 1].into())),
        ("larger, of unknown length", || secret(pieces(&[b's'; LIMIT + 1], None))),
        ("endless", || secret(endless())),
        ("fails", || secret(failing())),
        ("events", || events("text/event-stream")),
        ("events with a charset", || events("text/event-stream; charset=utf-8")),
        ("events in capitals", || events("Text/Event-Stream")),
        ("two content types", with_two_types),
        ("other signatures", with_other_signatures),
    ];
    for (reason, respond) in cases {
        let (app, runs) = counting(respond);
        let revealed = async |mut response: Response| {
            let rejection =
                response.extensions().get::<Rejection>().map(|rejection| rejection.reason().code());
            let left = response.extensions().get::<&str>();
            let seen = format!("{} {}", rejection.unwrap_or("none"), left.map_or("clean", |_| "leaking"));
            response.headers_mut().insert(HeaderName::from_static("x-seen"), seen.parse().unwrap());
            response
        };
        let app = app.layer(world.signing().response_limit(LIMIT)).layer(map_response(revealed));
        let server = Server::start(app).await;
        for client in clients() {
            let sending = world.demanding(server.get("/orders"), b"").send(&client);
            let answered = tokio::time::timeout(std::time::Duration::from_secs(10), sending).await;
            let checked = answered.unwrap_or_else(|_| panic!("no answer: {reason}"));
            assert_impossible(checked.signed());
            assert_eq!(checked.reply.headers["x-seen"], "response_not_signable clean", "{reason}");
            assert_eq!(runs.take(), 1);

            // Nobody demands it: there is nothing to be refused.
            if reason != "endless" && reason != "fails" && !reason.starts_with("events") {
                let unsigned = client.send(world.signed(server.get("/orders"), b"")).await;
                assert_eq!(
                    (&unsigned.headers["x-secret"], runs.take()),
                    (&HeaderValue::from_static(SECRET), 1)
                );
            }
        }
    }
}

#[tokio::test]
async fn hsr_04_a_response_of_exactly_the_limit_is_signed() {
    let world = World::new();
    let whole: Respond = || secret(vec![b's'; LIMIT].into());
    for respond in [whole, || secret(pieces(&[b's'; LIMIT], None))] {
        let (app, _) = counting(respond);
        let server = Server::start(app.layer(world.signing().response_limit(LIMIT))).await;
        for client in clients() {
            let checked = world.demanding(server.get("/orders"), b"").send(&client).await;
            let reply = checked.signed();
            assert_eq!((reply.status.as_u16(), reply.body.len()), (201, LIMIT));
            assert_eq!(reply.headers["x-secret"], SECRET);
        }
    }
}

/// The key of an expired token signs nothing, not even the error.
#[tokio::test]
async fn hsr_04_key_03_an_expired_or_withdrawn_credential_signs_nothing() {
    const NOW: i64 = 1_800_000_000;
    let clock = FrozenClock::at(NOW);
    let world = World::of(domain().clock(clock.clone()));
    let expires = |request: WitRequest| request.expires_at(UnixTime::from_secs(NOW + 60));
    let expired = world.domain.workload_with("/orders", Algorithm::Es256, expires).signer().build().unwrap();
    let withdrawn = Signer::builder().credentials(RotatingCredential::pending()).build().unwrap();
    clock.advance(60);
    for own in [expired, withdrawn] {
        for (layer, unasked) in [
            (world.layer().sign_responses(own.clone()), 201),
            (world.layer().sign_all_responses(own.clone()), 501),
        ] {
            let (app, runs) = counting(|| secret("apples".into()));
            let server = Server::start(app.layer(layer)).await;
            for client in clients() {
                let checked = world.demanding(server.get("/orders"), b"").send(&client).await;
                assert_impossible(checked.unsigned());
                assert!(!checked.reply.headers.contains_key("vary"));
                assert_eq!(runs.take(), 1);
                let refused = world.demanding(post(&server, "/orders", "x"), b"y").send(&client).await;
                refused.unsigned().assert_refused(400, "digest_mismatch");
                let reply = client.send(world.signed(server.get("/orders"), b"")).await;
                assert_eq!((reply.status.as_u16(), runs.take()), (unasked, 1));
            }
        }
    }
}
