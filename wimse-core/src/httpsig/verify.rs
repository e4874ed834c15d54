//! Verifying one signature with a key and an algorithm that the caller has chosen.

use super::base::BaseBuilder;
use super::error::HttpSigError;
use super::fields::ReceivedSignature;
use super::message::Message;
use crate::jose::{Algorithm, PublicKey};

/// The algorithms in the registry of RFC 9421 §6.2.2, without the symmetric one.
const REGISTRY: [(&str, Algorithm); 5] = [
    ("rsa-pss-sha512", Algorithm::Ps512),
    ("rsa-v1_5-sha256", Algorithm::Rs256),
    ("ecdsa-p256-sha256", Algorithm::Es256),
    ("ecdsa-p384-sha384", Algorithm::Es384),
    ("ed25519", Algorithm::Ed25519),
];

/// The algorithm that a name in the registry of RFC 9421 means. `None` for `hmac-sha256` and unknown names.
pub fn registered_algorithm(name: &str) -> Option<Algorithm> {
    REGISTRY.iter().find(|(registered, _)| *registered == name).map(|(_, algorithm)| *algorithm)
}

/// The name of an algorithm in the registry of RFC 9421, for the `alg` parameter. `None` for those that only JOSE names.
pub fn registered_name(algorithm: Algorithm) -> Option<&'static str> {
    let algorithm = if algorithm == Algorithm::EdDsa { Algorithm::Ed25519 } else { algorithm };
    REGISTRY.iter().find(|(_, registered)| *registered == algorithm).map(|(name, _)| *name)
}

impl ReceivedSignature<'_> {
    /// Verifies this signature over `message`. The base that it was checked against stays in `base`.
    ///
    /// Says nothing about what is covered, nor about time and replay: see [`SignatureInput::require`] and
    /// [`SignatureInput::check_time`].
    ///
    /// [`SignatureInput::require`]: super::SignatureInput::require
    /// [`SignatureInput::check_time`]: super::SignatureInput::check_time
    ///
    /// # Errors
    ///
    /// [`HttpSigError::Invalid`] if the signature is wrong or the key does not serve the algorithm,
    /// [`HttpSigError::AlgorithmMismatch`] if the signature has an `alg` parameter that names another one
    /// (RFC 9421 §3.2), and everything that keeps the base from being built.
    pub fn verify(
        &self,
        message: &Message<'_>,
        key: &PublicKey,
        algorithm: Algorithm,
        base: &mut BaseBuilder,
    ) -> Result<(), HttpSigError> {
        let (input, signature) = (self.input()?, self.signature()?);
        if input.alg()?.is_some_and(|name| registered_name(algorithm) != Some(name)) {
            return Err(HttpSigError::AlgorithmMismatch);
        }
        let base = base.build(message, input)?;
        key.verify(algorithm, base.as_bytes(), signature).map_err(|_| HttpSigError::Invalid)
    }
}
