//! The protected service: one route for any authenticated workload, one for a single workload.

use std::error::Error;

use axum::{Router, routing::get};
use wimse::axum::{Workload, authenticate, authorize};
use wimse::{Audiences, DomainAnchors, MemoryReplayCache, TrustAnchors, Verifier, jose::JwkSet, policy};

use crate::server;

pub(crate) async fn start(jwks: JwkSet) -> Result<String, Box<dyn Error>> {
    let (listener, base) = server::bind().await?;
    let verifier = Verifier::builder()
        .trust_anchors(TrustAnchors::new().domain("example.com", DomainAnchors::new(jwks))?)
        .audiences(Audiences::base_url(&base))
        .replay_cache(MemoryReplayCache::default())
        .build()?;
    let admin = Router::new()
        .route("/refunds", get(refunds))
        .route_layer(authorize(policy::exact(["wimse://example.com/frontend"])?));
    let app = Router::new().route("/orders", get(orders)).nest("/admin", admin).layer(authenticate(verifier));
    server::serve(listener, app);
    Ok(base)
}

async fn orders(Workload(caller): Workload) -> String {
    format!("orders for {}", caller.id())
}

async fn refunds(Workload(caller): Workload) -> String {
    format!("refunds for {}", caller.id())
}
