//! Callers that do everything right, as fast as they get answers.

use std::sync::Arc;
use std::time::Instant;

use reqwest_middleware::{ClientWithMiddleware, RequestBuilder};
use wimse::identity::jwks::JwksAnchors;
use wimse::identity::observer::Silent;
use wimse::identity::server::IdentityServer;
use wimse::reqwest::{RequestBuilderExt, WimseError, WimseMiddleware, client_builder};
use wimse::{Audience, CalleeMap, Proof, SignOptions, Signer, WorkloadId};

use crate::BoxError;
use crate::identity;
use crate::ledger::Ledger;
use crate::service::{BODY_LIMIT, SERVICE};

const ME: &str = "caller";

/// A workload with its sources, which follow the identity server for as long as this lives.
pub(crate) struct Caller {
    id: String,
    own: IdentityServer,
    anchors: JwksAnchors,
    bases: Vec<String>,
    ledger: Arc<Ledger>,
}

impl Caller {
    pub(crate) async fn start(
        identity: &str,
        workload: &'static str,
        bases: &[String],
        ledger: &Arc<Ledger>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            id: format!("wimse://example.com/{workload}"),
            own: identity::credential(identity, workload, Silent).await?,
            anchors: identity::anchors(identity).await?,
            bases: bases.to_vec(),
            ledger: Arc::clone(ledger),
        })
    }

    pub(crate) fn signer(&self, proof: Proof) -> Result<Signer, BoxError> {
        let orders = WorkloadId::parse("wimse://example.com/orders")?;
        let callees = self.bases.iter().fold(CalleeMap::new(), |callees, base| {
            callees.with(base.trim_start_matches("http://"), orders.clone())
        });
        let signer = Signer::builder()
            .credentials(self.own.credentials())
            .audience(Audience::base_url(SERVICE)?)
            .proof(proof)
            .response_anchors(self.anchors.trust_store())
            .expected_callees(callees)
            .allow_plaintext_loopback();
        Ok(signer.build()?)
    }

    /// Calls for ever.
    pub(crate) async fn call(self) -> Result<(), BoxError> {
        let client = reqwest_middleware::ClientBuilder::new(client_builder().build()?)
            .with(WimseMiddleware::new(self.signer(Proof::HttpSignature)?))
            .build();
        for round in 0.. {
            for base in &self.bases {
                self.round(&client, &format!("{base}/orders"), round).await;
            }
        }
        Ok(())
    }

    async fn round(&self, client: &ClientWithMiddleware, url: &str, round: usize) {
        let signed = |options: SignOptions| options.require_signed_response(true);
        let by_token = |options: SignOptions| options.proof(Proof::Wpt);
        // Mostly short ones, and now and then one that is as long as it may be.
        let length = if round.is_multiple_of(50) { BODY_LIMIT } else { round % 2_000 };
        let (body, sent) = (vec![b'x'; length], length.to_string());
        self.expect("GET, proof token", client.get(url).wimse(by_token), &self.id).await;
        self.expect("GET, signature and signed response", client.get(url).wimse(signed), &self.id).await;
        self.expect("POST, signature and signed response", client.post(url).body(body).wimse(signed), &sent)
            .await;
    }

    async fn expect(&self, what: &'static str, request: RequestBuilder, answer: &str) {
        let (began, ledger) = (Instant::now(), &self.ledger);
        match request.send().await {
            Ok(response) if response.status().is_success() => match response.text().await {
                Ok(text) if text == answer => ledger.fine(ME, what),
                other => ledger.wrong(ME, format_args!("{what}: {other:?} instead of {answer}")),
            },
            Ok(response) if ledger.unavailable(ME, response.status(), began) => {}
            Ok(response) => {
                let status = response.status();
                ledger.wrong(
                    ME,
                    format_args!("{what}: {status} {}", response.text().await.unwrap_or_default()),
                );
            }
            Err(reqwest_middleware::Error::Middleware(error)) => match error.downcast_ref::<WimseError>() {
                Some(WimseError::Response(error))
                    if ledger.unavailable(ME, error.unauthenticated_status(), began) => {}
                _ => ledger.wrong(ME, format_args!("{what}: {error}")),
            },
            Err(error) => ledger.wrong(ME, format_args!("{what}: {error}")),
        }
    }
}
