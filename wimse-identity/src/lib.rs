#![doc = include_str!("../README.md")]

mod error;
mod handle;
pub mod observer;

pub use error::SourceError;
pub use handle::{Handle, Health, NotReady, Reporter};
pub use observer::SourceObserver;
