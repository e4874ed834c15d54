//! The validated caller.

use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::identifier::WorkloadId;
use crate::revision::Revision;
use crate::wit::Wit;
use crate::wpt::Context;

/// How a workload proved that it holds its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Proof {
    /// A Workload Proof Token.
    Wpt,
}

impl Proof {
    /// A short name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wpt => "wpt",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The workload at the other end, fully validated: credential, proof of possession, audience, time, replay.
///
/// Only the verifier makes one, and only as its last step. Cloning is cheap.
#[derive(Clone)]
pub struct Peer {
    authentication: Arc<Authentication>,
}

/// One way in which the peer authenticated. There can be two when transport and application both did.
#[derive(Clone)]
#[non_exhaustive]
pub struct Authentication {
    pub(crate) wit: Arc<Wit>,
    pub(crate) proof: Proof,
    pub(crate) revision: Revision,
    pub(crate) expires_at: UnixTime,
    pub(crate) context: Context,
}

impl Peer {
    pub(crate) fn new(authentication: Authentication) -> Self {
        Self { authentication: Arc::new(authentication) }
    }

    /// Who the peer is: proven, canonical, of a trusted domain.
    pub fn id(&self) -> &WorkloadId {
        self.authentication.wit.subject()
    }

    /// How the peer proved that it holds its key.
    pub fn proof(&self) -> Proof {
        self.authentication.proof
    }

    pub(crate) fn revision(&self) -> Revision {
        self.authentication.revision
    }

    /// The peer's validated Workload Identity Token, with further claims.
    pub fn wit(&self) -> &Wit {
        &self.authentication.wit
    }

    /// When the proof or the token expires, whichever is first.
    pub fn expires_at(&self) -> UnixTime {
        self.authentication.expires_at
    }

    /// The context tokens that the proof covers; others must not influence authorization (wpt §2).
    pub fn context(&self) -> &Context {
        &self.authentication.context
    }

    /// Every way in which the peer authenticated, most significant first.
    pub fn authentications(&self) -> &[Authentication] {
        std::slice::from_ref(&*self.authentication)
    }
}

impl Authentication {
    /// How the key was proven.
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// The draft revision that the peer spoke.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The Workload Identity Token.
    pub fn wit(&self) -> &Wit {
        &self.wit
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("id", self.wit.subject())
            .field("proof", &self.proof)
            .field("revision", &self.revision)
            .field("expires_at", &self.expires_at)
            .field("context", &self.context)
            .finish()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peer").field(&self.authentication).finish()
    }
}
