//! Which responses are signed, what their signature covers, and what else it says.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::routing::{any, get};
use http::Method;
use http::header::CONTENT_TYPE;
use wimse_axum::Workload;
use wimse_core::httpsig::digest::ContentDigest;
use wimse_core::httpsig::{Limits, ReceivedSignatures, SignatureInput};
use wimse_core::{Callee, Reason};

use crate::fixture::{SERVICE, World, callers, post};
use crate::sockets::{Reply, Server, clients, required};

const TAG: &str = "wimse-workload-to-workload";

async fn serve(_: Workload, content: Bytes) -> Bytes {
    content
}

/// Has one signature alone, which is the one of the profile (HSQ-21, HSQ-22).
fn input<T>(headers: &HeaderMap, read: impl FnOnce(SignatureInput<'_>) -> T) -> T {
    let signatures = ReceivedSignatures::parse(headers, &Limits::default()).unwrap();
    assert_eq!(signatures.len(), 1);
    let signature = signatures.by_tag(TAG).unwrap();
    read(signature.input().unwrap())
}

fn nonce(headers: &HeaderMap) -> String {
    input(headers, |input| input.nonce().unwrap().unwrap().to_owned())
}

fn covered(headers: &HeaderMap) -> BTreeSet<String> {
    input(headers, |input| input.components().iter().map(ToString::to_string).collect())
}

/// HSR-07 to HSR-16, HSR-21.
fn assert_profile(reply: &Reply, request_nonce: &str) {
    let mut expected: BTreeSet<_> = [
        r#""@status""#,
        r#""@method";req"#,
        r#""@path";req"#,
        r#""@query";req"#,
        r#""workload-identity-token""#,
    ]
    .map(str::to_owned)
    .into();
    for field in ["content-type", "content-digest"] {
        if reply.headers.contains_key(field) {
            expected.insert(format!("{field:?}"));
        }
    }
    assert_eq!(covered(&reply.headers), expected);
    input(&reply.headers, |input| {
        let names: BTreeSet<_> = input.parameters().iter().map(|parameter| parameter.name()).collect();
        assert_eq!(names, ["created", "expires", "nonce", "tag", "wimse-req-nonce"].into());
        assert_eq!(input.string("wimse-req-nonce").unwrap(), Some(request_nonce));
        assert_ne!(input.nonce().unwrap(), Some(request_nonce));
        let (created, expires) = (input.created().unwrap().unwrap(), input.expires().unwrap().unwrap());
        assert_eq!(expires.seconds_since(created), 60);
    });
    let digest = ContentDigest::parse(&reply.headers).unwrap();
    assert_eq!(digest.is_some(), !reply.body.is_empty(), "{reply:?}");
    assert!(digest.is_none_or(|digest| digest.verify(&reply.body).is_ok()));
}

#[tokio::test]
async fn hsr_02_hsr_07_to_16_hsr_21_a_demanded_signature_covers_what_the_profile_says() {
    let world = World::new();
    let server = Server::start(Router::new().route("/orders", any(serve)).layer(world.signing())).await;
    for client in clients() {
        let mut nonces = BTreeSet::new();
        for (method, query) in [(Method::GET, ""), (Method::POST, "?a=%20"), (Method::PATCH, "?")] {
            for content in [&b""[..], b"apples"] {
                let request = server.request(method.clone(), &format!("/orders{query}"));
                let call = world.demanding(request.map(|_| Body::from(content)), content);
                let request_nonce = nonce(call.request.headers());
                let checked = call.send(&client).await;
                let reply = checked.signed();
                assert_eq!(reply.body, content);
                assert_eq!(reply.headers[CONTENT_TYPE], "application/octet-stream");
                assert_profile(reply, &request_nonce);
                nonces.insert(nonce(&reply.headers));
            }
        }
        assert_eq!(nonces.len(), 6, "a nonce was used again");
    }
}

#[tokio::test]
async fn hsr_02_hsr_20_a_signature_that_nobody_asked_for_is_not_there() {
    let world = World::new();
    let server = Server::start(Router::new().route("/orders", get(required)).layer(world.signing())).await;
    for client in clients() {
        let call = world.call(server.get("/orders"), b"", &world.signer().build().unwrap());
        call.send(&client).await.unsigned().ok();
    }
    for caller in callers(&world.signer().build().unwrap()) {
        let (reply, callee) = caller.call(server.get("/orders")).await.unwrap();
        reply.ok();
        assert!(callee.is_none());
    }
}

#[tokio::test]
async fn hsr_03_hsr_06_every_response_is_signed_where_the_service_says_so() {
    let world = World::new();
    let layer = world.layer().sign_all_responses(world.own());
    let server = Server::start(Router::new().route("/orders", get(required)).layer(layer)).await;
    for client in clients() {
        for signer in [world.signer(), world.signer().require_signed_responses()] {
            let call = world.call(server.get("/orders"), b"", &signer.build().unwrap());
            let request_nonce = nonce(call.request.headers());
            let checked = call.send(&client).await;
            assert_profile(checked.signed(), &request_nonce);
        }
    }
    for caller in callers(&world.signer().build().unwrap()) {
        let (_, callee) = caller.call(server.get("/orders")).await.unwrap();
        assert_eq!(callee.map(|Callee(peer)| peer.id().to_string()).as_deref(), Some(SERVICE));
    }
}

/// Each is signed for one request: whoever swaps two of them is found out.
#[tokio::test]
async fn hsr_16_hsr_17_a_response_belongs_to_its_request_alone() {
    let world = World::new();
    let server = Server::start(Router::new().route("/orders", any(serve)).layer(world.signing())).await;
    for client in clients() {
        let first = world.demanding(server.get("/orders"), b"");
        let second = world.demanding(server.get("/orders"), b"");
        // The second request's response, held against the first.
        let swapped = first.altered(|request| *request = second.request).send(&client).await;
        let error = swapped.signature.unwrap_err();
        assert_eq!((error.reason(), error.unauthenticated_status().as_u16()), (Reason::RequestNonce, 200));
    }
}

/// A handler that passes on what another service has signed, or that invents such fields.
#[tokio::test]
async fn hsr_12_hsq_23_the_services_own_signature_replaces_one_that_a_handler_set() {
    let world = World::new();
    let foreign = world.domain.workload("/stranger");
    let token = foreign.token().to_owned();
    let handler = async move |_: Request| {
        let input = format!(r#"up=("@status");created=1;tag="{TAG}""#);
        let fields = [("signature-input", input), ("signature", "up=:AAAA:".to_owned())];
        (
            fields,
            [("workload-identity-token", token), ("content-digest", "sha-256=:AAAA:".to_owned())],
            "apples",
        )
    };
    let server = Server::start(Router::new().route("/orders", any(handler)).layer(world.signing())).await;
    for client in clients() {
        let call = world.demanding(post(&server, "/orders", "x"), b"x");
        let request_nonce = nonce(call.request.headers());
        let checked = call.send(&client).await;
        assert_eq!(checked.signed().ok(), "apples");
        assert_profile(checked.signed(), &request_nonce);
    }
}
