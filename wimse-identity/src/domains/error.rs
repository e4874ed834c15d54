//! What can be wrong with the trust domains of a source.

use std::fmt;

use wimse_core::trust::TrustError;

/// Why the trust domains of a source cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DomainError {
    /// None was given.
    Missing,
    /// This one, or what is configured for it, cannot be used.
    Unusable(String, TrustError),
    /// This one was given twice.
    Repeated(String),
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no trust domains: call `domain`"),
            Self::Unusable(name, error) => write!(f, "the trust domain {name} cannot be used: {error}"),
            Self::Repeated(name) => write!(f, "the trust domain {name} was given twice"),
        }
    }
}

impl std::error::Error for DomainError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable(_, error) => Some(error),
            Self::Missing | Self::Repeated(_) => None,
        }
    }
}
