//! What keeps the store from giving an answer that can be believed.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use redis::{ErrorKind, RedisError, ServerError};
use wimse_core::replay::ReplayError;

/// Why Redis could not decide about a proof. It never holds an address, a password or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// There is no connection, and the attempts to make one fail.
    NotConnected,
    /// No answer within the time-out.
    Timeout,
    /// The connection broke while the answer was awaited.
    ConnectionLost,
    /// TLS could not be agreed: Redis's certificate is not trusted here, or this client's is not trusted there.
    Tls,
    /// Redis refuses to log this client in.
    Login,
    /// Redis is at its `maxmemory`.
    Full,
    /// Redis answered with an error of this code, such as `NOPERM`, `READONLY` or `LOADING`.
    Refused(String),
    /// The answer is not one that Redis gives.
    Unreadable,
    /// Redis does not say which process it is (`run_id` in `INFO server`), so that a restart would go unnoticed.
    Unidentified,
    /// Redis lost its memory, or is new: the proof may have been used before that. This much longer until proofs like
    /// it are accepted again.
    Forgotten(Duration),
    /// Redis's clock is ahead of this host's by so many seconds, or behind if negative: more than the tolerance.
    ClocksDisagree(i64),
    /// Redis is set to evict keys when its memory is full, which forgets proofs that could be replayed.
    Evicting,
    /// The proof must be remembered for longer than the limits that this cache was built with allow for.
    BeyondLimits,
    /// The proof has expired, so that there is nothing to remember it for.
    Expired,
}

impl Fault {
    /// A stable code to count and to alert on.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Full => "full",
            Self::Refused(_) => "refused",
            Self::Unreadable => "unreadable",
            Self::Unidentified => "unidentified",
            Self::Forgotten(_) => "forgotten",
            Self::ClocksDisagree(_) => "clocks_disagree",
            Self::Evicting => "evicting",
            Self::BeyondLimits => "beyond_limits",
            Self::Expired => "expired",
        }
    }

    /// Whether it is the proof that cannot be remembered, whatever the state of the store.
    pub(crate) fn lies_with_the_proof(&self) -> bool {
        matches!(self, Self::BeyondLimits | Self::Expired)
    }

    /// Whether a new connection may help.
    pub(crate) fn lies_with_the_connection(&self) -> bool {
        matches!(self, Self::NotConnected | Self::Timeout | Self::ConnectionLost | Self::Tls | Self::Login)
    }

    /// The error of a question. The text of a [`RedisError`] may hold what a server, or somebody in its place, chose.
    pub(crate) fn of(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io if error.is_timeout() => Self::Timeout,
            ErrorKind::Io if broken_by_tls(error) => Self::Tls,
            ErrorKind::AuthenticationFailed => Self::Login,
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Unreadable,
            _ => error.code().map_or(Self::ConnectionLost, Self::of_code),
        }
    }

    pub(crate) fn of_server(error: &ServerError) -> Self {
        Self::of_code(error.code())
    }

    fn of_code(code: &str) -> Self {
        match code {
            "OOM" => Self::Full,
            "NOAUTH" | "WRONGPASS" => Self::Login,
            _ => {
                let readable = |c: &char| c.is_ascii_uppercase() || *c == '_';
                Self::Refused(code.chars().take_while(readable).take(20).collect())
            }
        }
    }
}

/// What rustls does not accept comes as data that is not valid.
fn broken_by_tls(error: &RedisError) -> bool {
    // The error shows its source as it keeps it, in an `Arc`.
    let kept = error.source().and_then(|source| source.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let source = kept.and_then(|kept| kept.downcast_ref::<io::Error>());
    source.is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
}

impl From<&Fault> for ReplayError {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Full => Self::Full,
            _ => Self::Unavailable,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => f.write_str("no connection to Redis: is it running, and is the URL right?"),
            Self::Timeout => f.write_str("Redis did not answer in time"),
            Self::ConnectionLost => f.write_str("the connection to Redis broke"),
            Self::Tls => f.write_str("TLS with Redis failed: check the certificates, the roots and the name in the URL"),
            Self::Login => f.write_str("Redis does not accept the user name and password of the URL"),
            Self::Full => f.write_str("Redis is at its `maxmemory`: give it more"),
            Self::Refused(code) => write!(
                f,
                "Redis answered {code}: the user needs the commands SET, GET, PTTL, TIME and INFO, on a server that takes writes"
            ),
            Self::Unreadable => f.write_str("what answers is not Redis, or not one that this crate knows"),
            Self::Unidentified => f.write_str(
                "Redis does not say which process it is, so that a restart would go unnoticed: see `trust_persistence`",
            ),
            Self::Forgotten(left) => write!(
                f,
                "Redis is new or lost its memory: proofs that may have been used before are refused for {} s more",
                left.as_secs()
            ),
            Self::ClocksDisagree(ahead) => write!(
                f,
                "Redis's clock is {ahead} s ahead of this host's, which is beyond the tolerance: set both right"
            ),
            Self::Evicting => f.write_str("Redis may evict proofs: set `maxmemory-policy noeviction`"),
            Self::BeyondLimits => {
                f.write_str("a proof lives longer than the limits of the replay cache: give it those of the verifier")
            }
            Self::Expired => f.write_str("the proof has expired"),
        }
    }
}

impl Error for Fault {}
