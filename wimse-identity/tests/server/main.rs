//! The client of an identity server, against a real one over real sockets, and the protocol between them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod answers;
mod building;
mod clocks;
mod failing;
mod identity;
mod killed;
mod protocol;
mod renewing;
mod tls;
