//! The middleware in front of real servers: what arrives there, and what never does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "test code"
)]

mod calls;
mod context;
mod credentials;
mod errors;
mod fixture;
mod options;
mod redirects;
mod retries;
mod transport;
