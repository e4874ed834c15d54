//! What the authentication layer left in a request's extensions.

use http::Extensions;
use wimse_core::{Peer, Rejection};

/// Marks a request that passed an optional [`AuthenticateLayer`](crate::AuthenticateLayer) without credentials.
#[derive(Debug, Clone)]
pub struct Anonymous {
    rejection: Rejection,
}

impl Anonymous {
    pub(crate) fn new(rejection: Rejection) -> Self {
        Self { rejection }
    }

    /// What to answer where a caller is needed after all: the status and the challenge fit the proofs that are accepted.
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }
}

/// The caller of a request, as far as its extensions tell.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// A validated workload.
    Peer(&'a Peer),
    /// Nobody: authentication is optional here and the request has no credentials.
    Anonymous(&'a Anonymous),
    /// No authentication layer saw the request: the service is put together wrongly.
    Unknown,
}

impl<'a> Caller<'a> {
    /// Reads the caller from a request's extensions.
    pub fn of(extensions: &'a Extensions) -> Self {
        match (extensions.get::<Peer>(), extensions.get::<Anonymous>()) {
            (Some(peer), _) => Self::Peer(peer),
            (None, Some(anonymous)) => Self::Anonymous(anonymous),
            (None, None) => Self::Unknown,
        }
    }

    pub(crate) fn forget(extensions: &mut Extensions) {
        extensions.remove::<Peer>();
        extensions.remove::<Anonymous>();
    }
}
