//! Why a vector cannot be run: what is wrong, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use wimse_core::BuildError;
use wimse_core::httpsig::HttpSigError;

/// The longest name of a vector that a message repeats, in characters.
const MAX_NAME: usize = 100;

/// What is wrong with a file or a vector.
#[derive(Debug)]
pub(super) enum Fault {
    File(std::io::Error),
    NoFiles,
    Json(serde_json::Error),
    Empty,
    UnknownKind,
    Missing(&'static str),
    Malformed(&'static str, serde_json::Error),
    NoDefaultAnchors,
    SettingsWithoutAnchors(String),
    NoSuchCase(String),
    NotARequest,
    UnequalReceivers,
    ExpectedShape,
    Receiver(BuildError),
    /// What a client sent, so that nobody could tell the right response.
    Sent(HttpSigError),
}

/// A [`Fault`] with its place.
#[derive(Debug)]
pub(super) struct Problem {
    file: PathBuf,
    vector: Option<String>,
    fault: Fault,
}

impl Fault {
    pub(super) fn of(self, file: &Path, vector: &str) -> Problem {
        Problem { file: file.to_owned(), vector: Some(vector.to_owned()), fault: self }
    }

    pub(super) fn of_file(self, file: &Path) -> Problem {
        Problem { file: file.to_owned(), vector: None, fault: self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "cannot be read: {error}"),
            Self::NoFiles => f.write_str("no *.json file in this folder"),
            Self::Json(error) => write!(f, "not a vector file: {error}"),
            Self::Empty => f.write_str("not a vector file: no vectors"),
            Self::UnknownKind => {
                f.write_str("of no known kind: neither `kind`, `wit`, `request`, `sequence` nor `input`")
            }
            Self::Missing(field) => write!(f, "`{field}` is missing"),
            Self::Malformed(field, error) => write!(f, "`{field}` cannot be used: {error}"),
            Self::NoDefaultAnchors => {
                f.write_str("no default `trust_anchors`, neither in the file nor in a wit.json beside it")
            }
            Self::SettingsWithoutAnchors(domain) => {
                write!(f, "`settings` for {domain}, which has no trust anchors")
            }
            Self::NoSuchCase(id) => write!(f, "`sequence` names {}, which is not in the file", Shown(id)),
            Self::NotARequest => f.write_str("`sequence` names a case that is no request"),
            Self::UnequalReceivers => f.write_str("the cases of `sequence` want different receivers"),
            Self::ExpectedShape => f.write_str(
                "`expected` must be a list of as many outcomes as `sequence` has, and else one outcome",
            ),
            Self::Sent(error) => write!(f, "the request of the response has no usable signature: {error}"),
            Self::Receiver(error) => write!(f, "no receiver can be set up like this: {error}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(vector) = &self.vector {
            write!(f, "vector {}: ", Shown(vector))?;
        }
        self.fault.fmt(f)
    }
}

/// A vector's name on one line: it can be any input, however long and with whatever characters.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("\"\"");
        }
        let mut rest = self.0.chars();
        for c in rest.by_ref().take(MAX_NAME) {
            if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") }?;
        }
        if rest.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}
