//! The replay cache in memory against a plain model, and what it takes up.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod costs;
mod model;

use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::{MemoryReplayCache, ReplayCache, UnixTime};

fn ask(
    cache: &MemoryReplayCache,
    scope: &str,
    id: &str,
    expires_at: i64,
    now: i64,
) -> Result<Use, ReplayError> {
    let (expires_at, now) = (UnixTime::from_secs(expires_at), UnixTime::from_secs(now));
    match cache.use_once(&ProofUse::new(scope, id, expires_at, now)) {
        ReplayAnswer::Ready(answer) => answer,
        ReplayAnswer::Pending(_) => panic!("memory answers at once"),
    }
}
