//! Signs the requests of a client.
//!
//! For any client service over `http::Request`: hyper-util's client, a tonic `Channel`. A request's own
//! [`SignOptions`](wimse_core::SignOptions), if there are some in its extensions, win over the layer's,
//! one by one.
//!
//! ```
//! use hyper_util::client::legacy::Client;
//! use hyper_util::rt::TokioExecutor;
//! use tower::ServiceBuilder;
//! use wimse_core::{Credential, Signer};
//! use wimse_tower::SignLayer;
//!
//! # fn client(credential: Credential) -> Result<(), Box<dyn std::error::Error>> {
//! let signer = Signer::builder().credentials(credential).build()?;
//! # type Body = http_body_util::Empty<bytes::Bytes>;
//! let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
//! let client = ServiceBuilder::new().layer(SignLayer::new(signer)).service(client);
//! # fn check<S: tower::Service<http::Request<Body>>>(_: S) {}
//! # check(client);
//! # Ok(())
//! # }
//! ```
//!
//! Inside a retry layer, so that every attempt is signed afresh. tonic's requests have no authority: either
//! make the generated client with `with_origin`, or give the signer an [`Audience::BaseUrl`](wimse_core::Audience::BaseUrl),
//! and by its options an expected callee where responses must be signed. Trailers are not covered by a signature, so a
//! `grpc-status` in them is authenticated by the transport alone.
//!
//! With HTTP signatures, and responses that are refused unless the callee signed them:
//!
//! ```
//! # use bytes::Bytes;
//! # use http_body_util::Full;
//! # use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! # use tower::ServiceBuilder;
//! # use wimse_core::{CalleeMap, Credential, Proof, Signer, TrustStore, WorkloadId};
//! # use wimse_tower::{MaybeBuffered, SignLayer};
//! # fn client(credential: Credential, store: TrustStore) -> Result<(), Box<dyn std::error::Error>> {
//! let orders = WorkloadId::parse("wimse://example.com/orders")?;
//! let signer = Signer::builder()
//!     .credentials(credential)
//!     .proof(Proof::HttpSignature)
//!     .response_anchors(&store)
//!     .expected_callees(CalleeMap::new().with("orders.example.com", orders))
//!     .require_signed_responses()
//!     .build()?;
//! let client = Client::builder(TokioExecutor::new()).build_http::<MaybeBuffered<Full<Bytes>>>();
//! let layer = SignLayer::new(signer).buffer_bodies(64 * 1024, |body| body);
//! let client = ServiceBuilder::new().layer(layer).service(client);
//! # fn check<S: tower::Service<http::Request<Full<Bytes>>>>(_: S) {}
//! # check(client);
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::{Bodies, Buffered, PassThrough, SignLayer};
pub use service::Sign;
