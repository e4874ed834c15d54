#![doc = include_str!("../README.md")]

mod body;
mod error;
mod middleware;
mod options;
mod response;

pub use error::WimseError;
pub use middleware::{WimseMiddleware, client_builder};
pub use options::RequestBuilderExt;
pub use reqwest_middleware;
