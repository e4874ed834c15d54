//! What a configuration becomes: a verifier, a signer, and the sources that keep them up to date.

use std::time::Duration;

use wimse_core::{RotatingCredential, Signer, TrustStore, Verifier};

use crate::source::{NotReady, Source, all_ready};

/// The running parts of a configuration.
///
/// Keep it for as long as verifier and signer are used: when it is dropped, every source stops, what it offered stays as it is and grows
/// old. Nothing of it runs on, apart from the connection to a Redis, which ends with the last clone of the verifier.
#[derive(Debug)]
#[must_use = "sources stop when this is dropped"]
pub struct Running {
    pub(crate) server: Option<Server>,
    pub(crate) signer: Option<Signer>,
    pub(crate) credentials: Option<RotatingCredential>,
    pub(crate) trust: Option<TrustStore>,
    pub(crate) sources: Vec<Source>,
}

impl Running {
    /// What `[server]` became.
    pub fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// What `[client]` became.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// What `[identity]` became, for signers of your own.
    pub fn credentials(&self) -> Option<&RotatingCredential> {
        self.credentials.as_ref()
    }

    /// What `[trust]` became, for verifiers of your own.
    pub fn trust_store(&self) -> Option<&TrustStore> {
        self.trust.as_ref()
    }

    /// Everything that runs in the background.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Waits until every source has something to offer, at most for `limit` in all. A server may start to listen then; until
    /// then it answers 503, as far as it lacks trust anchors or a replay memory.
    ///
    /// A Redis counts as ready once it can be asked, although it refuses proofs for some minutes after it lost its memory or is new:
    /// see [`Source::problem`].
    ///
    /// # Errors
    ///
    /// [`NotReady`] names the sources that had nothing, and why. They go on trying.
    pub async fn ready(&self, limit: Duration) -> Result<(), NotReady> {
        all_ready(&self.sources, limit).await
    }

    /// Whether no source has a [problem](Source::problem). One that has may still serve from what it had before: use
    /// [`Running::ready`] with a limit of zero to decide about traffic, this to alert.
    pub fn is_healthy(&self) -> bool {
        self.sources.iter().all(|source| source.problem().is_none())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for source in &self.sources {
            source.stop();
        }
    }
}

/// What `[server]` became.
#[derive(Debug, Clone)]
pub struct Server {
    pub(crate) verifier: Verifier,
    pub(crate) response_signer: Option<Signer>,
    pub(crate) layer: LayerSettings,
}

impl Server {
    /// The verifier of requests.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The signer of responses, unless `sign_responses` is `never`.
    pub fn response_signer(&self) -> Option<&Signer> {
        self.response_signer.as_ref()
    }

    /// What is for the layer around the service to know. This crate knows no layer, so that the service has to apply it.
    pub fn layer(&self) -> &LayerSettings {
        &self.layer
    }
}

/// What is configured for the layer of `wimse-tower` or `wimse-axum`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerSettings {
    /// For `body_limit`, in octets.
    pub body_limit: Option<usize>,
    /// For `response_limit`, in octets.
    pub response_limit: Option<usize>,
    /// Whether to call `sign_responses` or `sign_all_responses`.
    pub sign_responses: SignResponses,
    /// Whether to call `optional`, or to use `authenticate_optional`.
    pub allow_anonymous: bool,
}

/// When responses are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignResponses {
    /// Never.
    #[default]
    Never,
    /// To requests that ask for it.
    OnRequest,
    /// Always.
    Always,
}

impl SignResponses {
    pub(crate) const ALL: [Self; 3] = [Self::Never, Self::OnRequest, Self::Always];

    /// As it is written in a configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnRequest => "on-request",
            Self::Always => "always",
        }
    }
}
