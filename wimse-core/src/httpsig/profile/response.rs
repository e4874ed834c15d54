//! Checking the WIMSE signature of a response.

use http::{Method, StatusCode};

use super::content::ContentCheck;
use super::rules::{Check, Terms, find, of_response, read, refuse};
use super::{AUDIENCE, REQUEST_NONCE, SIGN_RESPONSE};
use crate::callee::Expectation;
use crate::clock::UnixTime;
use crate::httpsig::digest::ContentDigest;
use crate::httpsig::{ReceivedSignature, RequestParts, ResponseParts};
use crate::trace::{NoTrace, Step, Trace, ensure};
use crate::wit::Wit;
use crate::{Reason, Rejection};

/// What a client remembers of the request that it signed.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The request as sent.
    pub request: RequestParts<'a>,
    /// The nonce of its signature.
    pub nonce: &'a str,
    /// Whether it asked for a signed response.
    pub signed_response_wanted: bool,
}

/// A response's signature and everything it is held against.
#[derive(Debug, Clone, Copy)]
pub struct ResponseCheck<'a> {
    /// The response as received, without its request.
    pub response: ResponseParts<'a>,
    /// The request that it answers.
    pub exchange: Exchange<'a>,
    /// The callee's token, validated, which the response must carry; `None` if the response has none.
    pub wit: Option<&'a Wit>,
    /// Who is expected to have answered (workload-creds §1.3).
    pub expected: &'a Expectation,
    /// What is accepted.
    pub terms: Terms,
}

/// A response whose head is as its callee signed it. Its content is not checked yet.
#[derive(Debug)]
#[must_use = "the content must still be checked"]
pub struct VerifiedResponse {
    nonce: String,
    expires_at: UnixTime,
    digest: Option<ContentDigest>,
    content_elsewhere: bool,
}

impl VerifiedResponse {
    /// The nonce of the response's own signature.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// When the signature expires.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Starts to check the content. There must be none in responses to HEAD and in 304, where the digest describes
    /// content that is elsewhere.
    pub fn content(&self) -> ContentCheck {
        ContentCheck::new(self.digest.as_ref().filter(|_| !self.content_elsewhere))
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

impl ResponseCheck<'_> {
    /// Checks the signature. `None` if the response is unsigned and may be (http-signature §3.5).
    ///
    /// # Errors
    ///
    /// The [`Rejection`] names the first rule that is broken, [`Reason::ResponseUnsigned`] if a signed response was
    /// asked for and this is none, whatever its status.
    pub fn verify(&self) -> Result<Option<VerifiedResponse>, Rejection> {
        self.verify_traced(&mut NoTrace)
    }

    /// As [`ResponseCheck::verify`], and reports every check.
    ///
    /// # Errors
    ///
    /// As [`ResponseCheck::verify`].
    pub fn verify_traced<T: Trace>(&self, t: &mut T) -> Result<Option<VerifiedResponse>, Rejection> {
        let headers = self.response.headers();
        let received = read(headers, t)?;
        let signature = find(&received, t)?;
        let wanted = self.exchange.signed_response_wanted;
        let expected = format_args!("a signed response, if one was asked for");
        let found = format_args!("{}", if signature.is_some() { "one" } else { "an unsigned one" });
        let answered = signature.is_some() || !wanted;
        ensure(t, Step::SignatureFields, answered, Reason::ResponseUnsigned, expected, found)?;
        let Some(signature) = signature else { return Ok(None) };
        let expected = format_args!("the callee's Workload Identity Token");
        ensure(t, Step::WitField, self.wit.is_some(), Reason::WitMissing, expected, format_args!("none"))?;
        let Some(wit) = self.wit else { return Err(Reason::WitMissing.into()) };
        self.signature(&signature, wit, t).map(Some)
    }

    /// Checks the signature that was found in the response.
    pub(crate) fn signature<T: Trace>(
        &self,
        signature: &ReceivedSignature<'_>,
        wit: &Wit,
        t: &mut T,
    ) -> Result<VerifiedResponse, Rejection> {
        let headers = self.response.headers();
        let who = wit.subject();
        let met = self.expected.is_met_by(who);
        let expected = format_args!("{:?}", self.expected);
        ensure(t, Step::Callee, met, Reason::CalleeUnexpected, expected, format_args!("{who}"))?;

        let check = Check { wit, headers, terms: self.terms };
        check.message(self.exchange.request, &[], t)?;
        let mandatory = of_response(self.terms.revision, headers);
        let (input, common) = check.claims(signature, mandatory, &[AUDIENCE, SIGN_RESPONSE], t)?;

        let tied = input.string(REQUEST_NONCE).map_err(|e| refuse(t, Step::RequestNonce, &e))?;
        let same = tied == Some(self.exchange.nonce);
        let expected = format_args!("`{REQUEST_NONCE}`, the nonce of the request");
        let found = format_args!(
            "{}",
            if same {
                "it"
            } else if tied.is_some() {
                "another"
            } else {
                "none"
            }
        );
        ensure(t, Step::RequestNonce, same, Reason::RequestNonce, expected, found)?;

        let digest = check.digest(t)?;
        let response = self.response.with_request(self.exchange.request);
        check.signature(signature, &response.into(), t)?;
        let status = self.response.status();
        let content_elsewhere =
            self.exchange.request.method() == Method::HEAD || status == StatusCode::NOT_MODIFIED;
        let (nonce, expires_at) = (common.nonce.to_owned(), common.expires_at);
        Ok(VerifiedResponse { nonce, expires_at, digest, content_elsewhere })
    }
}
