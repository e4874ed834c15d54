//! What both sources on the SPIFFE Workload API may be refused for.

use wimse_identity::spiffe::BuildError;

use crate::ConfigError;

pub(super) fn fault(at: &str, error: BuildError) -> ConfigError {
    let (key, reason) = match error {
        BuildError::EndpointMissing => {
            let advice = "write where the Workload API is, or set SPIFFE_ENDPOINT_SOCKET";
            return ConfigError::missing(format!("{at}.endpoint"), advice);
        }
        BuildError::Endpoint => ("endpoint", "invalid_url"),
        BuildError::EndpointBeyondHost => ("endpoint", "plaintext"),
        BuildError::NotSpiffe => ("spiffe_id", "invalid_identifier"),
        BuildError::Backoff => ("backoff", "out_of_range"),
        BuildError::StaleLimit => ("stale_limit", "out_of_range"),
        _ => return ConfigError::new(at, "invalid", error.to_string()),
    };
    ConfigError::new(format!("{at}.{key}"), reason, error.to_string())
}
