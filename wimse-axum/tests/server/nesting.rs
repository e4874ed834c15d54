//! Proofs are held against the target that the client sent, wherever the layer is in a tree of routers.
//!
//! The signature is over the original URI, also under `nest`: LemmyNet/activitypub-federation-rust#73, #141,
//! tokio-rs/axum#2690, maxcountryman/axum-login#153.

use axum::Router;
use axum::extract::OriginalUri;
use axum::routing::get;
use http::Uri;
use wimse_axum::Workload;
use wimse_core::testing::TestDomain;

use crate::fixture::{BASE, Server, clients, domain, signed, signed_for, verifier};

const TARGET: &str = "/api/v1/orders/7?page=2";

/// Answers with the stripped path, which shows that the router did strip it, and the caller.
async fn order(Workload(caller): Workload, stripped: Uri, original: OriginalUri) -> String {
    format!("{} {} {}", stripped.path(), original.path(), caller.id())
}

fn orders() -> Router {
    Router::new().route("/orders/{id}", get(order))
}

fn trees(domain: &TestDomain) -> [(&'static str, Router); 4] {
    let layer = || wimse_axum::authenticate(verifier(domain));
    let nest = |inner| Router::new().nest("/api", Router::new().nest("/v1", inner));
    [
        ("innermost", nest(orders().layer(layer()))),
        ("innermost route_layer", nest(orders().route_layer(layer()))),
        ("between", Router::new().nest("/api", Router::new().nest("/v1", orders()).layer(layer()))),
        ("outermost", nest(orders()).layer(layer())),
    ]
}

#[tokio::test]
async fn wpt_13_under_two_nests_the_original_path_is_the_one_that_counts() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (place, app) in trees(&domain) {
        let server = Server::start(app).await;
        for client in clients() {
            let reply = client.send(signed(&caller, server.get(TARGET))).await;
            let expected = "/orders/7 /api/v1/orders/7 wimse://example.com/frontend";
            assert_eq!(reply.ok(), expected, "{place}");
        }
    }
}

#[tokio::test]
async fn wpt_13_wpt_44_a_proof_for_the_stripped_path_is_refused() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (place, app) in trees(&domain) {
        let server = Server::start(app).await;
        for client in clients() {
            for path in ["/orders/7", "/v1/orders/7", "/api/v1/orders", "/"] {
                let audience = format!("{BASE}{path}");
                let request = signed_for(&caller, audience, server.get(TARGET));
                let refused = client.send(request).await;
                assert_eq!(refused.status, 401, "{path}, layer {place}");
                refused.assert_refused(401, "audience_mismatch");
            }
        }
    }
}

#[tokio::test]
async fn wpt_13_under_nest_service_and_in_a_merged_router_it_is_the_same() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let layered = || orders().layer(wimse_axum::authenticate(verifier(&domain)));
    let app =
        Router::new().nest_service("/service", layered()).merge(Router::new().nest("/merged", layered()));
    let server = Server::start(app).await;
    for client in clients() {
        for path in ["/service/orders/7", "/merged/orders/7"] {
            let reply = client.send(signed(&caller, server.get(path))).await;
            let expected = format!("/orders/7 {path} wimse://example.com/frontend");
            assert_eq!(reply.ok(), expected);
            let stripped = signed_for(&caller, format!("{BASE}/orders/7"), server.get(path));
            let refused = client.send(stripped).await;
            refused.assert_refused(401, "audience_mismatch");
        }
    }
}

#[tokio::test]
async fn wpt_16_the_audience_never_comes_from_the_host_or_the_request() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let app = orders().layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        let target = server.get("/orders/7").uri().to_string();
        for forwarded in [None, Some("evil.example")] {
            for audience in [target.as_str(), "https://evil.example/orders/7"] {
                let mut request = signed_for(&caller, audience, server.get("/orders/7"));
                if let Some(host) = forwarded {
                    let headers = request.headers_mut();
                    headers.insert("x-forwarded-host", host.parse().unwrap());
                    headers.insert("forwarded", format!("host={host}").parse().unwrap());
                }
                let refused = client.send(request).await;
                refused.assert_refused(401, "audience_mismatch");
            }
        }
    }
}
