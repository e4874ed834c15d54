//! Why a source could not be brought up to date.

use std::fmt;
use std::sync::Arc;

/// What kept a source from an update. What it had before stays in use.
///
/// The text is for an operator: what was expected, what was there, what to do next. It never holds a token or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    reason: &'static str,
    detail: Arc<str>,
}

impl SourceError {
    /// An error with a stable `snake_case` reason.
    pub fn new(reason: &'static str, detail: impl fmt::Display) -> Self {
        Self { reason, detail: detail.to_string().into() }
    }

    /// A stable code to count and to alert on.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.detail, self.reason)
    }
}

impl std::error::Error for SourceError {}
