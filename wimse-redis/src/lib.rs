#![doc = include_str!("../README.md")]

mod build_error;
mod builder;
mod cache;
mod fault;
mod keeper;
mod keys;
mod link;
mod memory;
pub mod observer;
mod outage;
mod question;

pub use build_error::BuildError;
pub use builder::RedisReplayCacheBuilder;
pub use cache::RedisReplayCache;
pub use fault::Fault;
pub use observer::StoreObserver;
