//! Why a cache cannot be built.

use std::fmt;

/// What keeps a cache from being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The URL is not one of Redis.
    Url,
    /// The URL asks for TLS, and the feature `tls` is off.
    TlsFeature,
    /// The URL asks for TLS without a check of the certificate.
    InsecureTls,
    /// Certificates or key are not in PEM, or do not fit.
    Certificates,
    /// The prefix is empty, too long, or has characters that it may not have.
    Prefix,
    /// The time-out is zero or over 5 s.
    Timeout,
    /// The tolerance is under 1 s or over 60 s.
    ClockTolerance,
    /// The limits are so long that they are none.
    Limits,
    /// The fallback is allowed for no time.
    Fallback,
    /// There is no tokio runtime to keep the connection in.
    Runtime,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "not a URL of Redis: redis://[user:password@]host[:port][/db]",
            Self::TlsFeature => "the URL asks for TLS: switch on the feature `tls` of wimse-redis",
            Self::InsecureTls => {
                "TLS without a check of the certificate is no protection: remove #insecure from the URL"
            }
            Self::Certificates => "the certificates or the key cannot be used: PEM is expected",
            Self::Prefix => "the prefix must be 1 to 64 visible ASCII characters without braces",
            Self::Timeout => "the time-out must be over zero and at most 5 s",
            Self::ClockTolerance => "the tolerance of clocks must be from 1 s to 60 s",
            Self::Limits => "the limits allow proofs to live for longer than a year",
            Self::Fallback => "the local fallback must be allowed for some time, or not at all",
            Self::Runtime => "no tokio runtime: build the cache inside one",
        })
    }
}

impl std::error::Error for BuildError {}
