//! One proof, one request: also when two connections carry it at the same time.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use crate::fixture::{
    Client, Server, clients, copy, domain, required, signed, verifier,
};

#[tokio::test]
async fn wpt_21_a_proof_that_was_used_is_refused_in_either_version_of_http() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let app = Router::new()
        .route("/orders", get(required))
        .layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    let [first, second] = clients();
    for (once, again) in [(&first, &second), (&second, &first), (&first, &first)] {
        let request = signed(&caller, server.get("/orders"));
        let repeated = copy(&request);
        once.send(request).await.ok();
        again.send(repeated).await.assert_refused(401, "replayed");
    }
}
