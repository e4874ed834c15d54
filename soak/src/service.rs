//! The service, in a process of its own: two replicas that share a Redis, follow the issuer's keys and sign their responses.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, routing::get, routing::post};
use bytes::Bytes;
use tokio::time::sleep;
use wimse::axum::{Workload, authenticate};
use wimse::identity::observer::Silent;
use wimse::redis::RedisReplayCache;
use wimse::{Audiences, LayeredReplayCache, MemoryReplayCache, Signer, Verifier};

use crate::{identity, server};

/// What both replicas are known by.
pub(crate) const SERVICE: &str = "https://orders.example.com";

/// How much content is read to check its digest.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// Serves until its parent is gone. Says where in one line, and in one more each second how many proofs its memory holds.
pub(crate) async fn serve(identity: &str, redis: &str) -> Result<(), Box<dyn Error>> {
    // What is logged is made, and thrown away.
    tracing_subscriber::fmt().with_writer(std::io::sink).init();
    let anchors = identity::anchors(identity).await?;
    let own = identity::credential(identity, "orders", Silent).await?;
    let (mut bases, mut memories) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let shared = RedisReplayCache::builder(redis)
            // The server writes every command to its file before it answers.
            .trust_persistence()
            .allow_new_memory()
            // Load, attackers and both replicas share the cores of this machine.
            .timeout(Duration::from_millis(500))
            .build()?;
        shared.ready(Duration::from_secs(10)).await?;
        let memory = Arc::new(MemoryReplayCache::default());
        memories.push(Arc::clone(&memory));
        let verifier = Verifier::builder()
            .trust_anchors(anchors.trust_store())
            .audiences(Audiences::base_url(SERVICE))
            .replay_cache(LayeredReplayCache::new(memory, shared))
            .build()?;
        let signer = Signer::builder().credentials(own.credentials()).build()?;
        let app = Router::new()
            .route("/orders", get(async |Workload(caller): Workload| caller.id().to_string()))
            .route("/orders", post(async |Workload(_): Workload, body: Bytes| body.len().to_string()))
            .layer(authenticate(verifier).sign_responses(signer).body_limit(BODY_LIMIT));
        let (listener, base) = server::bind().await?;
        server::serve(listener, app);
        bases.push(base);
    }
    let mut parent = std::io::stdout();
    writeln!(parent, "{}", bases.join(" "))?;
    loop {
        sleep(Duration::from_secs(1)).await;
        let remembered: usize = memories.iter().map(|memory| memory.len()).sum();
        if writeln!(parent, "{remembered}").is_err() {
            return Ok(());
        }
    }
}
