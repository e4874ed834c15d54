//! Decides which authenticated callers may use a route.
//!
//! ```
//! use wimse_core::policy;
//! use wimse_tower::AuthorizeLayer;
//!
//! let orders = AuthorizeLayer::new(policy::exact(["wimse://example.com/frontend"])?);
//! let admin = AuthorizeLayer::new(policy::pattern("wimse://example.com/admin/**")?);
//! # fn check<T>(_: T) {}
//! # check((orders, admin));
//! # Ok::<(), wimse_core::identifier::IdentifierError>(())
//! ```

mod future;
mod hook;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use hook::{AsyncHook, AuthorizeRequest, Immediate};
pub use layer::AuthorizeLayer;
pub use service::Authorize;
