//! The layers and the extractor on real sockets: every case over HTTP/1.1 and over HTTP/2.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "test code"
)]

mod authorization;
mod context;
mod extractor;
mod fixture;
mod nesting;
mod rejection;
mod replay;
mod requests;
mod routing;
mod set_up;
mod unavailable;
