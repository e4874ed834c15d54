//! Authenticates the callers of a server.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, service_fn};
//! use wimse_core::testing::TestDomain;
//! use wimse_core::{Audiences, MemoryReplayCache, Peer, Verifier};
//! use wimse_tower::{AuthenticateLayer, MaybeBuffered};
//!
//! # let domain = TestDomain::new("example.com");
//! let verifier = Verifier::builder()
//!     .trust_anchors(domain.trust_anchors())
//!     .audiences(Audiences::base_url("https://orders.example.com"))
//!     .replay_cache(MemoryReplayCache::default())
//!     .build()?;
//!
//! let service = ServiceBuilder::new().layer(AuthenticateLayer::new(verifier)).service(service_fn(
//!     async |request: http::Request<MaybeBuffered<Full<Bytes>>>| {
//!         let caller = request.extensions().get::<Peer>().map(|peer| peer.id().to_string());
//!         Ok::<_, std::convert::Infallible>(http::Response::new(Full::from(caller.unwrap_or_default())))
//!     },
//! ));
//! # fn check<S: tower::Service<http::Request<Full<Bytes>>>>(_: S) {}
//! # check(service);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod answer;
mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::AuthenticateLayer;
pub use service::Authenticate;
