//! The messages, as JSON. Unknown and repeated members are refused: what is added later is a new version.

use std::fmt;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use wimse_core::UnixTime;
use wimse_core::jose::{KeyError, SigningKey};

use super::{Refusal, proof};

/// What the server answers to a request for a nonce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nonce {
    /// To be signed by the new key. Counts once.
    pub nonce: String,
    /// For how many seconds it counts.
    pub expires_in: u64,
}

/// What a workload sends to get a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Why the sender is the workload that it claims to be.
    pub evidence: Evidence,
    /// A compact JWS by the key that the token is for, which its header names.
    pub proof: String,
}

impl TokenRequest {
    /// A request to the server with this base URL, in the form of [`Audience::base_url`](wimse_core::Audience::base_url),
    /// for a token for `key`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if signing fails.
    pub fn new(
        evidence: Evidence,
        key: &SigningKey,
        base: &str,
        nonce: &str,
        now: UnixTime,
    ) -> Result<Self, KeyError> {
        Ok(Self { proof: proof::create(key, base, nonce, &evidence, now)?, evidence })
    }

    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > super::MAX_MESSAGE {
            return Err(Refusal::TooLarge);
        }
        serde_json::from_slice(body).map_err(|_| Refusal::Malformed)
    }
}

/// Why the sender of a [`TokenRequest`] is the workload that it claims to be. `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How to read the value.
    pub kind: EvidenceKind,
    /// The join token, the JWT, or the SHA-256 of the Workload Identity Token in base64url.
    pub value: String,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvidenceKind {
    /// A secret that the server gave out for this workload, often for one use.
    JoinToken,
    /// A JWT by the platform, such as a projected Kubernetes service account token with the server as its audience.
    ServiceAccountJwt,
    /// The credential that the workload has: the request carries it, with an HTTP signature by its key (http-signature).
    Credential,
}

impl EvidenceKind {
    /// The name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JoinToken => "join_token",
            Self::ServiceAccountJwt => "service_account_jwt",
            Self::Credential => "credential",
        }
    }
}

/// What the server answers to a [`TokenRequest`]. `Debug` does not show the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The Workload Identity Token.
    pub token: String,
    /// For how many seconds from now it is valid: what a workload schedules by, whatever its clock says.
    pub expires_in: u64,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// The content of a refusal (RFC 9457). Members that are not known are ignored here, as that RFC asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A URN of the protocol.
    #[serde(rename = "type", default)]
    pub problem_type: String,
    /// A sentence for people.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// The stable code: one of [`Refusal::code`], or of the layer that checks HTTP signatures.
    pub reason: String,
}

impl Nonce {
    /// The answer, for any server that speaks the types of `http`.
    pub fn to_response(&self) -> Response<String> {
        response(StatusCode::OK, "application/json", self)
    }
}

impl Token {
    /// The answer, for any server that speaks the types of `http`.
    pub fn to_response(&self) -> Response<String> {
        response(StatusCode::OK, "application/json", self)
    }
}

impl Problem {
    pub(super) fn to_response(&self, status: StatusCode) -> Response<String> {
        response(status, "application/problem+json", self)
    }
}

fn response(status: StatusCode, media_type: &'static str, message: &impl Serialize) -> Response<String> {
    // Structs of text and numbers always serialize.
    let mut response = Response::new(serde_json::to_string(message).unwrap_or_default());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
