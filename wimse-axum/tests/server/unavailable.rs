//! A verifier may be unable to answer: 503 instead of a verdict, and never an open door.
//!
//! The need: tower-rs/tower-http#118, #116, #58.

use axum::Router;
use axum::routing::get;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::{ReplayCache, TrustStore};

use crate::fixture::{Server, clients, domain, optional, signed, verifier_with};

#[tokio::test]
async fn until_the_trust_anchors_are_loaded_the_answer_is_503() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for client in clients() {
        let anchors = TrustStore::pending();
        let verifier = verifier_with(&domain, |builder| builder.trust_anchors(anchors.clone()));
        let app =
            Router::new().route("/orders", get(optional)).layer(wimse_axum::authenticate_optional(verifier));
        let server = Server::start(app).await;
        let refused = client.send(signed(&caller, server.get("/orders"))).await;
        refused.assert_refused(503, "anchors_not_loaded");
        anchors.replace(domain.trust_anchors());
        let reply = client.send(signed(&caller, server.get("/orders"))).await;
        assert_eq!(reply.ok(), "wimse://example.com/frontend");
    }
}

/// A store that is asked over a network and is down.
struct Outage;

impl ReplayCache for Outage {
    fn use_once(&self, _: &ProofUse<'_>) -> ReplayAnswer {
        ReplayAnswer::Pending(Box::pin(async {
            tokio::task::yield_now().await;
            Err::<Use, _>(ReplayError::Unavailable)
        }))
    }
}

#[tokio::test]
async fn wpt_21_amb_34_a_replay_store_that_is_down_answers_503() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let verifier = verifier_with(&domain, |builder| builder.replay_cache(Outage));
    let app = Router::new().route("/orders", get(optional)).layer(wimse_axum::authenticate(verifier));
    let server = Server::start(app).await;
    for client in clients() {
        let refused = client.send(signed(&caller, server.get("/orders"))).await;
        refused.assert_refused(503, "replay_unavailable");
    }
}
