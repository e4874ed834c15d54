#![doc = include_str!("../README.md")]

pub mod authenticate;
pub mod authorize;
mod body;
mod caller;
mod rejection;
pub mod sign;
mod span;

pub use authenticate::{Authenticate, AuthenticateLayer};
pub use authorize::{Authorize, AuthorizeLayer};
pub use body::MaybeBuffered;
pub use caller::{Anonymous, Caller};
pub use rejection::{ProblemResponse, RejectionResponse};
pub use sign::{Sign, SignLayer};

/// An error of a wrapped client service, the [`SignError`](wimse_core::SignError) that kept a request from being sent, or
/// the [`ResponseError`](wimse_core::ResponseError) that keeps a response from being handed on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
