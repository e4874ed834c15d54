//! A credential from an identity server over HTTPS, and the [`protocol`] between the two.
//!
//! The workload makes its key itself, proves to the server that it holds it, shows evidence of who it is, and gets a Workload
//! Identity Token for it. Well before that expires it does the same with a new key (workload-creds §9.4).
//!
//! ```no_run
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use wimse_core::Signer;
//! use wimse_identity::server::IdentityServer;
//!
//! let identity = IdentityServer::builder("https://identity.example.com")
//!     .service_account_jwt_file("/var/run/secrets/identity/token")
//!     .start()?;
//! identity.handle().ready(Duration::from_secs(30)).await?;
//! let signer = Signer::builder().credentials(identity.credentials()).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # What happens when
//!
//! | event | outcome |
//! |---|---|
//! | two thirds of the lifetime have passed | a new key and a new token; the old one serves until the exchange |
//! | the server is down, slow, killed, or refuses | the credential serves until it expires; attempts go on, ever more rarely, and soon again once they succeed |
//! | it expires meanwhile | withdrawn with `credential_expired` and what went wrong last; signing fails; attempts go on |
//! | the clock is set back | nothing moves: renewal and expiry also go by monotonic time and the server's `expires_in` |
//! | the clock is set forward | past the time of renewal: renewed at once; past the expiry: withdrawn as well, within a second, and signing fails until the clock or the credential is right again |
//! | the clock is wrong by over a minute at a renewal | the server refuses with `proof_time`; the credential serves until it expires |
//!
//! The reasons of its errors: those of [`protocol::Refusal`], and `evidence_unavailable`, `key_not_made`, `proof_not_made`,
//! `server_unreachable`, `server_timeout`, `server_failed` (an error that is not of the protocol), `server_refused` (one of the layer that
//! checks HTTP signatures), `answer_malformed`, `answer_too_large`, `token_refused`, `token_expired`, `credential_expired`.

mod builder;
mod client;
mod evidence;
mod http;
pub mod protocol;
mod task;

use wimse_core::RotatingCredential;

pub use builder::{BuildError, IdentityServerBuilder};
pub use client::IdentityServerClient;

use crate::Handle;

/// A source of credentials that an identity server issues. Runs until this and all clones of its handle are dropped.
#[derive(Debug, Clone)]
pub struct IdentityServer {
    handle: Handle,
    credentials: RotatingCredential,
}

impl IdentityServer {
    /// Starts the configuration of a client of the server with this base URL, in which the evidence must be given.
    pub fn builder(base: &str) -> IdentityServerBuilder {
        IdentityServerBuilder::new(base)
    }

    /// How the source is doing, and its end.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The credential of the moment, for a signer. Without one until the first was issued, and after one has expired.
    pub fn credentials(&self) -> RotatingCredential {
        self.credentials.clone()
    }
}
