//! The workload's X.509-SVID and the X.509 bundles, for mutual TLS with a Workload Identity Certificate.
//!
//! Certificates, bundles and keys are read and checked by the `spiffe` crate, over this crate's own stream. That crate's client and
//! source are not used: they refuse all identities and bundles of a message for one that is malformed, take the time from the system
//! alone, and neither compare the key with the certificate nor keep to this module's rules for endpoints.

mod builder;
mod bundles;
mod follow;
mod snapshot;
mod svid;
mod wire;

use std::fmt;
use std::sync::Arc;

pub use builder::SpiffeX509Builder;
use follow::Shared;
pub use snapshot::{X509Bundles, X509Snapshot, X509Svid};

use crate::Handle;

/// A source that follows the workload's X.509-SVID and the X.509 bundles of its own and of foreign trust domains. Runs until this,
/// its clones and all clones of its handle are dropped.
///
/// ```no_run
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use wimse_identity::spiffe::SpiffeX509;
///
/// let own = SpiffeX509::builder().start()?; // at SPIFFE_ENDPOINT_SOCKET
/// own.handle().ready(Duration::from_secs(30)).await?;
/// if let Some(now) = own.snapshot() {
///     println!("{} until {}", now.svid().id(), now.svid().not_after());
///     for (domain, authorities) in now.bundles().iter() {
///         println!("{domain}: {} authorities", authorities.len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SpiffeX509 {
    handle: Handle,
    shared: Arc<Shared>,
}

impl SpiffeX509 {
    /// Starts a configuration, in which everything has a default.
    pub fn builder() -> SpiffeX509Builder {
        SpiffeX509Builder::default()
    }

    /// The identity and the bundles of the moment; none until the agent sent them, and after they were withdrawn or the certificate
    /// has expired. Does not wait: take it anew for each connection, or after [`Handle::updated`].
    pub fn snapshot(&self) -> Option<Arc<X509Snapshot>> {
        self.shared.read()
    }

    /// How the source is doing, and its end.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl fmt::Debug for SpiffeX509 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpiffeX509").field("handle", &self.handle).finish_non_exhaustive()
    }
}
