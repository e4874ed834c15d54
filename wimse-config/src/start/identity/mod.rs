//! `[identity]` becomes a credential that somebody keeps up to date.

#[cfg(feature = "file")]
mod file;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "spiffe")]
mod spiffe;

use wimse_core::RotatingCredential;

use crate::config::IdentityConfig;
use crate::source::Source;
use crate::{ConfigError, Starter};

#[cfg_attr(
    not(any(feature = "file", feature = "server", feature = "spiffe")),
    expect(unused_variables, clippy::ptr_arg, reason = "there are no sources")
)]
pub(super) fn start(
    starter: &Starter<'_>,
    config: &IdentityConfig,
    sources: &mut Vec<Source>,
) -> Result<RotatingCredential, ConfigError> {
    match (&config.file, &config.server, &config.spiffe) {
        #[cfg(feature = "file")]
        (Some(config), None, None) => file::start(starter, config, sources),
        #[cfg(not(feature = "file"))]
        (Some(_), None, None) => Err(ConfigError::feature_off("identity.file", "file")),
        #[cfg(feature = "server")]
        (None, Some(config), None) => server::start(starter, config, sources),
        #[cfg(not(feature = "server"))]
        (None, Some(_), None) => Err(ConfigError::feature_off("identity.server", "server")),
        #[cfg(feature = "spiffe")]
        (None, None, Some(config)) => spiffe::start(starter, config, sources),
        #[cfg(not(feature = "spiffe"))]
        (None, None, Some(_)) => Err(ConfigError::feature_off("identity.spiffe", "spiffe")),
        (None, None, None) => {
            Err(ConfigError::missing("identity", "write one of `file`, `server` and `spiffe`"))
        }
        _ => {
            Err(ConfigError::conflict("identity", "write one of `file`, `server` and `spiffe`, not several"))
        }
    }
}
