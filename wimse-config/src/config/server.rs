//! The server: a verifier, and what its layer needs to know.

use std::time::Duration;

use serde::Deserialize;
use wimse_core::{Proof, Revision};

use super::{LimitsConfig, ReplayConfig};
use crate::{Parsed, SignResponses};

/// Which requests to accept: see [`VerifierBuilder`](wimse_core::VerifierBuilder).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Which audiences are mine, required.
    pub audiences: Option<AudiencesConfig>,
    /// Whether a proof counts once, required.
    pub replay: Option<ReplayConfig>,
    /// Which proofs suffice: `wpt`, `http-signature`.
    pub proofs: Option<Vec<Parsed<Proof>>>,
    /// An older revision to accept as well, `wpt-01/http-signature-06`. **Weaker** than the default.
    pub allow_revision: Option<Parsed<Revision>>,
    /// Accepts proofs that list several audiences. **Weaker** than the default.
    #[serde(default)]
    pub allow_several_audiences: bool,
    /// Fields that carry context tokens, such as an end user's token.
    pub context_tokens: Option<Vec<String>>,
    /// Caps on sizes and lifetimes.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// When to sign responses: `never` (the default), `on-request`, `always`. Needs `identity`.
    pub sign_responses: Option<Parsed<SignResponses>>,
    /// How long the signature of a response is valid.
    pub response_lifetime: Option<Parsed<Duration>>,
    /// How much content of a request is read to check its digest, in octets. For the layer.
    pub body_limit: Option<usize>,
    /// How much content of a response is read to sign it, in octets. For the layer.
    pub response_limit: Option<usize>,
    /// Lets requests without any credentials pass. **Weaker** than the default. For the layer.
    #[serde(default)]
    pub allow_anonymous: bool,
}

/// Which audiences are mine: see [`Audiences`](wimse_core::Audiences). What either list accepts is accepted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AudiencesConfig {
    /// Base URLs, to which the path of the request is added.
    #[serde(default)]
    pub base_urls: Vec<String>,
    /// Exactly these strings.
    #[serde(default)]
    pub exact: Vec<String>,
}
