//! Values that are written as text and checked where they are read, so that the error has their path.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use wimse_core::jose::Algorithm;
use wimse_core::{Profile, Proof, Revision, TrustDomain, WorkloadId};

use crate::duration;
use crate::running::SignResponses;

/// The reasons of errors that come to be while values are read.
pub(crate) const CODES: [&str; 5] =
    ["invalid_duration", "invalid_identifier", "invalid_url", "inline_password", "unknown_value"];

/// A value that is written as text, such as `"60s"` or `"ES256"`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parsed<T>(pub T);

impl<T> Deref for Parsed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Parsed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, T: FromText> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, T::EXPECTED, |text| T::from_text(text).map(Self))
    }
}

/// Reads text and makes something of it; the error is a reason of [`CODES`] and what to say.
pub(crate) fn text<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Result<T, (&'static str, String)>,
) -> Result<T, D::Error> {
    struct Text<F>(&'static str, F);

    impl<T, F: FnOnce(&str) -> Result<T, (&'static str, String)>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(|(code, message)| E::custom(format_args!("{message} [{code}]")))
        }
    }

    deserializer.deserialize_str(Text(expected, parse))
}

/// What can be read from text.
pub(crate) trait FromText: Sized {
    /// What an error says that it should have been.
    const EXPECTED: &'static str;

    fn from_text(text: &str) -> Result<Self, (&'static str, String)>;
}

/// One of a few names.
fn named<T: Copy>(
    text: &str,
    all: impl IntoIterator<Item = T>,
    name: impl Fn(T) -> &'static str,
) -> Result<T, (&'static str, String)> {
    let mut names = Vec::new();
    for value in all {
        if name(value) == text {
            return Ok(value);
        }
        names.push(format!("{:?}", name(value)));
    }
    Err(("unknown_value", format!("{text:?} is none of {}", names.join(", "))))
}

impl FromText for Duration {
    const EXPECTED: &'static str = "a duration such as \"60s\"";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        duration::parse(text).ok_or_else(|| {
            let rule = "is no duration: a whole number and one of the units ms, s, m, h, d, as in \"60s\"";
            ("invalid_duration", format!("{text:?} {rule}"))
        })
    }
}

impl FromText for Algorithm {
    const EXPECTED: &'static str = "the name of an algorithm such as \"ES256\"";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        named(text, Self::ALL, Self::as_str)
    }
}

impl FromText for Proof {
    const EXPECTED: &'static str = "the name of a proof such as \"wpt\"";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        named(text, [Self::Wpt, Self::HttpSignature], Self::as_str)
    }
}

impl FromText for Revision {
    const EXPECTED: &'static str = "the name of a revision";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        named(text, Self::ALL, Self::as_str)
    }
}

impl FromText for Profile {
    const EXPECTED: &'static str = "the name of a profile";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        let all = [(Self::Wimse, "wimse"), (Self::WitSvid, "wit-svid")];
        named(text, all, |(_, name)| name).map(|(profile, _)| profile)
    }
}

impl FromText for SignResponses {
    const EXPECTED: &'static str = "when to sign responses";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        named(text, Self::ALL, Self::as_str)
    }
}

impl FromText for TrustDomain {
    const EXPECTED: &'static str = "a trust domain such as \"example.com\"";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        Self::parse(text)
            .map_err(|error| ("invalid_identifier", format!("{text:?} is no trust domain: {error}")))
    }
}

impl FromText for WorkloadId {
    const EXPECTED: &'static str = "a workload identifier such as \"wimse://example.com/orders\"";

    fn from_text(text: &str) -> Result<Self, (&'static str, String)> {
        Self::parse(text)
            .map_err(|error| ("invalid_identifier", format!("{text:?} is no workload identifier: {error}")))
    }
}
