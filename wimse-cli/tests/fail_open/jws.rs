//! Compact JWS, taken apart and put together with the private keys that lie beside the vectors.

use std::fs;
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use wimse_core::jose::{Algorithm, PublicKey, SigningKey};

#[derive(Debug, Clone)]
pub(crate) struct Jws {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) signature: Vec<u8>,
    pub(crate) input: String,
}

impl Jws {
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let (input, signature) = token.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let octets = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let json = |text: &str| serde_json::from_slice(&octets(text)?).ok();
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            signature: octets(signature)?,
            input: input.to_owned(),
        })
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.header["alg"].as_str().unwrap().parse().unwrap()
    }
}

pub(crate) fn input(header: &str, claims: &str) -> String {
    format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()))
}

pub(crate) fn encode(octets: &[u8]) -> String {
    BASE64URL_NOPAD.encode(octets)
}

pub(crate) fn signed(header: &str, claims: &str, key: &SigningKey) -> String {
    let input = input(header, claims);
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(&signature))
}

/// The private keys that were published with the vectors.
pub(crate) struct Keys(Vec<Value>);

impl Keys {
    pub(crate) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
        let read =
            |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap() };
        let keys = ["keys.json", "keys-own.json"].map(read);
        let all = keys.iter().flat_map(|keys| keys.as_object().unwrap().values());
        Self(all.filter(|key| key.get("d").is_some()).cloned().collect())
    }

    /// The key behind a signature, if it was published.
    pub(crate) fn behind(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Option<SigningKey> {
        let fitting = self.0.iter().filter_map(|key| {
            let mut key = key.clone();
            key.as_object_mut()?.remove("alg");
            SigningKey::from_jwk_with(&key.to_string(), algorithm).ok()
        });
        fitting.into_iter().find(|key| {
            let public = PublicKey::new(key.public_jwk().clone()).unwrap();
            public.verify(algorithm, message, signature).is_ok()
        })
    }
}
