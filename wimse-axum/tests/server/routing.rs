//! Which requests a layer sees, by where it is added: unknown paths, fallbacks, single methods.

use axum::Router;
use axum::routing::{get, post};
use http::Method;

use crate::fixture::{Server, clients, domain, optional, required, signed, verifier};

// 404 before 401 where the user wants it: tokio-rs/axum#348, #474, #3421.
#[tokio::test]
async fn with_route_layer_unknown_paths_are_404_before_401() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let app = Router::new()
        .route("/orders", get(required))
        .route_layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        assert_eq!(client.send(server.get("/unknown")).await.status, 404);
        let refused = client.send(server.get("/orders")).await;
        refused.assert_refused(401, "credentials_missing");
        client.send(signed(&caller, server.get("/orders"))).await.ok();
    }
}

#[tokio::test]
async fn with_layer_unknown_paths_are_401_and_404_for_callers_only() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let app =
        Router::new().route("/orders", get(required)).layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        for path in ["/unknown", "/orders"] {
            let refused = client.send(server.get(path)).await;
            refused.assert_refused(401, "credentials_missing");
        }
        let missing = client.send(signed(&caller, server.get("/unknown"))).await;
        assert_eq!(missing.status, 404);
    }
}

#[tokio::test]
async fn wit_38_a_fallback_inside_the_layer_is_authenticated_and_one_outside_has_no_caller() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let layer = || wimse_axum::authenticate(verifier(&domain));
    let inside = Router::new().fallback(required).layer(layer());
    let outside = Router::new().route("/orders", get(required)).layer(layer()).fallback(optional);
    let (inside, outside) = (Server::start(inside).await, Server::start(outside).await);
    for client in clients() {
        let refused = client.send(inside.get("/any/thing")).await;
        refused.assert_refused(401, "credentials_missing");
        let reply = client.send(signed(&caller, inside.get("/any/thing"))).await;
        assert_eq!(reply.ok(), "wimse://example.com/frontend");

        let reply = client.send(signed(&caller, outside.get("/any/thing"))).await;
        reply.assert_refused(500, "authentication_layer_missing");
    }
}

#[tokio::test]
async fn wit_38_a_method_router_can_be_layered_by_itself() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let layer = wimse_axum::authenticate(verifier(&domain));
    let app = Router::new()
        .route("/orders", get(async || "public").merge(post(required).layer(layer.clone())))
        .route("/health", get(async || "well"))
        .nest("/v1", Router::new().route("/orders", get(required).layer(layer)));
    let server = Server::start(app).await;
    for client in clients() {
        assert_eq!(client.send(server.get("/health")).await.ok(), "well");
        assert_eq!(client.send(server.get("/orders")).await.ok(), "public");
        for (method, path) in [(Method::POST, "/orders"), (Method::GET, "/v1/orders")] {
            let request = || server.request(method.clone(), path);
            let refused = client.send(request()).await;
            refused.assert_refused(401, "credentials_missing");
            let reply = client.send(signed(&caller, request())).await;
            assert_eq!(reply.ok(), "wimse://example.com/frontend");
        }
    }
}
