//! Signed requests and responses through real intermediaries: client, then nginx, haproxy or Apache httpd, then server.
//!
//! Needs their binaries, so it is not part of `cargo test`; run it with
//! `cargo test -p wimse-axum --test proxies -- --ignored`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "test code"
)]

mod body;
mod calls;
mod client;
mod hop_by_hop;
mod intermediary;
mod made_up;
mod rewriting;
mod service;
