#![doc = include_str!("../README.md")]

mod extract;
mod layer;
mod rejection;

pub use extract::Workload;
pub use layer::{AuthorizeLayer, authenticate, authenticate_optional, authorize, authorize_async};
pub use rejection::WorkloadRejection;
pub use wimse_tower::{AuthenticateLayer, ProblemResponse, RejectionResponse};
