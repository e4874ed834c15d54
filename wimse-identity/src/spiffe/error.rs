//! Why a source on the Workload API cannot be started.

use std::fmt;

/// What is missing in the configuration of a source, or cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// No endpoint is configured, and `SPIFFE_ENDPOINT_SOCKET` is not set.
    EndpointMissing,
    /// The endpoint is neither `unix:` with an absolute path nor `tcp://` with an IP address and a port.
    Endpoint,
    /// The endpoint is `tcp` and not on this host.
    EndpointBeyondHost,
    /// The identity that was asked for is no SPIFFE ID.
    NotSpiffe,
    /// The first wait is zero, or the longest is shorter.
    Backoff,
    /// No time for using bundles without a connection.
    StaleLimit,
}

impl BuildError {
    /// A stable code for logs and tests.
    pub fn reason(self) -> &'static str {
        match self {
            Self::EndpointMissing => "endpoint_missing",
            Self::Endpoint => "endpoint_invalid",
            Self::EndpointBeyondHost => "endpoint_beyond_host",
            Self::NotSpiffe => "not_a_spiffe_id",
            Self::Backoff => "backoff_invalid",
            Self::StaleLimit => "stale_limit_invalid",
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndpointMissing => "no endpoint: set SPIFFE_ENDPOINT_SOCKET or call endpoint()",
            Self::Endpoint => "the endpoint is neither unix:///absolute/path nor tcp://address:port",
            Self::EndpointBeyondHost => {
                "the endpoint is not on this host, and private keys would come over it in the clear: \
                 `allow_tcp_beyond_this_host` lets it pass"
            }
            Self::NotSpiffe => "the workload identifier is not of the scheme spiffe",
            Self::Backoff => "backoff() takes a first wait over zero and a longest that is no shorter",
            Self::StaleLimit => "stale_limit() takes a time over zero",
        })
    }
}

impl std::error::Error for BuildError {}
