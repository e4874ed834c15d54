//! Making the WIMSE signature of a request or a response.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};

use super::lines::Lines;
use super::rules::{MAX_WINDOW, of_request, of_response};
use super::{AUDIENCE, Exchange, REQUEST_NONCE, SIGN_RESPONSE, TAG};
use crate::clock::UnixTime;
use crate::credential::Credential;
use crate::httpsig::digest::{CONTENT_DIGEST, ContentDigest, DigestAlgorithm};
use crate::httpsig::{
    HttpSigError, Limits, Message, ReceivedSignatures, RequestParts, ResponseParts, SIGNATURE,
    SIGNATURE_INPUT, SignatureBuilder, Value, with_scratch,
};
use crate::jose::{KeyError, ProofId};
use crate::revision::Revision;
use crate::target::has_path;
use crate::wit::WORKLOAD_IDENTITY_TOKEN;

/// The label of signatures made here. It means nothing (http-signature §3), but the older revision suggests it.
pub(super) const LABEL: &str = "wimse";

/// The signature to be made for a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestSignature<'a> {
    /// The caller's token and key.
    pub credential: &'a Credential,
    /// The value of `wimse-aud`.
    pub audience: &'a str,
    /// Whether to demand a signed response.
    pub sign_response: bool,
    /// Fields to cover where present, besides those of the profile: context tokens.
    pub context: &'a [HeaderName],
    /// The revision to speak.
    pub revision: Revision,
    /// The current time, which becomes `created`.
    pub now: UnixTime,
    /// From `created` to `expires`: 1 to 600 s. The draft wants minutes.
    pub lifetime: Duration,
}

/// The signature to be made for a response.
#[derive(Debug, Clone, Copy)]
pub struct ResponseSignature<'a> {
    /// The callee's token and key.
    pub credential: &'a Credential,
    /// The request that is answered, with the nonce of its WIMSE signature.
    pub exchange: Exchange<'a>,
    /// The revision that the request spoke.
    pub revision: Revision,
    /// The current time, which becomes `created`.
    pub now: UnixTime,
    /// From `created` to `expires`: 1 to 600 s. The draft wants minutes.
    pub lifetime: Duration,
}

impl RequestSignature<'_> {
    /// Sets the token, the digest of the content and the signature on a request, replacing those of an earlier
    /// attempt, and returns the nonce. `content` is all of it; empty content gets no digest.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]; then the request must not be sent.
    pub fn apply(
        &self,
        method: &Method,
        target: &Uri,
        headers: &mut HeaderMap,
        content: &[u8],
    ) -> Result<String, SignatureError> {
        self.apply_with_nonce(method, target, headers, content).map(|nonce| nonce.as_str().to_owned())
    }

    /// As [`RequestSignature::apply`].
    pub(crate) fn apply_with_nonce(
        &self,
        method: &Method,
        target: &Uri,
        headers: &mut HeaderMap,
        content: &[u8],
    ) -> Result<ProofId, SignatureError> {
        if !has_path(method, target) {
            return Err(SignatureError::RequestTarget);
        }
        if self.audience.is_empty() {
            return Err(SignatureError::Audience);
        }
        let lines = prepare(self.credential, self.lifetime, headers, self.context)?;
        set_digest(headers, content);
        let lines = lines.with_digest(!content.is_empty());
        let nonce = ProofId::draw().map_err(SignatureError::Key)?;
        let audience = Value::string(self.audience).map_err(|_| SignatureError::Audience)?;
        let expires = self.now.plus(self.lifetime).min(self.credential.expires_at());
        let mut builder = SignatureBuilder::new(LABEL);
        builder.cover_too(of_request(self.revision, lines, self.context, headers));
        builder.set("created".into(), Value::integer(self.now.as_secs()));
        builder.set("expires".into(), Value::integer(expires.as_secs()));
        builder.set("nonce".into(), Value::string(nonce.as_str()));
        builder.set("tag".into(), Value::string(TAG));
        builder.set(AUDIENCE.into(), Ok(audience));
        if self.sign_response {
            builder.set(SIGN_RESPONSE.into(), Ok(Value::boolean(true)));
        }
        let message = RequestParts::in_origin_form(method, target, headers).into();
        finish(&builder, &message, self.credential, self.now)?.append_to(headers, &Limits::default())?;
        Ok(nonce)
    }
}

impl ResponseSignature<'_> {
    /// Sets the token, the digest of the content and the signature on a response.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]; then a successful response must not be sent unsigned (http-signature §3.5).
    pub fn apply(
        &self,
        status: StatusCode,
        headers: &mut HeaderMap,
        content: &[u8],
    ) -> Result<(), SignatureError> {
        prepare(self.credential, self.lifetime, headers, &[])?;
        // Without content of its own, such a response may describe content that is elsewhere.
        let describes = self.exchange.request.method() == Method::HEAD || status == StatusCode::NOT_MODIFIED;
        if !(describes && content.is_empty()) {
            set_digest(headers, content);
        }
        let nonce = ProofId::draw().map_err(SignatureError::Key)?;
        let request_nonce = Value::string(self.exchange.nonce).map_err(|_| SignatureError::RequestNonce)?;
        let builder = SignatureBuilder::new(LABEL)
            .cover(of_response(self.revision, headers))
            .created(self.now)
            .expires(self.now.plus(self.lifetime).min(self.credential.expires_at()))
            .nonce(nonce.as_str())
            .tag(TAG)
            .parameter(REQUEST_NONCE, request_nonce);
        let response = ResponseParts::new(status, headers).with_request(self.exchange.request);
        finish(&builder, &response.into(), self.credential, self.now)?
            .append_to(headers, &Limits::default())?;
        Ok(())
    }
}

fn set_digest(headers: &mut HeaderMap, content: &[u8]) {
    if content.is_empty() {
        headers.remove(CONTENT_DIGEST);
    } else {
        let digest = ContentDigest::of(content, DigestAlgorithm::Sha256);
        headers.insert(CONTENT_DIGEST, digest.to_header_value());
    }
}

/// Puts the token in place and takes an earlier signature of ours away. Refuses what no receiver would accept.
fn prepare(
    credential: &Credential,
    lifetime: Duration,
    headers: &mut HeaderMap,
    context: &[HeaderName],
) -> Result<Lines, SignatureError> {
    if lifetime < Duration::from_secs(1) || lifetime > MAX_WINDOW {
        return Err(SignatureError::Lifetime);
    }
    remove_signature(headers)?;
    headers.insert(WORKLOAD_IDENTITY_TOKEN, credential.token().clone());
    let lines = Lines::of(headers);
    if let Some((name, _)) = lines.repeated(headers, context) {
        // Without a signature beside it the token is not to travel either.
        headers.remove(WORKLOAD_IDENTITY_TOKEN);
        return Err(SignatureError::RepeatedField(name.clone()));
    }
    Ok(lines)
}

/// Takes an earlier signature of ours away, with what was added to be covered by it.
pub(crate) fn remove_signature(headers: &mut HeaderMap) -> Result<(), SignatureError> {
    if !headers.contains_key(SIGNATURE_INPUT) {
        return Ok(());
    }
    let present = ReceivedSignatures::parse(headers, &Limits::default())?;
    let earlier = match present.by_tag(TAG) {
        Err(HttpSigError::NotFound) => false,
        // A dictionary member cannot be taken out without writing the others anew.
        _ if present.len() > 1 => return Err(SignatureError::OtherSignatures),
        _ => true,
    };
    drop(present);
    if earlier {
        headers.remove(SIGNATURE_INPUT);
        headers.remove(SIGNATURE);
        headers.remove(CONTENT_DIGEST);
    }
    Ok(())
}

fn finish(
    builder: &SignatureBuilder<'_>,
    message: &Message<'_>,
    credential: &Credential,
    now: UnixTime,
) -> Result<crate::httpsig::Signed, SignatureError> {
    if now >= credential.expires_at() {
        return Err(SignatureError::CredentialExpired { expired_at: credential.expires_at() });
    }
    Ok(with_scratch(|base| builder.sign(message, credential.key(), base))?)
}

/// Why a message was not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// The token has expired: its key must not be used any more (workload-creds §9.4).
    CredentialExpired {
        /// The token's `exp`.
        expired_at: UnixTime,
    },
    /// The audience is empty or not plain ASCII.
    Audience,
    /// The lifetime is zero or over ten minutes.
    Lifetime,
    /// The target has no path: CONNECT or `OPTIONS *`.
    RequestTarget,
    /// A field that must be one value occurs more than once.
    RepeatedField(HeaderName),
    /// The request's nonce is not plain ASCII.
    RequestNonce,
    /// The message was signed by us before and has signatures of others as well.
    OtherSignatures,
    /// A component of the profile cannot be signed.
    Signature(HttpSigError),
    /// The random source failed.
    Key(KeyError),
}

impl From<HttpSigError> for SignatureError {
    fn from(error: HttpSigError) -> Self {
        Self::Signature(error)
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CredentialExpired { expired_at } => {
                write!(f, "the Workload Identity Token expired at {expired_at}")
            }
            Self::Audience => f.write_str("the audience is empty or not plain ASCII"),
            Self::Lifetime => f.write_str("signatures live for 1 to 600 seconds"),
            Self::RequestTarget => f.write_str("the target has no path"),
            Self::RepeatedField(name) => write!(f, "field {name} occurs more than once"),
            Self::RequestNonce => f.write_str("the request's nonce is not plain ASCII"),
            Self::OtherSignatures => {
                f.write_str("the message has signatures of others beside an earlier one of ours")
            }
            Self::Signature(error) => write!(f, "the message cannot be signed: {error}"),
            Self::Key(error) => write!(f, "signing failed: {error}"),
        }
    }
}

impl std::error::Error for SignatureError {}
