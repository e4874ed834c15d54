//! What the authentication layer left in a request's extensions.

use http::Extensions;
use wimse_core::Peer;

/// Marks a request that passed an optional [`AuthenticateLayer`](crate::AuthenticateLayer) without credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anonymous;

/// The caller of a request, as far as its extensions tell.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// A validated workload.
    Peer(&'a Peer),
    /// Nobody: authentication is optional here and the request has no credentials.
    Anonymous,
    /// No authentication layer saw the request: the service is put together wrongly.
    Unknown,
}

impl<'a> Caller<'a> {
    /// Reads the caller from a request's extensions.
    pub fn of(extensions: &'a Extensions) -> Self {
        match extensions.get::<Peer>() {
            Some(peer) => Self::Peer(peer),
            None if extensions.get::<Anonymous>().is_some() => Self::Anonymous,
            None => Self::Unknown,
        }
    }

    pub(crate) fn forget(extensions: &mut Extensions) {
        extensions.remove::<Peer>();
        extensions.remove::<Anonymous>();
    }
}
