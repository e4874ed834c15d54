//! Signing outgoing requests: the [`Signer`], its configuration and the options of a single request.
//!
//! A signer knows where its credential comes from, what to put into `aud` and which transports it may use. The
//! adapters call [`Signer::sign`] once for each attempt.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Uri};

use crate::audience::{self, Audience};
use crate::callee::{Expectation, ExpectedCallee};
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::credential::{CredentialError, CredentialSource};
use crate::identifier::WorkloadId;
use crate::jose::KeyError;
use crate::peer::Proof;
use crate::revision::Revision;
use crate::verifier::BuildError;
use crate::wit::WORKLOAD_IDENTITY_TOKEN;
use crate::wpt::{ContextFields, ProofRequest, create, credentials, remove_proofs};

/// The longest lifetime of a proof: what a verifier accepts by default.
const MAX_PROOF_LIFETIME: Duration = Duration::from_secs(300);

/// Signs outgoing requests with the workload's credential. Cheap to clone, shared by all clients.
#[derive(Clone)]
pub struct Signer(Arc<Inner>);

struct Inner {
    credentials: Arc<dyn CredentialSource>,
    proof: Proof,
    revision: Revision,
    audience: Audience,
    callees: Option<Arc<dyn ExpectedCallee>>,
    context_fields: ContextFields,
    proof_lifetime: Duration,
    transport: Transport,
    clock: Arc<dyn Clock>,
}

/// Which transports credentials may travel over.
#[derive(Debug, Clone, Copy, Default)]
struct Transport {
    loopback: bool,
    unknown: bool,
    plaintext: bool,
}

/// Choices for a single request, on top of the signer's.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SignOptions {
    audience: Option<Audience>,
    expected_callee: Option<Expectation>,
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
    /// A Workload Proof Token does not authenticate the callee. The expectation takes effect through
    /// [`Audience::CalleeIdentifier`], by which no other workload accepts the proof; with any other audience signing
    /// fails with [`SignError::CalleeUnverifiable`] rather than ignore the expectation.
    pub fn expected_callee(mut self, callee: impl Into<Expectation>) -> Self {
        self.expected_callee = Some(callee.into());
        self
    }

    /// Sends the request without credentials; those of an earlier attempt are removed.
    pub fn skip(mut self) -> Self {
        self.skip = true;
        self
    }

    /// Whether the request goes without credentials.
    pub fn is_skipped(&self) -> bool {
        self.skip
    }
}

impl Signer {
    /// Starts a configuration, in which the credentials must be given.
    pub fn builder() -> SignerBuilder {
        SignerBuilder::default()
    }

    /// Signs a request to `target`: sets the credential and proof fields in `headers`, replacing those of an earlier
    /// attempt. Call it once for every attempt, after everything else about the request is settled.
    ///
    /// # Errors
    ///
    /// [`SignError`]; then `headers` are as before, and the request must not be sent.
    pub fn sign(
        &self,
        target: &Uri,
        headers: &mut HeaderMap,
        options: &SignOptions,
    ) -> Result<(), SignError> {
        if options.skip {
            remove_proofs(headers);
            headers.remove(WORKLOAD_IDENTITY_TOKEN);
            return Ok(());
        }
        let inner = &*self.0;
        let audience_rule = options.audience.as_ref().unwrap_or(&inner.audience);
        inner.check_transport(target)?;
        let audience = inner.audience(target, audience_rule, options)?;

        let wire = inner.revision.wpt();
        // The one Authorization field is the proof's: never drop somebody else's in silence.
        if let Some(scheme) = wire.scheme {
            let foreign = |value: &HeaderValue| credentials(value, scheme).is_none();
            if headers.get_all(&wire.field).iter().any(foreign) {
                return Err(SignError::AuthorizationTaken);
            }
        }

        let credential = inner.credentials.current().map_err(SignError::Credential)?;
        let now = inner.clock.now();
        if now >= credential.expires_at() {
            return Err(SignError::CredentialExpired { expired_at: credential.expires_at() });
        }
        let proof = create(&ProofRequest {
            credential: &credential,
            audience: &audience,
            expires_at: now.plus(inner.proof_lifetime).min(credential.expires_at()),
            headers,
            context_fields: &inner.context_fields,
            wire,
        })?;
        remove_proofs(headers);
        headers.insert(WORKLOAD_IDENTITY_TOKEN, credential.token().clone());
        headers.insert(wire.field.clone(), proof);
        Ok(())
    }

    /// The proof that this signer makes.
    pub fn proof(&self) -> Proof {
        self.0.proof
    }
}

impl Inner {
    fn check_transport(&self, target: &Uri) -> Result<(), SignError> {
        match (target.scheme_str(), target.host()) {
            _ if self.transport.plaintext => Ok(()),
            (Some("https"), _) => Ok(()),
            (Some("http"), Some(host)) if self.transport.loopback && is_loopback(host) => Ok(()),
            (Some("http"), Some(host)) if is_loopback(host) => Err(SignError::PlaintextLoopback),
            (Some(_), _) => Err(SignError::Plaintext),
            (None, _) if self.transport.unknown => Ok(()),
            // An audience is a name: it does not say where the request goes, or how.
            (None, _) => Err(SignError::TransportUnknown),
        }
    }

    fn audience<'a>(
        &self,
        target: &Uri,
        rule: &'a Audience,
        options: &SignOptions,
    ) -> Result<Cow<'a, str>, SignError> {
        if options.expected_callee.is_some() && *rule != Audience::CalleeIdentifier {
            return Err(SignError::CalleeUnverifiable);
        }
        match rule {
            Audience::Fixed(audience) if audience.is_empty() => Err(SignError::Audience),
            Audience::Fixed(audience) => Ok(Cow::Borrowed(audience)),
            Audience::BaseUrl(base) => Ok(Cow::Owned([base, target.path()].concat())),
            Audience::TargetUri => Ok(Cow::Owned(audience::target_uri(target).ok_or(SignError::Audience)?)),
            Audience::CalleeIdentifier => {
                let mapped = || {
                    let mut name = String::new();
                    audience::push_authority(target, &mut name)?;
                    self.callees.as_ref()?.expected(&name)
                };
                match options.expected_callee.clone().or_else(mapped) {
                    Some(Expectation::Workload(id)) => Ok(Cow::Owned(WorkloadId::as_str(&id).to_owned())),
                    Some(Expectation::TrustDomain(_)) => Err(SignError::CalleeUnverifiable),
                    None => Err(SignError::CalleeUnknown),
                }
            }
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback())
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("proof", &self.0.proof)
            .field("revision", &self.0.revision)
            .field("audience", &self.0.audience)
            .finish_non_exhaustive()
    }
}

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
    /// (workload-creds §1.3), used by [`Audience::CalleeIdentifier`].
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
        Ok(Signer(Arc::new(Inner {
            credentials: self.credentials.ok_or(BuildError::Credentials)?,
            proof: self.proof.unwrap_or(Proof::Wpt),
            revision: self.revision,
            audience: self.audience,
            callees: self.callees,
            context_fields: self.context_fields.transpose()?.unwrap_or_default(),
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

/// Why a request was not signed. It must not be sent.
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
            Self::RepeatedField(_) => "context_token_repeated",
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
                "nothing would check the expected callee: use `Audience::CalleeIdentifier` with one workload",
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
            Self::Key(error) => write!(f, "signing failed: {error}"),
        }
    }
}

impl std::error::Error for SignError {}
