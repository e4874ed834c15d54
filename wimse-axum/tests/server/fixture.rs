//! A server on a socket, a client for each version of HTTP, and requests signed by a trust domain of the test's own.

use std::fmt::Debug;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use wimse_axum::Workload;
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::verifier::VerifierBuilder;
use wimse_core::{Audience, Audiences, MemoryReplayCache, SignOptions, Verifier};

/// What the service knows itself by. The sockets are on another host and port.
pub(crate) const BASE: &str = "https://orders.example.com";

pub(crate) fn domain() -> TestDomain {
    TestDomain::new("example.com")
}

pub(crate) fn verifier(domain: &TestDomain) -> Verifier {
    verifier_with(domain, |builder| builder)
}

pub(crate) fn verifier_with(
    domain: &TestDomain,
    change: impl FnOnce(VerifierBuilder) -> VerifierBuilder,
) -> Verifier {
    let builder = Verifier::builder()
        .trust_anchors(domain.trust_anchors())
        .audiences(Audiences::base_url(BASE))
        .replay_cache(MemoryReplayCache::default());
    change(builder).build().unwrap()
}

/// A handler that needs a caller.
pub(crate) async fn required(Workload(caller): Workload) -> String {
    caller.id().to_string()
}

/// A handler that serves anonymous callers as well.
pub(crate) async fn optional(caller: Option<Workload>) -> String {
    caller.map_or("nobody".to_owned(), |caller| caller.id().to_string())
}

/// Signs for the service as its base URL and the request's path.
pub(crate) fn signed(caller: &TestWorkload, request: Request<Body>) -> Request<Body> {
    signed_for(caller, Audience::base_url(BASE).unwrap(), request)
}

pub(crate) fn signed_for(
    caller: &TestWorkload,
    audience: impl Into<Audience>,
    mut request: Request<Body>,
) -> Request<Body> {
    caller.sign_with(&mut request, &SignOptions::default().audience(audience));
    request
}

/// A request that can be sent again, for tests of replay.
pub(crate) fn copy(request: &Request<Body>) -> Request<Body> {
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// An application that is being served.
pub(crate) struct Server {
    address: SocketAddr,
}

impl Server {
    pub(crate) async fn start(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address }
    }

    pub(crate) fn request(&self, method: Method, target: &str) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(format!("http://{}{target}", self.address))
            .body(Body::empty())
            .unwrap()
    }

    pub(crate) fn get(&self, target: &str) -> Request<Body> {
        self.request(Method::GET, target)
    }
}

/// A client of one version of HTTP, with connections of its own.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    version: Version,
    inner: legacy::Client<HttpConnector, Body>,
}

/// One client of each version.
pub(crate) fn clients() -> [Client; 2] {
    [Version::HTTP_11, Version::HTTP_2].map(Client::new)
}

impl Client {
    pub(crate) fn new(version: Version) -> Self {
        let inner =
            legacy::Client::builder(TokioExecutor::new()).http2_only(version == Version::HTTP_2).build_http();
        Self { version, inner }
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        self.try_send(request).await.unwrap()
    }

    /// As [`Client::send`], for requests that may get no response.
    pub(crate) async fn try_send(&self, request: Request<Body>) -> Result<Reply, legacy::Error> {
        let response = self.inner.request(request).await?;
        assert_eq!(response.version(), self.version);
        Ok(Reply::of(response).await)
    }
}

/// A response that has arrived whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) async fn of<B: HttpBody>(response: Response<B>) -> Self
    where
        B::Error: Debug,
    {
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            trailers: collected.trailers().cloned(),
            body: collected.to_bytes(),
        }
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.status, 200, "{self:?}");
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A refusal as the library words it: status, challenge, problem details (ERR-04, ERR-06, WPT-41).
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, reason: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.headers[CACHE_CONTROL], "no-store");
        let challenges: Vec<_> = self.headers.get_all(WWW_AUTHENTICATE).iter().collect();
        let expected: &[&str] = if status == 401 { &["WPT"] } else { &[] };
        assert_eq!(challenges, expected);
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["reason"], reason);
        assert_eq!(problem["status"], status);
    }
}
