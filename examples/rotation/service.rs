//! The service that is called. It follows the issuer's keys, and signs its responses with a credential of its own.

use std::error::Error;
use std::sync::Arc;

use axum::{Router, routing::get};
use wimse::axum::{Workload, authenticate};
use wimse::identity::Handle;
use wimse::identity::jwks::JwksAnchors;
use wimse::identity::server::IdentityServer;
use wimse::{Audiences, MemoryReplayCache, Signer, Verifier};

use super::counts::Counts;
use super::identity;
use super::server;

pub(crate) struct Service {
    base: String,
    anchors: JwksAnchors,
    /// Renewal ends with it.
    _own: IdentityServer,
}

impl Service {
    pub(crate) async fn start(identity: &str, counts: &Arc<Counts>) -> Result<Self, Box<dyn Error>> {
        let (listener, base) = server::bind().await?;
        let (anchors, own) = (
            identity::anchors(identity).await?,
            identity::credential(identity, "orders", Arc::clone(counts)).await?,
        );
        let verifier = Verifier::builder()
            .trust_anchors(anchors.trust_store())
            .audiences(Audiences::base_url(&base))
            .replay_cache(MemoryReplayCache::default())
            .build()?;
        let signer = Signer::builder().credentials(own.credentials()).build()?;
        let app =
            Router::new().route("/orders", get(orders)).layer(authenticate(verifier).sign_responses(signer));
        server::serve(listener, app);
        Ok(Self { base, anchors, _own: own })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn anchors(&self) -> &Handle {
        self.anchors.handle()
    }
}

async fn orders(Workload(caller): Workload) -> String {
    format!("orders for {}", caller.id())
}
