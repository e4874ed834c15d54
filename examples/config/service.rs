//! The service: what the configuration says, around two routes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::{Router, routing::get};
use http::StatusCode;
use wimse::axum::{Workload, authenticate};
use wimse::config::{Running, Server, SignResponses};
use wimse::tower::AuthenticateLayer;

pub(crate) fn router(server: &Server, running: Arc<Running>) -> Router {
    Router::new()
        .route("/orders", get(orders))
        .layer(protection(server))
        // Outside the layer: whoever asks for it has no credential.
        .route("/ready", get(ready).with_state(running))
}

/// The layer around the service. The configuration knows none, so that its settings are applied here.
fn protection(server: &Server) -> AuthenticateLayer {
    let settings = server.layer();
    let mut layer = authenticate(server.verifier().clone());
    if let Some(octets) = settings.body_limit {
        layer = layer.body_limit(octets);
    }
    if let Some(octets) = settings.response_limit {
        layer = layer.response_limit(octets);
    }
    if settings.allow_anonymous {
        layer = layer.optional();
    }
    match (settings.sign_responses, server.response_signer()) {
        (SignResponses::OnRequest, Some(signer)) => layer.sign_responses(signer.clone()),
        (SignResponses::Always, Some(signer)) => layer.sign_all_responses(signer.clone()),
        _ => layer,
    }
}

async fn orders(Workload(caller): Workload) -> String {
    format!("orders for {}", caller.id())
}

async fn ready(State(running): State<Arc<Running>>) -> (StatusCode, String) {
    match running.ready(Duration::ZERO).await {
        Ok(()) => (StatusCode::OK, "ready".to_owned()),
        Err(waiting) => (StatusCode::SERVICE_UNAVAILABLE, waiting.to_string()),
    }
}
