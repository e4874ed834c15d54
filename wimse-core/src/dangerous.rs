//! Calls that check less than a verifier does. For tools that explain or test, not for services.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::limits::Limits;
use crate::trace::{NoTrace, Trace};
use crate::trust::{TrustAnchors, TrustStore};
use crate::wit::{Validation, Wit};
use crate::{Reason, Rejection};

/// Validates the value of a Workload-Identity-Token field **without any proof of possession**.
///
/// Whoever has seen the token can send it: never let a request in on this alone (workload-creds §9.2).
///
/// # Errors
///
/// The [`Rejection`] that a verifier would give for this token.
pub fn validate_wit_without_proof(
    token: &str,
    trust: &TrustStore,
    limits: &Limits,
    now: UnixTime,
    mut trace: &mut dyn Trace,
) -> Result<Arc<Wit>, Rejection> {
    let snapshot = trust.load();
    let Some(snapshot) = snapshot.as_ref() else {
        return Err(Reason::AnchorsNotLoaded.into());
    };
    Validation { snapshot, limits, now }.token_uncached(token, &mut trace)
}

/// Reads a Workload Identity Token **without asking who signed it**: whoever wrote it is believed.
///
/// For examples whose issuer's key was never published. Form, subject, lifetime and confirmation key are checked; type,
/// algorithm, key identifier, signature and whatever the configuration of a trust domain decides are not.
///
/// # Errors
///
/// The [`Rejection`] of the first of those checks that fails.
pub fn read_wit_unverified(token: &str, limits: &Limits, now: UnixTime) -> Result<Wit, Rejection> {
    let nobody = TrustStore::new(TrustAnchors::new());
    let snapshot = nobody.load();
    let Some(snapshot) = snapshot.as_ref() else { return Err(Reason::AnchorsNotLoaded.into()) };
    Validation { snapshot, limits, now }.token_unverified(token, &mut NoTrace)
}
