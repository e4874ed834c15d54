#![doc = include_str!("../README.md")]

#[cfg(any(feature = "jwks", feature = "server", feature = "spiffe"))]
mod backoff;
#[cfg(any(feature = "file", feature = "jwks"))]
mod domains;
mod error;
#[cfg(feature = "file")]
pub mod file;
mod handle;
#[cfg(feature = "jwks")]
pub mod jwks;
#[cfg(any(feature = "server", feature = "spiffe"))]
mod life;
pub mod observer;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "spiffe")]
pub mod spiffe;

#[cfg(any(feature = "file", feature = "jwks"))]
pub use domains::DomainError;
pub use error::SourceError;
pub use handle::{Handle, Health, NotReady, Reporter};
pub use observer::SourceObserver;
