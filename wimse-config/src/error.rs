//! What is wrong with a configuration, and where.

use std::fmt;

/// What is wrong with a configuration: the path of the key, a stable reason, and a text for the operator.
///
/// Paths are written as in `server.limits.leeway` and `trust.domains[1].jwks`; `.` is the whole. No error shows what a file or an
/// environment variable holds, nor a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    path: String,
    reason: &'static str,
    message: String,
}

impl ConfigError {
    pub(crate) fn new(path: impl Into<String>, reason: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.into(), reason, message: message.into() }
    }

    /// Something that has to be decided and is not.
    pub(crate) fn missing(path: impl Into<String>, what_to_write: &str) -> Self {
        Self::new(path, "missing", format!("missing: {what_to_write}"))
    }

    /// More than one of several keys that exclude each other.
    pub(crate) fn conflict(path: impl Into<String>, message: &str) -> Self {
        Self::new(path, "conflict", message)
    }

    pub(crate) fn feature_off(path: impl Into<String>, feature: &str) -> Self {
        Self::new(path, "feature_off", format!("needs the feature `{feature}` of wimse-config, which is off"))
    }

    /// The key that is wrong or missing.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A stable `snake_case` code.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// What is wrong and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same error for a configuration that is a part of a larger one, under this key of it.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.path = match self.path.as_str() {
            "." => key.to_owned(),
            path => format!("{key}.{path}"),
        };
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for ConfigError {}
