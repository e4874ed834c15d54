//! `[identity.file]`.

use std::sync::Arc;

use wimse_core::RotatingCredential;
use wimse_identity::file::{BuildError, FileCredential};

use crate::config::FileIdentity;
use crate::source::Source;
use crate::{ConfigError, Starter};

pub(super) fn start(
    starter: &Starter<'_>,
    config: &FileIdentity,
    sources: &mut Vec<Source>,
) -> Result<RotatingCredential, ConfigError> {
    let mut builder = FileCredential::builder()
        .clock(Arc::clone(&starter.clock))
        .observer(Arc::clone(&starter.source_observer));
    if let Some(path) = &config.token {
        builder = builder.token(starter.path(path));
    }
    if let Some(path) = &config.key {
        builder = builder.key(starter.path(path));
    }
    if let Some(interval) = config.poll_interval {
        builder = builder.poll_interval(interval.0);
    }
    if let Some(octets) = config.max_size {
        builder = builder.max_size(octets);
    }
    let source = builder.start().map_err(|error| match error {
        BuildError::Token => ConfigError::missing("identity.file.token", "the file of the token"),
        BuildError::Key => ConfigError::missing("identity.file.key", "the file of the private key"),
        BuildError::PollInterval => {
            ConfigError::new("identity.file.poll_interval", "out_of_range", error.to_string())
        }
        BuildError::MaxSize => ConfigError::new("identity.file.max_size", "out_of_range", error.to_string()),
        other => ConfigError::new("identity.file", "invalid", other.to_string()),
    })?;
    sources.push(Source::task("identity.file", source.handle()));
    Ok(source.credentials())
}
