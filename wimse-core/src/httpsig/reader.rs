//! The parse of `Signature-Input` and `Signature`, and of `Accept-Signature`, which is written as `Signature-Input` is:
//! one pass, sizes and counts first, the first of two never lost.

use std::borrow::Cow;

use http::header::GetAll;
use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::visitor::{DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, KeyRef, Parser};

use super::component::Component;
use super::error::{ComponentError, HttpSigError};
use super::fields::{Entry, Input, Octets, ReceivedSignatures, SIGNATURE};
use super::limits::Limits;
use super::octets::one_member;
use super::params::{Parameter, SignatureInput};
use super::plain::one_input;
use super::value::{Stop, Value};
use crate::few::Few;

/// Collects what the parser hands out, and why it was stopped.
pub(super) struct Reader<'s, 'a> {
    limits: &'s Limits,
    field: HeaderName,
    received: &'s mut ReceivedSignatures<'a>,
    error: Option<HttpSigError>,
}

impl<'s, 'a> Reader<'s, 'a> {
    /// Reads these fields, which have their labels in common, into `received`, which is large and stays where it is.
    pub(super) fn read_all<const N: usize>(
        headers: &'a HeaderMap,
        limits: &'s Limits,
        fields: [HeaderName; N],
        received: &'s mut ReceivedSignatures<'a>,
    ) -> Result<(), HttpSigError> {
        let lines = fields.each_ref().map(|field| headers.get_all(field));
        let mut octets = 0_usize;
        for line in lines.iter().flatten() {
            // Two octets are what a comma and a space take when lines are joined.
            octets = octets.saturating_add(line.len() + 2);
            if octets > limits.octets {
                return Err(HttpSigError::TooLarge);
            }
        }
        let mut reader = Self { limits, field: SIGNATURE, received, error: None };
        for (field, lines) in fields.into_iter().zip(lines) {
            reader.field = field;
            reader.read(&lines)?;
        }
        Ok(())
    }

    fn read(&mut self, lines: &GetAll<'a, HeaderValue>) -> Result<(), HttpSigError> {
        let mut lines = lines.iter().peekable();
        let mut several = false;
        while let Some(line) = lines.next() {
            several |= lines.peek().is_some();
            let line = line.as_bytes().trim_ascii();
            let in_place = if self.field == SIGNATURE {
                one_member(line).map(|(label, octets)| self.signature(label, octets).is_ok())
            } else {
                one_input(line, self.limits, self.received).map(|()| true)
            };
            let parsed = in_place
                .unwrap_or_else(|| Parser::new(line).parse_dictionary_with_visitor(&mut *self).is_ok());
            if !parsed || (several && line.is_empty()) {
                return Err(self.error.take().unwrap_or_else(|| HttpSigError::Syntax(self.field.clone())));
            }
        }
        Ok(())
    }

    fn stop(&mut self, error: HttpSigError) -> Stop {
        self.error = Some(error);
        Stop
    }

    fn entry_of(&mut self, label: &'a str) -> Result<&mut Entry<'a>, Stop> {
        let known = self.received.entries.as_slice().iter().position(|entry| entry.label == label);
        if known.is_none() {
            if self.received.entries.len() >= self.limits.labels {
                return Err(self.stop(HttpSigError::TooManyLabels));
            }
            self.received.entries.push(Entry { label, input: None, signature: Octets::Absent });
        }
        let index = known.unwrap_or(self.received.entries.len().saturating_sub(1));
        self.received.entries.as_mut_slice().get_mut(index).ok_or(Stop)
    }

    /// A member of the field begins. The first of two with the same label is never lost.
    fn begin(&mut self, label: &'a str) -> Result<(), Stop> {
        let is_input = self.field != SIGNATURE;
        let entry = self.entry_of(label)?;
        let first = if is_input {
            entry.input.replace(Input::default()).is_none()
        } else {
            matches!(std::mem::replace(&mut entry.signature, Octets::OtherType), Octets::Absent)
        };
        if !first {
            let duplicate = HttpSigError::DuplicateLabel(self.field.clone());
            return Err(self.stop(duplicate));
        }
        Ok(())
    }

    fn signature(&mut self, label: &'a str, octets: Few<u8, 132>) -> Result<(), Stop> {
        self.begin(label)?;
        self.entry_of(label)?.signature = Octets::Present(octets);
        Ok(())
    }
}

impl<'a> DictionaryVisitor<'a> for &mut Reader<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn entry(&mut self, label: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Stop> {
        self.begin(label.as_str())?;
        let is_input = self.field != SIGNATURE;
        Ok(Member { reader: self, label: label.as_str(), is_input })
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

/// One member of any of the fields.
struct Member<'r, 's, 'a> {
    reader: &'r mut Reader<'s, 'a>,
    label: &'a str,
    is_input: bool,
}

impl<'r, 's, 'a> Member<'r, 's, 'a> {
    fn into_input(self, defect: Option<HttpSigError>) -> InputMember<'r, 's, 'a> {
        let received = &self.reader.received;
        let (components, parameters) = (received.components.len(), received.parameters.len());
        InputMember {
            reader: self.reader,
            label: self.label,
            listed: 0,
            input: Input {
                components: components..components,
                parameters: parameters..parameters,
                text: None,
                defect,
            },
        }
    }
}

impl<'a> EntryVisitor<'a> for Member<'_, '_, 'a> {
    type Error = Stop;

    fn item(self) -> Result<impl ItemVisitor<'a>, Stop> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Stop> {
        Ok(self.is_input.then(|| self.into_input(None)))
    }
}

impl<'a> ItemVisitor<'a> for Member<'_, '_, 'a> {
    type Out = Option<()>;
    type Error = Stop;

    fn bare_item(
        self,
        item: BareItemFromInput<'a>,
    ) -> Result<impl ParameterVisitor<'a, Out = Self::Out>, Stop> {
        if self.is_input {
            return Ok(Some(self.into_input(Some(HttpSigError::NotInnerList))));
        }
        if let BareItemFromInput::ByteSequence(octets) = item {
            let mut kept = Few::new();
            kept.extend(&octets);
            self.reader.entry_of(self.label)?.signature = Octets::Present(kept);
        }
        Ok(None)
    }
}

/// A member of `Signature-Input` or `Accept-Signature` under way.
struct InputMember<'r, 's, 'a> {
    reader: &'r mut Reader<'s, 'a>,
    label: &'a str,
    /// Components seen so far, readable or not.
    listed: usize,
    input: Input<'a>,
}

impl<'a> InnerListVisitor<'a> for InputMember<'_, '_, 'a> {
    type Error = Stop;

    fn item(&mut self) -> Result<impl ItemVisitor<'a>, Stop> {
        self.listed += 1;
        if self.listed > self.reader.limits.components {
            return Err(self.reader.stop(HttpSigError::TooManyComponents));
        }
        Ok(Covered { reader: self.reader, input: &mut self.input, component: None, parameters: 0 })
    }

    fn finish(self) -> Result<impl ParameterVisitor<'a>, Stop> {
        Ok(self)
    }
}

impl<'a> ParameterVisitor<'a> for InputMember<'_, '_, 'a> {
    type Out = ();
    type Error = Stop;

    fn parameter(&mut self, key: &'a KeyRef, value: BareItemFromInput<'a>) -> Result<(), Stop> {
        let name = key.as_str();
        if self.input.parameters.len() >= self.reader.limits.parameters {
            return Err(self.reader.stop(HttpSigError::TooManyParameters));
        }
        let own =
            self.reader.received.parameters.as_slice().get(self.input.parameters.clone()).unwrap_or_default();
        if own.iter().any(|parameter| parameter.name == name) {
            return Err(self.reader.stop(HttpSigError::DuplicateParameter));
        }
        self.reader
            .received
            .parameters
            .push(Parameter { name: Cow::Borrowed(name), value: Value::parsed(value) });
        self.input.parameters.end += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<(), Stop> {
        if self.input.defect.is_none() {
            let components = self
                .reader
                .received
                .components
                .as_slice()
                .get(self.input.components.clone())
                .unwrap_or_default();
            self.input.defect =
                SignatureInput { components, parameters: &[], text: None }.check_components().err();
        }
        self.reader.entry_of(self.label)?.input = Some(self.input);
        Ok(())
    }
}

/// A covered component under way.
struct Covered<'i, 's, 'a> {
    reader: &'i mut Reader<'s, 'a>,
    input: &'i mut Input<'a>,
    component: Option<Component<'a>>,
    parameters: usize,
}

impl<'a> Covered<'_, '_, 'a> {
    fn keep(&mut self, component: Result<Component<'a>, ComponentError>) {
        match component {
            Ok(component) => self.component = Some(component),
            Err(error) => {
                self.input.defect.get_or_insert(error.into());
            }
        }
    }
}

impl<'a> ItemVisitor<'a> for Covered<'_, '_, 'a> {
    type Out = ();
    type Error = Stop;

    fn bare_item(
        mut self,
        item: BareItemFromInput<'a>,
    ) -> Result<impl ParameterVisitor<'a, Out = Self::Out>, Stop> {
        self.keep(Component::from_item(item));
        Ok(self)
    }
}

impl<'a> ParameterVisitor<'a> for Covered<'_, '_, 'a> {
    type Out = ();
    type Error = Stop;

    fn parameter(&mut self, key: &'a KeyRef, value: BareItemFromInput<'a>) -> Result<(), Stop> {
        self.parameters += 1;
        if self.parameters > self.reader.limits.parameters {
            return Err(self.reader.stop(HttpSigError::TooManyParameters));
        }
        if let Some(component) = self.component.take() {
            self.keep(component.with_received(key, value));
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Stop> {
        if let Some(component) = self.component {
            self.reader.received.components.push(component);
            self.input.components.end += 1;
        }
        Ok(())
    }
}
