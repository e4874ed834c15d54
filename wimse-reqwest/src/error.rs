//! What keeps a request from being sent, or its response from being handed out.

use std::fmt;

use wimse_core::{ResponseError, SignError};

/// An error of the middleware, found by `downcast_ref` in `reqwest_middleware::Error::Middleware`.
///
/// Behind reqwest-retry there is a `reqwest_retry::RetryError` around that error, also if nothing was retried. A
/// [`SignError`] is among the sources of the error in any case.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WimseError {
    /// The request could not be signed and was not sent.
    Sign(SignError),
    /// The response is signed and that is not valid, or unsigned where it must be signed. It has the status, which nothing
    /// authenticates.
    Response(ResponseError),
    /// The URL has user information, or cannot be expressed as a request target.
    Url,
    /// The client followed a redirect below the middleware, with the credentials of the first request. Build
    /// it with [`client_builder`](crate::client_builder), which does not. This is a safety net with a gap: a chain of
    /// redirects that ends at the URL where it began goes unnoticed.
    RedirectFollowed,
}

impl WimseError {
    /// A stable code for logs and tests.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Sign(error) => error.reason(),
            Self::Response(error) => error.reason().code(),
            Self::Url => "url_invalid",
            Self::RedirectFollowed => "redirect_followed",
        }
    }
}

impl From<SignError> for WimseError {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl From<ResponseError> for WimseError {
    fn from(error: ResponseError) -> Self {
        Self::Response(error)
    }
}

impl From<WimseError> for reqwest_middleware::Error {
    fn from(error: WimseError) -> Self {
        Self::middleware(error)
    }
}

impl fmt::Display for WimseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sign(error) => write!(f, "the request was not signed: {error}"),
            Self::Response(error) => write!(f, "{error}"),
            Self::Url => f.write_str("the URL has user information, or cannot be expressed as a request target"),
            Self::RedirectFollowed => {
                f.write_str("a redirect was followed with credentials: build the client with `wimse_reqwest::client_builder`")
            }
        }
    }
}

impl std::error::Error for WimseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sign(error) => Some(error),
            Self::Response(error) => Some(error),
            _ => None,
        }
    }
}
