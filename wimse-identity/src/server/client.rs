//! One enrolment: a new key, its proof, and a token that is checked before anybody gets to use it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Uri};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use wimse_core::identifier::Schemes;
use wimse_core::jose::{Algorithm, SigningKey};
use wimse_core::{Clock, Credential, Proof, SignOptions, Signer, WorkloadId};

use super::evidence::EvidenceSource;
use super::http::Http;
use super::protocol::{
    Evidence, EvidenceKind, NONCE_PATH, Nonce, TOKEN_PATH, Token, TokenRequest, encoded_sha256,
};
use super::task::Renewal;
use super::{IdentityServer, task};
use crate::life::Life;
use crate::{Handle, SourceError, SourceObserver};

/// A configured client of an identity server: one credential at a time by [`obtain`](Self::obtain), or a source that renews it by
/// [`start`](Self::start).
#[derive(Clone)]
pub struct IdentityServerClient {
    pub(super) http: Http,
    pub(super) evidence: EvidenceSource,
    pub(super) algorithm: Algorithm,
    pub(super) subject: Option<WorkloadId>,
    pub(super) schemes: Schemes,
    pub(super) timeout: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) renewal: Renewal,
    pub(super) name: Arc<str>,
    pub(super) observer: Arc<dyn SourceObserver>,
}

/// A credential, and what is needed to renew it.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) credential: Credential,
    token_hash: String,
    pub(super) life: Life,
}

impl IdentityServerClient {
    /// Gets a credential for a new key, once.
    ///
    /// # Errors
    ///
    /// [`SourceError`] with a reason of [`Refusal`](super::protocol::Refusal), or one that the module's documentation lists.
    pub async fn obtain(&self) -> Result<Credential, SourceError> {
        self.enrol(None).await.map(|held| held.credential)
    }

    /// Gets a credential in the background, and renews it from then on.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(self) -> IdentityServer {
        let credentials = wimse_core::RotatingCredential::pending();
        let (name, observer) = (Arc::clone(&self.name), Arc::clone(&self.observer));
        let shared = credentials.clone();
        let handle = Handle::spawn(name, observer, |reporter| task::run(self, shared, reporter));
        IdentityServer { handle, credentials }
    }

    /// Whether a credential is itself evidence enough for the next one. What the platform hands out anew all the time is better:
    /// it says that the workload still runs where it should.
    pub(super) fn renews_by_credential(&self) -> bool {
        self.evidence.kind() == EvidenceKind::JoinToken
    }

    /// Gets a credential on the strength of the one that there is, or of the configured evidence.
    pub(super) async fn enrol(&self, present: Option<&Held>) -> Result<Held, SourceError> {
        match timeout(self.timeout, self.attempt(present)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let detail = format_args!("{}: no token within {:?}", self.http.base(), self.timeout);
                Err(SourceError::new("server_timeout", detail))
            }
        }
    }

    async fn attempt(&self, present: Option<&Held>) -> Result<Held, SourceError> {
        let evidence = match present {
            Some(held) => Evidence { kind: EvidenceKind::Credential, value: held.token_hash.clone() },
            None => self.evidence.read().await?,
        };
        let algorithm = self.algorithm;
        // An RSA key takes long enough to make that others would notice.
        let key = spawn_blocking(move || SigningKey::generate(algorithm)).await.ok().and_then(Result::ok);
        let key = key.ok_or_else(|| SourceError::new("key_not_made", "the system's random source failed"))?;
        let nonce: Nonce = self.http.post(NONCE_PATH, HeaderMap::new(), Vec::new()).await?;
        let now = self.clock.now();
        let request = TokenRequest::new(evidence, &key, self.http.base(), &nonce.nonce, now)
            .map_err(|error| SourceError::new("proof_not_made", error))?;
        let body = serde_json::to_vec(&request).map_err(|error| SourceError::new("proof_not_made", error))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(held) = present {
            self.sign(&mut headers, &body, &held.credential)
                .map_err(|error| SourceError::new("proof_not_made", error))?;
        }
        // The lifetime began at the latest when the server answered, so at the earliest now.
        let since = Instant::now();
        let token: Token = self.http.post(TOKEN_PATH, headers, body).await?;
        self.accept(&token, key, since)
    }

    /// The present key signs the request whole, and so the new key in it.
    fn sign(
        &self,
        headers: &mut HeaderMap,
        body: &[u8],
        credential: &Credential,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let url: Uri = self.http.url(TOKEN_PATH).parse()?;
        let signer = Signer::builder()
            .credentials(credential.clone())
            .proof(Proof::HttpSignature)
            .clock(Arc::clone(&self.clock))
            // Building the client has refused whatever is neither https nor allowed.
            .allow_plaintext_loopback()
            .build()?;
        // A response without a signature is one over TLS by the server that was asked.
        let _ = signer.sign(&Method::POST, &url, headers, Some(body), &SignOptions::default())?;
        Ok(())
    }

    fn accept(&self, token: &Token, key: SigningKey, since: Instant) -> Result<Held, SourceError> {
        let refused = |why: fmt::Arguments<'_>| {
            SourceError::new("token_refused", format_args!("{}: {why}", self.http.base()))
        };
        let credential = Credential::with_schemes(&token.token, key, &self.schemes)
            .map_err(|error| refused(format_args!("the token cannot be used: {error}")))?;
        if let Some(expected) = &self.subject
            && credential.subject() != expected
        {
            let found = credential.subject();
            return Err(refused(format_args!("the token is for {found} instead of {expected}")));
        }
        let at_most = Duration::from_secs(token.expires_in);
        let Some(life) = Life::new(credential.expires_at(), since, at_most, &self.clock) else {
            let why = "the token has expired already: compare this host's clock with the server's";
            return Err(SourceError::new("token_expired", format_args!("{}: {why}", self.http.base())));
        };
        let token_hash = encoded_sha256(token.token.as_bytes());
        Ok(Held { credential, token_hash, life })
    }
}

impl fmt::Debug for IdentityServerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityServerClient")
            .field("server", &self.http.base())
            .field("evidence", &self.evidence)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
