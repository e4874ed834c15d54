//! Why a source of JWK Sets cannot be started.

use std::fmt;

use super::client::chain;
use crate::DomainError;

/// What is missing in the configuration of a source, or cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The trust domains cannot be used.
    Domains(DomainError),
    /// The URL of this trust domain is none, or has user information or a fragment.
    Url(String),
    /// The URL of this trust domain is not `https`, nor `http` to the loopback where that was allowed.
    Plaintext(String),
    /// The root certificates are not PEM, or none.
    RootCertificates,
    /// The URL of the proxy cannot be used.
    Proxy,
    /// A duration is zero or over 30 days, or the shortest refresh interval is longer than the longest one.
    Intervals,
    /// The stale limit is shorter than the longest refresh interval, so that keys would be withdrawn without any failure.
    StaleLimit,
    /// The limit on the size of answers is zero or over 1 MiB.
    MaxSize,
    /// The HTTP client could not be made: a root certificate that is none, or no certificates of the system.
    Client(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domains(error) => error.fmt(f),
            Self::Url(name) => write!(
                f,
                "the key set of {name} needs an absolute URL without user information and without a fragment"
            ),
            Self::Plaintext(name) => write!(
                f,
                "the key set of {name} needs an https URL; `allow_plaintext_loopback` lets http to the loopback pass"
            ),
            Self::RootCertificates => f.write_str("no root certificate was found: give one or more in PEM"),
            Self::Proxy => f.write_str("the URL of the proxy cannot be used"),
            Self::Intervals => {
                f.write_str("durations must not be zero or over 30 days, nor the shortest refresh interval over the longest")
            }
            Self::StaleLimit => f.write_str("the stale limit must not be below the longest refresh interval"),
            Self::MaxSize => f.write_str("answers are limited to at most 1 MiB, and to more than nothing"),
            Self::Client(error) => write!(f, "the HTTP client could not be made: {}", chain(error.as_ref())),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Domains(error) => Some(error),
            Self::Client(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl From<DomainError> for BuildError {
    fn from(error: DomainError) -> Self {
        Self::Domains(error)
    }
}
