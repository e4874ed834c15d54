//! Reading `Signature-Input` and `Signature` (RFC 9421 §4), once, without looking at the rest of the message.

use std::fmt;
use std::ops::Range;

use http::{HeaderMap, HeaderName};

use super::component::Component;
use super::error::HttpSigError;
use super::limits::Limits;
use super::params::{Parameter, SignatureInput};
use super::reader::Reader;
use crate::few::{Blank, Few};

/// The field with the covered components and parameters of every signature.
pub const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");

/// The field with the signatures.
pub const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// All signatures of a message, still unverified.
///
/// What makes the fields as a whole ambiguous or too large refuses them all: bad syntax, duplicate labels and
/// parameters, limits. What is wrong with one signature only, such as an unknown component, is reported when that
/// signature is used, so that the signature of an intermediary does not get in the way.
#[derive(Default)]
pub struct ReceivedSignatures<'a> {
    pub(super) entries: Few<Entry<'a>, 2>,
    pub(super) components: Few<Component<'a>, 10>,
    pub(super) parameters: Few<Parameter<'a>, 8>,
}

/// One label.
pub(super) struct Entry<'a> {
    pub(super) label: &'a str,
    pub(super) input: Option<Input<'a>>,
    pub(super) signature: Octets,
}

/// What `Signature` has under a label.
pub(super) enum Octets {
    Absent,
    OtherType,
    /// In place up to ES512.
    Present(Few<u8, 132>),
}

impl Blank for Entry<'_> {
    const BLANK: Self = Self { label: "", input: None, signature: Octets::Absent };
}

/// Where the parts of a signature's input are in the vectors of all.
#[derive(Default)]
pub(super) struct Input<'a> {
    pub(super) components: Range<usize>,
    pub(super) parameters: Range<usize>,
    /// See [`SignatureInput::text`].
    pub(super) text: Option<&'a str>,
    pub(super) defect: Option<HttpSigError>,
}

impl<'a> ReceivedSignatures<'a> {
    /// Reads both fields.
    ///
    /// The members may be spread over several lines; one member may not (RFC 9651 §4.2 allows that rule).
    ///
    /// # Errors
    ///
    /// [`HttpSigError`] if the fields as a whole are unusable, see the type.
    pub fn parse(headers: &'a HeaderMap, limits: &Limits) -> Result<Self, HttpSigError> {
        let mut received = Self::default();
        received.read(headers, limits)?;
        Ok(received)
    }

    /// As [`Self::parse`], into signatures that are still empty.
    pub(crate) fn read(&mut self, headers: &'a HeaderMap, limits: &Limits) -> Result<(), HttpSigError> {
        Reader::read_all(headers, limits, [SIGNATURE_INPUT, SIGNATURE], self)
    }

    /// The signature with this label.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::NotFound`].
    pub fn by_label(&self, label: &str) -> Result<ReceivedSignature<'_>, HttpSigError> {
        self.iter().find(|signature| signature.label() == label).ok_or(HttpSigError::NotFound)
    }

    /// The one signature with this tag, whatever its label.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::NotFound`], [`HttpSigError::SeveralWithTag`].
    pub fn by_tag(&self, tag: &str) -> Result<ReceivedSignature<'_>, HttpSigError> {
        let mut tagged = self.iter().filter(|signature| signature.tag() == Some(tag));
        match (tagged.next(), tagged.next()) {
            (None, _) => Err(HttpSigError::NotFound),
            (Some(signature), None) => Ok(signature),
            (Some(_), Some(_)) => Err(HttpSigError::SeveralWithTag),
        }
    }

    /// All signatures in the order of `Signature-Input`, then labels that only `Signature` has.
    pub fn iter(&self) -> impl Iterator<Item = ReceivedSignature<'_>> {
        self.entries.as_slice().iter().map(|entry| ReceivedSignature { entry, all: self })
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the message has no signature.
    pub fn is_empty(&self) -> bool {
        self.entries.as_slice().is_empty()
    }
}

impl fmt::Debug for ReceivedSignatures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One signature of a message, still unverified.
#[derive(Clone, Copy)]
pub struct ReceivedSignature<'s> {
    entry: &'s Entry<'s>,
    all: &'s ReceivedSignatures<'s>,
}

impl<'s> ReceivedSignature<'s> {
    /// The label. It means nothing; anyone on the way may change it.
    pub fn label(&self) -> &'s str {
        self.entry.label
    }

    /// What the signature covers, and its parameters. Not to be trusted before it is verified.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::InputMissing`], or what is wrong with this member of `Signature-Input`.
    pub fn input(&self) -> Result<SignatureInput<'s>, HttpSigError> {
        let input = self.entry.input.as_ref().ok_or(HttpSigError::InputMissing)?;
        match &input.defect {
            Some(defect) => Err(defect.clone()),
            None => Ok(self.parts(input)),
        }
    }

    /// The signature itself.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::SignatureMissing`], [`HttpSigError::NotByteSequence`].
    pub fn signature(&self) -> Result<&'s [u8], HttpSigError> {
        match &self.entry.signature {
            Octets::Present(octets) => Ok(octets.as_slice()),
            Octets::OtherType => Err(HttpSigError::NotByteSequence),
            Octets::Absent => Err(HttpSigError::SignatureMissing),
        }
    }

    /// The tag, also of a signature that is unusable: it must count when there may be only one with its tag.
    fn tag(&self) -> Option<&'s str> {
        self.parts(self.entry.input.as_ref()?).get("tag")?.as_str()
    }

    fn parts(&self, input: &Input<'s>) -> SignatureInput<'s> {
        SignatureInput {
            components: self.all.components.as_slice().get(input.components.clone()).unwrap_or_default(),
            parameters: self.all.parameters.as_slice().get(input.parameters.clone()).unwrap_or_default(),
            text: input.text,
        }
    }
}

impl fmt::Debug for ReceivedSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedSignature")
            .field("label", &self.label())
            .field("input", &self.input())
            .finish_non_exhaustive()
    }
}
