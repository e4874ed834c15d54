//! Every decision leaves one trace, whenever in the course of a request it is taken (AUD-01).

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use wimse_core::Proof;

use crate::fixture::{World, post};
use crate::sockets::{Server, clients, copy, optional, required, signed as with_proof_token, verifier_with};
use crate::watching::Log;

fn large() -> Vec<u8> {
    vec![b'x'; 101]
}

#[tokio::test]
async fn aud_01_each_request_is_decided_once_and_a_response_that_cannot_be_signed_once_more() {
    let (world, log) = (World::new(), Log::default());
    let verifier = |proofs: &[Proof]| {
        let proofs = proofs.to_vec();
        verifier_with(&world.domain, |builder| builder.proofs(proofs).observer(log.clone()))
    };
    let (signatures, both) =
        (verifier(&[Proof::HttpSignature]), verifier(&[Proof::HttpSignature, Proof::Wpt]));
    let routes = || Router::new().route("/orders", any(required)).route("/large", get(async || large()));
    let unable = routes().layer(wimse_axum::authenticate(signatures.clone()));
    let able = wimse_axum::authenticate(signatures.clone()).sign_responses(world.own());
    let able = routes().layer(able.body_limit(100).response_limit(100));
    let always = routes().layer(wimse_axum::authenticate(both).sign_all_responses(world.own()));
    let open = Router::new().route("/orders", any(optional));
    let closed = wimse_axum::authenticate_optional(signatures.clone()).sign_all_responses(world.own());
    let closed = open.clone().layer(closed);
    let open = open.layer(wimse_axum::authenticate_optional(signatures));
    let start = async |app| Server::start(app).await;
    let (unable, able, always) = (start(unable).await, start(able).await, start(always).await);
    let (open, closed) = (start(open).await, start(closed).await);

    for client in clients() {
        let demanding = |request, content: &[u8]| world.demanding(request, content).request;
        let sound = world.signed(able.get("/orders"), b"");
        for (request, lines) in [
            (able.get("/orders"), &["GET /orders refused: credentials_missing"][..]),
            (copy(&sound), &["GET /orders accepted: http-signature"]),
            (sound, &["GET /orders refused: replayed"]),
            (demanding(able.get("/orders"), b""), &["GET /orders accepted: http-signature"]),
            (demanding(post(&able, "/orders", "x"), b"y"), &["POST /orders refused: digest_mismatch"]),
            (
                demanding(post(&able, "/orders", large()), &large()),
                &["POST /orders refused: content_too_large"],
            ),
            (world.signed(able.get("/large"), b""), &["GET /large accepted: http-signature"]),
            (
                demanding(able.get("/large"), b""),
                &["GET /large accepted: http-signature", "GET /large refused: response_not_signable"],
            ),
            (demanding(unable.get("/orders"), b""), &["GET /orders refused: response_not_signable"]),
            (
                with_proof_token(&world.caller, always.get("/orders")),
                &["GET /orders refused: response_not_signable"],
            ),
            (open.get("/orders"), &["GET /orders anonymous"]),
            (closed.get("/orders"), &["GET /orders refused: credentials_missing"]),
            (post(&open, "/orders", Body::from("x")), &["POST /orders anonymous"]),
        ] {
            client.send(request).await;
            assert_eq!(log.take(), lines);
        }
    }
}
