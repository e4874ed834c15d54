//! The client: a signer.

use std::time::Duration;

use serde::Deserialize;
use wimse_core::{Proof, Revision, TrustDomain, WorkloadId};

use super::LimitsConfig;
use crate::Parsed;

/// How to sign requests: see [`SignerBuilder`](wimse_core::SignerBuilder). Signed responses are checked by `trust`, if that is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClientConfig {
    /// How to prove possession of the key: `wpt` or `http-signature`.
    pub proof: Option<Parsed<Proof>>,
    /// An older revision to speak.
    pub revision: Option<Parsed<Revision>>,
    /// What to put into `aud`, instead of the target URI.
    pub audience: Option<AudienceConfig>,
    /// Who is expected behind the names that are dialled.
    pub callees: Option<Vec<CalleeConfig>>,
    /// Fields that carry context tokens, which the proof then covers.
    pub context_tokens: Option<Vec<String>>,
    /// Refuses every response that is not signed.
    #[serde(default)]
    pub require_signed_responses: bool,
    /// Asks for signed responses and takes unsigned ones. **Weaker** than to require them.
    #[serde(default)]
    pub prefer_signed_responses: bool,
    /// How long a proof is valid.
    pub proof_lifetime: Option<Parsed<Duration>>,
    /// Caps on sizes and lifetimes of what responses have.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Sends credentials over plain `http` to this host. **Weaker** than the default.
    #[serde(default)]
    pub allow_plaintext_loopback: bool,
    /// Sends credentials with requests whose URI has no scheme. **Weaker** than the default.
    #[serde(default)]
    pub allow_unknown_transport: bool,
    /// Choices that give up a protection of the drafts.
    #[serde(default)]
    pub dangerous: DangerousConfig,
}

/// What to put into `aud`: exactly one of these. See [`Audience`](wimse_core::Audience).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AudienceConfig {
    /// A base URL, to which the path of the request is added.
    pub base_url: Option<String>,
    /// Exactly this string.
    pub fixed: Option<String>,
    /// The identifier of the workload that is expected.
    #[serde(default)]
    pub callee_identifier: bool,
}

/// Who is expected behind a name: exactly one of `workload` and `trust_domain`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CalleeConfig {
    /// The host that is dialled, with its port unless that is the scheme's default; required.
    pub name: Option<String>,
    /// This workload.
    pub workload: Option<Parsed<WorkloadId>>,
    /// Any workload of this trust domain. **Weaker**.
    pub trust_domain: Option<Parsed<TrustDomain>>,
}

/// See [`DangerousSignerBuilder`](wimse_core::signer::DangerousSignerBuilder).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DangerousConfig {
    /// Sends credentials over plain `http` to any host.
    #[serde(default)]
    pub allow_plaintext: bool,
}
