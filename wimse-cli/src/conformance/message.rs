//! The request of a case.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::IgnoredAny;
use wimse_core::UnixTime;

/// The fields that carry a proof, of any revision.
const PROOF_FIELDS: [&str; 2] = ["authorization", "workload-proof-token"];

/// A request and the time at which it arrives.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) now: UnixTime,
    pub(super) message: Message,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    method: String,
    target_uri: String,
    headers: Vec<(String, String)>,
}

impl Message {
    /// The request as a server built on the `http` crate would see it; `None` if that crate cannot hold it.
    pub(super) fn to_http(&self) -> Option<http::Request<()>> {
        let mut request = http::Request::new(());
        *request.method_mut() = self.method.parse().ok()?;
        *request.uri_mut() = self.target_uri.parse().ok()?;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            // Octets, since that is what a field value is: text outside ASCII goes as it is in the vector.
            request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
        Some(request)
    }

    /// The fields that the proof claims to cover as context tokens. Nothing is verified: this sets up the receiver
    /// of a case that does not say which context tokens it understands.
    pub(super) fn covered_fields(&self) -> impl Iterator<Item = String> {
        let carries_proof = |name: &str| PROOF_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field));
        let proofs = self.headers.iter().filter(move |(name, _)| carries_proof(name));
        proofs.filter_map(|(_, value)| covered(value)).flatten()
    }
}

fn covered(proof: &str) -> Option<impl Iterator<Item = String> + use<>> {
    #[derive(Deserialize)]
    struct Claims {
        oth: BTreeMap<String, IgnoredAny>,
    }
    let payload = BASE64URL_NOPAD.decode(proof.split('.').nth(1)?.as_bytes()).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Some(claims.oth.into_keys())
}
