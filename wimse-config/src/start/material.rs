//! What files and environment variables hold: read once, when the configuration is started.

use std::fs::File;
use std::io::Read;
use std::path::Path;

#[cfg(any(feature = "jwks", feature = "server"))]
use crate::config::ProxyConfig;
use crate::{ConfigError, Starter, Url};

/// The largest file that is read, in octets.
const MAX_SIZE: u64 = 1 << 20;

/// One of three keys that give the same text: inline without a password, by an environment variable, by a file.
pub(super) struct Indirect<'c> {
    /// The section they are in.
    pub(super) at: &'c str,
    pub(super) url: Option<&'c Url>,
    pub(super) env: Option<&'c str>,
    pub(super) file: Option<&'c Path>,
}

impl Indirect<'_> {
    /// The key that is used.
    pub(super) fn path(&self) -> String {
        let key = match (self.env, self.file) {
            (Some(_), _) => "url_env",
            (None, Some(_)) => "url_file",
            (None, None) => "url",
        };
        format!("{}.{key}", self.at)
    }

    pub(super) fn text(&self, starter: &Starter<'_>) -> Result<String, ConfigError> {
        match (self.url, self.env, self.file) {
            (Some(url), None, None) => Ok(url.as_str().to_owned()),
            (None, Some(variable), None) => env(self.path(), variable),
            (None, None, Some(file)) => {
                let text = String::from_utf8(starter.read(self.path(), file)?)
                    .map_err(|_| ConfigError::new(self.path(), "file_unreadable", "the file is not UTF-8"))?;
                present(self.path(), "the file", &text)
            }
            (None, None, None) => {
                Err(ConfigError::missing(format!("{}.url", self.at), "write `url`, `url_env` or `url_file`"))
            }
            _ => Err(ConfigError::conflict(
                self.at,
                "write one of `url`, `url_env` and `url_file`, not several",
            )),
        }
    }
}

pub(super) fn env(path: String, variable: &str) -> Result<String, ConfigError> {
    match std::env::var(variable) {
        Ok(text) => present(path, "the environment variable", &text),
        Err(_) => {
            let message = format!("the environment variable {variable:?} is not set, or is not UTF-8");
            Err(ConfigError::new(path, "env_missing", message))
        }
    }
}

fn present(path: String, what: &str, text: &str) -> Result<String, ConfigError> {
    match text.trim_ascii() {
        "" => Err(ConfigError::new(path, "empty", format!("{what} is empty"))),
        text => Ok(text.to_owned()),
    }
}

impl Starter<'_> {
    pub(super) fn read(&self, at: String, path: &Path) -> Result<Vec<u8>, ConfigError> {
        let path = self.path(path);
        let mut octets = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut octets));
        match read {
            Err(error) => {
                let message = format!("{} cannot be read: {error}", path.display());
                Err(ConfigError::new(at, "file_unreadable", message))
            }
            Ok(_) if octets.len() as u64 > MAX_SIZE => {
                let message = format!("{} is larger than 1 MiB", path.display());
                Err(ConfigError::new(at, "file_too_large", message))
            }
            Ok(_) => Ok(octets),
        }
    }

    /// Of PEM files that may be left out.
    #[cfg(any(feature = "jwks", feature = "server", feature = "redis-tls"))]
    pub(super) fn read_optional(
        &self,
        at: impl FnOnce() -> String,
        path: Option<&std::path::PathBuf>,
    ) -> Result<Option<Vec<u8>>, ConfigError> {
        path.map(|path| self.read(at(), path)).transpose()
    }

    #[cfg(any(feature = "jwks", feature = "server"))]
    pub(super) fn proxy(&self, at: &str, proxy: Option<&ProxyConfig>) -> Result<Option<String>, ConfigError> {
        let indirect = |proxy: &ProxyConfig| {
            let ProxyConfig { url, url_env, url_file } = proxy;
            Indirect { at, url: url.as_ref(), env: url_env.as_deref(), file: url_file.as_deref() }.text(self)
        };
        proxy.map(indirect).transpose()
    }
}
