//! The extractor: the validated caller as a handler's argument.

use std::ops::Deref;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use wimse_core::Peer;
use wimse_tower::Caller;

use crate::WorkloadRejection;
use crate::layer::original_uri;

/// The validated caller of a request.
///
/// ```
/// use wimse_axum::Workload;
///
/// async fn required(Workload(caller): Workload) -> String {
///     format!("hello {}", caller.id())
/// }
///
/// async fn optional(caller: Option<Workload>) -> String {
///     match caller {
///         Some(Workload(caller)) => format!("hello {}", caller.id()),
///         None => "hello stranger".to_owned(),
///     }
/// }
/// # let _: axum::Router = axum::Router::new()
/// #     .route("/a", axum::routing::get(required)).route("/b", axum::routing::get(optional));
/// ```
///
/// Needs [`authenticate`](crate::authenticate) around the route; without it the answer is a 500 and an error in
/// the log, also for `Option<Workload>`, so that a forgotten layer is not taken for an anonymous caller.
/// Invalid credentials never get as far as an extractor.
#[derive(Debug, Clone)]
pub struct Workload(pub Peer);

impl Deref for Workload {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Workload {
    type Rejection = WorkloadRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WorkloadRejection> {
        match Caller::of(&parts.extensions) {
            Caller::Peer(peer) => Ok(Self(peer.clone())),
            Caller::Anonymous(anonymous) => Err(WorkloadRejection::Anonymous(anonymous.rejection().clone())),
            Caller::Unknown => Err(WorkloadRejection::missing_layer(original_uri(parts))),
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Workload {
    type Rejection = WorkloadRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, WorkloadRejection> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(workload) => Ok(Some(workload)),
            Err(WorkloadRejection::Anonymous(_)) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}
