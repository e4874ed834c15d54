//! Sources over a real HTTPS server with a certification authority of its own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "test code"
)]

#[path = "../common/mod.rs"]
mod common;

mod building;
mod caching;
mod fixture;
mod outages;
mod refusals;
mod server;
mod trust;
mod unknown_keys;
