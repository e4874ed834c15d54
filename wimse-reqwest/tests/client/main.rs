//! The middleware in front of real servers: what arrives there, and what never does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "test code"
)]

mod attempts;
mod calls;
mod context;
mod credentials;
mod errors;
mod fixture;
mod intermediary;
mod lengths;
mod options;
mod orders;
mod redirects;
mod responses;
mod retries;
mod signatures;
mod streams;
mod tampering;
mod transport;
mod unsigned;
