//! One proof, one request: also when two connections carry it at the same time.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use tokio::sync::Barrier;

use crate::fixture::{Client, Server, clients, copy, domain, required, signed, verifier};

#[tokio::test]
async fn wpt_21_a_proof_that_was_used_is_refused_in_either_version_of_http() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let app =
        Router::new().route("/orders", get(required)).layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    let [first, second] = clients();
    for (once, again) in [(&first, &second), (&second, &first), (&first, &first)] {
        let request = signed(&caller, server.get("/orders"));
        let repeated = copy(&request);
        once.send(request).await.ok();
        again.send(repeated).await.assert_refused(401, "replayed");
    }
}

/// Each pair is let through together, so that both have arrived before either is judged. Two clients have no
/// connection in common.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wpt_21_of_one_proof_on_two_connections_at_once_exactly_one_is_accepted() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let pair = Arc::new(Barrier::new(2));
    let together = move |request: Request, next: Next| {
        let pair = Arc::clone(&pair);
        async move {
            pair.wait().await;
            next.run(request).await
        }
    };
    let app = Router::new()
        .route("/orders", get(required))
        .layer(wimse_axum::authenticate(verifier(&domain)))
        .layer(from_fn(together));
    let server = Server::start(app).await;
    for client in clients() {
        let other = Client::new(client.version());
        for _ in 0..50 {
            let request = signed(&caller, server.get("/orders"));
            let tasks = [(client.clone(), copy(&request)), (other.clone(), request)]
                .map(|(client, request)| tokio::spawn(async move { client.send(request).await }));
            let mut accepted = 0;
            for task in tasks {
                let reply = task.await.unwrap();
                if reply.status == 200 {
                    accepted += 1;
                } else {
                    reply.assert_refused(401, "replayed");
                }
            }
            assert_eq!(accepted, 1, "{:?}", client.version());
        }
    }
}
