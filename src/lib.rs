#![doc = include_str!("../README.md")]

pub use wimse_core::*;

/// Layer, extractor and policies for axum.
#[cfg(feature = "axum")]
pub use wimse_axum as axum;

/// Layers for any `http::Request` service: hyper, tonic.
#[cfg(feature = "tower")]
pub use wimse_tower as tower;

/// Middleware for reqwest.
#[cfg(feature = "reqwest")]
pub use wimse_reqwest as reqwest;
