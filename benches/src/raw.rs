//! The raw signature operation that nobody can do without, by the best backend for an algorithm.
//!
//! The only file that knows which backend that is: aws-lc-rs, and for checks of Ed25519 dalek where it has AVX-512 (which the line
//! below a table says). `-- batch` holds the two against each other, so that it shows if that were the wrong choice.

use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    ParsedPublicKey,
};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use serde_json::Value;
use wimse_core::jose::{Algorithm, Ed25519Backend, Jwk};

/// A message and its signature.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// Checks signatures with one parsed key.
pub(crate) enum RawVerify {
    AwsLc(ParsedPublicKey),
    Dalek(VerifyingKey),
}

impl RawVerify {
    pub(crate) fn new(jwk: &Jwk) -> Self {
        let octets = public_octets(jwk);
        if jwk.alg() == Some(Algorithm::Es256) {
            Self::AwsLc(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, octets).unwrap())
        } else if Ed25519Backend::in_use() == Ed25519Backend::AwsLc {
            Self::AwsLc(ParsedPublicKey::new(&ED25519, octets).unwrap())
        } else {
            Self::Dalek(VerifyingKey::try_from(octets.as_slice()).unwrap())
        }
    }

    pub(crate) fn verify(&self, signed: &Signed) {
        let (message, signature) = (black_box(&signed.message), black_box(&signed.signature));
        match self {
            Self::AwsLc(key) => key.verify_sig(message, signature).unwrap(),
            Self::Dalek(key) => key.verify(message, &Signature::from_slice(signature).unwrap()).unwrap(),
        }
    }
}

/// Signs with a key of its own.
pub(crate) enum RawSign {
    Es256(EcdsaKeyPair, SystemRandom),
    Ed25519(Ed25519KeyPair),
}

impl RawSign {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        if algorithm == Algorithm::Es256 {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            Self::Es256(pair, SystemRandom::new())
        } else {
            Self::Ed25519(Ed25519KeyPair::generate().unwrap())
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) {
        match self {
            Self::Es256(pair, random) => drop(black_box(pair.sign(random, black_box(message)).unwrap())),
            Self::Ed25519(pair) => drop(black_box(pair.sign(black_box(message)))),
        }
    }
}

/// The public key as cryptographic libraries take it: an uncompressed point, or the 32 octets of Ed25519.
pub(crate) fn public_octets(jwk: &Jwk) -> Vec<u8> {
    let members: Value = serde_json::from_str(&jwk.to_string()).unwrap();
    let octets = |name| members.get(name).and_then(Value::as_str).map(|text| decode(text.as_bytes()));
    match octets("y") {
        Some(y) => [vec![4], octets("x").unwrap(), y].concat(),
        None => octets("x").unwrap(),
    }
}

pub(crate) fn decode(base64url: &[u8]) -> Vec<u8> {
    BASE64URL_NOPAD.decode(base64url).unwrap()
}
