//! Replay protection: each proof counts once (wpt §3.1.4).

mod layered;
mod memory;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use layered::LayeredReplayCache;
pub use memory::MemoryReplayCache;

use crate::clock::UnixTime;
use crate::jose::sha256;

/// A proof that was found valid in everything else and now is to be used up.
#[derive(Clone, Copy)]
pub struct ProofUse<'a> {
    scope: &'a str,
    caller: &'a str,
    id: &'a str,
    expires_at: UnixTime,
    now: UnixTime,
}

impl<'a> ProofUse<'a> {
    /// A proof named `id` within `scope` that must be remembered until `expires_at`. The scope is the caller, unless
    /// [`with_caller`](Self::with_caller) says otherwise.
    pub fn new(scope: &'a str, id: &'a str, expires_at: UnixTime, now: UnixTime) -> Self {
        Self { scope, caller: scope, id, expires_at, now }
    }

    /// Names the authenticated sender of a proof whose identifier counts once whoever sends it.
    #[must_use]
    pub fn with_caller(self, caller: &'a str) -> Self {
        Self { caller, ..self }
    }

    /// Within what the identifier is unique: the subject for a Workload Proof Token, nothing for an HTTP signature.
    pub fn scope(&self) -> &'a str {
        self.scope
    }

    /// Who sent it: on whose account the room is that it takes up. No part of what the proof is recognised by.
    pub fn caller(&self) -> &'a str {
        self.caller
    }

    /// The proof's identifier (`jti`), chosen by the caller.
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// Until when the proof must be remembered: its expiry plus [`MAX_LEEWAY`](crate::limits::MAX_LEEWAY), whatever the
    /// verifier's own leeway, since verifiers may share a cache.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The time at which it is used.
    pub fn now(&self) -> UnixTime {
        self.now
    }

    /// SHA-256 over scope and identifier, unambiguous: a key for a shared store.
    pub fn digest(&self) -> [u8; 32] {
        let mut input = Vec::with_capacity(8 + self.scope.len() + self.id.len());
        input.extend_from_slice(&(self.scope.len() as u64).to_be_bytes());
        input.extend_from_slice(self.scope.as_bytes());
        input.extend_from_slice(self.id.as_bytes());
        sha256(&input)
    }
}

impl fmt::Debug for ProofUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofUse")
            .field("scope", &self.scope)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a replay cache says of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Not seen before, and now remembered.
    First,
    /// Seen before.
    Again,
}

/// Why a replay cache cannot answer. The verifier then refuses with 503: it fails closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// No room, and nothing that may be forgotten.
    Full,
    /// The store did not answer, or what it knew of this time is gone.
    Unavailable,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the replay cache is full",
            Self::Unavailable => "the replay store did not answer",
        })
    }
}

impl std::error::Error for ReplayError {}

/// The answer, at once or later. An in-memory cache answers at once, without a boxed future.
pub enum ReplayAnswer {
    /// Known now.
    Ready(Result<Use, ReplayError>),
    /// Known when the future completes. It should bound its own time.
    Pending(Pin<Box<dyn Future<Output = Result<Use, ReplayError>> + Send>>),
}

impl fmt::Debug for ReplayAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(answer) => f.debug_tuple("Ready").field(answer).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

/// A memory of proofs that were used.
///
/// The verifier asks last, after every other check (so that nobody can burn another's proof) and after the
/// proof's lifetime was capped (so that memory stays bounded). So a replay costs the check of its signature: to look before
/// that would tell those who do not hold the key which proofs were used.
pub trait ReplayCache: Send + Sync + 'static {
    /// Remembers the proof until its expiry and says whether it was known, as one atomic step.
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer;
}

impl<C: ReplayCache + ?Sized> ReplayCache for Arc<C> {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        (**self).use_once(proof)
    }
}
