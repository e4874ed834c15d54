//! One altered message.

use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Mutant {
    /// What was done, without the place.
    pub(crate) kind: &'static str,
    /// To which field, part of a token, component or parameter; empty for the message as a whole.
    pub(crate) subject: String,
    /// Where in it, and what stands there now.
    pub(crate) place: String,
    pub(crate) vector: Value,
    /// Whether the right keys signed what was altered, so that no signature gives it away.
    pub(crate) resigned: bool,
    /// What must come of it, where that can be worked out.
    pub(crate) expected: Option<bool>,
}

/// Takes mutants as they are made: all at once they would not fit into memory.
pub(crate) type Sink<'a> = dyn FnMut(Mutant) + 'a;

impl Mutant {
    pub(crate) fn new(kind: &'static str, subject: &str, place: impl Into<String>, vector: Value) -> Self {
        let (subject, place) = (subject.to_owned(), place.into());
        Self { kind, subject, place, vector, resigned: false, expected: None }
    }

    pub(crate) fn resigned(
        kind: &'static str,
        subject: &str,
        place: impl Into<String>,
        vector: Value,
    ) -> Self {
        Self { resigned: true, ..Self::new(kind, subject, place, vector) }
    }
}
