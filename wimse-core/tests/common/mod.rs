//! What several test files share: hand-made tokens and the keys of `tests/keys`.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use wimse_core::jose::{Algorithm, SigningKey};

/// One key of `tests/keys` in all its forms.
#[derive(Debug)]
pub(crate) struct TestKey {
    pub(crate) pem: &'static str,
    pub(crate) public_pem: &'static str,
    pub(crate) jwk: &'static str,
    pub(crate) algorithms: &'static [Algorithm],
}

macro_rules! test_key {
    ($name:literal, [$($algorithm:ident),*]) => {
        TestKey {
            pem: include_str!(concat!("../keys/", $name, ".pem")),
            public_pem: include_str!(concat!("../keys/", $name, ".pub.pem")),
            jwk: include_str!(concat!("../keys/", $name, ".jwk")),
            algorithms: &[$(Algorithm::$algorithm),*],
        }
    };
}

pub(crate) static TEST_KEYS: [TestKey; 5] = [
    test_key!("ec-p256", [Es256]),
    test_key!("ec-p384", [Es384]),
    test_key!("ec-p521", [Es512]),
    test_key!("ed25519", [Ed25519, EdDsa]),
    test_key!("rsa-2048", [Rs256, Rs384, Rs512, Ps256, Ps384, Ps512]),
];

impl TestKey {
    pub(crate) fn of(algorithm: Algorithm) -> &'static Self {
        TEST_KEYS.iter().find(|key| key.algorithms.contains(&algorithm)).unwrap()
    }

    pub(crate) fn signing(&self, algorithm: Algorithm) -> SigningKey {
        SigningKey::from_pkcs8_pem(self.pem, algorithm).unwrap()
    }
}

pub(crate) fn encode(octets: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(octets.as_ref())
}

/// A token that says exactly this, sound or not.
pub(crate) fn forge(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>, key: &SigningKey) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(signature))
}

/// The header or payload of a token.
pub(crate) fn segment(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
}
