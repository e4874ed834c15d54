//! `Accept-Signature`: a wish for a signature, which is fulfilled where that costs nothing, and never a condition.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{CONTENT_TYPE, VARY};
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use tokio::sync::mpsc;
use wimse_axum::AuthenticateLayer;
use wimse_core::httpsig::{ACCEPT_SIGNATURE, Component, Derived, Limits, RequestedSignatures};
use wimse_core::{Callee, Proof, RotatingCredential, Signer};

use crate::fixture::{Call, SERVICE, World, callers, pieces, post};
use crate::sockets::{Server, clients, signed as with_proof_token, verifier_with};

const LIMIT: usize = 100;

/// What a client asks for that goes by RFC 9421 §5 and knows the profile.
const WISH: &str = r#"wimse=("@status" "@method";req "@path";req "@query";req "workload-identity-token");tag="wimse-workload-to-workload""#;

fn wishing(call: Call, wish: &'static str) -> Call {
    call.altered(|request| {
        request.headers_mut().insert(ACCEPT_SIGNATURE, HeaderValue::from_static(wish));
    })
}

fn unasked(world: &World, request: Request) -> Call {
    world.call(request, b"", &world.signer().build().unwrap())
}

fn answering(layer: AuthenticateLayer, respond: fn() -> Response) -> impl Future<Output = Server> {
    Server::start(Router::new().route("/orders", any(async move || respond())).layer(layer))
}

fn small() -> Response {
    ([("etag", "1"), ("vary", "origin")], "apples").into_response()
}

#[tokio::test]
async fn hsr_06_hsr_23_a_signing_client_may_prefer_signatures_without_demanding_them() {
    let world = World::new();
    let signer = world.signer().prefer_signed_responses().build().unwrap();
    let able = answering(world.signing(), small).await;
    let unable = answering(world.layer(), small).await;
    for caller in callers(&signer) {
        let reply = caller.signed(able.get("/orders")).await;
        assert_eq!(reply.ok(), "apples");
        // For caches: the response is for this request alone, and depends on what was asked for (RFC 9421 §5).
        let vary: Vec<_> = reply.headers.get_all(VARY).iter().collect();
        assert_eq!(vary, ["origin", "signature-input, accept-signature"]);

        let (reply, callee) = caller.call(unable.get("/orders")).await.unwrap();
        assert!(reply.ok() == "apples" && callee.is_none() && reply.headers[VARY] == "origin");
    }
}

#[tokio::test]
async fn hsr_23_hsr_27_a_wish_that_cannot_be_read_or_asks_for_less_counts_as_none() {
    let world = World::new();
    let server = answering(world.signing(), small).await;
    for client in clients() {
        let signed = wishing(unasked(&world, server.get("/orders")), WISH).send(&client).await;
        assert_eq!(signed.signed().ok(), "apples");
        for wish in [
            "",
            "?",
            r#"wimse=("@status");tag="wimse-workload-to-workload""#,
            r#"wimse=("@status" "@method";req "@path";req "@query";req "workload-identity-token");tag="other""#,
            r#"wimse=("@status" "@method";req "@path";req "@query";req "workload-identity-token")"#,
            r#"wimse=("@status" "@method" "@path" "@query" "workload-identity-token");tag="wimse-workload-to-workload""#,
        ] {
            let unsigned = wishing(unasked(&world, server.get("/orders")), wish).send(&client).await;
            let reply = unsigned.unsigned();
            assert!(reply.ok() == "apples" && reply.headers.get_all(VARY).iter().eq(["origin"]), "{wish}");
        }
    }
}

fn large() -> Response {
    Body::from(vec![b'x'; LIMIT + 1]).into_response()
}

fn unknown_length() -> Response {
    pieces(b"apples", None).into_response()
}

/// All that there is to say, as an event.
fn one_event() -> Response {
    ([(CONTENT_TYPE, "text/event-stream")], "data: apples\n\n").into_response()
}

fn with_two_types() -> Response {
    let mut response = small();
    response.headers_mut().append(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

#[tokio::test]
async fn hsr_23_what_cannot_be_signed_at_once_goes_unsigned() {
    let world = World::new();
    for respond in [large, unknown_length, with_two_types] {
        let server = answering(world.signing().response_limit(LIMIT), respond).await;
        for client in clients() {
            let checked = wishing(unasked(&world, server.get("/orders")), WISH).send(&client).await;
            let reply = checked.unsigned();
            assert_eq!(reply.status, 200);
            assert!(!reply.headers.get_all(VARY).iter().any(|value| value != "origin"));
        }
    }
    let without = Signer::builder().credentials(RotatingCredential::pending()).build().unwrap();
    let server = answering(world.layer().sign_responses(without), small).await;
    for client in clients() {
        let checked = wishing(unasked(&world, server.get("/orders")), WISH).send(&client).await;
        let reply = checked.unsigned();
        assert!(reply.ok() == "apples" && reply.headers.get_all(VARY).iter().eq(["origin"]));
        let altered = unasked(&world, post(&server, "/orders", "x"));
        let refused = wishing(altered, WISH).send(&client).await;
        refused.unsigned().assert_refused(400, "digest_missing");
        assert!(!refused.reply.headers.contains_key(VARY));
    }
}

/// By its type it is a stream, also if this one ends soon.
#[tokio::test]
async fn hsr_23_a_wish_for_a_signature_on_events_is_no_reason_to_refuse() {
    let world = World::new();
    let server = answering(world.signing().response_limit(LIMIT), one_event).await;
    for client in clients() {
        let checked = wishing(unasked(&world, server.get("/orders")), WISH).send(&client).await;
        assert_eq!(checked.unsigned().ok(), "data: apples\n\n");
        let checked = world.demanding(server.get("/orders"), b"").send(&client).await;
        checked.signed().assert_refused(501, "response_not_signable");
    }
}

/// The first piece arrives before the last is there.
#[tokio::test]
async fn hsr_23_a_stream_is_not_held_back_for_a_signature_that_nobody_demands() {
    let world = World::new();
    let (streams, mut started) = mpsc::unbounded_channel();
    let handler = async move || {
        let (sender, body) = Channel::<Bytes, Infallible>::new(1);
        streams.send(sender).unwrap();
        ([(CONTENT_TYPE, "text/event-stream")], Body::new(body))
    };
    let server = Server::start(Router::new().route("/orders", any(handler)).layer(world.signing())).await;
    let signer = world.signer().prefer_signed_responses().build().unwrap();
    for caller in callers(&signer) {
        let response = caller.open(server.get("/orders")).await.unwrap();
        assert!(response.extensions().get::<Callee>().is_none());
        let mut body = response.into_body();
        let mut sender = started.recv().await.unwrap();
        for piece in ["data: apples\n\n", "data: pears\n\n"] {
            sender.send_data(Bytes::from_static(piece.as_bytes())).await.unwrap();
            let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await;
            let frame = frame.expect("the stream is held back").unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), piece);
        }
    }
}

#[tokio::test]
async fn hsr_24_the_demand_in_the_signature_is_stronger_than_the_wish() {
    let world = World::new();
    let server = answering(world.signing().response_limit(LIMIT), large).await;
    for client in clients() {
        let both = wishing(world.demanding(server.get("/orders"), b""), WISH).send(&client).await;
        both.signed().assert_refused(501, "response_not_signable");
    }
    let server = answering(world.signing(), small).await;
    for client in clients() {
        let weaker = wishing(world.demanding(server.get("/orders"), b""), r#"a=();tag="other""#);
        let checked = weaker.send(&client).await;
        assert_eq!(checked.signed().ok(), "apples");
    }
}

/// What is wanted of the next request: at least what the profile covers.
#[tokio::test]
async fn hsr_26_hsr_27_refusals_say_which_signature_is_missing() {
    let world = World::new();
    let both = verifier_with(&world.domain, |builder| builder);
    let alone = verifier_with(&world.domain, |builder| builder.proofs([Proof::HttpSignature]));
    for (verifier, status) in [(both, 401), (alone, 400)] {
        let handler = async || StatusCode::OK;
        let layer = wimse_axum::authenticate(verifier.clone());
        let server = Server::start(Router::new().route("/orders", any(handler)).layer(layer)).await;
        for client in clients() {
            let mut uncovered = world.signed(server.get("/orders"), b"");
            uncovered.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            for (request, status, reason) in [
                (server.get("/orders"), status, "credentials_missing"),
                (uncovered, 400, "component_not_covered"),
            ] {
                let refused = client.send(request).await;
                refused.assert_refused(status, reason);
                let requested = RequestedSignatures::parse(&refused.headers, &Limits::default()).unwrap();
                let wanted: Vec<_> = requested.iter().map(|member| member.input().unwrap()).collect();
                let [wanted] = wanted[..] else { panic!("{refused:?}") };
                assert_eq!(wanted.tag().unwrap(), Some("wimse-workload-to-workload"));
                for component in [Derived::Method, Derived::Path, Derived::Query] {
                    assert!(wanted.covers(&component.into()));
                }
                for field in [
                    "workload-identity-token",
                    "content-type",
                    "content-digest",
                    "authorization",
                    "txn-token",
                ] {
                    assert!(wanted.covers(&Component::field(field).unwrap()), "{field}");
                }
            }
            // Nothing is missing: another signature would not help.
            let altered = world.signed(post(&server, "/orders", "x"), b"y");
            let refused = client.send(altered).await;
            refused.assert_refused(400, "digest_mismatch");
            assert!(!refused.headers.contains_key(ACCEPT_SIGNATURE));
        }
    }
    let tokens = verifier_with(&world.domain, |builder| builder.proofs([Proof::Wpt]));
    let layer = wimse_axum::authenticate(tokens);
    let server = Server::start(Router::new().route("/orders", any(async || SERVICE)).layer(layer)).await;
    for client in clients() {
        let refused = client.send(server.get("/orders")).await;
        assert!(refused.status == 401 && !refused.headers.contains_key(ACCEPT_SIGNATURE));
        assert_eq!(client.send(with_proof_token(&world.caller, server.get("/orders"))).await.ok(), SERVICE);
    }
}
