//! Checking the WIMSE signature of a request.

use std::time::Duration;

use super::rules::{Check, check_content, find, of_request, read, refuse};
use super::{AUDIENCE, REQUEST_NONCE, SIGN_RESPONSE};
use crate::audience::Audiences;
use crate::clock::UnixTime;
use crate::httpsig::RequestParts;
use crate::httpsig::digest::ContentDigest;
use crate::revision::Revision;
use crate::trace::{NoTrace, Step, Trace, ensure};
use crate::wit::Wit;
use crate::{Reason, Rejection};

/// A request's signature and everything it is held against.
#[derive(Debug, Clone, Copy)]
pub struct RequestCheck<'a> {
    /// The request as received.
    pub request: RequestParts<'a>,
    /// The caller's token, validated. The request must carry this very token.
    pub wit: &'a Wit,
    /// The receiver's audiences.
    pub audiences: &'a Audiences,
    /// The revision that the receiver is set to.
    pub revision: Revision,
    /// The current time.
    pub now: UnixTime,
    /// Clock difference that is tolerated, at most [`MAX_LEEWAY`](crate::limits::MAX_LEEWAY).
    pub leeway: Duration,
    /// The longest validity that is accepted. See [`MAX_WINDOW`](super::MAX_WINDOW).
    pub window: Duration,
}

/// A request whose head is as its caller signed it. Its content is not checked yet, nor its nonce used up.
#[derive(Debug)]
#[must_use = "the content must still be checked"]
pub struct VerifiedRequest {
    nonce: String,
    expires_at: UnixTime,
    sign_response: bool,
    digest: Option<ContentDigest>,
}

impl VerifiedRequest {
    /// The nonce, to be used up and to be named by a signed response.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// When the signature expires. Its nonce must be remembered until then, and as long again as the longest leeway
    /// ([`MAX_LEEWAY`](crate::limits::MAX_LEEWAY)).
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Whether the caller demands a signed response (http-signature §3.3).
    pub fn wants_signed_response(&self) -> bool {
        self.sign_response
    }

    /// The digest that the content must have, for content that arrives in pieces. **`None` means that there must be no
    /// content at all**: refuse the first piece that is not empty.
    pub fn digest(&self) -> Option<&ContentDigest> {
        self.digest.as_ref()
    }

    /// Checks the whole content (http-signature §3): content needs a digest, every digest must be right.
    ///
    /// # Errors
    ///
    /// [`Reason::DigestMissing`] or [`Reason::DigestMismatch`].
    pub fn check_content(&self, content: &[u8]) -> Result<(), Rejection> {
        check_content(self.digest.as_ref(), content)
    }
}

impl RequestCheck<'_> {
    /// Checks the signature. `None` if the request has none with the WIMSE tag.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] names the first rule that is broken.
    pub fn verify(&self) -> Result<Option<VerifiedRequest>, Rejection> {
        self.verify_traced(&mut NoTrace)
    }

    /// As [`RequestCheck::verify`], and reports every check.
    ///
    /// # Errors
    ///
    /// As [`RequestCheck::verify`].
    pub fn verify_traced<T: Trace>(&self, t: &mut T) -> Result<Option<VerifiedRequest>, Rejection> {
        let headers = self.request.headers();
        let received = read(headers, t)?;
        let Some(signature) = find(&received, t)? else { return Ok(None) };
        let check = Check { wit: self.wit, headers, now: self.now, leeway: self.leeway, window: self.window };
        check.message(self.request, headers, t)?;
        let mandatory = of_request(self.revision, headers);
        let (input, common) = check.claims(&signature, mandatory, &[REQUEST_NONCE], t)?;

        let audience = input.string(AUDIENCE).map_err(|e| refuse(t, Step::ProofAudience, &e))?;
        let mine = audience.is_some_and(|audience| self.audiences.accept(audience, self.request.path()));
        let reason = if audience.is_some() { Reason::AudienceMismatch } else { Reason::SignatureParameter };
        let expected =
            format_args!("`{AUDIENCE}` among {} with path {}", self.audiences, self.request.path());
        let found = format_args!("{}", audience.unwrap_or("none"));
        ensure(t, Step::ProofAudience, mine, reason, expected, found)?;
        let sign_response =
            input.boolean(SIGN_RESPONSE).map_err(|e| refuse(t, Step::SignatureParameters, &e))?;

        let digest = check.digest(t)?;
        check.signature(&signature, &self.request.into(), t)?;
        Ok(Some(VerifiedRequest {
            nonce: common.nonce.to_owned(),
            expires_at: common.expires_at,
            sign_response: sign_response.unwrap_or(false),
            digest,
        }))
    }
}
