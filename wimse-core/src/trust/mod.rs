//! Which keys may speak for which trust domain (workload-creds §3).
//!
//! The mapping comes from configuration alone. Nothing in a token, neither `iss` nor a header, ever
//! leads to a key (workload-creds §3, RFC 8725).

mod anchors;
mod known;
mod store;

pub use anchors::{DomainAnchors, Profile, TrustAnchors, TrustError};
pub use store::TrustStore;

pub(crate) use anchors::Domain;
pub(crate) use known::{KnownToken, SentToken};
pub(crate) use store::Snapshot;
