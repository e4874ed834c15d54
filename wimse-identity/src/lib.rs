#![doc = include_str!("../README.md")]

#[cfg(feature = "server")]
mod backoff;
mod error;
mod handle;
pub mod observer;
#[cfg(feature = "server")]
pub mod server;

pub use error::SourceError;
pub use handle::{Handle, Health, NotReady, Reporter};
pub use observer::SourceObserver;
