//! Signing a message.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue};
use sfv::KeyRef;

use super::base::BaseBuilder;
use super::component::Component;
use super::error::HttpSigError;
use super::fields::{ReceivedSignatures, SIGNATURE, SIGNATURE_INPUT};
use super::limits::Limits;
use super::message::Message;
use super::params::{Parameter, SignatureInput};
use super::value::{Value, ValueInvalid};
use crate::clock::UnixTime;
use crate::few::Few;
use crate::jose::SigningKey;

/// What a signature shall cover and say. Order is kept. Mistakes are reported by [`SignatureBuilder::sign`].
#[derive(Debug, Clone)]
pub struct SignatureBuilder<'a> {
    label: Cow<'a, str>,
    components: Few<Component<'a>, 10>,
    parameters: Few<Parameter<'a>, 8>,
    encodable: bool,
}

impl<'a> SignatureBuilder<'a> {
    /// A signature with this label, which covers nothing yet.
    pub fn new(label: impl Into<Cow<'a, str>>) -> Self {
        let label = label.into();
        let encodable = KeyRef::from_str(&label).is_ok();
        Self { label, components: Few::new(), parameters: Few::new(), encodable }
    }

    /// Covers these components too.
    #[must_use]
    pub fn cover<C: Into<Component<'a>>>(mut self, components: impl IntoIterator<Item = C>) -> Self {
        self.cover_too(components.into_iter().map(Into::into));
        self
    }

    /// As [`Self::cover`], where the builder stands: it is large.
    pub(in crate::httpsig) fn cover_too(&mut self, components: impl Iterator<Item = Component<'a>>) {
        components.for_each(|component| self.components.push(component));
    }

    /// Sets `created`.
    #[must_use]
    pub fn created(self, time: UnixTime) -> Self {
        self.checked("created", Value::integer(time.as_secs()))
    }

    /// Sets `expires`.
    #[must_use]
    pub fn expires(self, time: UnixTime) -> Self {
        self.checked("expires", Value::integer(time.as_secs()))
    }

    /// Sets `nonce`.
    #[must_use]
    pub fn nonce(self, nonce: impl Into<Cow<'a, str>>) -> Self {
        self.checked("nonce", Value::string(nonce))
    }

    /// Sets `alg`, a name of the registry of RFC 9421. It does not choose the algorithm, the key does.
    #[must_use]
    pub fn alg(self, name: impl Into<Cow<'a, str>>) -> Self {
        self.checked("alg", Value::string(name))
    }

    /// Sets `keyid`.
    #[must_use]
    pub fn keyid(self, id: impl Into<Cow<'a, str>>) -> Self {
        self.checked("keyid", Value::string(id))
    }

    /// Sets `tag`.
    #[must_use]
    pub fn tag(self, tag: impl Into<Cow<'a, str>>) -> Self {
        self.checked("tag", Value::string(tag))
    }

    /// Sets any parameter.
    #[must_use]
    pub fn parameter(self, name: impl Into<Cow<'a, str>>, value: Value<'a>) -> Self {
        self.checked(name, Ok(value))
    }

    fn checked(mut self, name: impl Into<Cow<'a, str>>, value: Result<Value<'a>, ValueInvalid>) -> Self {
        self.set(name.into(), value);
        self
    }

    /// Sets a parameter where the builder stands: it is large.
    pub(in crate::httpsig) fn set(&mut self, name: Cow<'a, str>, value: Result<Value<'a>, ValueInvalid>) {
        match value {
            Ok(value) if KeyRef::from_str(&name).is_ok() => self.parameters.push(Parameter { name, value }),
            _ => self.encodable = false,
        }
    }

    /// What will be covered and said.
    pub fn input(&self) -> SignatureInput<'_> {
        SignatureInput {
            components: self.components.as_slice(),
            parameters: self.parameters.as_slice(),
            text: None,
        }
    }

    /// As [`Self::input`], if a field can hold it.
    pub(super) fn checked_input(&self) -> Result<SignatureInput<'_>, HttpSigError> {
        if !self.encodable {
            return Err(HttpSigError::NotEncodable);
        }
        let mut rest = self.parameters.as_slice();
        while let Some((parameter, after)) = rest.split_first() {
            if after.iter().any(|other| other.name == parameter.name) {
                return Err(HttpSigError::DuplicateParameter);
            }
            rest = after;
        }
        Ok(self.input())
    }

    /// The label with what stands behind it in `Signature-Input`.
    pub(super) fn input_member(&self, input: &str) -> Result<HeaderValue, HttpSigError> {
        header_value([&self.label, "=", input].concat())
    }

    /// Signs. The base that was signed stays in `base`.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::NotEncodable`], [`HttpSigError::DuplicateParameter`] and what keeps the base from being
    /// built, such as a component that the message does not have; [`HttpSigError::Key`] if the key fails.
    pub fn sign(
        &self,
        message: &Message<'_>,
        key: &SigningKey,
        base: &mut BaseBuilder,
    ) -> Result<Signed, HttpSigError> {
        base.build(message, self.checked_input()?)?;
        let input = self.input_member(base.signature_params())?;
        let signature = key.sign_in_place(base.as_str().as_bytes()).map_err(HttpSigError::Key)?;
        let octets = signature.as_slice();
        let mut member = String::with_capacity(self.label.len() + 3 + BASE64.encode_len(octets.len()));
        member.push_str(&self.label);
        member.push_str("=:");
        BASE64.encode_append(octets, &mut member);
        member.push(':');
        let mut signature = header_value(member)?;
        signature.set_sensitive(true);
        Ok(Signed { input, signature })
    }
}

fn header_value(member: String) -> Result<HeaderValue, HttpSigError> {
    HeaderValue::try_from(member).map_err(|_| HttpSigError::NotEncodable)
}

/// A signature, ready to be put into its message.
#[derive(Clone)]
pub struct Signed {
    input: HeaderValue,
    signature: HeaderValue,
}

impl Signed {
    /// The label.
    pub fn label(&self) -> &str {
        let text = self.input.to_str().unwrap_or_default();
        text.split_once('=').map_or(text, |(label, _)| label)
    }

    /// The member of `Signature-Input`: label, components and parameters.
    pub fn input(&self) -> &HeaderValue {
        &self.input
    }

    /// The member of `Signature`: label and signature, marked sensitive.
    pub fn signature(&self) -> &HeaderValue {
        &self.signature
    }

    /// Adds both members to the fields of a message, beside those of other signatures.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::DuplicateLabel`] if the label is taken; also if the fields that are there are malformed or over
    /// the limits, so that nobody could verify the message.
    pub fn append_to(self, headers: &mut HeaderMap, limits: &Limits) -> Result<(), HttpSigError> {
        if headers.contains_key(SIGNATURE_INPUT) || headers.contains_key(SIGNATURE) {
            let present = ReceivedSignatures::parse(headers, limits)?;
            if present.by_label(self.label()).is_ok() {
                return Err(HttpSigError::DuplicateLabel(SIGNATURE_INPUT));
            }
        }
        headers.append(SIGNATURE_INPUT, self.input);
        headers.append(SIGNATURE, self.signature);
        Ok(())
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("input", &self.input).finish_non_exhaustive()
    }
}
