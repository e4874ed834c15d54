//! The proof that a workload holds the key that its token is to name: a JWS in the manner of RFC 9449 (`DPoP`).

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wimse_core::UnixTime;
use wimse_core::jose::{Algorithm, CompactJws, Jwk, KeyError, PublicKey, SigningKey};

use super::{Evidence, Refusal};

/// The `typ` of the proof. It names the version, so that nothing signed for another purpose passes for a proof.
pub const PROOF_TYPE: &str = "wimse-key-proof-v1+jwt";

#[derive(Serialize)]
struct HeaderToSign<'a> {
    typ: &'a str,
    alg: &'a str,
    jwk: &'a Jwk,
}

/// `jwk` stays text: a JSON value would hide repeated members from the parser of keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    /// The base URL of the server.
    aud: String,
    nonce: String,
    /// The hash of the evidence.
    evh: String,
    iat: i64,
}

pub(super) fn create(
    key: &SigningKey,
    base: &str,
    nonce: &str,
    evidence: &Evidence,
    now: UnixTime,
) -> Result<String, KeyError> {
    let header = HeaderToSign { typ: PROOF_TYPE, alg: key.algorithm().as_str(), jwk: key.public_jwk() };
    let claims =
        Claims { aud: base.to_owned(), nonce: nonce.to_owned(), evh: hash(evidence), iat: now.as_secs() };
    let mut proof = [encoded(&header), encoded(&claims)].join(".");
    let signature = BASE64URL_NOPAD.encode(&key.sign(proof.as_bytes())?);
    proof.push('.');
    proof.push_str(&signature);
    Ok(proof)
}

/// A proof whose signature has been verified, and whose claims have not been looked at.
pub(super) struct SignedProof {
    key: PublicKey,
    algorithm: Algorithm,
    claims: Claims,
}

impl SignedProof {
    /// Reads a proof. `is_ours` is asked for the nonce before the signature costs anything.
    pub(super) fn verify(proof: &str, is_ours: impl FnOnce(&str) -> bool) -> Result<Self, Refusal> {
        let malformed = Refusal::ProofMalformed;
        let jws = CompactJws::split(proof).map_err(|_| malformed)?;
        let mut segments = proof.split('.');
        let (Some(header), Some(claims), Some(signature)) =
            (segments.next(), segments.next(), segments.next())
        else {
            return Err(malformed);
        };
        let header: Header = decoded(header).ok_or(malformed)?;
        let claims: Claims = decoded(claims).ok_or(malformed)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| malformed)?;
        if header.typ != PROOF_TYPE {
            return Err(malformed);
        }
        let algorithm: Algorithm = header.alg.parse().map_err(|_| malformed)?;
        let jwk = Jwk::parse(header.jwk.get()).map_err(|_| malformed)?;
        // The token will repeat the key, so it is the key and nothing else.
        if jwk.alg() != Some(algorithm) || jwk.kid().is_some() || jwk.key_use().is_some() {
            return Err(malformed);
        }
        if !is_ours(&claims.nonce) {
            return Err(Refusal::NonceUnknown);
        }
        let key = PublicKey::new(jwk).map_err(|_| malformed)?;
        key.verify(algorithm, jws.signing_input(), &signature).map_err(|_| Refusal::ProofSignature)?;
        Ok(Self { key, algorithm, claims })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn is_for(&self, base: &str) -> bool {
        self.claims.aud == base
    }

    pub(super) fn belongs_to(&self, evidence: &Evidence) -> bool {
        self.claims.evh == hash(evidence)
    }

    pub(super) fn made_at(&self) -> UnixTime {
        UnixTime::from_secs(self.claims.iat)
    }

    /// The proven key, as the token will name it.
    pub(super) fn into_key(self) -> Jwk {
        self.key.jwk().clone()
    }
}

/// Over kind and value, so that no value can be passed off as evidence of another kind. No kind has a line break.
fn hash(evidence: &Evidence) -> String {
    encoded_sha256([evidence.kind.as_str(), "\n", &evidence.value].concat().as_bytes())
}

pub(in super::super) fn encoded_sha256(octets: &[u8]) -> String {
    BASE64URL_NOPAD.encode(digest(&SHA256, octets).as_ref())
}

fn encoded(part: &impl Serialize) -> String {
    // Structs of text and numbers always serialize.
    BASE64URL_NOPAD.encode(&serde_json::to_vec(part).unwrap_or_default())
}

fn decoded<T: DeserializeOwned>(segment: &str) -> Option<T> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(segment.as_bytes()).ok()?).ok()
}
