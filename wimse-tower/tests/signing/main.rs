//! The signing layer in front of hyper clients, over real sockets and both versions of HTTP, with HTTP signatures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod callees;
mod content;
mod fixture;
mod responses;
mod script;
mod services;
mod tampering;
mod trailers;
