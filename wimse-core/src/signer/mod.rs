//! Signing messages: the [`Signer`], its configuration and the options of a single request.
//!
//! A signer knows where its credential comes from, what to put into the audience and which transports it may use. The
//! adapters call [`Signer::sign`] once for each attempt, and hold the response against what that returns.

mod builder;
mod error;
mod options;

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use http::{HeaderMap, Method, StatusCode, Uri};

pub use builder::{DangerousSignerBuilder, SignerBuilder};
pub use error::SignError;
pub use options::SignOptions;

use crate::audience::{self, Audience};
use crate::callee::{Expectation, ExpectedCallee};
use crate::clock::{Clock, UnixTime};
use crate::credential::{Credential, CredentialSource};
use crate::exchange::Exchange;
use crate::httpsig::ACCEPT_SIGNATURE;
use crate::httpsig::profile::{RequestSignature, ResponseSignature, remove_signature, wanted_of_response};
use crate::identifier::WorkloadId;
use crate::limits::Limits;
use crate::peer::Proof;
use crate::response::{ExpectedResponse, ResponseTerms, Unverifiable};
use crate::revision::Revision;
use crate::trust::TrustStore;
use crate::wit::WORKLOAD_IDENTITY_TOKEN;
use crate::wpt::{ContextFields, ProofRequest, create, credentials, remove_proofs, remove_proofs_but_of};

/// The longest lifetime of a proof: what a verifier accepts by default.
const MAX_PROOF_LIFETIME: Duration = Duration::from_secs(300);

/// Signs outgoing messages with the workload's credential. Cheap to clone, shared by all clients.
#[derive(Clone)]
pub struct Signer(Arc<Inner>);

struct Inner {
    credentials: Arc<dyn CredentialSource>,
    proof: Proof,
    revision: Revision,
    audience: Audience,
    callees: Option<Arc<dyn ExpectedCallee>>,
    context_fields: ContextFields,
    response_anchors: Option<TrustStore>,
    signed_responses: bool,
    prefer_signed_responses: bool,
    limits: Limits,
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

/// A proof in the making.
struct Making<'a> {
    credential: &'a Credential,
    audience: &'a str,
    now: UnixTime,
    expected: Option<&'a Expectation>,
    sign_response: bool,
}

impl Signer {
    /// Starts a configuration, in which the credentials must be given.
    pub fn builder() -> SignerBuilder {
        SignerBuilder::default()
    }

    /// Signs a request to `target`: sets the credential and proof fields in `headers`, replacing those of an earlier
    /// attempt. Call it once for every attempt, after everything else about the request is settled.
    ///
    /// `content` is all of the content, empty if there is none. `None` means that it is not at hand, which is enough where
    /// [`Signer::needs_content`] says so.
    ///
    /// The response is to be held against the returned [`ExpectedResponse`] before the application sees anything of it.
    ///
    /// # Errors
    ///
    /// [`SignError`]; then the request must not be sent.
    pub fn sign(
        &self,
        method: &Method,
        target: &Uri,
        headers: &mut HeaderMap,
        content: Option<&[u8]>,
        options: &SignOptions,
    ) -> Result<ExpectedResponse, SignError> {
        let inner = &*self.0;
        if options.is_skipped() {
            remove_proofs(headers);
            remove_signature(headers)?;
            headers.remove(WORKLOAD_IDENTITY_TOKEN);
            return Ok(ExpectedResponse::any());
        }
        let proof = options.proof.unwrap_or(inner.proof);
        let sign_response = options.signed_response.unwrap_or(inner.signed_responses);
        if sign_response && (proof != Proof::HttpSignature || inner.response_anchors.is_none()) {
            return Err(SignError::ResponseUncheckable);
        }
        let audience_rule = options.audience.as_ref().unwrap_or(&inner.audience);
        inner.check_transport(target)?;
        let expected = inner.expected(target, audience_rule, sign_response, options)?;
        let audience = audience_of(target, audience_rule, expected.as_ref())?;
        let expected = expected.as_ref();
        let (credential, now) = inner.credential()?;
        let making = Making { credential: &credential, audience: &audience, now, expected, sign_response };
        match proof {
            Proof::Wpt => inner.add_token(headers, &making),
            Proof::HttpSignature => {
                let content = content.ok_or(SignError::ContentUnavailable)?;
                self.add_signature(method, target, headers, content, &making)
            }
        }
    }

    /// As [`Signer::sign`], for a request as it is. Its URI is the target.
    ///
    /// # Errors
    ///
    /// As [`Signer::sign`].
    pub fn sign_request<B>(
        &self,
        request: &mut http::Request<B>,
        content: Option<&[u8]>,
        options: &SignOptions,
    ) -> Result<ExpectedResponse, SignError> {
        let (method, uri) = (mem::take(request.method_mut()), mem::take(request.uri_mut()));
        let signed = self.sign(&method, &uri, request.headers_mut(), content, options);
        (*request.method_mut(), *request.uri_mut()) = (method, uri);
        signed
    }

    /// Signs the response to a request with this workload's credential, replacing a signature that it has.
    ///
    /// Neither audience nor transport matter here: a response goes back to where its request came from.
    ///
    /// # Errors
    ///
    /// [`SignError`]; then a successful response that was to be signed must not be sent (http-signature §3.5).
    pub fn sign_response(
        &self,
        exchange: &Exchange,
        status: StatusCode,
        headers: &mut HeaderMap,
        content: &[u8],
    ) -> Result<(), SignError> {
        let (credential, now) = self.0.credential()?;
        let signature = ResponseSignature {
            credential: &credential,
            exchange: exchange.borrow(),
            revision: exchange.revision(),
            now,
            lifetime: self.0.proof_lifetime,
        };
        Ok(signature.apply(status, headers, content)?)
    }

    /// Whether [`Signer::sign`] needs the content of a request with these options.
    pub fn needs_content(&self, options: &SignOptions) -> bool {
        !options.is_skipped() && options.proof.unwrap_or(self.0.proof) == Proof::HttpSignature
    }

    /// The proof that this signer makes, unless options say otherwise.
    pub fn proof(&self) -> Proof {
        self.0.proof
    }

    fn add_signature(
        &self,
        method: &Method,
        target: &Uri,
        headers: &mut HeaderMap,
        content: &[u8],
        making: &Making<'_>,
    ) -> Result<ExpectedResponse, SignError> {
        let inner = &*self.0;
        remove_proofs(headers);
        let wishes = inner.prefer_signed_responses && !headers.contains_key(ACCEPT_SIGNATURE);
        if wishes && !making.sign_response {
            headers.insert(ACCEPT_SIGNATURE, wanted_of_response(inner.revision));
        }
        let signature = RequestSignature {
            credential: making.credential,
            audience: making.audience,
            sign_response: making.sign_response,
            context: inner.context_fields.as_slice(),
            revision: inner.revision,
            now: making.now,
            lifetime: inner.proof_lifetime,
        };
        let nonce = signature.apply_with_nonce(method, target, headers, content).inspect_err(|_| {
            // Without a proof beside it the token is not to travel either.
            headers.remove(WORKLOAD_IDENTITY_TOKEN);
        })?;
        let Some(anchors) = inner.response_anchors.clone() else {
            return Ok(ExpectedResponse::unsigned(Unverifiable::Anchors));
        };
        let exchange =
            Exchange::sent(method, target, headers, nonce.as_str(), inner.revision, making.sign_response);
        let terms = ResponseTerms {
            anchors,
            expected: making.expected.cloned(),
            limits: inner.limits.clone(),
            clock: Arc::clone(&inner.clock),
        };
        Ok(ExpectedResponse::to(exchange, terms))
    }
}

impl Inner {
    /// A credential that may still be used.
    fn credential(&self) -> Result<(Credential, UnixTime), SignError> {
        let credential = self.credentials.current().map_err(SignError::Credential)?;
        let now = self.clock.now();
        if now >= credential.expires_at() {
            return Err(SignError::CredentialExpired { expired_at: credential.expires_at() });
        }
        Ok((credential, now))
    }

    fn add_token(&self, headers: &mut HeaderMap, making: &Making<'_>) -> Result<ExpectedResponse, SignError> {
        let wire = self.revision.wpt();
        // The one Authorization field is the proof's: never drop somebody else's in silence.
        if let Some(scheme) = wire.scheme {
            let foreign = |value: &HeaderValue| credentials(value, scheme).is_none();
            if headers.get_all(&wire.field).iter().any(foreign) {
                return Err(SignError::AuthorizationTaken);
            }
        }
        let Making { credential, audience, now, .. } = *making;
        let proof = create(&ProofRequest {
            credential,
            audience,
            expires_at: now.plus(self.proof_lifetime).min(credential.expires_at()),
            headers,
            context_fields: &self.context_fields,
            wire,
        })?;
        remove_signature(headers)?;
        remove_proofs_but_of(self.revision, headers);
        headers.insert(WORKLOAD_IDENTITY_TOKEN, credential.token().clone());
        headers.insert(wire.field.clone(), proof);
        Ok(ExpectedResponse::unsigned(Unverifiable::Request))
    }

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

    /// Who is to be at the other end: required where something depends on it, otherwise as far as it is known.
    fn expected(
        &self,
        target: &Uri,
        audience: &Audience,
        sign_response: bool,
        options: &SignOptions,
    ) -> Result<Option<Expectation>, SignError> {
        let named = *audience == Audience::CalleeIdentifier;
        if options.expected_callee.is_some() && !named && !sign_response {
            return Err(SignError::CalleeUnverifiable);
        }
        if !named && self.response_anchors.is_none() {
            return Ok(None);
        }
        let mapped = || {
            let mut name = String::new();
            audience::push_authority(target, &mut name)?;
            self.callees.as_ref()?.expected(&name)
        };
        let expected = options.expected_callee.clone().or_else(mapped);
        if expected.is_none() && (named || sign_response) {
            return Err(SignError::CalleeUnknown);
        }
        Ok(expected)
    }
}

fn audience_of<'a>(
    target: &Uri,
    rule: &'a Audience,
    expected: Option<&'a Expectation>,
) -> Result<Cow<'a, str>, SignError> {
    match rule {
        Audience::Fixed(audience) if audience.is_empty() => Err(SignError::Audience),
        Audience::Fixed(audience) => Ok(Cow::Borrowed(audience)),
        Audience::BaseUrl(base) => Ok(Cow::Owned([base, target.path()].concat())),
        Audience::TargetUri => Ok(Cow::Owned(audience::target_uri(target).ok_or(SignError::Audience)?)),
        Audience::CalleeIdentifier => match expected {
            Some(Expectation::Workload(id)) => Ok(Cow::Borrowed(WorkloadId::as_str(id))),
            Some(Expectation::TrustDomain(_)) => Err(SignError::CalleeUnverifiable),
            None => Err(SignError::CalleeUnknown),
        },
    }
}

/// Whether a host of a URL is this machine: `localhost` in any case, or a loopback address, IPv6 with or without its
/// brackets. The one rule by which credentials and evidence may travel over plain `http` where that was allowed.
pub fn is_loopback(host: &str) -> bool {
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
