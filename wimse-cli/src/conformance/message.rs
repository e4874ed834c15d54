//! The messages of a case.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderName, HeaderValue};
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

/// A request as WPT vectors have it.
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
        *request.headers_mut() = to_fields(&self.headers)?;
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

/// A request or response as vectors of HTTP message signatures have it.
#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    start_line: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
}

impl Signed {
    /// The head of a request; `None` if the `http` crate cannot hold it.
    pub(super) fn to_request(&self) -> Option<http::Request<()>> {
        let mut parts = self.start_line.split(' ');
        let (Some(method), Some(target), Some(_version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let mut request = http::Request::new(());
        *request.method_mut() = method.parse().ok()?;
        *request.uri_mut() = target.parse().ok()?;
        *request.headers_mut() = to_fields(&self.headers)?;
        Some(request)
    }

    /// The head of a response; `None` if the `http` crate cannot hold it.
    pub(super) fn to_response(&self) -> Option<http::Response<()>> {
        let mut response = http::Response::new(());
        *response.status_mut() = self.start_line.split(' ').nth(1)?.parse().ok()?;
        *response.headers_mut() = to_fields(&self.headers)?;
        Some(response)
    }

    pub(super) fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }
}

fn to_fields(lines: &[(String, String)]) -> Option<HeaderMap> {
    let mut fields = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        // Octets, since that is what a field value is: text outside ASCII goes as it is in the vector.
        fields.try_append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?).ok()?;
    }
    Some(fields)
}
