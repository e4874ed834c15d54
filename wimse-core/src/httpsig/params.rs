//! What one signature says about itself: its covered components and its parameters (RFC 9421 §2.3).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::component::Component;
use super::error::HttpSigError;
use super::value::Value;
use crate::clock::UnixTime;
use crate::few::Blank;

/// A signature parameter: a key and a bare item.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: Value<'a>,
}

impl Blank for Parameter<'_> {
    const BLANK: Self = Self { name: Cow::Borrowed(""), value: Value::boolean(true) };
}

impl<'a> Parameter<'a> {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    pub fn value(&self) -> &Value<'a> {
        &self.value
    }
}

/// The covered components and the parameters of a signature, in the order in which they are signed.
#[derive(Clone, Copy)]
pub struct SignatureInput<'a> {
    pub(super) components: &'a [Component<'a>],
    pub(super) parameters: &'a [Parameter<'a>],
    /// The strict serialisation of both, where they were read from it; then they are sound as well.
    pub(super) text: Option<&'a str>,
}

impl<'a> SignatureInput<'a> {
    /// The covered components.
    pub fn components(&self) -> &'a [Component<'a>] {
        self.components
    }

    /// All parameters, those unknown to RFC 9421 too.
    pub fn parameters(&self) -> &'a [Parameter<'a>] {
        self.parameters
    }

    /// Whether this component, with exactly these parameters, is covered.
    pub fn covers(&self, component: &Component<'_>) -> bool {
        self.components.iter().any(|covered| covered == component)
    }

    /// Refuses a signature that does not cover all of these.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::NotCovered`] names the first one that is missing.
    pub fn require<'c, C: Into<Component<'c>>>(
        &self,
        components: impl IntoIterator<Item = C>,
    ) -> Result<(), HttpSigError> {
        for component in components {
            let component = component.into();
            if !self.covers(&component) {
                return Err(HttpSigError::NotCovered(Box::new(component.into_owned())));
            }
        }
        Ok(())
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&'a Value<'a>> {
        self.parameters.iter().find(|parameter| parameter.name == name).map(|parameter| &parameter.value)
    }

    /// A parameter that must be a string if it is there.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if it has another type.
    pub fn string(&self, name: &'static str) -> Result<Option<&'a str>, HttpSigError> {
        self.typed(name, Value::as_str)
    }

    /// A parameter that must be an integer if it is there.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if it has another type.
    pub fn integer(&self, name: &'static str) -> Result<Option<i64>, HttpSigError> {
        self.typed(name, Value::as_integer)
    }

    /// A parameter that must be a boolean if it is there.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if it has another type.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>, HttpSigError> {
        self.typed(name, Value::as_bool)
    }

    fn typed<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'a Value<'a>) -> Option<T>,
    ) -> Result<Option<T>, HttpSigError> {
        let value = self.get(name).map(|value| read(value).ok_or(HttpSigError::ParameterType(name)));
        value.transpose()
    }

    /// When the signature was made.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if `created` is not an integer.
    pub fn created(&self) -> Result<Option<UnixTime>, HttpSigError> {
        Ok(self.integer("created")?.map(UnixTime::from_secs))
    }

    /// When the signature stops being valid.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if `expires` is not an integer.
    pub fn expires(&self) -> Result<Option<UnixTime>, HttpSigError> {
        Ok(self.integer("expires")?.map(UnixTime::from_secs))
    }

    /// The value that is used once.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if `nonce` is not a string.
    pub fn nonce(&self) -> Result<Option<&'a str>, HttpSigError> {
        self.string("nonce")
    }

    /// The algorithm's name in the registry of RFC 9421. Verification compares it and never obeys it.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if `alg` is not a string.
    pub fn alg(&self) -> Result<Option<&'a str>, HttpSigError> {
        self.string("alg")
    }

    /// The identifier of the key.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if `keyid` is not a string.
    pub fn keyid(&self) -> Result<Option<&'a str>, HttpSigError> {
        self.string("keyid")
    }

    /// The application that the signature is for.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::ParameterType`] if `tag` is not a string.
    pub fn tag(&self) -> Result<Option<&'a str>, HttpSigError> {
        self.string("tag")
    }

    /// Whether `now` lies between `created` and `expires`, give or take `leeway`. A bound that is not there is not
    /// checked: demand it with [`Self::created`] and [`Self::expires`].
    ///
    /// # Errors
    ///
    /// [`HttpSigError::NotYetValid`], [`HttpSigError::Expired`], [`HttpSigError::Lifetime`] if `expires` is not
    /// after `created`, [`HttpSigError::ParameterType`].
    pub fn check_time(&self, now: UnixTime, leeway: Duration) -> Result<(), HttpSigError> {
        let (created, expires) = (self.created()?, self.expires()?);
        if created.is_some_and(|created| created > now.plus(leeway)) {
            return Err(HttpSigError::NotYetValid);
        }
        if expires.is_some_and(|expires| now >= expires.plus(leeway)) {
            return Err(HttpSigError::Expired);
        }
        match (created, expires) {
            (Some(created), Some(expires)) if expires <= created => Err(HttpSigError::Lifetime),
            _ => Ok(()),
        }
    }

    /// Refuses a component that is listed twice or incomplete.
    pub(super) fn check_components(&self) -> Result<(), HttpSigError> {
        if self.text.is_some() {
            return Ok(());
        }
        let mut rest = self.components;
        while let Some((component, after)) = rest.split_first() {
            component.check_complete()?;
            if after.contains(component) {
                return Err(HttpSigError::DuplicateComponent(Box::new(component.clone().into_owned())));
            }
            rest = after;
        }
        Ok(())
    }

    /// Writes the inner list with its parameters: the value of `@signature-params`.
    pub(super) fn write(&self, out: &mut String) {
        if let Some(text) = self.text {
            return out.push_str(text);
        }
        out.push('(');
        for (i, component) in self.components.iter().enumerate() {
            if i > 0 {
                out.push(' ');
            }
            component.write(out);
        }
        out.push(')');
        for parameter in self.parameters {
            parameter.value.write_as_parameter(&parameter.name, out);
        }
    }
}

impl fmt::Display for SignatureInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for SignatureInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
