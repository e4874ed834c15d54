#![doc = include_str!("../README.md")]

pub mod config;
mod duration;
mod error;
mod read;
mod running;
mod source;
mod start;
mod text;
mod url;

pub use config::Config;
pub use error::ConfigError;
#[cfg(feature = "toml")]
pub use read::from_toml;
pub use read::read;
pub use running::{LayerSettings, Running, Server, SignResponses};
pub use source::{NotReady, Source};
pub use start::Starter;
pub use text::Parsed;
pub use url::Url;
