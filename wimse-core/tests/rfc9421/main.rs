//! HTTP Message Signatures (RFC 9421) and `Content-Digest` (RFC 9530): the vectors of the RFC, structured-field edge
//! cases, hostile shapes and properties.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod accept;
mod components;
mod costs;
mod digest;
mod hostile;
mod message;
mod properties;
mod refusals;
mod signing;
mod structured;
mod vectors;
