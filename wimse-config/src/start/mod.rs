//! From values to running parts.

#[cfg(any(feature = "server", feature = "spiffe"))]
mod backoff;
mod client;
mod identity;
#[cfg(any(feature = "jwks", feature = "server", feature = "redis"))]
mod material;
mod replay;
mod server;
mod trust;
#[cfg(feature = "spiffe")]
mod workload_api;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use wimse_core::observer::default_observer;
use wimse_core::{Clock, Observer, SystemClock};
use wimse_identity::{SourceObserver, observer};

use crate::{Config, ConfigError, Running};

/// Starts what a [`Config`] describes, with what cannot be written in one. See [`Config::starter`].
#[must_use = "nothing happens until `start`"]
pub struct Starter<'c> {
    config: &'c Config,
    base: PathBuf,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    source_observer: Arc<dyn SourceObserver>,
    #[cfg(feature = "redis")]
    store_observer: Option<Arc<dyn wimse_redis::StoreObserver>>,
}

impl Config {
    /// Starts everything, inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// As [`Starter::start`].
    pub fn start(&self) -> Result<Running, ConfigError> {
        self.starter().start()
    }

    /// Begins a start with observers, a clock or a folder of the service's own.
    pub fn starter(&self) -> Starter<'_> {
        Starter {
            config: self,
            base: PathBuf::new(),
            clock: Arc::new(SystemClock),
            observer: default_observer(),
            source_observer: observer::default_observer(),
            #[cfg(feature = "redis")]
            store_observer: None,
        }
    }
}

impl Starter<'_> {
    /// What relative paths are relative to. Default: the working directory.
    pub fn base_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.base = folder.into();
        self
    }

    /// Replaces the system's clock, except in the SPIFFE sources' and Redis' own timers.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Replaces the observer of the verifier. Default: `tracing`, if that feature is on.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Replaces the observer of all sources. Default: `tracing`, if that feature is on.
    pub fn source_observer(mut self, observer: impl SourceObserver) -> Self {
        self.source_observer = Arc::new(observer);
        self
    }

    /// Replaces the observer of Redis. Default: `tracing`, if that feature is on.
    #[cfg(feature = "redis")]
    pub fn store_observer(mut self, observer: impl wimse_redis::StoreObserver) -> Self {
        self.store_observer = Some(Arc::new(observer));
        self
    }

    /// A path as the configuration means it.
    #[cfg(any(feature = "file", feature = "jwks", feature = "server", feature = "redis"))]
    fn path(&self, path: &std::path::Path) -> PathBuf {
        self.base.join(path)
    }

    /// Checks everything, reads what files and environment variables hold, and starts the sources, inside a tokio runtime. Nothing
    /// has been fetched yet: see [`Running::ready`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key that is missing or cannot be used; then nothing runs.
    pub fn start(self) -> Result<Running, ConfigError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(ConfigError::new(
                ".",
                "no_runtime",
                "a configuration is started inside a tokio runtime",
            ));
        }
        let config = self.config;
        if config.server.is_none() && config.client.is_none() {
            return Err(ConfigError::missing(".", "write a section `server`, a section `client`, or both"));
        }
        let mut sources = Vec::new();
        let trust = match &config.trust {
            Some(trust) => Some(trust::start(&self, trust, &mut sources)?),
            None => None,
        };
        let credentials = match &config.identity {
            Some(identity) => Some(identity::start(&self, identity, &mut sources)?),
            None => None,
        };
        let server = match &config.server {
            Some(server) => {
                Some(server::start(&self, server, trust.as_ref(), credentials.as_ref(), &mut sources)?)
            }
            None => None,
        };
        let signer = match &config.client {
            Some(client) => Some(client::start(&self, client, trust.as_ref(), credentials.as_ref())?),
            None => None,
        };
        Ok(Running { server, signer, credentials, trust, sources })
    }
}

impl fmt::Debug for Starter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starter")
            .field("config", &self.config)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}
