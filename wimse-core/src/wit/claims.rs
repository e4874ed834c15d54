//! A Workload Identity Token that was validated in full.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::clock::UnixTime;
use crate::identifier::WorkloadId;
use crate::jose::{Algorithm, PublicKey};

/// The longest header of a proof that is remembered, in octets.
const MAX_PROOF_HEADER: usize = 256;

/// A validated Workload Identity Token.
///
/// Made by validation against the trust anchors of the subject's trust domain (workload-creds §5.1.4), and otherwise
/// only by what is in [`dangerous`](crate::dangerous). By itself it says who the *key* belongs to, not who sent the request: that is
/// [`Peer`](crate::Peer), which also needs the proof of possession (workload-creds §9.2).
pub struct Wit {
    pub(super) subject: WorkloadId,
    pub(super) token: Arc<str>,
    /// SHA-256 of the token in base64url.
    pub(super) encoded_hash: [u8; 43],
    pub(super) key: PublicKey,
    pub(super) proof_algorithm: Algorithm,
    /// The encoded header of a proof that was found valid. A caller's proofs all have the same one.
    pub(super) proof_header: OnceLock<Box<str>>,
    pub(super) issuer: Option<String>,
    pub(super) id: Option<String>,
    pub(super) issued_at: Option<UnixTime>,
    pub(super) not_before: Option<UnixTime>,
    pub(super) expires_at: UnixTime,
    pub(super) claims: serde_json::Map<String, serde_json::Value>,
}

impl Wit {
    /// The workload that the token was issued to (`sub`).
    pub fn subject(&self) -> &WorkloadId {
        &self.subject
    }

    /// When the token expires (`exp`).
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// From when on the token is valid (`nbf`).
    pub fn not_before(&self) -> Option<UnixTime> {
        self.not_before
    }

    /// When the token was issued (`iat`). Says nothing about validity.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }

    /// The issuer (`iss`). Not needed for authentication, and checked only where an allow-list is configured.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The token's identifier (`jti`), for audit and revocation.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The workload's public key (`cnf.jwk`).
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The only algorithm that the key may be used with (`cnf.jwk.alg`).
    pub fn proof_algorithm(&self) -> Algorithm {
        self.proof_algorithm
    }

    /// A claim besides `sub`, `exp`, `nbf`, `iat`, `iss`, `jti` and `cnf`.
    pub fn claim(&self, name: &str) -> Option<&serde_json::Value> {
        self.claims.get(name)
    }

    /// All claims besides `sub`, `exp`, `nbf`, `iat`, `iss`, `jti` and `cnf`.
    pub fn claims(&self) -> impl Iterator<Item = (&str, &serde_json::Value)> {
        self.claims.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// SHA-256 of the token as sent, in base64url: the value of `wth`, and a name for the token that is safe to log.
    pub fn token_hash(&self) -> String {
        String::from_utf8_lossy(&self.encoded_hash).into_owned()
    }

    /// The token as sent.
    pub(crate) fn token(&self) -> &Arc<str> {
        &self.token
    }

    /// Whether a proof with exactly this header was found valid, so that there is nothing to find in it.
    pub(crate) fn knows_proof_header(&self, encoded: &str) -> bool {
        self.proof_header.get().is_some_and(|known| **known == *encoded)
    }

    /// To be called once a proof with this header was found valid.
    pub(crate) fn remember_proof_header(&self, encoded: &str) {
        if encoded.len() <= MAX_PROOF_HEADER {
            self.proof_header.get_or_init(|| encoded.into());
        }
    }

    pub(crate) fn encoded_hash(&self) -> &[u8; 43] {
        &self.encoded_hash
    }
}

impl fmt::Debug for Wit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wit")
            .field("subject", &self.subject)
            .field("expires_at", &self.expires_at)
            .field("token_hash", &self.token_hash())
            .finish_non_exhaustive()
    }
}
