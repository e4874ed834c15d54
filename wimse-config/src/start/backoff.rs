//! How long to wait after a failure.

use std::time::Duration;

use crate::ConfigError;
use crate::config::BackoffConfig;

/// The first and the longest wait, if they are given: the builders take both.
pub(super) fn waits(
    at: &str,
    config: Option<&BackoffConfig>,
) -> Result<Option<(Duration, Duration)>, ConfigError> {
    match config.map(|config| (config.first, config.longest)) {
        None => Ok(None),
        Some((Some(first), Some(longest))) => Ok(Some((first.0, longest.0))),
        Some((None, _)) => Err(ConfigError::missing(format!("{at}.backoff.first"), "write both waits")),
        Some((_, None)) => Err(ConfigError::missing(format!("{at}.backoff.longest"), "write both waits")),
    }
}
