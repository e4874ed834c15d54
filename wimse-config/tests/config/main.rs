//! Configurations that run, and all those that must not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "test code"
)]

mod broken;
mod documented;
mod fixture;
mod formats;
mod lifecycle;
#[cfg(feature = "redis")]
mod redis;
mod secrets;
mod service;
