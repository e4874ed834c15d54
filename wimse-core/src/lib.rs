//! The WIMSE protocol without I/O: identifiers, Workload Identity Tokens and their proofs of possession,
//! trust anchors, replay protection, one [`Verifier`] and one [`Signer`].
//!
//! Most users want the adapters around this crate, which the `wimse` crate collects: layers for tower, axum and
//! hyper, a middleware for reqwest. Write an adapter of your own with [`Verifier::verify_head`] and [`Signer::sign`].
//!
//! The texts: draft-ietf-wimse-workload-creds ("workload-creds"), draft-ietf-wimse-wpt ("wpt"),
//! draft-ietf-wimse-http-signature ("http-signature") on RFC 9421, draft-ietf-wimse-identifier ("identifier draft"), draft-ietf-wimse-arch ("architecture"), SPIFFE WIT-SVID.

mod ascii;
pub mod audience;
pub mod callee;
pub mod clock;
pub mod content;
pub mod credential;
pub mod dangerous;
mod digits;
pub mod error;
pub mod exchange;
mod few;
pub mod httpsig;
pub mod identifier;
pub mod jose;
pub mod limits;
pub mod observer;
pub mod peer;
pub mod policy;
mod presented;
pub mod replay;
pub mod response;
pub mod revision;
pub mod signer;
mod target;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod trust;
pub mod verifier;
pub mod wit;
pub mod wpt;

pub use audience::{Audience, Audiences};
pub use callee::{CalleeMap, Expectation, ExpectedCallee};
pub use clock::{Clock, SystemClock, UnixTime};
pub use content::ContentBuffer;
pub use credential::{Credential, CredentialError, CredentialSource, RotatingCredential};
pub use error::{Kind, Reason, Rejection};
pub use exchange::Exchange;
pub use identifier::{TrustDomain, WorkloadId};
pub use limits::Limits;
pub use observer::{Observer, Target};
pub use peer::{Authentication, Callee, Peer, Proof};
pub use policy::Policy;
pub use replay::{LayeredReplayCache, MemoryReplayCache, ReplayCache};
pub use response::{ExpectedResponse, ResponseError, ResponseVerified};
pub use revision::Revision;
pub use signer::{SignError, SignOptions, Signer, SignerBuilder};
pub use trust::{DomainAnchors, Profile, TrustAnchors, TrustStore};
pub use verifier::{BuildError, HeadVerified, RequestHead, Verifier, VerifierBuilder, Verifying};
pub use wit::{Wit, WitIssuer, WitRequest};
pub use wpt::Context;
