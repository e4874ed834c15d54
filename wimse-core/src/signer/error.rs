//! Why a message was not signed.

use std::fmt;

use http::HeaderName;

use crate::clock::UnixTime;
use crate::credential::CredentialError;
use crate::httpsig::profile::SignatureError;
use crate::jose::KeyError;

/// Why a message was not signed. It must not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignError {
    /// There is no credential.
    Credential(CredentialError),
    /// The Workload Identity Token has expired: its key must not be used any more (workload-creds §9.4).
    CredentialExpired {
        /// The token's `exp`.
        expired_at: UnixTime,
    },
    /// The audience cannot be told: the URI has no scheme and authority, or the audience is empty.
    Audience,
    /// No workload is known behind the name that is dialled.
    CalleeUnknown,
    /// An expected callee that nothing would check.
    CalleeUnverifiable,
    /// Plain `http`, or another scheme than `https`.
    Plaintext,
    /// Plain `http` to this host, without opt-in.
    PlaintextLoopback,
    /// The URI has no scheme, so that the transport cannot be told.
    TransportUnknown,
    /// The request has an `Authorization` field of its own (wpt §2.2).
    AuthorizationTaken,
    /// A field that the proof must cover occurs more than once.
    RepeatedField(HeaderName),
    /// An HTTP signature covers the content, which is not at hand: the body is a stream.
    ContentUnavailable,
    /// The content is larger than what is buffered to sign it.
    ContentTooLarge {
        /// How much is buffered, in octets.
        limit: usize,
    },
    /// A signed response is required, and the proof is not an HTTP signature or no trust anchors are there to check it.
    ResponseUncheckable,
    /// The message cannot be signed.
    Signature(SignatureError),
    /// The cryptographic library failed.
    Key(KeyError),
}

impl SignError {
    /// A stable code for logs and tests.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Credential(CredentialError::Unavailable) => "credential_unavailable",
            Self::Credential(_) => "credential_invalid",
            Self::CredentialExpired { .. } => "credential_expired",
            Self::Audience => "audience_unknown",
            Self::CalleeUnknown => "callee_unknown",
            Self::CalleeUnverifiable => "callee_unverifiable",
            Self::Plaintext | Self::PlaintextLoopback => "plaintext_refused",
            Self::TransportUnknown => "transport_unknown",
            Self::AuthorizationTaken => "authorization_taken",
            Self::RepeatedField(_) => "field_repeated",
            Self::ContentUnavailable => "content_unavailable",
            Self::ContentTooLarge { .. } => "content_too_large",
            Self::ResponseUncheckable => "response_uncheckable",
            Self::Signature(_) => "message_unsignable",
            Self::Key(_) => "crypto_library",
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(error) => write!(f, "no credential to sign with: {error}"),
            Self::CredentialExpired { expired_at } => {
                write!(f, "the Workload Identity Token expired at {expired_at}: check what renews it")
            }
            Self::Audience => f.write_str(
                "the audience cannot be told: use an absolute URI, or set a base URL or a fixed audience",
            ),
            Self::CalleeUnknown => {
                f.write_str("no workload is known behind this name: add it to the signer's mapping")
            }
            Self::CalleeUnverifiable => f.write_str(
                "nothing would check the expected callee: require a signed response, or use `Audience::CalleeIdentifier` with one workload",
            ),
            Self::Plaintext => f.write_str("credentials travel over https only"),
            Self::PlaintextLoopback => f.write_str(
                "credentials travel over https only; for loopback call `allow_plaintext_loopback`",
            ),
            Self::TransportUnknown => f.write_str(
                "the URI has no scheme, so that the transport cannot be told: call `allow_unknown_transport` if it is secure",
            ),
            Self::AuthorizationTaken => {
                f.write_str("the request has an Authorization field, which the proof needs for itself")
            }
            Self::RepeatedField(name) => {
                write!(f, "field {name} occurs more than once, so that the proof cannot cover it")
            }
            Self::ContentUnavailable => f.write_str(
                "an HTTP signature covers the content, and this body is a stream: buffer it up to a limit, \
                 unless it is a gRPC stream that waits for its sender, or use a Workload Proof Token, which does not cover content",
            ),
            Self::ContentTooLarge { limit } => write!(
                f,
                "the content is larger than the {limit} octets that are buffered to sign it: raise the limit, or use a \
                 Workload Proof Token, which does not cover content",
            ),
            Self::ResponseUncheckable => f.write_str(
                "a signed response needs a request with an HTTP signature, and `response_anchors` to check it by",
            ),
            Self::Signature(error) => write!(f, "{error}"),
            Self::Key(error) => write!(f, "signing failed: {error}"),
        }
    }
}

impl std::error::Error for SignError {}

impl From<SignatureError> for SignError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::CredentialExpired { expired_at } => Self::CredentialExpired { expired_at },
            SignatureError::Audience => Self::Audience,
            SignatureError::RepeatedField(name) => Self::RepeatedField(name),
            SignatureError::Key(error) => Self::Key(error),
            error => Self::Signature(error),
        }
    }
}
