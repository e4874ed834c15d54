//! The configuration of a [`Signer`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Inner, MAX_PROOF_LIFETIME, Signer, Transport};
use crate::audience::Audience;
use crate::callee::ExpectedCallee;
use crate::clock::{Clock, SystemClock};
use crate::credential::CredentialSource;
use crate::limits::Limits;
use crate::peer::Proof;
use crate::revision::Revision;
use crate::trust::TrustStore;
use crate::verifier::{BuildError, check_limits};
use crate::wpt::ContextFields;

/// Configures a [`Signer`].
#[derive(Default)]
#[must_use]
pub struct SignerBuilder {
    credentials: Option<Arc<dyn CredentialSource>>,
    proof: Option<Proof>,
    revision: Revision,
    audience: Audience,
    callees: Option<Arc<dyn ExpectedCallee>>,
    context_fields: Option<Result<ContextFields, BuildError>>,
    response_anchors: Option<TrustStore>,
    signed_responses: bool,
    prefer_signed_responses: bool,
    limits: Limits,
    proof_lifetime: Option<Duration>,
    transport: Transport,
    clock: Option<Arc<dyn Clock>>,
}

impl SignerBuilder {
    /// Where the Workload Identity Token and its key come from, required.
    pub fn credentials(mut self, source: impl CredentialSource) -> Self {
        self.credentials = Some(Arc::new(source));
        self
    }

    /// How to prove possession of the key. Default: a Workload Proof Token.
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = Some(proof);
        self
    }

    /// Speaks an older draft revision, for callees that lag. Default: the newest.
    pub fn revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// What to put into `aud`. Default: [`Audience::TargetUri`]. Text is used as it is, without a path.
    pub fn audience(mut self, audience: impl Into<Audience>) -> Self {
        self.audience = audience.into();
        self
    }

    /// The deployment's mapping from the names that are dialled to the workloads expected there
    /// (workload-creds §1.3), by which signed responses are checked, and used by [`Audience::CalleeIdentifier`].
    pub fn expected_callees(mut self, mapping: impl ExpectedCallee) -> Self {
        self.callees = Some(Arc::new(mapping));
        self
    }

    /// The names of fields that carry context tokens: where a request has one, the proof covers it (wpt §2).
    /// `Txn-Token` is always covered.
    pub fn context_tokens<S: AsRef<str>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.context_fields = Some(ContextFields::new(fields).ok_or(BuildError::ContextField));
        self
    }

    /// Whose tokens to trust in signed responses: [`TrustAnchors`](crate::TrustAnchors), or `&store` of a [`TrustStore`].
    ///
    /// A response with a WIMSE signature is refused if that cannot be verified, and so any such response is without this
    /// setting. Unsigned ones are accepted, unless [`SignerBuilder::require_signed_responses`].
    pub fn response_anchors(mut self, trust: impl Into<TrustStore>) -> Self {
        self.response_anchors = Some(trust.into());
        self
    }

    /// Demands a signed response to every request, by an HTTP signature with `wimse-sign-response` (http-signature §3.3),
    /// and refuses any other, whatever its status. Needs [`SignerBuilder::response_anchors`] and, to know who should have
    /// signed, [`SignerBuilder::expected_callees`].
    pub fn require_signed_responses(mut self) -> Self {
        self.signed_responses = true;
        self
    }

    /// Asks for a signed response by `Accept-Signature` and takes unsigned ones (http-signature §3.5). **Weaker** than
    /// [`SignerBuilder::require_signed_responses`]: whoever is on the way can take the signature off. For callees of which
    /// some cannot sign yet.
    pub fn prefer_signed_responses(mut self) -> Self {
        self.prefer_signed_responses = true;
        self
    }

    /// Replaces the caps on sizes and lifetimes of tokens and signatures in responses.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long a proof is valid: 1 to 300 s. Default 60 s.
    pub fn proof_lifetime(mut self, lifetime: Duration) -> Self {
        self.proof_lifetime = Some(lifetime);
        self
    }

    /// Sends credentials over plain `http` to loopback addresses and `localhost`. **Weaker** than the default, which is
    /// `https` alone. For development and for a proxy on the same host.
    pub fn allow_plaintext_loopback(mut self) -> Self {
        self.transport.loopback = true;
        self
    }

    /// Sends credentials with requests whose URI has no scheme, as those that a tonic client hands to a layer over its
    /// `Channel`. **Weaker** than the default, which refuses, since the transport cannot be told: make sure that the
    /// channel's endpoint is `https`.
    pub fn allow_unknown_transport(mut self) -> Self {
        self.transport.unknown = true;
        self
    }

    /// Choices that give up a protection of the drafts.
    pub fn dangerous(self) -> DangerousSignerBuilder {
        DangerousSignerBuilder(self)
    }

    /// Replaces the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Builds the signer.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the decision that is missing or cannot be used.
    pub fn build(self) -> Result<Signer, BuildError> {
        let proof_lifetime = self.proof_lifetime.unwrap_or(Duration::from_secs(60));
        if proof_lifetime < Duration::from_secs(1) || proof_lifetime > MAX_PROOF_LIFETIME {
            return Err(BuildError::ProofLifetime);
        }
        let proof = self.proof.unwrap_or(Proof::Wpt);
        check_limits(&self.limits)?;
        if self.signed_responses || self.prefer_signed_responses {
            if proof != Proof::HttpSignature {
                return Err(BuildError::ResponseProof);
            }
            if self.response_anchors.is_none() {
                return Err(BuildError::ResponseAnchors);
            }
            if self.callees.is_none() {
                return Err(BuildError::Callees);
            }
        }
        Ok(Signer(Arc::new(Inner {
            credentials: self.credentials.ok_or(BuildError::Credentials)?,
            proof,
            revision: self.revision,
            audience: self.audience,
            callees: self.callees,
            context_fields: self.context_fields.transpose()?.unwrap_or_default(),
            response_anchors: self.response_anchors,
            signed_responses: self.signed_responses,
            prefer_signed_responses: self.prefer_signed_responses,
            limits: self.limits,
            proof_lifetime,
            transport: self.transport,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
        })))
    }
}

impl fmt::Debug for SignerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerBuilder").field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// Choices that give up a protection of the drafts, each under a name that says so.
#[derive(Debug)]
#[must_use]
pub struct DangerousSignerBuilder(SignerBuilder);

impl DangerousSignerBuilder {
    /// Sends credentials over plain `http` to any host. Only where something else secures the channel, such as a
    /// service mesh: without it the token, the proof and the request are readable and can be replayed (wpt §3.1.1).
    pub fn allow_plaintext(mut self) -> SignerBuilder {
        self.0.transport.plaintext = true;
        self.0
    }
}
