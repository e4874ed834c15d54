//! URLs that hold no password.

use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::text;

/// A URL without a password. `Debug` shows scheme and host alone, since paths and queries may be confidential.
///
/// For the nodes of a Redis cluster it is several, separated by white space.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::text(deserializer, "a URL", |text| {
            // What cannot be parsed is not repeated either: it may be a password that was spelled wrongly.
            let invalid = ("invalid_url", "not an absolute URL".to_owned());
            if text.trim_ascii().is_empty() {
                return Err(invalid);
            }
            for part in text.split_ascii_whitespace() {
                let url = ::url::Url::parse(part).map_err(|_| invalid.clone())?;
                let secret = url.query_pairs().any(|(key, _)| matches!(&*key, "pass" | "password"));
                if url.password().is_some() || secret {
                    let advice = "a password does not belong into a configuration: name a file that holds the whole URL by \
                                  the key that ends in `_file`, or an environment variable by the one that ends in `_env`";
                    return Err(("inline_password", advice.to_owned()));
                }
            }
            Ok(Self(text.to_owned()))
        })
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for url in self.0.split_ascii_whitespace().filter_map(|part| ::url::Url::parse(part).ok()) {
            list.entry(&format_args!("{}://{}/…", url.scheme(), url.host_str().unwrap_or_default()));
        }
        list.finish()
    }
}
