//! The Workload Proof Token (wpt §2): made by the caller for one call, checked by the callee.

mod context;
mod create;
mod fields;
mod verify;

pub use context::Context;

pub(crate) use context::{ContextFields, Single, TXN_TOKEN, single};
pub(crate) use create::{ProofRequest, create, encoded_header};
pub(crate) use fields::{
    Presented, credentials, mark_sensitive, presented, proof_value, refuse_octets, remove_proofs,
    remove_proofs_but_of, under,
};
pub(crate) use verify::{Policy, Verification};

/// The media type of a Workload Proof Token without `application/`.
const TYPE: &str = "wpt+jwt";

/// The longest `jti` that is accepted, in octets.
const MAX_ID: usize = 256;
