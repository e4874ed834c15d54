//! X.509-SVIDs and X.509 bundles.

mod bundles;
mod identity;
mod issuing;
mod outages;
mod refusals;
mod secrecy;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use wimse_core::TrustDomain;
use wimse_identity::spiffe::{SpiffeX509, SpiffeX509Builder, X509Snapshot};

use crate::agent::Agent;

const OWN: &str = "spiffe://example.org";
const FOREIGN: &str = "spiffe://elsewhere.example";

fn builder(agent: &Agent) -> SpiffeX509Builder {
    SpiffeX509::builder()
        .endpoint(&agent.endpoint)
        .backoff(Duration::from_millis(50), Duration::from_millis(200))
}

/// The SPIFFE ID that is offered.
fn id(source: &SpiffeX509) -> Option<String> {
    source.snapshot().map(|now| now.svid().id().to_string())
}

/// The workload's own certificate that is offered.
fn leaf(source: &SpiffeX509) -> Option<Vec<u8>> {
    source.snapshot().map(|now| now.svid().certificate_chain()[0].to_vec())
}

/// The authorities of a domain that are offered, one after the other.
fn trusted(source: &SpiffeX509, domain: &str) -> Vec<u8> {
    let domain = TrustDomain::parse(domain).unwrap();
    let all = |now: Arc<X509Snapshot>| {
        now.bundles().authorities(&domain).iter().flat_map(|der| der.to_vec()).collect()
    };
    source.snapshot().map_or_else(Vec::new, all)
}
