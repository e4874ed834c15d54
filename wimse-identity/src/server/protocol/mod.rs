//! The protocol between a workload and its identity server, version 1: the messages, the proof of a new key, and what
//! an identity server checks. `docs/identity-server.md` in the repository has it in words.
//!
//! The drafts leave open how a workload gets its token; this is one answer. A server of your own
//! needs three things from here: [`Enrolments`], which makes nonces and judges requests, [`Refusal`] and [`Token`],
//! which are the answers.
//!
//! ```
//! use wimse_core::{Peer, WitIssuer, WitRequest, WorkloadId};
//! use wimse_identity::server::protocol::{Claimant, Enrolments, Refusal, Token};
//!
//! # const GIVEN_OUT: [(&str, &str); 0] = [];
//! fn token(
//!     enrolments: &Enrolments,
//!     issuer: &WitIssuer,
//!     body: &[u8],
//!     caller: Option<&Peer>, // from a layer that verifies HTTP signatures, if the request has one
//! ) -> Result<Token, Refusal> {
//!     let enrolment = enrolments.verify(body, caller)?;
//!     let workload = match enrolment.claimant() {
//!         claimant @ Claimant::JoinToken(_) => {
//!             let known = GIVEN_OUT.iter().find(|(token, _)| claimant.is_join_token(token));
//!             let (_, workload) = known.ok_or(Refusal::EvidenceRefused)?;
//!             WorkloadId::parse(workload).map_err(|_| Refusal::Unavailable)?
//!         }
//!         Claimant::Credential(workload) => workload.clone(),
//!         _ => return Err(Refusal::EvidenceUnsupported),
//!     };
//!     let token = issuer.issue(&workload, enrolment.key()).map_err(|_| Refusal::Unavailable)?;
//!     Ok(Token { token, expires_in: 3600 })
//! }
//! ```

mod enrolments;
mod nonces;
mod proof;
mod refusal;
mod wire;

pub use enrolments::{Claimant, Enrolment, Enrolments};
pub use proof::PROOF_TYPE;
pub use refusal::Refusal;
pub use wire::{Evidence, EvidenceKind, Nonce, Problem, Token, TokenRequest};

pub(super) use enrolments::canonical_base;
pub(super) use proof::encoded_sha256;

/// Where a workload gets a nonce, below the server's base URL. `POST`, without content.
pub const NONCE_PATH: &str = "/v1/nonce";

/// Where a workload gets a token, below the server's base URL. `POST`, with a [`TokenRequest`].
pub const TOKEN_PATH: &str = "/v1/token";

/// The longest message in either direction, in octets.
pub const MAX_MESSAGE: usize = 64 * 1024;
