//! Vectors that are in no file.

use std::error::Error;
use std::fmt;

use serde_json::Value;

use super::fault::Fault;
use super::load::Document;
use super::run::{Got, Outcome, run};

/// What a receiver decides about one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    accepted: bool,
    reason: Option<&'static str>,
}

impl Decision {
    /// Whether the message is let in. A vector that nobody can decide is not.
    #[must_use]
    pub fn accepted(self) -> bool {
        self.accepted
    }

    /// The stable code of the refusal; `None` for a message that is let in, and for a vector that nobody can decide.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        self.reason
    }
}

impl From<Outcome> for Decision {
    fn from(Outcome { got, reason }: Outcome) -> Self {
        Self { accepted: got == Got::Accept, reason }
    }
}

/// Why a document in memory cannot be run.
#[derive(Debug)]
pub struct Unusable(Fault);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unusable {}

/// Decides the vectors of a document that has the form of a vector file: for each of them in turn, what comes of its
/// messages. What the vectors expect is left to the caller.
///
/// # Errors
///
/// If the document is no vector file, or one of its vectors cannot be run.
pub fn decide(document: &Value) -> Result<Vec<Vec<Decision>>, Unusable> {
    let decided = |outcomes: &[Outcome]| outcomes.iter().map(|&outcome| outcome.into()).collect();
    let cases = Document::parse(document).and_then(|document| document.cases()).map_err(Unusable)?;
    cases
        .iter()
        .map(|case| run(case).map(|outcomes| decided(outcomes.as_slice())).map_err(Unusable))
        .collect()
}
