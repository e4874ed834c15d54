//! What a refusal looks like from outside: the caller's response, and the reason for layers further out.

use axum::Router;
use axum::body::Bytes;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, StatusCode};
use wimse_core::{Rejection, policy};

use crate::fixture::{Reply, Server, clients, domain, optional, required, signed, verifier};

/// Shows what an outer layer finds in the extensions of a response.
async fn reveal(mut response: Response) -> Response {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        let reason = HeaderValue::from_static(rejection.reason().code());
        response.headers_mut().insert("x-reason", reason);
    }
    response
}

fn revealed(reply: &Reply) -> Option<&str> {
    reply.headers.get("x-reason").map(|value| value.to_str().unwrap())
}

fn teapot(rejection: &Rejection) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(format!("no: {}", rejection.reason())));
    *response.status_mut() = StatusCode::IM_A_TEAPOT;
    response
}

#[tokio::test]
async fn err_06_a_closure_changes_the_response_and_the_rejection_is_still_there_for_outer_layers() {
    let domain = domain();
    let deny = policy::exact(["wimse://example.com/nobody"]).unwrap();
    let app = Router::new()
        .route("/open", get(required))
        .route("/closed", get(required).layer(wimse_axum::authorize(deny).on_rejection(teapot)))
        .layer(wimse_axum::authenticate(verifier(&domain)).on_rejection(teapot))
        .layer(map_response(reveal));
    let caller = domain.workload("/frontend");
    let server = Server::start(app).await;
    for client in clients() {
        for (request, reason) in [
            (server.get("/open"), "credentials_missing"),
            (signed(&caller, server.get("/closed")), "caller_not_allowed"),
        ] {
            let reply = client.send(request).await;
            assert_eq!(reply.status, StatusCode::IM_A_TEAPOT);
            assert_eq!(reply.body, format!("no: {reason}"));
            assert_eq!(reply.headers[CONTENT_LENGTH], reply.body.len().to_string());
            assert_eq!(revealed(&reply), Some(reason));
        }
        let reply = client.send(signed(&caller, server.get("/open"))).await;
        reply.ok();
        assert_eq!(revealed(&reply), None);
    }
}

#[tokio::test]
async fn err_06_every_default_refusal_carries_the_rejection_too() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let deny = policy::exact(["wimse://example.com/nobody"]).unwrap();
    let app = Router::new()
        .route("/required", get(required))
        .route("/closed", get(optional).layer(wimse_axum::authorize(deny)))
        .layer(wimse_axum::authenticate_optional(verifier(&domain)))
        .route("/bare", get(required))
        .layer(map_response(reveal));
    let server = Server::start(app).await;
    for client in clients() {
        let mut stripped = signed(&caller, server.get("/required"));
        stripped.headers_mut().remove("authorization");
        for (request, status, reason) in [
            (server.get("/required"), 401, "credentials_missing"),
            (stripped, 401, "proof_missing"),
            (server.get("/closed"), 401, "credentials_missing"),
            (signed(&caller, server.get("/closed")), 403, "caller_not_allowed"),
            (server.get("/bare"), 500, "authentication_layer_missing"),
        ] {
            let reply = client.send(request).await;
            reply.assert_refused(status, reason);
            assert_eq!(revealed(&reply), Some(reason));
        }
    }
}
