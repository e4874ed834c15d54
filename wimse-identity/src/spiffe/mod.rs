//! Credentials and trust anchors from the SPIFFE Workload API: WIT-SVIDs and their bundles, and with the feature `spiffe-x509` an
//! X.509-SVID and the X.509 bundles.
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
//! the test suite that speaks the published messages over a Unix socket, and against nothing else; so were X.509-SVIDs, which every
//! SPIRE agent serves.
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
//!
//! # X.509
//!
//! `SpiffeX509` offers one snapshot: an X.509-SVID with its private key, and the authorities of each trust domain. Both come with the
//! messages of `FetchX509SVID`, so that they are of one moment; `FetchX509Bundles` is not called. The table holds for it too, with the
//! snapshot in place of credential and anchors, and these differences:
//!
//! | event | outcome |
//! |---|---|
//! | an identity is malformed, or its key, certificate and SPIFFE ID do not fit each other | the last good one serves until it expires, with the bundles of the new message |
//! | a bundle is malformed, has a certificate that is not a CA's, or is said to be two things | that domain keeps its last good one, up to the stale limit; identity and other bundles change |
//! | there is no usable bundle of the identity's own domain | no snapshot |
//! | a foreign bundle is empty | that domain has no authorities any more |
//! | a message has over 100 identities or 1000 foreign bundles | nothing changes (`message_too_large`) |
//! | a chain is over 16 certificates or 64 KiB, a key over 16 KiB, a hint over 1 KiB, a bundle over 256 certificates or 1 MiB | it is malformed |
//!
//! Certificates are not verified against the bundle: the agent is believed, and peers verify. Lists of revoked certificates in a
//! message are ignored.

mod anchors;
mod api;
mod choice;
mod credential;
mod endpoint;
mod error;
mod names;
mod stream;
#[cfg(feature = "spiffe-x509")]
mod x509;

pub use anchors::{SpiffeAnchors, SpiffeAnchorsBuilder};
pub use credential::{SpiffeCredential, SpiffeCredentialBuilder};
pub use endpoint::ENDPOINT_VARIABLE;
pub use error::BuildError;
#[cfg(feature = "spiffe-x509")]
pub use x509::{SpiffeX509, SpiffeX509Builder, X509Bundles, X509Snapshot, X509Svid};
