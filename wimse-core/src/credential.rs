//! What a workload presents: its Workload Identity Token and the key that the token names.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use http::HeaderValue;

use crate::clock::UnixTime;
use crate::identifier::{Schemes, WorkloadId};
use crate::jose::json::{Json, Object};
use crate::jose::{CompactJws, Header, Jwk, SigningKey, base64url, sha256};
use crate::{wit, wpt};

/// A Workload Identity Token with its private key. Cheap to clone; `Debug` shows neither.
#[derive(Clone)]
pub struct Credential(Arc<Inner>);

struct Inner {
    token: HeaderValue,
    encoded_hash: [u8; 43],
    proof_header: String,
    subject: WorkloadId,
    expires_at: UnixTime,
    key: SigningKey,
}

impl Credential {
    /// Puts a token and its key together.
    ///
    /// The token's signature is not checked: it came from the workload's own issuer. Key and algorithm must be those
    /// of `cnf.jwk`; this is checked, since otherwise every callee would notice it first.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] if the token is malformed or the key is not the one that it names.
    pub fn new(token: &str, key: SigningKey) -> Result<Self, CredentialError> {
        Self::with_schemes(token, key, &Schemes::default())
    }

    /// As [`Credential::new`], for a token whose subject may be of a registered scheme.
    ///
    /// # Errors
    ///
    /// As [`Credential::new`].
    pub fn with_schemes(token: &str, key: SigningKey, schemes: &Schemes) -> Result<Self, CredentialError> {
        let malformed = |_| CredentialError::Malformed;
        let decoded = CompactJws::segments(token).and_then(|jws| jws.decode()).map_err(malformed)?;
        if !Header::parse(decoded.header()).map_err(malformed)?.has_type(wit::TYPE, false) {
            return Err(CredentialError::Malformed);
        }
        let claims = Object::parse(decoded.payload()).map_err(|_| CredentialError::Malformed)?;
        let subject = claims.text("sub").and_then(|sub| schemes.parse(sub).ok());
        let expires_at = claims.get("exp").and_then(Json::as_time);
        let jwk = match claims.get("cnf") {
            Some(Json::Object(cnf)) => match cnf.get("jwk") {
                Some(Json::Object(jwk)) => Jwk::from_object(jwk).ok(),
                _ => None,
            },
            _ => None,
        };
        let (Some(subject), Some(expires_at), Some(jwk)) = (subject, expires_at, jwk) else {
            return Err(CredentialError::Malformed);
        };
        if !jwk.same_key(key.public_jwk()) || jwk.alg() != Some(key.algorithm()) {
            return Err(CredentialError::KeyMismatch);
        }
        let mut value = HeaderValue::from_str(token).map_err(|_| CredentialError::Malformed)?;
        value.set_sensitive(true);
        Ok(Self(Arc::new(Inner {
            token: value,
            encoded_hash: base64url::encode_sha256(&sha256(token.as_bytes())),
            proof_header: wpt::encoded_header(key.algorithm()),
            subject,
            expires_at,
            key,
        })))
    }

    /// The workload that the token names.
    pub fn subject(&self) -> &WorkloadId {
        &self.0.subject
    }

    /// When the token expires. The key is not used after that (workload-creds §9.4).
    pub fn expires_at(&self) -> UnixTime {
        self.0.expires_at
    }

    pub(crate) fn token(&self) -> &HeaderValue {
        &self.0.token
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.0.key
    }

    pub(crate) fn encoded_hash(&self) -> &[u8; 43] {
        &self.0.encoded_hash
    }

    pub(crate) fn proof_header(&self) -> &str {
        &self.0.proof_header
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("subject", &self.0.subject)
            .field("expires_at", &self.0.expires_at)
            .finish_non_exhaustive()
    }
}

/// Where a signer finds the credential of the moment.
pub trait CredentialSource: Send + Sync + 'static {
    /// The current credential. Must not block: a source refreshes in the background.
    ///
    /// # Errors
    ///
    /// [`CredentialError::Unavailable`] if there is none at present.
    fn current(&self) -> Result<Credential, CredentialError>;
}

impl CredentialSource for Credential {
    fn current(&self) -> Result<Credential, CredentialError> {
        Ok(self.clone())
    }
}

impl<S: CredentialSource + ?Sized> CredentialSource for Arc<S> {
    fn current(&self) -> Result<Credential, CredentialError> {
        (**self).current()
    }
}

/// A credential that is exchanged while requests are being signed. Clones share it; reading takes no lock.
///
/// It does not watch the clock: replace the credential well before [`Credential::expires_at`], after which signing fails
/// with `credential_expired`.
///
/// ```
/// # fn rotate(first: wimse_core::Credential, second: wimse_core::Credential) {
/// use wimse_core::RotatingCredential;
/// let credentials = RotatingCredential::new(first);
/// // hand `credentials.clone()` to the signer, then, whenever there is a new token:
/// credentials.replace(second);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct RotatingCredential(Arc<ArcSwapOption<Credential>>);

impl RotatingCredential {
    /// Starts with this credential.
    pub fn new(credential: Credential) -> Self {
        let rotating = Self::default();
        rotating.replace(credential);
        rotating
    }

    /// Starts without a credential: signing fails until [`RotatingCredential::replace`].
    pub fn pending() -> Self {
        Self::default()
    }

    /// Uses this credential for every request from now on.
    pub fn replace(&self, credential: Credential) {
        self.0.store(Some(Arc::new(credential)));
    }

    /// Takes the credential away: signing fails until there is a new one.
    pub fn withdraw(&self) {
        self.0.store(None);
    }
}

impl CredentialSource for RotatingCredential {
    fn current(&self) -> Result<Credential, CredentialError> {
        self.0.load().as_deref().cloned().ok_or(CredentialError::Unavailable)
    }
}

impl fmt::Debug for RotatingCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RotatingCredential").field(&self.0.load().as_deref()).finish()
    }
}

/// Why there is no usable credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialError {
    /// The token is not a Workload Identity Token with `sub`, `exp` and `cnf.jwk`.
    Malformed,
    /// The key or its algorithm is not the one that the token names.
    KeyMismatch,
    /// The source has none at present.
    Unavailable,
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a Workload Identity Token with `sub`, `exp` and `cnf.jwk`",
            Self::KeyMismatch => "the private key or its algorithm is not the one of the token's `cnf.jwk`",
            Self::Unavailable => "there is no credential at present: check the source that provides it",
        })
    }
}

impl std::error::Error for CredentialError {}
