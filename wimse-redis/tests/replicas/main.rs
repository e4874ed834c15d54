//! Three replicas of a service on sockets, one real Redis, and what may happen to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

#[cfg(feature = "cluster")]
mod cluster;
mod fleet;
mod memory;
mod outages;
mod redis_server;
mod sharing;
#[cfg(feature = "tls")]
mod tls;
