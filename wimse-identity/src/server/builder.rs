//! The configuration of an [`IdentityServerClient`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wimse_core::identifier::Schemes;
use wimse_core::jose::Algorithm;
use wimse_core::{Clock, SystemClock, WorkloadId};

use super::IdentityServer;
use super::client::IdentityServerClient;
use super::evidence::EvidenceSource;
use super::http::Http;
use super::protocol::{EvidenceKind, canonical_base};
use super::task::Renewal;
use crate::SourceObserver;
use crate::observer::default_observer;

/// Configures an [`IdentityServerClient`]. The evidence must be given.
#[must_use]
pub struct IdentityServerBuilder {
    base: String,
    evidence: Option<EvidenceSource>,
    algorithm: Algorithm,
    subject: Option<WorkloadId>,
    schemes: Schemes,
    roots: Option<Vec<u8>>,
    proxy: Option<String>,
    loopback: bool,
    timeout: Duration,
    renewal: Renewal,
    clock: Arc<dyn Clock>,
    name: Arc<str>,
    observer: Arc<dyn SourceObserver>,
}

impl IdentityServerBuilder {
    pub(super) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            evidence: None,
            algorithm: Algorithm::Es256,
            subject: None,
            schemes: Schemes::default(),
            roots: None,
            proxy: None,
            loopback: false,
            timeout: Duration::from_secs(10),
            renewal: Renewal {
                part: 2.0 / 3.0,
                first_pause: Duration::from_secs(1),
                longest_pause: Duration::from_secs(60),
            },
            clock: Arc::new(SystemClock),
            name: "identity-server".into(),
            observer: default_observer(),
        }
    }

    /// Presents the join token that is in this file, read again for each attempt. White space around it does not count.
    ///
    /// A join token is for the first token: later ones are asked for with the credential that there is. Only if the server refuses that,
    /// or it has expired, is the join token presented again.
    pub fn join_token_file(self, path: impl Into<PathBuf>) -> Self {
        self.evidence(EvidenceSource::from_file(EvidenceKind::JoinToken, path.into()))
    }

    /// As [`join_token_file`](Self::join_token_file), from a closure, which may block. Its error is logged, so it must hold no secret.
    pub fn join_token<E: fmt::Display>(
        self,
        read: impl Fn() -> Result<String, E> + Send + Sync + 'static,
    ) -> Self {
        self.evidence(EvidenceSource::from_closure(EvidenceKind::JoinToken, read))
    }

    /// Presents the JWT that the platform keeps in this file, such as a projected Kubernetes service account token whose
    /// audience is the identity server. Read again and presented for each token, since it says that the workload still runs.
    pub fn service_account_jwt_file(self, path: impl Into<PathBuf>) -> Self {
        self.evidence(EvidenceSource::from_file(EvidenceKind::ServiceAccountJwt, path.into()))
    }

    /// As [`service_account_jwt_file`](Self::service_account_jwt_file), from a closure, which may block. Its error is logged, so it
    /// must hold no secret.
    pub fn service_account_jwt<E: fmt::Display>(
        self,
        read: impl Fn() -> Result<String, E> + Send + Sync + 'static,
    ) -> Self {
        self.evidence(EvidenceSource::from_closure(EvidenceKind::ServiceAccountJwt, read))
    }

    fn evidence(mut self, source: EvidenceSource) -> Self {
        self.evidence = Some(source);
        self
    }

    /// The algorithm of the keys that are made. Default: ES256, which every WIMSE peer must support.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Takes tokens for this workload only. Default: whoever the server says that this workload is.
    pub fn expect_subject(mut self, subject: WorkloadId) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Takes tokens whose subject is of a registered scheme. Default: `wimse` and `spiffe`.
    pub fn schemes(mut self, schemes: Schemes) -> Self {
        self.schemes = schemes;
        self
    }

    /// Trusts only these root certificates for the server's own (PEM, any number). Default: those of the system.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Reaches an `https` server through the HTTP proxy at this URL, which sees nothing but its name. Default: no proxy, whatever the
    /// environment says.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Talks to a server at a loopback address or `localhost` over plain `http`. **Weaker** than the default, which is `https`
    /// alone: others on the host may listen. For development, and for a proxy on the same host.
    pub fn allow_plaintext_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// How long one attempt may take, from reading the evidence to the answer. Default 10 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Renews after this part of a lifetime, 0.1 to 0.8, give or take a tenth of it by chance. Default two thirds.
    pub fn renew_after(mut self, part: f64) -> Self {
        self.renewal.part = part;
        self
    }

    /// How long to wait after a failure: at first, and at most. Each wait is twice the last one, of which a random part up to a half is
    /// left out. Default 1 s and 60 s. While there is a credential, no wait is longer than half of its remaining life.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.renewal.first_pause = first;
        self.renewal.longest_pause = longest;
        self
    }

    /// Replaces the system's clock, by which the expiry of tokens is judged and proofs are dated.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What the source is called in logs. Default `identity-server`.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Who is told what happens. Default: `tracing` if the feature is on.
    pub fn observer(mut self, observer: impl SourceObserver) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Starts to get credentials: see [`Handle::ready`](crate::Handle::ready).
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<IdentityServer, BuildError> {
        Ok(self.build()?.start())
    }

    /// Builds the client, for a single credential.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the decision that is missing or cannot be used.
    pub fn build(self) -> Result<IdentityServerClient, BuildError> {
        let base = canonical_base(&self.base).map_err(|_| BuildError::BaseUrl)?;
        let Renewal { part, first_pause, longest_pause } = self.renewal;
        if !(0.1..=0.8).contains(&part) {
            return Err(BuildError::RenewAfter);
        }
        if first_pause.is_zero() || longest_pause < first_pause {
            return Err(BuildError::Backoff);
        }
        if self.timeout.is_zero() {
            return Err(BuildError::Timeout);
        }
        Ok(IdentityServerClient {
            evidence: self.evidence.ok_or(BuildError::Evidence)?,
            http: Http::new(base, self.roots.as_deref(), self.proxy, self.loopback)?,
            algorithm: self.algorithm,
            subject: self.subject,
            schemes: self.schemes,
            timeout: self.timeout,
            clock: self.clock,
            renewal: self.renewal,
            name: self.name,
            observer: self.observer,
        })
    }
}

impl fmt::Debug for IdentityServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityServerBuilder")
            .field("server", &self.base)
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

/// Why a client of an identity server cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The base URL is not an absolute `http` or `https` URL without query.
    BaseUrl,
    /// The base URL is `http`.
    Plaintext,
    /// No evidence was given.
    Evidence,
    /// The part of the lifetime after which to renew is not between 0.1 and 0.8.
    RenewAfter,
    /// The first wait is zero, or the longest is shorter.
    Backoff,
    /// No time for an attempt.
    Timeout,
    /// The roots are not PEM with at least one certificate.
    RootCertificates,
    /// The URL of the proxy cannot be used.
    Proxy,
    /// The TLS library could not be set up, for instance because the system has no root certificates.
    Tls,
}

impl BuildError {
    /// A stable code for logs and tests.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BaseUrl => "base_url_invalid",
            Self::Plaintext => "plaintext",
            Self::Evidence => "evidence_missing",
            Self::RenewAfter => "renew_after_invalid",
            Self::Backoff => "backoff_invalid",
            Self::Timeout => "timeout_invalid",
            Self::RootCertificates => "root_certificates_invalid",
            Self::Proxy => "proxy_invalid",
            Self::Tls => "tls_unavailable",
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BaseUrl => "the base is not an absolute https URL without query",
            Self::Plaintext => {
                "the base is an http URL: use https, or allow_plaintext_loopback() for a server on this host"
            }
            Self::Evidence => "no evidence: call join_token_file() or service_account_jwt_file()",
            Self::RenewAfter => "renew_after() takes a part of the lifetime from 0.1 to 0.8",
            Self::Backoff => "backoff() takes a first wait over zero and a longest that is no shorter",
            Self::Timeout => "timeout() takes a time over zero",
            Self::RootCertificates => "root_certificates() takes PEM text with at least one certificate",
            Self::Proxy => "the URL of the proxy cannot be used",
            Self::Tls => "TLS could not be set up: does the system have root certificates?",
        })
    }
}

impl std::error::Error for BuildError {}
