//! tonic over a real socket: the layers in front of a server and over a client's channel.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "../../examples/tonic/echo.rs"]
mod echo;

mod chat;
mod fixture;
mod refusals;
mod signatures;
mod statuses;
mod streams;
mod tokens;
