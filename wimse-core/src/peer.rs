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
    /// A Workload Proof Token: covers the token, the audience and context tokens, not method, query or content (wpt §3.1.2).
    Wpt,
    /// An HTTP Message Signature: covers method, path, query and content as well.
    HttpSignature,
}

impl Proof {
    /// A short name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wpt => "wpt",
            Self::HttpSignature => "http-signature",
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
    /// The most significant authentication.
    first: Authentication,
    second: Option<Arc<Authentication>>,
    expires_at: UnixTime,
}

/// The workload that signed a response, in the extensions of that response.
#[derive(Debug, Clone)]
pub struct Callee(pub Peer);

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
    pub(crate) fn new(first: Authentication, second: Option<Authentication>) -> Self {
        let second_expires = second.as_ref().map_or(first.expires_at, |second| second.expires_at);
        let expires_at = first.expires_at.min(second_expires);
        Self { first, second: second.map(Arc::new), expires_at }
    }

    /// Who the peer is: proven, canonical, of a trusted domain.
    pub fn id(&self) -> &WorkloadId {
        self.wit().subject()
    }

    /// How the peer proved that it holds its key. If it did so twice, the proof that covers more.
    pub fn proof(&self) -> Proof {
        self.first.proof
    }

    pub(crate) fn revision(&self) -> Revision {
        self.first.revision
    }

    /// The peer's validated Workload Identity Token, with further claims.
    pub fn wit(&self) -> &Wit {
        &self.first.wit
    }

    /// When the proof or the token expires, whichever is first.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The context tokens that the proof covers; others must not influence authorization (wpt §2).
    pub fn context(&self) -> &Context {
        &self.first.context
    }

    /// Every way in which the peer authenticated, most significant first.
    pub fn authentications(&self) -> impl Iterator<Item = &Authentication> {
        std::iter::once(&self.first).chain(self.second.as_deref())
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
        f.debug_list().entries(self.authentications()).finish()
    }
}
