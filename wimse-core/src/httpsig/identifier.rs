//! Reading component identifiers: a string item with parameters (RFC 9421 §2).

use std::borrow::Cow;
use std::str::FromStr;

use sfv::visitor::{ItemVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, KeyRef, Parser, StringRef};

use super::component::{Component, ComponentParameter, Derived};
use super::error::ComponentError;
use super::value::Stop;

impl<'a> Component<'a> {
    pub(super) fn from_item(item: BareItemFromInput<'a>) -> Result<Self, ComponentError> {
        let BareItemFromInput::String(name) = item else {
            return Err(ComponentError::NotString);
        };
        let name = text(name);
        if name == "@signature-params" {
            return Err(ComponentError::SignatureParams);
        }
        if name.starts_with('@') {
            let derived = Derived::ALL.into_iter().find(|derived| derived.as_str() == name);
            return derived.map(Self::from).ok_or(ComponentError::UnknownDerived);
        }
        Self::field(name)
    }

    pub(super) fn with_received(
        self,
        key: &KeyRef,
        value: BareItemFromInput<'a>,
    ) -> Result<Self, ComponentError> {
        let parameter = match (key.as_str(), value) {
            ("sf", BareItemFromInput::Boolean(true)) => ComponentParameter::Sf,
            ("bs", BareItemFromInput::Boolean(true)) => ComponentParameter::Bs,
            ("tr", BareItemFromInput::Boolean(true)) => ComponentParameter::Tr,
            ("req", BareItemFromInput::Boolean(true)) => ComponentParameter::Req,
            ("key", BareItemFromInput::String(value)) => ComponentParameter::Key(text(value)),
            ("name", BareItemFromInput::String(value)) => ComponentParameter::Name(text(value)),
            ("sf" | "bs" | "tr" | "req" | "key" | "name", _) => return Err(ComponentError::ParameterType),
            _ => return Err(ComponentError::UnknownParameter),
        };
        self.with(parameter)
    }
}

fn text(value: Cow<'_, StringRef>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_str()),
        Cow::Owned(text) => Cow::Owned(text.into()),
    }
}

impl FromStr for Component<'static> {
    type Err = ComponentError;

    fn from_str(identifier: &str) -> Result<Self, ComponentError> {
        let mut outcome = Err(ComponentError::Syntax);
        match Parser::new(identifier).parse_item_with_visitor(One(&mut outcome)) {
            Ok(()) => {
                outcome.and_then(|component| component.check_complete().map(|()| component.into_owned()))
            }
            Err(_) => Err(outcome.err().unwrap_or(ComponentError::Syntax)),
        }
    }
}

/// Reads one identifier.
struct One<'s, 'a>(&'s mut Result<Component<'a>, ComponentError>);

impl<'a> ItemVisitor<'a> for One<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn bare_item(
        self,
        item: BareItemFromInput<'a>,
    ) -> Result<impl ParameterVisitor<'a, Out = Self::Out>, Stop> {
        *self.0 = Component::from_item(item);
        Ok(self)
    }
}

impl<'a> ParameterVisitor<'a> for One<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn parameter(&mut self, key: &'a KeyRef, value: BareItemFromInput<'a>) -> Result<(), Stop> {
        let component = std::mem::replace(self.0, Err(ComponentError::Syntax));
        *self.0 = component.and_then(|component| component.with_received(key, value));
        if self.0.is_err() { Err(Stop) } else { Ok(()) }
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}
