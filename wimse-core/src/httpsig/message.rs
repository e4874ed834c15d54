//! What a signature is over: borrowed views of a request or a response.

use http::{HeaderMap, Method, StatusCode, Uri};

use crate::target::has_path;

/// A request, as far as a signature can cover it. All text is taken as received.
///
/// The authority comes from the target URI if it has one, else from [`Self::with_authority`], else from the one `Host`
/// field. The scheme comes from the target URI, else from [`Self::with_scheme`].
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) trailers: Option<&'a HeaderMap>,
    pub(super) scheme: Option<&'a str>,
    pub(super) authority: Option<&'a str>,
    pub(super) request_target: Option<&'a str>,
    pub(super) origin_form: bool,
}

impl<'a> RequestParts<'a> {
    /// A request without trailers.
    pub fn new(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        Self {
            method,
            uri,
            headers,
            trailers: None,
            scheme: None,
            authority: None,
            request_target: None,
            origin_form: false,
        }
    }

    /// As [`RequestParts::new`], where `@request-target` is the origin form whatever form the target has: what a client
    /// puts into its request line, and a server gets (RFC 9112 §3.2.1).
    pub(crate) fn in_origin_form(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        Self { origin_form: true, ..Self::new(method, uri, headers) }
    }

    /// The method.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The path of the target as received, `/` if it is empty.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// The query of the target as received, without its question mark; `None` if there is none.
    pub fn query(&self) -> Option<&'a str> {
        self.uri.query()
    }

    /// All fields.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    pub(super) fn has_path(&self) -> bool {
        has_path(self.method, self.uri)
    }

    /// The trailers, for `;tr`. Default: none were received.
    #[must_use]
    pub fn with_trailers(self, trailers: &'a HeaderMap) -> Self {
        Self { trailers: Some(trailers), ..self }
    }

    /// The scheme of targets that name none, such as those of HTTP/1.1. Default: not known.
    #[must_use]
    pub fn with_scheme(self, scheme: &'a str) -> Self {
        Self { scheme: Some(scheme), ..self }
    }

    /// The authority of targets that name none. Default: the `Host` field.
    #[must_use]
    pub fn with_authority(self, authority: &'a str) -> Self {
        Self { authority: Some(authority), ..self }
    }

    /// The target exactly as the request line has it, for `@request-target` of requests in absolute form. Default:
    /// the origin form of targets without an authority, the authority of CONNECT, and otherwise not known, because
    /// [`Uri`] does not tell the absolute form of HTTP/1.1 from HTTP/2.
    #[must_use]
    pub fn with_request_target(self, target: &'a str) -> Self {
        Self { request_target: Some(target), ..self }
    }
}

impl<'a, B> From<&'a http::Request<B>> for RequestParts<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.headers())
    }
}

impl<'a> From<&'a http::request::Parts> for RequestParts<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self::new(&parts.method, &parts.uri, &parts.headers)
    }
}

/// A response, as far as a signature can cover it.
#[derive(Debug, Clone, Copy)]
pub struct ResponseParts<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) trailers: Option<&'a HeaderMap>,
    pub(super) request: Option<RequestParts<'a>>,
}

impl<'a> ResponseParts<'a> {
    /// A response without trailers whose request is not known.
    pub fn new(status: StatusCode, headers: &'a HeaderMap) -> Self {
        Self { status, headers, trailers: None, request: None }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// All fields.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// The trailers, for `;tr`. Default: none were received.
    #[must_use]
    pub fn with_trailers(self, trailers: &'a HeaderMap) -> Self {
        Self { trailers: Some(trailers), ..self }
    }

    /// The request that this answers, for `;req`. Default: not known.
    #[must_use]
    pub fn with_request(self, request: impl Into<RequestParts<'a>>) -> Self {
        Self { request: Some(request.into()), ..self }
    }
}

impl<'a, B> From<&'a http::Response<B>> for ResponseParts<'a> {
    fn from(response: &'a http::Response<B>) -> Self {
        Self::new(response.status(), response.headers())
    }
}

impl<'a> From<&'a http::response::Parts> for ResponseParts<'a> {
    fn from(parts: &'a http::response::Parts) -> Self {
        Self::new(parts.status, &parts.headers)
    }
}

/// The message that a signature is over.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A request.
    Request(RequestParts<'a>),
    /// A response.
    Response(ResponseParts<'a>),
}

impl<'a> From<RequestParts<'a>> for Message<'a> {
    fn from(request: RequestParts<'a>) -> Self {
        Self::Request(request)
    }
}

impl<'a> From<ResponseParts<'a>> for Message<'a> {
    fn from(response: ResponseParts<'a>) -> Self {
        Self::Response(response)
    }
}

impl<'a, B> From<&'a http::Request<B>> for Message<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self::Request(request.into())
    }
}

impl<'a, B> From<&'a http::Response<B>> for Message<'a> {
    fn from(response: &'a http::Response<B>) -> Self {
        Self::Response(response.into())
    }
}
