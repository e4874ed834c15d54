#![doc = include_str!("../README.md")]
//!
//! ## Where to start
//!
//! | to | look at |
//! |---|---|
//! | authenticate callers | [`Verifier`], then `axum::authenticate` or `tower::AuthenticateLayer` |
//! | know the caller in a handler | [`Peer`], `axum::Workload` |
//! | authorize callers | [`policy`], `axum::authorize`, `tower::AuthorizeLayer` |
//! | sign requests | [`Signer`], then `reqwest::WimseMiddleware` or `tower::SignLayer` |
//! | let replicas share what was used | `redis::RedisReplayCache`, [`LayeredReplayCache`] |
//! | read all of it from a file | `config::Config` |
//! | rotate keys and tokens | [`TrustStore`], [`RotatingCredential`] |
//! | have that done in the background | `identity::file`, `identity::jwks`, `identity::server`, `identity::spiffe` |
//! | issue tokens | [`WitIssuer`] |
//! | test a service | `testing` |
//!
//! Import items by name: `use wimse::*` would bring the modules `axum`, `tower`, `reqwest`, `identity`, `redis` and `config` into scope, most of which
//! share their names with crates. Examples inside say `wimse_core`, `wimse_tower` and so on; here the same items are under `wimse`.

pub use wimse_core::*;

/// Layers and the extractor for axum: `wimse-axum`.
#[cfg(feature = "axum")]
pub mod axum {
    pub use wimse_axum::*;
}

/// Layers for any service over `http::Request`, such as hyper's and tonic's: `wimse-tower`.
#[cfg(feature = "tower")]
pub mod tower {
    pub use wimse_tower::*;
}

/// Middleware for reqwest: `wimse-reqwest`.
#[cfg(feature = "reqwest")]
pub mod reqwest {
    pub use wimse_reqwest::*;
}

/// Where credentials and trust anchors come from: `wimse-identity`.
#[cfg(feature = "identity")]
pub mod identity {
    pub use wimse_identity::*;
}

/// The replay cache that replicas share: `wimse-redis`.
#[cfg(feature = "redis")]
pub mod redis {
    pub use wimse_redis::*;
}

/// Server and client from a configuration file: `wimse-config`.
#[cfg(feature = "config")]
pub mod config {
    pub use wimse_config::*;
}
