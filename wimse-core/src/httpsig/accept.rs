//! Asking the other side for signatures: `Accept-Signature` (RFC 9421 §5).

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::component::Component;
use super::error::HttpSigError;
use super::fields::{ReceivedSignature, ReceivedSignatures};
use super::limits::Limits;
use super::params::SignatureInput;
use super::reader::Reader;
use super::sign::SignatureBuilder;
use super::value::Value;

/// The field by which a message asks for signatures: in a request for signatures of the response, in a response for
/// signatures of the next request.
pub const ACCEPT_SIGNATURE: HeaderName = HeaderName::from_static("accept-signature");

/// All signatures that a message asks for (RFC 9421 §5.1).
///
/// It expresses a preference: the other side may ignore it (RFC 9421 §5.2). As in [`ReceivedSignatures`], what makes
/// the field as a whole ambiguous or too large refuses it all, and what is wrong with one member only is reported when
/// that member is used.
#[derive(Debug, Default)]
pub struct RequestedSignatures<'a>(ReceivedSignatures<'a>);

impl<'a> RequestedSignatures<'a> {
    /// Reads the field. The members may be spread over several lines; one member may not.
    ///
    /// # Errors
    ///
    /// [`HttpSigError`] if the field as a whole is unusable, see the type.
    pub fn parse(headers: &'a HeaderMap, limits: &Limits) -> Result<Self, HttpSigError> {
        let mut requested = Self::default();
        Reader::read_all(headers, limits, [ACCEPT_SIGNATURE], &mut requested.0)?;
        Ok(requested)
    }

    /// The one member with this tag, whatever its label.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::NotFound`], [`HttpSigError::SeveralWithTag`].
    pub fn by_tag(&self, tag: &str) -> Result<RequestedSignature<'_>, HttpSigError> {
        self.0.by_tag(tag).map(RequestedSignature)
    }

    /// All members in their order.
    pub fn iter(&self) -> impl Iterator<Item = RequestedSignature<'_>> {
        self.0.iter().map(RequestedSignature)
    }

    /// How many signatures are asked for.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no signature is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One signature that a message asks for.
#[derive(Debug, Clone, Copy)]
pub struct RequestedSignature<'s>(ReceivedSignature<'s>);

impl<'s> RequestedSignature<'s> {
    /// The label that the signature shall have (RFC 9421 §5.2).
    pub fn label(&self) -> &'s str {
        self.0.label()
    }

    /// What the signature shall cover and say (RFC 9421 §5.1).
    ///
    /// `created` and `expires` have no value here, only the signer can know it: read them with
    /// [`SignatureInput::boolean`]. [`SignatureInput::created`], [`SignatureInput::expires`] and
    /// [`SignatureInput::check_time`] are for signatures that were made, and refuse these. `nonce`, `alg`, `keyid` and
    /// `tag` have the value that the signature shall have.
    ///
    /// # Errors
    ///
    /// What is wrong with this member.
    pub fn input(&self) -> Result<SignatureInput<'s>, HttpSigError> {
        self.0.input()
    }
}

/// A signature to ask for. Order is kept. Mistakes are reported by [`AcceptSignatureBuilder::to_header_value`].
///
/// ```
/// use http::Request;
/// use wimse_core::httpsig::{
///     ACCEPT_SIGNATURE, AcceptSignatureBuilder, Component, ComponentParameter, Derived, Limits, RequestedSignatures,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let method = Component::from(Derived::Method).with(ComponentParameter::Req)?;
/// let wanted = AcceptSignatureBuilder::new("sig")
///     .cover([Derived::Status.into(), method.clone(), Component::field("content-digest")?])
///     .created()
///     .tag("payments")
///     .to_header_value()?;
/// assert_eq!(wanted, r#"sig=("@status" "@method";req "content-digest");created;tag="payments""#);
///
/// let request = Request::get("/").header(ACCEPT_SIGNATURE, wanted).body(())?;
/// let requested = RequestedSignatures::parse(request.headers(), &Limits::default())?;
/// assert!(requested.by_tag("payments")?.input()?.covers(&method));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AcceptSignatureBuilder<'a>(SignatureBuilder<'a>);

impl<'a> AcceptSignatureBuilder<'a> {
    /// Asks for a signature with this label, so far over nothing.
    pub fn new(label: impl Into<Cow<'a, str>>) -> Self {
        Self(SignatureBuilder::new(label))
    }

    /// Asks for these components too. They must go with the message that is to be signed (RFC 9421 §5): `;req` and
    /// `@status` are for responses only.
    #[must_use]
    pub fn cover<C: Into<Component<'a>>>(self, components: impl IntoIterator<Item = C>) -> Self {
        Self(self.0.cover(components))
    }

    /// Asks for `created`.
    #[must_use]
    pub fn created(self) -> Self {
        self.parameter("created", Value::boolean(true))
    }

    /// Asks for `expires`.
    #[must_use]
    pub fn expires(self) -> Self {
        self.parameter("expires", Value::boolean(true))
    }

    /// Asks for this very `nonce`.
    #[must_use]
    pub fn nonce(self, nonce: impl Into<Cow<'a, str>>) -> Self {
        Self(self.0.nonce(nonce))
    }

    /// Asks for this algorithm, a name of the registry of RFC 9421.
    #[must_use]
    pub fn alg(self, name: impl Into<Cow<'a, str>>) -> Self {
        Self(self.0.alg(name))
    }

    /// Asks for this key.
    #[must_use]
    pub fn keyid(self, id: impl Into<Cow<'a, str>>) -> Self {
        Self(self.0.keyid(id))
    }

    /// Asks for this `tag`.
    #[must_use]
    pub fn tag(self, tag: impl Into<Cow<'a, str>>) -> Self {
        Self(self.0.tag(tag))
    }

    /// Asks for any parameter.
    #[must_use]
    pub fn parameter(self, name: impl Into<Cow<'a, str>>, value: Value<'a>) -> Self {
        Self(self.0.parameter(name, value))
    }

    /// The member of `Accept-Signature`. A message that asks for several signatures has a line for each.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::NotEncodable`], [`HttpSigError::DuplicateParameter`], [`HttpSigError::DuplicateComponent`] and
    /// [`HttpSigError::Component`] for an incomplete component.
    pub fn to_header_value(&self) -> Result<HeaderValue, HttpSigError> {
        let input = self.0.checked_input()?;
        input.check_components()?;
        self.0.input_member(&input.to_string())
    }
}
