#![doc = include_str!("../README.md")]

#[cfg(any(feature = "server", feature = "spiffe"))]
mod backoff;
mod error;
mod handle;
#[cfg(any(feature = "server", feature = "spiffe"))]
mod life;
pub mod observer;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "spiffe")]
pub mod spiffe;

pub use error::SourceError;
pub use handle::{Handle, Health, NotReady, Reporter};
pub use observer::SourceObserver;
