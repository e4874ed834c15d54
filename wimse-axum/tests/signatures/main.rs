//! HTTP signatures between real sockets: what the layer makes of requests and their content, and of responses. Every case
//! over HTTP/1.1 and over HTTP/2, unless it is about one of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "test code"
)]

mod accepted;
mod audit;
mod bodiless;
mod compression;
mod connections;
mod fields;
mod fixture;
mod impossible;
mod layers;
mod limits;
mod preferred;
mod raw;
mod refusals;
mod refused;
mod replay;
mod responses;
mod routes;
#[allow(dead_code, reason = "shared with the other test binary")]
#[path = "../server/fixture.rs"]
mod sockets;
mod targets;
mod twofold;
mod watching;
