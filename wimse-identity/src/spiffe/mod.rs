//! Credentials and trust anchors from the SPIFFE Workload API: WIT-SVIDs and their bundles.
//!
//! ```no_run
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use wimse_core::{Audiences, MemoryReplayCache, Signer, Verifier};
//! use wimse_identity::spiffe::{SpiffeAnchors, SpiffeCredential};
//!
//! let own = SpiffeCredential::builder().start()?; // at SPIFFE_ENDPOINT_SOCKET
//! let anchors = SpiffeAnchors::builder().start()?;
//! own.handle().ready(Duration::from_secs(30)).await?;
//!
//! let signer = Signer::builder().credentials(own.credentials()).build()?;
//! let verifier = Verifier::builder()
//!     .trust_anchors(anchors.trust_store())
//!     .audiences(Audiences::base_url("https://orders.example.com"))
//!     .replay_cache(MemoryReplayCache::default())
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! The WIT-SVID profile of the Workload API is new and optional, and no released SPIRE agent serves it yet. This was tested against a server of
//! the test suite that speaks the published messages over a Unix socket, and against nothing else. X.509-SVIDs are not followed.
//!
//! # What happens when
//!
//! | event | outcome |
//! |---|---|
//! | a message comes | it replaces the one before; a key or domain that it does not have any more is refused from then on, cached tokens included |
//! | a bundle in it is malformed | that domain keeps its last good bundle, up to the stale limit; the others change (`bundle_malformed`) |
//! | the chosen identity is not in it | the credential is withdrawn (`svid_withdrawn`) |
//! | token and key do not fit, or break the profile | the last good credential serves until it expires (`svid_malformed`); if it was of another identity, it is withdrawn |
//! | `PermissionDenied` | credential and anchors are withdrawn (`permission_denied`); calls go on, ever more rarely |
//! | `Unimplemented`, `InvalidArgument` | nothing changes; the next call is ten minutes later |
//! | the stream ends or breaks, the agent is away | what there is serves: a credential until it expires, bundles up to the stale limit; calls go on |
//! | the credential expires | withdrawn (`credential_expired`) |

mod anchors;
mod api;
mod credential;
mod endpoint;
mod error;
mod stream;

pub use anchors::{SpiffeAnchors, SpiffeAnchorsBuilder};
pub use credential::{SpiffeCredential, SpiffeCredentialBuilder};
pub use endpoint::ENDPOINT_VARIABLE;
pub use error::BuildError;
