//! Why a source of files cannot be started.

use std::fmt;
use std::io;

use crate::DomainError;

/// What is missing in the configuration of a source, or cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// No path of the Workload Identity Token was given.
    Token,
    /// No path of the private key was given.
    Key,
    /// The trust domains cannot be used.
    Domains(DomainError),
    /// The poll interval is under 100 ms.
    PollInterval,
    /// The limit on the size of files is zero or over 1 MiB.
    MaxSize,
    /// A relative path, and the working directory is not known.
    Path(io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("no token file: call `token`"),
            Self::Key => f.write_str("no key file: call `key`"),
            Self::Domains(error) => error.fmt(f),
            Self::PollInterval => f.write_str("the poll interval is at least 100 ms"),
            Self::MaxSize => f.write_str("files are limited to at most 1 MiB, and to more than nothing"),
            Self::Path(error) => write!(f, "a relative path needs a working directory: {error}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Domains(error) => Some(error),
            Self::Path(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DomainError> for BuildError {
    fn from(error: DomainError) -> Self {
        Self::Domains(error)
    }
}
