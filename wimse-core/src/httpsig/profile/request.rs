//! Checking the WIMSE signature of a request.

use http::HeaderName;

use super::content::ContentCheck;
use super::rules::{Check, Terms, find, of_request, read, refuse};
use super::{AUDIENCE, REQUEST_NONCE, SIGN_RESPONSE};
use crate::audience::Audiences;
use crate::clock::UnixTime;
use crate::httpsig::digest::ContentDigest;
use crate::httpsig::{Nonce, ReceivedSignature, RequestParts};
use crate::limits::MAX_LEEWAY;
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
    /// Fields that must be covered where present, besides those of the profile: context tokens.
    pub context: &'a [HeaderName],
    /// What is accepted.
    pub terms: Terms,
}

/// A request whose head is as its caller signed it. Its content is not checked yet, nor its nonce used up.
#[derive(Debug)]
#[must_use = "the content must still be checked"]
pub struct VerifiedRequest {
    nonce: Nonce,
    expires_at: UnixTime,
    sign_response: bool,
    digest: Option<ContentDigest>,
}

impl VerifiedRequest {
    /// The nonce, to be used up and to be named by a signed response.
    pub fn nonce(&self) -> &str {
        self.nonce.as_str()
    }

    pub(crate) fn kept_nonce(&self) -> &Nonce {
        &self.nonce
    }

    /// When the signature expires. Its nonce must be remembered until then, and as long again as the longest leeway
    /// ([`MAX_LEEWAY`](crate::limits::MAX_LEEWAY)).
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Until when the nonce must be remembered.
    pub(crate) fn remember_until(&self) -> UnixTime {
        self.expires_at.plus(MAX_LEEWAY)
    }

    /// Whether the caller demands a signed response (http-signature §3.3).
    pub fn wants_signed_response(&self) -> bool {
        self.sign_response
    }

    /// Starts to check the content (http-signature §3): content needs a digest, every digest must be right.
    pub fn content(&self) -> ContentCheck {
        ContentCheck::new(self.digest.as_ref())
    }

    /// Checks content that is all there.
    ///
    /// # Errors
    ///
    /// [`Reason::DigestMissing`] or [`Reason::DigestMismatch`].
    pub fn check_content(&self, content: &[u8]) -> Result<(), Rejection> {
        let mut check = self.content();
        check.update(content);
        check.finish()
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
        match find(&received, t)? {
            Some(signature) => self.signature(&signature, t).map(Some),
            None => Ok(None),
        }
    }

    /// Checks the signature that was found in the request.
    pub(crate) fn signature<T: Trace>(
        &self,
        signature: &ReceivedSignature<'_>,
        t: &mut T,
    ) -> Result<VerifiedRequest, Rejection> {
        let headers = self.request.headers();
        let check = Check { wit: self.wit, headers, terms: self.terms };
        let lines = check.message(self.request, self.context, t)?;
        let mandatory = of_request(self.terms.revision, lines, self.context, headers);
        let (input, common) = check.claims(signature, mandatory, &[REQUEST_NONCE], t)?;

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
        check.signature(signature, &self.request.into(), t)?;
        Ok(VerifiedRequest {
            nonce: common.nonce.into(),
            expires_at: common.expires_at,
            sign_response: sign_response.unwrap_or(false),
            digest,
        })
    }
}
