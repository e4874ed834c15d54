//! Whose tokens to trust, and where their issuers' keys come from.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use wimse_core::jose::{Algorithm, JwkSet};
use wimse_core::{DomainAnchors, Profile, TrustDomain};

use super::{BackoffConfig, ProxyConfig};
use crate::{Parsed, Url};

/// Whose tokens to trust. At least one domain, or `spiffe`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TrustConfig {
    /// The trust domains.
    #[serde(default)]
    pub domains: Vec<TrustedDomain>,
    /// How all `file`s of domains are followed.
    #[serde(default)]
    pub file: FileTrust,
    /// How all `jwks` URLs of domains are followed.
    #[serde(default)]
    pub jwks: JwksTrust,
    /// Trusts every trust domain whose bundle the SPIFFE Workload API hands out, foreign ones included. Feature `spiffe`.
    pub spiffe: Option<SpiffeTrust>,
    /// How many validated tokens are remembered: see [`TrustStore::with_cache_capacity`](wimse_core::TrustStore::with_cache_capacity).
    pub cached_tokens: Option<usize>,
}

/// A trust domain: see [`DomainAnchors`]. Exactly one of `file`, `jwks` and `spiffe`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TrustedDomain {
    /// `example.com` or `spiffe://example.com`, required.
    pub name: Option<Parsed<TrustDomain>>,
    /// The file of its JWK Set or SPIFFE bundle. Feature `file`.
    pub file: Option<PathBuf>,
    /// The `https` URL of its JWK Set or SPIFFE bundle. Feature `jwks`.
    pub jwks: Option<Url>,
    /// The keys come from the Workload API; this entry says what else holds for the domain. Needs `trust.spiffe`.
    #[serde(default)]
    pub spiffe: bool,
    /// The file of the root certificates for `jwks`, in PEM, instead of `trust.jwks.root_certificates`.
    pub root_certificates: Option<PathBuf>,
    /// Allows only these algorithms for Workload Identity Tokens.
    pub algorithms: Option<Vec<Parsed<Algorithm>>>,
    /// Allows only these algorithms for proofs.
    pub proof_algorithms: Option<Vec<Parsed<Algorithm>>>,
    /// Demands an `iss` that is one of these.
    pub issuers: Option<Vec<String>>,
    /// Which rules tokens follow: `wimse` or `wit-svid`.
    pub profile: Option<Parsed<Profile>>,
}

impl TrustedDomain {
    /// These keys with everything else that is configured for the domain.
    pub(crate) fn anchors(&self, keys: JwkSet) -> DomainAnchors {
        let mut anchors = DomainAnchors::new(keys);
        if let Some(allowed) = &self.algorithms {
            anchors =
                anchors.algorithms(allowed.iter().map(|a| a.0).collect::<wimse_core::jose::Algorithms>());
        }
        if let Some(allowed) = &self.proof_algorithms {
            anchors = anchors
                .proof_algorithms(allowed.iter().map(|a| a.0).collect::<wimse_core::jose::Algorithms>());
        }
        if let Some(allowed) = &self.issuers {
            anchors = anchors.issuers(allowed);
        }
        if let Some(profile) = self.profile {
            anchors = anchors.profile(profile.0);
        }
        anchors
    }
}

/// See `FileAnchorsBuilder` of `wimse-identity`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FileTrust {
    /// How often the files are read although no change was notified of.
    pub poll_interval: Option<Parsed<Duration>>,
    /// The largest file that is read, in octets.
    pub max_size: Option<usize>,
}

/// See `JwksAnchorsBuilder` of `wimse-identity`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct JwksTrust {
    /// The file of the root certificates, in PEM.
    pub root_certificates: Option<PathBuf>,
    /// The HTTP proxy.
    pub proxy: Option<ProxyConfig>,
    /// Lets plain `http` to this host pass. **Weaker** than the default.
    #[serde(default)]
    pub allow_plaintext_loopback: bool,
    /// How soon and how late keys are fetched again at most.
    pub refresh_bounds: Option<RefreshBounds>,
    /// When to fetch keys again whose server does not say it.
    pub refresh_interval: Option<Parsed<Duration>>,
    /// The time between two requests that tokens with unknown keys cause.
    pub cool_down: Option<Parsed<Duration>>,
    /// How long keys are used after they were last found current.
    pub stale_limit: Option<Parsed<Duration>>,
    /// How long one request may take.
    pub timeout: Option<Parsed<Duration>>,
    /// The largest answer that is read, in octets.
    pub max_size: Option<usize>,
}

/// How soon and how late keys are fetched again at most. Both or none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RefreshBounds {
    /// How soon.
    pub shortest: Option<Parsed<Duration>>,
    /// How late.
    pub longest: Option<Parsed<Duration>>,
}

/// See `SpiffeAnchorsBuilder` of `wimse-identity`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SpiffeTrust {
    /// Where the Workload API is, instead of what `SPIFFE_ENDPOINT_SOCKET` says.
    pub endpoint: Option<String>,
    /// Lets a `tcp` endpoint pass that is not a loopback address. **Weaker** than the default.
    #[serde(default)]
    pub allow_tcp_beyond_this_host: bool,
    /// How long bundles are used that cannot be confirmed.
    pub stale_limit: Option<Parsed<Duration>>,
    /// How long to wait before calling again.
    pub backoff: Option<BackoffConfig>,
}
