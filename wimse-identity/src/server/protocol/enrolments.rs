//! What an identity server checks before it decides who the workload is.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use wimse_core::audience::AudienceError;
use wimse_core::jose::{Algorithms, Jwk, random_id};
use wimse_core::{Audience, Clock, Peer, Proof, SystemClock, WorkloadId};

use super::nonces::Nonces;
use super::proof::SignedProof;
use super::{EvidenceKind, Nonce, Refusal, TokenRequest};

/// Makes the nonces of an identity server and judges the requests for tokens.
///
/// Nonces live in this value: with several replicas behind one name, a workload's two requests must reach the same one.
pub struct Enrolments {
    base: String,
    nonces: Mutex<Nonces>,
    nonce_lifetime: Duration,
    leeway: Duration,
    algorithms: Algorithms,
    clock: Arc<dyn Clock>,
}

impl Enrolments {
    /// For the server that workloads know by this base URL. Nonces count for 60 s, clocks may differ by 60 s, every
    /// algorithm is allowed.
    ///
    /// # Errors
    ///
    /// [`AudienceError`] if `base` is not an absolute `http` or `https` URL without query.
    pub fn new(base: &str) -> Result<Self, AudienceError> {
        Ok(Self {
            base: canonical_base(base)?,
            nonces: Mutex::default(),
            nonce_lifetime: Duration::from_secs(60),
            leeway: Duration::from_secs(60),
            algorithms: Algorithms::ALL,
            clock: Arc::new(SystemClock),
        })
    }

    /// How long a nonce counts. Default 60 s.
    #[must_use]
    pub fn nonce_lifetime(mut self, lifetime: Duration) -> Self {
        self.nonce_lifetime = lifetime;
        self
    }

    /// How far the clocks of workload and server may be apart. Default 60 s.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Gives tokens to keys of these algorithms only. Default: every asymmetric signature algorithm.
    #[must_use]
    pub fn algorithms(mut self, allowed: impl Into<Algorithms>) -> Self {
        self.algorithms = allowed.into();
        self
    }

    /// Replaces the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// A nonce for a workload that is about to ask for a token.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unavailable`] if 65,536 nonces of the last [`nonce_lifetime`](Self::nonce_lifetime) are remembered.
    pub fn nonce(&self) -> Result<Nonce, Refusal> {
        let nonce = random_id().map_err(|_| Refusal::Unavailable)?;
        if !self.nonces().give_out(&nonce, self.nonce_lifetime) {
            return Err(Refusal::Unavailable);
        }
        Ok(Nonce { nonce, expires_in: self.nonce_lifetime.as_secs() })
    }

    /// Judges a request for a token: all but the evidence itself, which only the server can look up.
    ///
    /// `caller` is who signed the request with the credential that it has, as the verifier of the server found. That verifier must
    /// trust the server's own issuer keys and nobody else's. The request must be signed by an HTTP signature, which covers the content
    /// with the new key; a Workload Proof Token does not.
    ///
    /// # Errors
    ///
    /// [`Refusal`]. The nonce is then used up as well, if it was this server's.
    pub fn verify(&self, body: &[u8], caller: Option<&Peer>) -> Result<Enrolment, Refusal> {
        let request = TokenRequest::parse(body)?;
        let proof = SignedProof::verify(&request.proof, |nonce| self.nonces().redeem(nonce))?;
        if !proof.is_for(&self.base) {
            return Err(Refusal::ProofAudience);
        }
        if !proof.belongs_to(&request.evidence) {
            return Err(Refusal::ProofEvidence);
        }
        let apart = self.clock.now().seconds_since(proof.made_at()).unsigned_abs();
        if apart > self.leeway.as_secs() {
            return Err(Refusal::ProofTime);
        }
        if !self.algorithms.contains(proof.algorithm()) {
            return Err(Refusal::AlgorithmNotAllowed);
        }
        let (key, value) = (proof.into_key(), request.evidence.value);
        let claimant = match request.evidence.kind {
            EvidenceKind::JoinToken => Claimant::JoinToken(value),
            EvidenceKind::ServiceAccountJwt => Claimant::ServiceAccountJwt(value),
            EvidenceKind::Credential => Claimant::Credential(holder(&value, &key, caller)?),
        };
        Ok(Enrolment { key, claimant })
    }

    fn nonces(&self) -> std::sync::MutexGuard<'_, Nonces> {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Enrolments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolments").field("base", &self.base).finish_non_exhaustive()
    }
}

/// The workload whose credential signed the request, new key and all.
fn holder(token_hash: &str, key: &Jwk, caller: Option<&Peer>) -> Result<WorkloadId, Refusal> {
    let named = caller.into_iter().flat_map(Peer::authentications).find(|authentication| {
        authentication.proof() == Proof::HttpSignature && authentication.wit().token_hash() == token_hash
    });
    let wit = named.ok_or(Refusal::EvidenceRefused)?.wit();
    if wit.key().jwk().same_key(key) {
        return Err(Refusal::KeyReused);
    }
    Ok(wit.subject().clone())
}

/// The one spelling of a base URL that both sides sign and compare.
pub(in super::super) fn canonical_base(base: &str) -> Result<String, AudienceError> {
    match Audience::base_url(base)? {
        Audience::BaseUrl(base) => Ok(base),
        _ => Err(AudienceError::NotAUrl),
    }
}

/// A sound request for a token. Whether its evidence names a workload is for the server to say.
#[derive(Debug, Clone)]
pub struct Enrolment {
    key: Jwk,
    claimant: Claimant,
}

impl Enrolment {
    /// The key that the token is for. The sender holds its private half.
    pub fn key(&self) -> &Jwk {
        &self.key
    }

    /// Who the sender claims to be.
    pub fn claimant(&self) -> &Claimant {
        &self.claimant
    }
}

/// The evidence of an [`Enrolment`]. `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub enum Claimant {
    /// Whoever this join token was given to: still to be looked up, see [`Claimant::is_join_token`].
    JoinToken(String),
    /// Whoever this JWT by the platform names: still to be verified, `aud` and `exp` included.
    ServiceAccountJwt(String),
    /// This workload: its present credential signed the request.
    Credential(WorkloadId),
}

impl Claimant {
    /// Whether the request came with the join token that was `given_out`. How long that takes tells no more than its length.
    pub fn is_join_token(&self, given_out: &str) -> bool {
        let same = |token: &str| verify_slices_are_equal(token.as_bytes(), given_out.as_bytes()).is_ok();
        matches!(self, Self::JoinToken(token) if same(token))
    }
}

impl fmt::Debug for Claimant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JoinToken(_) => f.write_str("JoinToken(..)"),
            Self::ServiceAccountJwt(_) => f.write_str("ServiceAccountJwt(..)"),
            Self::Credential(workload) => f.debug_tuple("Credential").field(workload).finish(),
        }
    }
}
