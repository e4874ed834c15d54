//! The domains of the SPIFFE Workload API.

use std::sync::Arc;

use wimse_core::TrustStore;
use wimse_core::jose::JwkSet;
use wimse_identity::spiffe::SpiffeAnchors;

use super::domains::{Checked, at};
use crate::config::TrustConfig;
use crate::source::Source;
use crate::start::backoff::waits;
use crate::start::workload_api;
use crate::{ConfigError, Starter};

const AT: &str = "trust.spiffe";

pub(super) fn start(
    starter: &Starter<'_>,
    config: &TrustConfig,
    domains: &[Checked<'_>],
    store: &TrustStore,
    sources: &mut Vec<Source>,
) -> Result<(), ConfigError> {
    let Some(config) = &config.spiffe else { return Ok(()) };
    let mut builder =
        SpiffeAnchors::builder().trust_store(store).observer(Arc::clone(&starter.source_observer));
    if let Some(endpoint) = &config.endpoint {
        builder = builder.endpoint(endpoint);
    }
    if config.allow_tcp_beyond_this_host {
        builder = builder.allow_tcp_beyond_this_host();
    }
    if let Some(limit) = config.stale_limit {
        builder = builder.stale_limit(limit.0);
    }
    if let Some((first, longest)) = waits(AT, config.backoff.as_ref())? {
        builder = builder.backoff(first, longest);
    }
    // What is configured for a domain has to be there before its first keys, which then keep it.
    for domain in domains.iter().filter(|domain| domain.config.spiffe) {
        let closed = domain.config.anchors(JwkSet::default());
        store
            .replace_domain(domain.name.as_str(), closed)
            .map_err(|error| ConfigError::new(at(domain.index, "name"), error.reason(), error.to_string()))?;
    }
    let source = builder.start().map_err(|error| workload_api::fault(AT, error))?;
    sources.push(Source::task(AT, source.handle()));
    Ok(())
}
