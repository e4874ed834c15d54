//! What every source of trust anchors does: several trust domains, one store, one state of health.

mod board;
mod error;
mod followed;

pub use error::DomainError;

pub(crate) use board::Board;
pub(crate) use followed::{Configured, Followed, Placed};
