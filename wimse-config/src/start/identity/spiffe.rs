//! `[identity.spiffe]`.

use std::sync::Arc;

use wimse_core::RotatingCredential;
use wimse_identity::spiffe::SpiffeCredential;

use crate::config::SpiffeIdentity;
use crate::source::Source;
use crate::start::backoff::waits;
use crate::start::workload_api;
use crate::{ConfigError, Starter};

const AT: &str = "identity.spiffe";

pub(super) fn start(
    starter: &Starter<'_>,
    config: &SpiffeIdentity,
    sources: &mut Vec<Source>,
) -> Result<RotatingCredential, ConfigError> {
    let mut builder = SpiffeCredential::builder()
        .clock(Arc::clone(&starter.clock))
        .observer(Arc::clone(&starter.source_observer));
    if let Some(endpoint) = &config.endpoint {
        builder = builder.endpoint(endpoint);
    }
    if config.allow_tcp_beyond_this_host {
        builder = builder.allow_tcp_beyond_this_host();
    }
    builder = match (&config.spiffe_id, &config.hint) {
        (None, None) => builder,
        (Some(id), None) => builder.spiffe_id(id.0.clone()),
        (None, Some(hint)) => builder.hint(hint),
        (Some(_), Some(_)) => {
            let message = "write one of `spiffe_id` and `hint`, not both";
            return Err(ConfigError::conflict(format!("{AT}.hint"), message));
        }
    };
    if let Some((first, longest)) = waits(AT, config.backoff.as_ref())? {
        builder = builder.backoff(first, longest);
    }
    let source = builder.start().map_err(|error| workload_api::fault(AT, error))?;
    sources.push(Source::task(AT, source.handle()));
    Ok(source.credentials())
}
