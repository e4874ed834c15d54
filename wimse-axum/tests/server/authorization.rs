//! Who may use a route: policies over identifiers, and closures that decide later.

use axum::Router;
use axum::routing::get;
use wimse_core::policy::{self, Decision, IdPolicy};
use wimse_core::testing::TestDomain;
use wimse_core::{Peer, RequestHead};

use crate::fixture::{Server, clients, domain, optional, required, signed, verifier, verifier_with};

#[tokio::test]
async fn id_13_id_27_policies_compare_whole_identifiers() {
    let domain = domain();
    let partner = TestDomain::new("partner.example");
    let anchors = domain.trust_anchors().domain("partner.example", partner.jwk_set()).unwrap();
    let verifier = verifier_with(&domain, |builder| builder.trust_anchors(anchors));
    let guarded = |policy: IdPolicy| get(required).layer(wimse_axum::authorize(policy));
    let exact = policy::exact(["wimse://example.com/frontend"]).unwrap();
    let admins = policy::pattern("wimse://example.com/admin/**").unwrap();
    let partners = policy::trust_domains(["wimse://partner.example"]).unwrap();
    let app = Router::new()
        .route("/exact", guarded(exact.clone()))
        .route("/pattern", guarded(admins))
        .route("/domain", guarded(partners.clone()))
        .route("/either", guarded(exact.or(partners)))
        .route("/any", guarded(policy::any()))
        .layer(wimse_axum::authenticate(verifier));
    let server = Server::start(app).await;

    let everywhere = ["/exact", "/pattern", "/domain", "/either", "/any"];
    let callers = [
        (domain.workload("/frontend"), vec!["/exact", "/either", "/any"]),
        (domain.workload("/frontend/x"), vec!["/any"]),
        (domain.workload("/admin/ops"), vec!["/pattern", "/any"]),
        (domain.workload("/admin"), vec!["/any"]),
        (domain.workload("/admin-tools/ops"), vec!["/any"]),
        (partner.workload("/frontend"), vec!["/domain", "/either", "/any"]),
        (partner.workload("/admin/ops"), vec!["/domain", "/either", "/any"]),
    ];
    for client in clients() {
        for (caller, allowed) in &callers {
            for path in everywhere {
                let reply = client.send(signed(caller, server.get(path))).await;
                if allowed.contains(&path) {
                    assert_eq!(reply.ok(), caller.credential().subject().as_str());
                } else {
                    reply.assert_refused(403, "caller_not_allowed");
                }
            }
        }
    }
}

#[tokio::test]
async fn wit_21_anonymous_callers_pass_no_policy() {
    let domain = domain();
    let app = Router::new()
        .route("/orders", get(optional))
        .route_layer(wimse_axum::authorize(policy::any()))
        .layer(wimse_axum::authenticate_optional(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        let refused = client.send(server.get("/orders")).await;
        refused.assert_refused(401, "credentials_missing");
        let caller = domain.workload("/frontend");
        client.send(signed(&caller, server.get("/orders"))).await.ok();
    }
}

// A decision may fail with 5xx, not only refuse: tower-rs/tower-http#118, #116, #58.
#[tokio::test]
async fn an_asynchronous_hook_allows_denies_or_cannot_tell() {
    let domain = domain();
    let hook = |peer: Peer, _: &RequestHead<'_>| async move {
        tokio::task::yield_now().await;
        match peer.id().path() {
            "/frontend" => Decision::Allow,
            "/outage" => Decision::Unavailable,
            _ => Decision::Deny,
        }
    };
    let app = Router::new()
        .route("/orders", get(required))
        .route_layer(wimse_axum::authorize_async(hook))
        .layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        let call = async |path| {
            let caller = domain.workload(path);
            client.send(signed(&caller, server.get("/orders"))).await
        };
        assert_eq!(call("/frontend").await.ok(), "wimse://example.com/frontend");
        call("/backend").await.assert_refused(403, "caller_not_allowed");
        call("/outage").await.assert_refused(503, "policy_unavailable");
    }
}

#[tokio::test]
async fn a_hook_sees_the_method_and_the_original_target_under_nest() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let hook = |_: Peer, request: &RequestHead<'_>| {
        let seen = format!("{} {}", request.method, request.uri.path());
        let tenant = request.headers.get("x-tenant").cloned();
        async move { seen == "GET /api/orders" && tenant.is_some_and(|tenant| tenant == "blue") }
    };
    let orders = Router::new()
        .route("/orders", get(required).post(required))
        .layer(wimse_axum::authorize_async(hook))
        .layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(Router::new().nest("/api", orders)).await;
    for client in clients() {
        for (method, tenant, status) in [("GET", "blue", 200), ("GET", "red", 403), ("POST", "blue", 403)] {
            let mut request = server.request(method.parse().unwrap(), "/api/orders");
            request.headers_mut().insert("x-tenant", tenant.parse().unwrap());
            let reply = client.send(signed(&caller, request)).await;
            assert_eq!(reply.status, status, "{method} {tenant}");
        }
    }
}
