//! Why the extractor has no caller to hand out.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::Uri;
use wimse_core::{Reason, Rejection};

/// The rejection of [`Workload`](crate::Workload).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WorkloadRejection {
    /// The request has no credentials, and this handler needs a caller: 401, or 400 where HTTP signatures alone are
    /// accepted.
    Anonymous(Rejection),
    /// No authentication layer is around the route: 500.
    MissingLayer,
}

impl WorkloadRejection {
    pub(crate) fn missing_layer(uri: &Uri) -> Self {
        #[cfg(feature = "tracing")]
        tracing::error!(
            target: "wimse",
            reason = Reason::LayerMissing.code(),
            path = uri.path(),
            "`Workload` was extracted on a route without `wimse_axum::authenticate`: {}",
            Reason::LayerMissing.advice(),
        );
        #[cfg(not(feature = "tracing"))]
        let _ = uri;
        Self::MissingLayer
    }

    /// The stable reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Anonymous(rejection) => rejection.reason(),
            Self::MissingLayer => Reason::LayerMissing,
        }
    }
}

impl IntoResponse for WorkloadRejection {
    fn into_response(self) -> Response {
        let rejection = match self {
            Self::Anonymous(rejection) => rejection,
            Self::MissingLayer => Reason::LayerMissing.into(),
        };
        let mut response = rejection.to_response().map(axum::body::Body::from);
        response.extensions_mut().insert(rejection);
        response
    }
}

impl fmt::Display for WorkloadRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason().title())
    }
}

impl std::error::Error for WorkloadRejection {}
