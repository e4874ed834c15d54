//! From a text in some format to values, with errors that name the path.

use serde::Deserializer;
use serde::de::DeserializeOwned;

use crate::ConfigError;
use crate::text::CODES;

/// Reads a [`Config`](crate::Config), or a type of the service's own that has one as a field, from any serde format.
/// Whether the text goes on after the value is for the caller to check, where the format can tell.
///
/// # Errors
///
/// [`ConfigError`] with the path of the key that is unknown, of the wrong type or malformed.
pub fn read<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        fault(path, &error.into_inner().to_string())
    })
}

/// As [`read`], from TOML.
///
/// # Errors
///
/// As [`read`], with the number of the line in the message; `syntax` for a text that is no TOML.
#[cfg(feature = "toml")]
pub fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    // The error's own text would show the line, which may hold a secret that does not belong there.
    let located = |path: String, error: &toml::de::Error| {
        let message = match error.span().and_then(|span| text.get(..span.start)) {
            Some(before) => format!("{} (line {})", error.message(), before.matches('\n').count() + 1),
            None => error.message().to_owned(),
        };
        fault(path, &message)
    };
    let deserializer = toml::Deserializer::parse(text).map_err(|error| located(".".to_owned(), &error))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        located(path, error.inner())
    })
}

/// Serde has one kind of error, so that its reason is read off the text.
fn fault(path: String, message: &str) -> ConfigError {
    for code in CODES {
        let mark = format!(" [{code}]");
        if message.contains(&mark) {
            return ConfigError::new(path, code, message.replacen(&mark, "", 1));
        }
    }
    let reason = if message.contains("unknown field") {
        "unknown_key"
    } else if message.contains("duplicate field") || message.contains("duplicate key") {
        "duplicate_key"
    } else if message.contains("invalid type") || message.contains("invalid value") {
        "wrong_type"
    } else {
        "syntax"
    };
    ConfigError::new(path, reason, without_text(message))
}

/// Serde repeats text that it did not expect. It may be a secret in the wrong place.
fn without_text(message: &str) -> String {
    let parts = message
        .split_once("string \"")
        .and_then(|(before, rest)| Some((before, rest.rsplit_once("\", expected")?.1)));
    match parts {
        Some((before, after)) => format!("{before}string, expected{after}"),
        None => message.to_owned(),
    }
}
