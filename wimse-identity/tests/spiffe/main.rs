//! The sources on the SPIFFE Workload API, against an agent over a real Unix socket.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

#[path = "../common/mod.rs"]
mod common;

mod agent;
mod anchors;
mod credential;
mod outages;
mod svid;
mod x509;
