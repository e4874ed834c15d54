//! `[trust]` becomes a store of trust anchors that somebody keeps up to date.

mod domains;
#[cfg(feature = "file")]
mod file;
#[cfg(feature = "jwks")]
mod jwks;
#[cfg(feature = "spiffe")]
mod spiffe;

use wimse_core::TrustStore;

use crate::config::TrustConfig;
use crate::source::Source;
use crate::{ConfigError, Starter};

#[cfg_attr(
    not(any(feature = "file", feature = "jwks", feature = "spiffe")),
    expect(unused_variables, clippy::ptr_arg, reason = "there are no sources")
)]
pub(super) fn start(
    starter: &Starter<'_>,
    config: &TrustConfig,
    sources: &mut Vec<Source>,
) -> Result<TrustStore, ConfigError> {
    let domains = domains::check(config)?;
    if domains.is_empty() && config.spiffe.is_none() {
        let advice = "write a list of `name` with `file`, `jwks` or `spiffe`: whose tokens to trust";
        return Err(ConfigError::missing("trust.domains", advice));
    }
    if config.cached_tokens == Some(0) {
        let message = "without remembered tokens every request costs two signature checks: leave it out for the default";
        return Err(ConfigError::new("trust.cached_tokens", "out_of_range", message));
    }
    let store = match config.cached_tokens {
        Some(capacity) => TrustStore::with_cache_capacity(None, capacity),
        None => TrustStore::pending(),
    };
    #[cfg(feature = "file")]
    file::start(starter, config, &domains, &store, sources)?;
    #[cfg(feature = "jwks")]
    jwks::start(starter, config, &domains, &store, sources)?;
    #[cfg(feature = "spiffe")]
    spiffe::start(starter, config, &domains, &store, sources)?;
    #[cfg(not(feature = "spiffe"))]
    if config.spiffe.is_some() {
        return Err(ConfigError::feature_off("trust.spiffe", "spiffe"));
    }
    Ok(store)
}
