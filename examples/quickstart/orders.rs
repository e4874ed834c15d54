//! The protected service: routes for any authenticated workload, one for a single workload, and signed responses for
//! those who ask for them.

use std::error::Error;

use axum::{Router, routing::get, routing::post};
use wimse::axum::{Workload, authenticate, authorize};
use wimse::{
    Audiences, Credential, DomainAnchors, MemoryReplayCache, Signer, TrustAnchors, Verifier, jose::JwkSet,
    policy,
};

use crate::server;

pub(crate) async fn start(jwks: JwkSet, own: &Credential) -> Result<String, Box<dyn Error>> {
    let (listener, base) = server::bind().await?;
    let verifier = Verifier::builder()
        .trust_anchors(TrustAnchors::new().domain("example.com", DomainAnchors::new(jwks))?)
        .audiences(Audiences::base_url(&base))
        .replay_cache(MemoryReplayCache::default())
        .build()?;
    let signer = Signer::builder().credentials(own.clone()).build()?;
    let admin = Router::new()
        .route("/refunds", get(refunds))
        .route_layer(authorize(policy::exact(["wimse://example.com/frontend"])?));
    let app = Router::new()
        .route("/orders", get(orders))
        .route("/orders", post(place))
        .nest("/admin", admin)
        .layer(authenticate(verifier).sign_responses(signer));
    server::serve(listener, app);
    Ok(base)
}

async fn orders(Workload(caller): Workload) -> String {
    format!("orders for {}", caller.id())
}

async fn place(Workload(caller): Workload, order: String) -> String {
    format!("{order} for {}", caller.id())
}

async fn refunds(Workload(caller): Workload) -> String {
    format!("refunds for {}", caller.id())
}
