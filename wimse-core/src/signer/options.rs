//! Choices for a single request.

use crate::audience::Audience;
use crate::callee::Expectation;
use crate::peer::Proof;

/// Choices for a single request, on top of the signer's.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SignOptions {
    pub(super) audience: Option<Audience>,
    pub(super) expected_callee: Option<Expectation>,
    pub(super) proof: Option<Proof>,
    pub(super) signed_response: Option<bool>,
    skip: bool,
}

impl SignOptions {
    /// Puts this into `aud`, instead of what the signer would. Text is used as it is, without a path; for a base URL
    /// there is [`Audience::base_url`].
    pub fn audience(mut self, audience: impl Into<Audience>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Expects this workload at the other end, instead of the one that the signer's mapping names.
    ///
    /// The expectation takes effect where a signed response is required, and through [`Audience::CalleeIdentifier`], by
    /// which no other workload accepts the proof. Otherwise nothing would check it, and signing fails with
    /// [`SignError::CalleeUnverifiable`](crate::signer::SignError::CalleeUnverifiable) rather than ignore it.
    pub fn expected_callee(mut self, callee: impl Into<Expectation>) -> Self {
        self.expected_callee = Some(callee.into());
        self
    }

    /// Proves possession of the key in this way, instead of the signer's.
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = Some(proof);
        self
    }

    /// Whether the response must be signed, whatever the signer requires. The signer needs
    /// [`SignerBuilder::response_anchors`](crate::SignerBuilder::response_anchors), and the request an HTTP signature.
    pub fn require_signed_response(mut self, required: bool) -> Self {
        self.signed_response = Some(required);
        self
    }

    /// Sends the request without credentials; those of an earlier attempt are removed.
    pub fn skip(mut self) -> Self {
        self.skip = true;
        self
    }

    /// These options, and `defaults` for everything that they leave open; without the expected callee of `defaults` if these
    /// do without a signed response.
    pub fn or(self, defaults: &Self) -> Self {
        // Whoever gives up the signed response gives up who was to sign it.
        let gives_up = self.signed_response == Some(false);
        let callee = || defaults.expected_callee.clone().filter(|_| !gives_up);
        Self {
            audience: self.audience.or_else(|| defaults.audience.clone()),
            expected_callee: self.expected_callee.or_else(callee),
            proof: self.proof.or(defaults.proof),
            signed_response: self.signed_response.or(defaults.signed_response),
            skip: self.skip || defaults.skip,
        }
    }

    /// Whether the request goes without credentials.
    pub fn is_skipped(&self) -> bool {
        self.skip
    }
}
