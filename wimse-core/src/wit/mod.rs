//! The Workload Identity Token (workload-creds §5.1): claims, issuing, validation.

mod claims;
mod issue;
mod validate;

pub use claims::Wit;
pub use issue::{IssueError, WitIssuer, WitRequest};

pub(crate) use validate::Validation;

/// The media type of a Workload Identity Token without `application/`.
pub(crate) const TYPE: &str = "wit+jwt";

/// The field that carries a Workload Identity Token (workload-creds §5.1.1).
pub const WORKLOAD_IDENTITY_TOKEN: http::HeaderName =
    http::HeaderName::from_static("workload-identity-token");
