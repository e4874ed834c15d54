//! Sources over real files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "test code"
)]
#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;

mod anchors;
mod building;
mod changes;
mod credential;
mod fixture;
mod hostile;
mod time;
