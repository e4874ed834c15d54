//! The domains with a `file`.

use std::sync::Arc;

use wimse_core::TrustStore;
use wimse_identity::file::{BuildError, FileAnchors};

use super::domains::Checked;
use crate::config::TrustConfig;
use crate::source::Source;
use crate::{ConfigError, Starter};

pub(super) fn start(
    starter: &Starter<'_>,
    config: &TrustConfig,
    domains: &[Checked<'_>],
    store: &TrustStore,
    sources: &mut Vec<Source>,
) -> Result<(), ConfigError> {
    let mut builder =
        FileAnchors::builder().trust_store(store).observer(Arc::clone(&starter.source_observer));
    if let Some(interval) = config.file.poll_interval {
        builder = builder.poll_interval(interval.0);
    }
    if let Some(octets) = config.file.max_size {
        builder = builder.max_size(octets);
    }
    let mut any = false;
    for domain in domains {
        if let Some(path) = &domain.config.file {
            let options = domain.config.clone();
            let anchors = move |keys| options.anchors(keys);
            builder = builder.domain_with(domain.name.as_str(), starter.path(path), anchors);
            any = true;
        }
    }
    if !any {
        return Ok(());
    }
    let source = builder.start().map_err(|error| {
        let (path, reason) = match error {
            BuildError::PollInterval => ("trust.file.poll_interval", "out_of_range"),
            BuildError::MaxSize => ("trust.file.max_size", "out_of_range"),
            _ => ("trust.domains", "invalid"),
        };
        ConfigError::new(path, reason, error.to_string())
    })?;
    sources.push(Source::task("trust.file", source.handle()));
    Ok(())
}
