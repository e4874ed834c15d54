//! The signature base: the text that is signed (RFC 9421 §2.5).

use std::borrow::Cow;

use data_encoding::BASE64;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::component::{Component, Derived};
use super::derived::{self, put};
use super::digest::CONTENT_DIGEST;
use super::error::{HttpSigError, Problem};
use super::limits::Limits;
use super::message::{Message, RequestParts};
use super::params::SignatureInput;
use super::query_param;
use super::structured::{self, FieldType, FieldTypes};
use crate::wit::WORKLOAD_IDENTITY_TOKEN;

/// Fields that most signatures cover.
static FREQUENT: [HeaderName; 4] = [WORKLOAD_IDENTITY_TOKEN, CONTENT_TYPE, CONTENT_DIGEST, AUTHORIZATION];

/// Room for the base of an ordinary request that covers a token, in octets.
const ROOM: usize = 2048;

/// Builds signature bases, one after the other, in one buffer.
///
/// Components come in the order in which they are listed. The last line is the strict serialisation of the list and
/// its parameters (RFC 9421 §2.3), which equals what was received unless a sender used optional white space.
#[derive(Debug, Clone, Default)]
pub struct BaseBuilder {
    text: String,
    /// Where the value of the last line begins.
    last_value: usize,
    limits: Limits,
    types: FieldTypes,
}

impl BaseBuilder {
    /// A builder with the default [`Limits`] and [`FieldTypes`].
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`BaseBuilder::new`], in a buffer that is there.
    pub(super) fn in_buffer(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    pub(super) fn into_buffer(self) -> String {
        self.text
    }

    /// Changes the limits, of which [`Limits::components`], [`Limits::parameters`] and [`Limits::covered_octets`]
    /// matter here.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Changes the types of structured fields.
    #[must_use]
    pub fn with_field_types(self, types: FieldTypes) -> Self {
        Self { types, ..self }
    }

    /// Builds the base of a signature over a message.
    ///
    /// # Errors
    ///
    /// [`HttpSigError::Unresolved`] if a component cannot be read from the message; also for components that are
    /// listed twice and for what exceeds the limits.
    pub fn build(&mut self, message: &Message<'_>, input: SignatureInput<'_>) -> Result<&str, HttpSigError> {
        self.text.clear();
        self.text.reserve(ROOM);
        let written = self.write(message, input);
        if written.is_err() {
            // Nobody shall take half a base for one.
            self.text.clear();
        }
        self.last_value = written?;
        Ok(&self.text)
    }

    /// Writes the base and returns where the value of its last line begins.
    fn write(&mut self, message: &Message<'_>, input: SignatureInput<'_>) -> Result<usize, HttpSigError> {
        if input.components.len() > self.limits.components {
            return Err(HttpSigError::TooManyComponents);
        }
        if input.parameters.len() > self.limits.parameters {
            return Err(HttpSigError::TooManyParameters);
        }
        input.check_components()?;
        let mut budget = Budget(self.limits.covered_octets);
        for component in input.components {
            component.write(&mut self.text);
            self.text.push_str(": ");
            let written = write_value(component, message, &self.types, &mut budget, &mut self.text);
            written.map_err(|failure| match failure {
                Failure::Problem(problem) => {
                    HttpSigError::Unresolved(Box::new(component.clone().into_owned()), problem)
                }
                Failure::Budget => HttpSigError::TooMuchCovered,
            })?;
            self.text.push('\n');
        }
        self.text.push_str("\"@signature-params\": ");
        let last_value = self.text.len();
        input.write(&mut self.text);
        Ok(last_value)
    }

    /// The base that was built last, empty if that failed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value of `@signature-params` in the base that was built last.
    pub(super) fn signature_params(&self) -> &str {
        self.text.get(self.last_value..).unwrap_or_default()
    }
}

/// What the components of one signature may still read.
struct Budget(usize);

impl Budget {
    fn spend(&mut self, octets: usize) -> Result<(), Failure> {
        self.0 = self.0.checked_sub(octets).ok_or(Failure::Budget)?;
        Ok(())
    }
}

enum Failure {
    Problem(Problem),
    Budget,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

fn write_value(
    component: &Component<'_>,
    message: &Message<'_>,
    types: &FieldTypes,
    budget: &mut Budget,
    out: &mut String,
) -> Result<(), Failure> {
    let answered = component.from_request();
    let (request, headers, trailers) = match message {
        Message::Request(_) if answered => return Err(Problem::WrongMessage.into()),
        Message::Request(request) => (Some(request), request.headers, request.trailers),
        Message::Response(response) if answered => {
            let request = response.request.as_ref().ok_or(Problem::RequestUnknown)?;
            (Some(request), request.headers, request.trailers)
        }
        Message::Response(response) => (None, response.headers, response.trailers),
    };
    match (component.as_derived(), message) {
        (None, _) if component.is_trailer() => {
            let trailers = trailers.ok_or(Problem::Absent)?;
            write_field(component, trailers, types, budget, out)
        }
        (None, _) => write_field(component, headers, types, budget, out),
        (Some(Derived::Status), Message::Response(response)) => Ok(put(response.status.as_str(), out)?),
        (Some(Derived::QueryParam), _) => {
            let RequestParts { uri, .. } = request.ok_or(Problem::WrongMessage)?;
            let query = uri.query().ok_or(Problem::Absent)?;
            budget.spend(query.len())?;
            Ok(query_param::write(query, component.argument().unwrap_or_default(), out)?)
        }
        (Some(derived), _) => Ok(derived::write(derived, request.ok_or(Problem::WrongMessage)?, out)?),
    }
}

/// RFC 9421 §2.1 and its subsections.
fn write_field(
    component: &Component<'_>,
    fields: &HeaderMap,
    types: &FieldTypes,
    budget: &mut Budget,
    out: &mut String,
) -> Result<(), Failure> {
    let name = component.name();
    // A name that need not be parsed again is found faster.
    let lines = match FREQUENT.iter().find(|known| known.as_str() == name) {
        Some(known) => fields.get_all(known),
        None => fields.get_all(name),
    };
    for line in &lines {
        budget.spend(line.len() + 2)?;
    }
    let mut lines = lines.iter();
    let first = lines.next().ok_or(Problem::Absent)?;
    if component.is_bytes() {
        for (i, line) in std::iter::once(first).chain(lines).enumerate() {
            out.push_str(if i > 0 { ", :" } else { ":" });
            BASE64.encode_append(trimmed(line.as_bytes()), out);
            out.push(':');
        }
        return Ok(());
    }
    let known = || types.get(component.name());
    let field_type = match component.argument() {
        Some(_) if matches!(known(), Some(FieldType::List | FieldType::Item)) => {
            return Err(Problem::TypeUnknown.into());
        }
        // RFC 9421 §2.1.2: the parameter itself says that the field is a dictionary.
        Some(_) => Some(FieldType::Dictionary),
        None if component.is_strict() => Some(known().ok_or(Problem::TypeUnknown)?),
        None => None,
    };
    let Some(field_type) = field_type else {
        out.push_str(text(first)?);
        for line in lines {
            out.push_str(", ");
            out.push_str(text(line)?);
        }
        return Ok(());
    };
    let mut combined = Cow::Borrowed(text(first)?);
    for line in lines {
        let combined = combined.to_mut();
        combined.push_str(", ");
        combined.push_str(text(line)?);
    }
    match component.argument() {
        Some(key) => structured::write_member(&combined, key, out)?,
        None => structured::write_field(&combined, field_type, out)?,
    }
    Ok(())
}

/// A field line without the white space around it, which must be plain ASCII.
fn text(line: &HeaderValue) -> Result<&str, Problem> {
    line.to_str().map(|text| text.trim_matches([' ', '\t'])).map_err(|_| Problem::Octets)
}

fn trimmed(line: &[u8]) -> &[u8] {
    // A field line has no other ASCII white space than spaces and tabs.
    line.trim_ascii()
}
