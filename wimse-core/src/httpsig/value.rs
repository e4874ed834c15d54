//! The value of a signature parameter: a bare item of a structured field (RFC 9651 §3.3).

use std::borrow::Cow;
use std::fmt;

use memchr::memchr2;
use sfv::{BareItemFromInput, Date, Decimal, Integer, ItemSerializer, StringRef, TokenRef};

use crate::digits::Digits;

/// A bare item: integer, decimal, string, token, byte sequence, boolean, date or display string.
#[derive(Debug, Clone, PartialEq)]
pub struct Value<'a>(BareItemFromInput<'a>);

/// The text or number is outside what its type can hold (RFC 9651 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueInvalid;

impl fmt::Display for ValueInvalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a value that a structured field can hold")
    }
}

impl std::error::Error for ValueInvalid {}

impl<'a> Value<'a> {
    /// A string: printable ASCII.
    ///
    /// # Errors
    ///
    /// [`ValueInvalid`] for any other character.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Result<Self, ValueInvalid> {
        let text = match text.into() {
            Cow::Borrowed(text) => StringRef::from_str(text).map(Cow::Borrowed).ok(),
            Cow::Owned(text) => sfv::String::from_string(text).map(Cow::Owned).ok(),
        };
        text.map(|text| Self(BareItemFromInput::String(text))).ok_or(ValueInvalid)
    }

    /// An integer of at most 15 digits.
    ///
    /// # Errors
    ///
    /// [`ValueInvalid`] for a larger one.
    pub fn integer(number: i64) -> Result<Self, ValueInvalid> {
        Integer::try_from(number).map(|n| Self(BareItemFromInput::Integer(n))).map_err(|_| ValueInvalid)
    }

    /// A boolean.
    pub const fn boolean(value: bool) -> Self {
        Self(BareItemFromInput::Boolean(value))
    }

    /// A token, such as `identity`.
    ///
    /// # Errors
    ///
    /// [`ValueInvalid`] if the text is none.
    pub fn token(text: &'a str) -> Result<Self, ValueInvalid> {
        TokenRef::from_str(text).map(|t| Self(BareItemFromInput::Token(t))).map_err(|_| ValueInvalid)
    }

    /// A byte sequence.
    pub fn bytes(octets: Vec<u8>) -> Self {
        Self(BareItemFromInput::ByteSequence(octets))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_string().map(StringRef::as_str)
    }

    /// The number of an integer.
    pub fn as_integer(&self) -> Option<i64> {
        self.0.as_integer().map(i64::from)
    }

    /// A decimal in thousandths.
    pub fn as_thousandths(&self) -> Option<i64> {
        self.0.as_decimal().as_ref().map(Decimal::as_integer_scaled_1000).map(i64::from)
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        self.0.as_boolean()
    }

    /// The text of a token.
    pub fn as_token(&self) -> Option<&str> {
        self.0.as_token().map(TokenRef::as_str)
    }

    /// The octets of a byte sequence.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_byte_sequence()
    }

    /// A date in seconds since the Unix epoch.
    pub fn as_date(&self) -> Option<i64> {
        self.0.as_date().as_ref().map(Date::unix_seconds).map(i64::from)
    }

    /// The text of a display string.
    pub fn as_display_string(&self) -> Option<&str> {
        self.0.as_display_string().map(|text| &**text)
    }

    /// What the parser read.
    pub(super) const fn parsed(item: BareItemFromInput<'a>) -> Self {
        Self(item)
    }

    pub(super) fn write(&self, out: &mut String) {
        write_bare_item(&self.0, out);
    }

    pub(super) fn write_as_parameter(&self, name: &str, out: &mut String) {
        write_parameter(name, &self.0, out);
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

/// RFC 9651 §4.1.3.1.
pub(super) fn write_bare_item(item: &BareItemFromInput<'_>, out: &mut String) {
    match item {
        // The serialiser writes texts character by character.
        BareItemFromInput::String(text) if memchr2(b'"', b'\\', text.as_str().as_bytes()).is_none() => {
            out.push('"');
            out.push_str(text.as_str());
            out.push('"');
        }
        BareItemFromInput::Integer(number) => out.push_str(Digits::from(i64::from(*number)).as_str()),
        _ => _ = ItemSerializer::with_buffer(out).bare_item(item).finish(),
    }
}

/// RFC 9651 §4.1.1.2, for a name that was parsed or checked as a key.
pub(super) fn write_parameter(name: &str, value: &BareItemFromInput<'_>, out: &mut String) {
    out.push(';');
    out.push_str(name);
    if value.as_boolean() != Some(true) {
        out.push('=');
        write_bare_item(value, out);
    }
}

/// Stops a parse; the reason is kept by the visitor, since the parser would turn it into text.
#[derive(Debug)]
pub(super) struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stop {}
