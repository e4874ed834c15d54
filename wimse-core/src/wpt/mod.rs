//! The Workload Proof Token (wpt §2): made by the caller for one call, checked by the callee.

mod context;
mod create;
mod fields;
mod verify;

pub use context::Context;

pub(crate) use context::{ContextFields, TXN_TOKEN};
pub(crate) use create::{ProofRequest, create, encoded_header};
pub(crate) use fields::{Fields, carries_nothing, credentials, mark_sensitive, remove_proofs, under};
pub(crate) use verify::{Policy, Verification};

/// The media type of a Workload Proof Token without `application/`.
const TYPE: &str = "wpt+jwt";

/// The longest `jti` that is accepted, in octets.
const MAX_ID: usize = 256;
