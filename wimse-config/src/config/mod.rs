//! What can be written: the keys, their shapes and units. Where a key is left out, the builder beneath decides.
//!
//! A key that is not known is an error everywhere. Paths are relative to [`Starter::base_dir`](crate::Starter::base_dir).

mod client;
mod identity;
mod replay;
mod server;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use wimse_core::Limits;

pub use client::{AudienceConfig, CalleeConfig, ClientConfig, DangerousConfig};
pub use identity::{FileIdentity, IdentityConfig, ServerIdentity, SpiffeIdentity};
pub use replay::{MemoryConfig, RedisConfig, ReplayConfig};
pub use server::{AudiencesConfig, ServerConfig};
pub use trust::{FileTrust, JwksTrust, RefreshBounds, SpiffeTrust, TrustConfig, TrustedDomain};

use crate::Parsed;

/// A workload's configuration: what it is as a server, as a client, or both.
///
/// Read it with [`from_toml`](crate::from_toml) or [`read`](crate::read), alone or as a field of the service's own settings; then
/// [`Config::start`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Which requests to accept. Needs `trust`.
    pub server: Option<ServerConfig>,
    /// How to sign requests. Needs `identity`.
    pub client: Option<ClientConfig>,
    /// Where this workload's own token and key come from.
    pub identity: Option<IdentityConfig>,
    /// Whose tokens to trust, in requests and in signed responses.
    pub trust: Option<TrustConfig>,
}

/// Caps on sizes and lifetimes: see [`Limits`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// See [`Limits::leeway`].
    pub leeway: Option<Parsed<Duration>>,
    /// See [`Limits::wit_remaining`].
    pub wit_remaining: Option<Parsed<Duration>>,
    /// See [`Limits::wpt_remaining`].
    pub wpt_remaining: Option<Parsed<Duration>>,
    /// See [`Limits::signature_window`].
    pub signature_window: Option<Parsed<Duration>>,
    /// See [`Limits::wit_size`]. In octets.
    pub wit_size: Option<usize>,
    /// See [`Limits::wpt_size`]. In octets.
    pub wpt_size: Option<usize>,
}

impl LimitsConfig {
    pub(crate) fn limits(&self) -> Limits {
        fn set<T: Copy>(slot: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *slot = value;
            }
        }
        let mut limits = Limits::default();
        set(&mut limits.leeway, self.leeway.as_deref().copied());
        set(&mut limits.wit_remaining, self.wit_remaining.as_deref().copied());
        set(&mut limits.wpt_remaining, self.wpt_remaining.as_deref().copied());
        set(&mut limits.signature_window, self.signature_window.as_deref().copied());
        set(&mut limits.wit_size, self.wit_size);
        set(&mut limits.wpt_size, self.wpt_size);
        limits
    }
}

/// How long to wait after a failure. Both or none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BackoffConfig {
    /// At first.
    pub first: Option<Parsed<Duration>>,
    /// At most.
    pub longest: Option<Parsed<Duration>>,
}

/// An HTTP proxy for `https`, by one of three keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProxyConfig {
    /// Its URL, without a password.
    pub url: Option<crate::Url>,
    /// The environment variable that holds its URL.
    pub url_env: Option<String>,
    /// The file that holds its URL.
    pub url_file: Option<PathBuf>,
}
