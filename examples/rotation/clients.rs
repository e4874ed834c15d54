//! Two clients that call as fast as they get answers.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use reqwest_middleware::{ClientWithMiddleware, RequestBuilder};
use tokio::task::JoinSet;
use wimse::identity::jwks::JwksAnchors;
use wimse::identity::server::IdentityServer;
use wimse::reqwest::{RequestBuilderExt, WimseError, WimseMiddleware, client_builder};
use wimse::{CalleeMap, Proof, Signer, WorkloadId};

use super::counts::Counts;
use super::identity;
use super::service::Service;

/// The clients, until this is dropped.
pub(crate) struct Clients {
    _sources: Vec<(IdentityServer, JwksAnchors)>,
    _calls: JoinSet<()>,
}

impl Clients {
    pub(crate) async fn start(
        identity: &str,
        service: &Service,
        counts: &Arc<Counts>,
    ) -> Result<Self, Box<dyn Error>> {
        let (mut sources, mut calls) = (Vec::new(), JoinSet::new());
        for name in ["frontend", "batch"] {
            let (own, anchors) = (
                identity::credential(identity, name, Arc::clone(counts)).await?,
                identity::anchors(identity).await?,
            );
            let orders = WorkloadId::parse("wimse://example.com/orders")?;
            let authority = service.base().trim_start_matches("http://");
            let signer = Signer::builder()
                .credentials(own.credentials())
                .proof(Proof::HttpSignature)
                .response_anchors(anchors.trust_store())
                .expected_callees(CalleeMap::new().with(authority, orders))
                .require_signed_responses()
                .allow_plaintext_loopback()
                .build()?;
            let client = reqwest_middleware::ClientBuilder::new(client_builder().build()?)
                .with(WimseMiddleware::new(signer))
                .build();
            calls.spawn(call(client, format!("{}/orders", service.base()), Arc::clone(counts)));
            sources.push((own, anchors));
        }
        Ok(Self { _sources: sources, _calls: calls })
    }
}

async fn call(client: ClientWithMiddleware, url: String, counts: Arc<Counts>) {
    loop {
        once(client.get(&url), &counts).await;
        let with_proof_token =
            |options: wimse::SignOptions| options.proof(Proof::Wpt).require_signed_response(false);
        once(client.get(&url).wimse(with_proof_token), &counts).await;
    }
}

async fn once(request: RequestBuilder, counts: &Counts) {
    let sent = Instant::now();
    match request.send().await {
        Ok(response) if response.status().is_success() => match response.text().await {
            Ok(_) => counts.accept(sent),
            Err(error) => counts.fail(error.to_string()),
        },
        Ok(response) => counts.refuse(reason(response).await),
        Err(reqwest_middleware::Error::Middleware(error)) => match error.downcast_ref::<WimseError>() {
            // Refusals of the layer are not signed.
            Some(WimseError::Response(error)) if !error.unauthenticated_status().is_success() => {
                counts.refuse(format!("{} unsigned", error.unauthenticated_status().as_u16()));
            }
            _ => counts.fail(error.to_string()),
        },
        Err(error) => counts.fail(error.to_string()),
    }
}

async fn reason(response: reqwest::Response) -> String {
    let status = response.status().as_u16();
    let problem = response.json::<serde_json::Value>().await.unwrap_or_default();
    format!("{status} {}", problem.get("reason").and_then(|reason| reason.as_str()).unwrap_or("no reason"))
}
