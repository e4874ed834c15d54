//! Our RFC 9421 engine against the `httpsig` crate, on what both can do: the same signature bases, our signatures
//! verify there and theirs here. Then, one test each, where the two differ on purpose: what they do, what we do.
//!
//! The crate knows no messages. It is given the value of each component, which the tests take from the parts of
//! which they make the request, never from our engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

#[path = "../common/mod.rs"]
mod common;
mod common_subset;
mod differences;
mod sides;
