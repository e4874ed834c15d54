//! How a refusal becomes a response.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use wimse_core::Rejection;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Turns a [`Rejection`] into a response. Closures `Fn(&Rejection) -> Response<Bytes>` implement it.
///
/// Whatever the response, the rejection is added to its extensions, for layers further out. A successful status is replaced
/// by the rejection's.
pub trait RejectionResponse: Clone {
    /// Makes the response to a refused request.
    fn respond(&self, rejection: &Rejection, request: &Parts) -> Response<Bytes>;
}

impl<F: Fn(&Rejection) -> Response<Bytes> + Clone> RejectionResponse for F {
    fn respond(&self, rejection: &Rejection, _: &Parts) -> Response<Bytes> {
        self(rejection)
    }
}

/// The default response: status and problem details by [`Rejection::to_response`]; for gRPC requests the same
/// status with `grpc-status` and the reason in `grpc-message`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProblemResponse;

impl RejectionResponse for ProblemResponse {
    fn respond(&self, rejection: &Rejection, request: &Parts) -> Response<Bytes> {
        let mut response = rejection.to_response();
        if is_grpc(&request.headers) {
            *response.body_mut() = Bytes::new();
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            headers.insert(GRPC_STATUS, HeaderValue::from_static(grpc_status(rejection.status())));
            headers.insert(GRPC_MESSAGE, HeaderValue::from_static(rejection.reason().code()));
        }
        response
    }
}

/// Whether a message is one of gRPC.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|value| value.starts_with(b"application/grpc"))
}

/// The gRPC code of a status: `UNAUTHENTICATED`, `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED`, `UNIMPLEMENTED`,
/// `UNAVAILABLE` or `INTERNAL`.
fn grpc_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "7",
        StatusCode::PAYLOAD_TOO_LARGE => "8",
        StatusCode::NOT_IMPLEMENTED => "12",
        StatusCode::SERVICE_UNAVAILABLE => "14",
        status if status.is_client_error() => "16",
        _ => "13",
    }
}

pub(crate) fn refuse<R: RejectionResponse>(
    respond: &R,
    rejection: Rejection,
    request: &Parts,
) -> Response<Bytes> {
    let mut response = respond.respond(&rejection, request);
    if response.status().is_success() {
        // Whatever a closure made of it: a refusal is no success.
        *response.status_mut() = rejection.status();
    }
    response.extensions_mut().insert(rejection);
    let length = response.body().len();
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}
