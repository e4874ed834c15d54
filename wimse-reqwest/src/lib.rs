#![doc = include_str!("../README.md")]

mod error;
mod middleware;
mod options;

pub use error::WimseError;
pub use middleware::{WimseMiddleware, client_builder};
pub use options::RequestBuilderExt;
pub use reqwest_middleware;
