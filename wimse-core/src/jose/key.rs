//! Keys ready for use: parsed once, then only used.

use std::fmt;
use std::sync::Arc;

use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use super::crypto::{Curve, RsaNumbers, SignKey, VerifyKey};
use super::json::Object;
use super::jwk::octets;
use super::{Algorithm, Jwk, base64url};
use crate::few::Few;

/// A public key, parsed and ready to verify with every algorithm that its JWK allows.
#[derive(Clone)]
pub struct PublicKey(Arc<PublicKeyInner>);

struct PublicKeyInner {
    jwk: Jwk,
    prepared: Vec<(Algorithm, VerifyKey)>,
}

impl PublicKey {
    /// Prepares the key of a JWK.
    ///
    /// # Errors
    ///
    /// [`KeyError::Invalid`] if the cryptographic library refuses the key.
    pub fn new(jwk: Jwk) -> Result<Self, KeyError> {
        let prepared: Option<Vec<_>> = jwk.algorithms().map(|a| Some((a, jwk.prepare(a)?))).collect();
        Ok(Self(Arc::new(PublicKeyInner { prepared: prepared.ok_or(KeyError::Invalid)?, jwk })))
    }

    /// The key as a JWK.
    pub fn jwk(&self) -> &Jwk {
        &self.0.jwk
    }

    /// Whether the key may be used with this algorithm.
    pub fn supports(&self, algorithm: Algorithm) -> bool {
        self.0.prepared.iter().any(|(a, _)| *a == algorithm)
    }

    /// Verifies a raw JWS signature: for ECDSA the two numbers side by side, never DER.
    ///
    /// # Errors
    ///
    /// [`SignatureInvalid`] if the signature is wrong or the key does not serve this algorithm.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureInvalid> {
        let prepared = self.0.prepared.iter().find(|(a, _)| *a == algorithm);
        match prepared {
            Some((_, key)) if key.verify(message, signature) => Ok(()),
            _ => Err(SignatureInvalid),
        }
    }
}

impl TryFrom<Jwk> for PublicKey {
    type Error = KeyError;

    fn try_from(jwk: Jwk) -> Result<Self, KeyError> {
        Self::new(jwk)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.0.jwk).finish()
    }
}

/// A private key, parsed once, bound to one algorithm.
///
/// Never shown by `Debug`, never exported, wiped from memory when the last clone is dropped.
#[derive(Clone)]
pub struct SigningKey(Arc<SigningKeyInner>);

struct SigningKeyInner {
    key: SignKey,
    algorithm: Algorithm,
    jwk: Jwk,
}

impl SigningKey {
    /// Makes a new key: ES256 is what every WIMSE peer must support. RSA keys get 3072 bits.
    ///
    /// # Errors
    ///
    /// [`KeyError::Library`] if the system's random source fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Ok(Self::from_parts(SignKey::generate(algorithm).ok_or(KeyError::Library)?, algorithm, None))
    }

    /// Reads a private JWK that has an `alg`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the text is not such a JWK or its private and public halves do not fit.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        Self::read_jwk(json, None)
    }

    /// Reads a private JWK and uses it with `algorithm`, which an `alg` in the JWK must not contradict.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::from_jwk`]; also if key and algorithm do not fit.
    pub fn from_jwk_with(json: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::read_jwk(json, Some(algorithm))
    }

    fn read_jwk(json: &str, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let object = Object::parse(json.as_bytes()).map_err(|_| KeyError::Json)?;
        let public = Jwk::public_part(&object)?;
        let algorithm = algorithm.or(public.alg()).ok_or(KeyError::Member("alg"))?;
        if !public.algorithms().any(|a| a == algorithm) {
            return Err(KeyError::AlgorithmMismatch);
        }
        let secret = |name| {
            let text = object.text(name).ok_or(KeyError::Member(name))?;
            base64url::decode_secret(text).ok_or(KeyError::Member(name))
        };
        let d = secret("d")?;
        let key = if let Some(curve) = Curve::of(algorithm) {
            let (x, y) = (octets(&object, "x")?, octets(&object, "y")?);
            SignKey::ec(curve, &d, &[&[4], x.as_slice(), y.as_slice()].concat())
        } else if matches!(algorithm, Algorithm::Ed25519 | Algorithm::EdDsa) {
            SignKey::ed25519(&d, octets(&object, "x")?.as_slice())
        } else {
            SignKey::rsa(&RsaNumbers {
                n: octets(&object, "n")?.as_slice(),
                e: octets(&object, "e")?.as_slice(),
                d: &d,
                p: &secret("p")?,
                q: &secret("q")?,
                dp: &secret("dp")?,
                dq: &secret("dq")?,
                qi: &secret("qi")?,
            })
        };
        Ok(Self::from_parts(key.ok_or(KeyError::Invalid)?, algorithm, public.kid()))
    }

    /// Reads an unencrypted PKCS #8 key from PEM text (`-----BEGIN PRIVATE KEY-----`).
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the text holds no such key or the key does not serve `algorithm`.
    pub fn from_pkcs8_pem(pem: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::Pem)?;
        let key = SignKey::pkcs8(algorithm, der.secret_pkcs8_der()).ok_or(KeyError::Invalid)?;
        Ok(Self::from_parts(key, algorithm, None))
    }

    fn from_parts(key: SignKey, algorithm: Algorithm, kid: Option<&str>) -> Self {
        let mut jwk = Jwk::from_numbers(&key.public(), algorithm);
        if let Some(kid) = kid {
            jwk = jwk.with_kid(kid);
        }
        Self(Arc::new(SigningKeyInner { jwk, key, algorithm }))
    }

    /// The algorithm that this key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The public half, with `alg`, and with `kid` if the key was read with one.
    pub fn public_jwk(&self) -> &Jwk {
        &self.0.jwk
    }

    /// Signs a message and returns the raw JWS signature: for ECDSA the two numbers side by side.
    ///
    /// # Errors
    ///
    /// [`KeyError::Library`] if the cryptographic library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.sign_with(message, <[u8]>::to_vec)
    }

    /// As [`SigningKey::sign`], in place but for RSA.
    pub(crate) fn sign_in_place(&self, message: &[u8]) -> Result<Few<u8, 132>, KeyError> {
        let mut kept = Few::new();
        self.sign_with(message, |signature| kept.extend(signature))?;
        Ok(kept)
    }

    fn sign_with<R>(&self, message: &[u8], take: impl FnOnce(&[u8]) -> R) -> Result<R, KeyError> {
        self.0.key.sign(self.0.algorithm, message, take).ok_or(KeyError::Library)
    }

    /// Octets of a signature.
    pub(crate) fn signature_len(&self) -> usize {
        self.0.key.signature_len()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.0.jwk).finish_non_exhaustive()
    }
}

/// The signature does not verify. Says nothing more, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureInvalid;

impl fmt::Display for SignatureInvalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not verify")
    }
}

impl std::error::Error for SignatureInvalid {}

/// Why a key cannot be used. Never carries key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not JSON of the expected shape, nested too deeply, or with duplicate members.
    Json,
    /// A JWK or JWK Set over 1 MiB.
    TooLarge,
    /// This member is missing or malformed.
    Member(&'static str),
    /// A private or symmetric key where a public one belongs.
    Private,
    /// A key type or curve that is not supported.
    UnsupportedType,
    /// An `alg` that is not a supported asymmetric signature algorithm.
    UnsupportedAlgorithm,
    /// The algorithm and the key's type or curve do not fit.
    AlgorithmMismatch,
    /// `use` or `key_ops` keep the key for another purpose than verifying.
    Purpose,
    /// The numbers are not a valid key: off the curve, wrong size, halves that do not fit.
    Invalid,
    /// Not a PEM text with an unencrypted PKCS #8 key.
    Pem,
    /// The cryptographic library or the system's random source failed.
    Library,
}

impl KeyError {
    /// A stable code for logs and tests.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Json => "key_json",
            Self::TooLarge => "key_too_large",
            Self::Member(_) => "key_member",
            Self::Private => "key_private",
            Self::UnsupportedType => "key_unsupported_type",
            Self::UnsupportedAlgorithm => "key_unsupported_algorithm",
            Self::AlgorithmMismatch => "key_algorithm_mismatch",
            Self::Purpose => "key_purpose",
            Self::Invalid => "key_invalid",
            Self::Pem => "key_pem",
            Self::Library => "crypto_library",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json => f.write_str("not valid JSON of a key, or duplicate members"),
            Self::TooLarge => f.write_str("the JWK or JWK Set is larger than 1 MiB"),
            Self::Member(name) => write!(f, "member `{name}` is missing or malformed"),
            Self::Private => f.write_str("a private or symmetric key where only a public one belongs"),
            Self::UnsupportedType => f.write_str("key type or curve is not supported"),
            Self::UnsupportedAlgorithm => {
                f.write_str("`alg` is not a supported asymmetric signature algorithm")
            }
            Self::AlgorithmMismatch => f.write_str("algorithm does not fit the key's type or curve"),
            Self::Purpose => {
                f.write_str("`use` or `key_ops` keep the key for another purpose than verifying")
            }
            Self::Invalid => f.write_str("the numbers are not a valid key"),
            Self::Pem => f.write_str("not a PEM text with an unencrypted PKCS #8 key"),
            Self::Library => f.write_str("the cryptographic library or random source failed"),
        }
    }
}

impl std::error::Error for KeyError {}
