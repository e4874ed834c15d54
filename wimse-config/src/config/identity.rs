//! Where this workload's own token and key come from: one of three sources.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use wimse_core::WorkloadId;
use wimse_core::jose::Algorithm;

use super::{BackoffConfig, ProxyConfig};
use crate::{Parsed, Url};

/// Where this workload's own token and key come from: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct IdentityConfig {
    /// Two files, which something else keeps up to date. Feature `file`.
    pub file: Option<FileIdentity>,
    /// An identity server. Feature `server`.
    pub server: Option<ServerIdentity>,
    /// The SPIFFE Workload API. Feature `spiffe`.
    pub spiffe: Option<SpiffeIdentity>,
}

/// See `FileCredentialBuilder` of `wimse-identity`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FileIdentity {
    /// The file of the Workload Identity Token, required.
    pub token: Option<PathBuf>,
    /// The file of the private key, JWK or PEM, required.
    pub key: Option<PathBuf>,
    /// How often the files are read although no change was notified of.
    pub poll_interval: Option<Parsed<Duration>>,
    /// The largest file that is read, in octets.
    pub max_size: Option<usize>,
}

/// See `IdentityServerBuilder` of `wimse-identity`. Exactly one kind of evidence is required.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ServerIdentity {
    /// The base URL of the server, required.
    pub base_url: Option<Url>,
    /// The file that holds the join token.
    pub join_token_file: Option<PathBuf>,
    /// The environment variable that holds the join token.
    pub join_token_env: Option<String>,
    /// The file of a JWT that the platform keeps up to date.
    pub service_account_jwt_file: Option<PathBuf>,
    /// The algorithm of the keys that are made.
    pub algorithm: Option<Parsed<Algorithm>>,
    /// Takes tokens for this workload only.
    pub expect_subject: Option<Parsed<WorkloadId>>,
    /// The file of the root certificates, in PEM.
    pub root_certificates: Option<PathBuf>,
    /// The HTTP proxy.
    pub proxy: Option<ProxyConfig>,
    /// Talks plain `http` to a server on this host. **Weaker** than the default.
    #[serde(default)]
    pub allow_plaintext_loopback: bool,
    /// How long one attempt may take.
    pub timeout: Option<Parsed<Duration>>,
    /// Renews after this part of a lifetime.
    pub renew_after: Option<f64>,
    /// How long to wait after a failure.
    pub backoff: Option<BackoffConfig>,
}

/// See `SpiffeCredentialBuilder` of `wimse-identity`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SpiffeIdentity {
    /// Where the Workload API is, instead of what `SPIFFE_ENDPOINT_SOCKET` says.
    pub endpoint: Option<String>,
    /// Lets a `tcp` endpoint pass that is not a loopback address. **Weaker** than the default.
    #[serde(default)]
    pub allow_tcp_beyond_this_host: bool,
    /// Uses this identity and no other.
    pub spiffe_id: Option<Parsed<WorkloadId>>,
    /// Uses the first identity with this hint and no other.
    pub hint: Option<String>,
    /// How long to wait before calling again.
    pub backoff: Option<BackoffConfig>,
}
