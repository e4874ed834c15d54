//! A hyper server that authenticates and signs, and hyper clients that sign and check.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version, request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt, service_fn};
use wimse_core::signer::SignerBuilder;
use wimse_core::testing::TestDomain;
use wimse_core::{Audiences, Callee, CalleeMap, Peer, Proof, ResponseError, Signer};
use wimse_tower::{AuthenticateLayer, BoxError, MaybeBuffered, SignLayer};

use crate::script::Script;

/// Who calls.
pub(crate) const FRONTEND: &str = "wimse://example.com/frontend";
/// Who is called.
pub(crate) const ORDERS: &str = "wimse://example.com/orders";
/// More than any test sends.
pub(crate) const ENOUGH: usize = 64 * 1024;

/// A request that was accepted.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) version: Version,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

/// The service: it says who sent what.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) base: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

/// A response that is all there.
pub(crate) struct Received {
    pub(crate) parts: http::response::Parts,
    pub(crate) content: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Received {
    pub(crate) async fn of<B>(response: Response<B>) -> Result<Self, B::Error>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let (parts, body) = response.into_parts();
        let collected = body.collect().await?;
        let trailers = collected.trailers().cloned();
        Ok(Self { parts, content: collected.to_bytes(), trailers })
    }

    /// The status, and who signed the response, if anybody did.
    pub(crate) fn from(&self) -> (u16, Option<&str>) {
        let callee = self.parts.extensions.get::<Callee>();
        (self.parts.status.as_u16(), callee.map(|Callee(peer)| peer.id().as_str()))
    }

    /// As something to send.
    pub(crate) fn send(self) -> Response<Script> {
        let body = Script::of(&[std::str::from_utf8(&self.content).unwrap()]);
        let body = self.trailers.into_iter().fold(body, Script::all_trailers);
        Response::from_parts(self.parts, body)
    }
}

pub(crate) fn domain() -> TestDomain {
    TestDomain::new("example.com")
}

pub(crate) fn own_signer(domain: &TestDomain) -> Signer {
    domain.workload("/orders").signer().build().unwrap()
}

pub(crate) fn echo(request: &request::Parts, content: &Bytes) -> Response<Script> {
    let caller = request.extensions.get::<Peer>().unwrap().id();
    let text = format!("{caller} sent {}", String::from_utf8_lossy(content));
    Response::builder()
        .header("content-type", "text/plain")
        .body(Script::of(&[&text]).announcing(text.len() as u64))
        .unwrap()
}

impl Orders {
    /// Signs the responses that it is asked to sign.
    pub(crate) async fn start(domain: &TestDomain) -> Self {
        let own = own_signer(domain);
        Self::start_with(domain, |layer| layer.sign_responses(own), echo).await
    }

    pub(crate) async fn start_with(
        domain: &TestDomain,
        change: impl FnOnce(AuthenticateLayer) -> AuthenticateLayer,
        answer: impl Fn(&request::Parts, &Bytes) -> Response<Script> + Clone + Send + 'static,
    ) -> Self {
        Self::start_behind(domain, change, answer, Received::send).await
    }

    /// Behind somebody who can change responses.
    pub(crate) async fn start_behind(
        domain: &TestDomain,
        change: impl FnOnce(AuthenticateLayer) -> AuthenticateLayer,
        answer: impl Fn(&request::Parts, &Bytes) -> Response<Script> + Clone + Send + 'static,
        meddle: impl Fn(Received) -> Response<Script> + Clone + Send + Sync + 'static,
    ) -> Self {
        let arrived: Arc<Mutex<Vec<Arrived>>> = Arc::default();
        let seen = Arc::clone(&arrived);
        let base = listen(|base| {
            let verifier = domain.verifier(Audiences::base_url(base)).build().unwrap();
            let handler = service_fn(move |request: Request<MaybeBuffered<Incoming>>| {
                let (answer, seen) = (answer.clone(), Arc::clone(&seen));
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap();
                    let trailers = body.trailers().cloned();
                    let content = body.to_bytes();
                    let response = answer(&parts, &content);
                    let target = parts.uri.path_and_query().unwrap().to_string();
                    let request::Parts { version, headers, .. } = parts;
                    seen.lock().unwrap().push(Arrived { version, target, headers, content, trailers });
                    Ok::<_, Infallible>(response)
                }
            });
            let service = change(AuthenticateLayer::new(verifier)).layer(handler);
            service_fn(move |request| {
                let (service, meddle) = (service.clone(), meddle.clone());
                async move {
                    let response = service.oneshot(request).await?;
                    Ok(meddle(Received::of(response).await.unwrap()))
                }
            })
        });
        Self { base: base.await, arrived }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        [&self.base, path].concat()
    }

    /// What was accepted since the last call.
    pub(crate) fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }

    #[track_caller]
    pub(crate) fn take_one(&self) -> Arrived {
        let mut arrived = self.take();
        assert_eq!(arrived.len(), 1, "{arrived:?}");
        arrived.remove(0)
    }
}

/// A hyper server of HTTP/1.1 and HTTP/2 that calls what `make` makes.
pub(crate) async fn listen<S>(make: impl FnOnce(&str) -> S) -> String
where
    S: Service<Request<Incoming>, Response = Response<Script>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let service = make(&base);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
    base
}

/// A client for each version of HTTP.
pub(crate) fn clients<B>() -> [(Version, Client<HttpConnector, B>); 2]
where
    B: http_body::Body<Data: Send> + Send,
{
    let client = |http2| Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
    [(Version::HTTP_11, client(false)), (Version::HTTP_2, client(true))]
}

/// A client that signs, and so checks, and reads up to `limit` octets of its requests for that.
pub(crate) fn signing(
    client: Client<HttpConnector, MaybeBuffered<Script>>,
    signer: SignerBuilder,
    limit: usize,
) -> impl Service<Request<Script>, Response = Response<MaybeBuffered<Incoming>>, Error = BoxError, Future: Send>
+ Clone
+ Send {
    SignLayer::new(signer.build().unwrap()).buffer_bodies(limit, |body| body).layer(client)
}

/// A signer that makes HTTP signatures.
pub(crate) fn signature(domain: &TestDomain) -> SignerBuilder {
    domain.workload("/frontend").signer().proof(Proof::HttpSignature)
}

/// A signer that can check responses of whoever answers at `base`, and expects the service there.
pub(crate) fn checking(domain: &TestDomain, base: &str) -> SignerBuilder {
    signature(domain)
        .response_anchors(domain.trust_anchors())
        .expected_callees(CalleeMap::new().with(authority(base), domain.id("/orders")))
}

/// A signer that takes signed responses alone.
pub(crate) fn strict(domain: &TestDomain, base: &str) -> SignerBuilder {
    checking(domain, base).require_signed_responses()
}

pub(crate) fn authority(base: &str) -> &str {
    base.trim_start_matches("http://")
}

pub(crate) fn post(url: impl AsRef<str>, body: Script) -> Request<Script> {
    Request::post(url.as_ref()).body(body).unwrap()
}

/// With which unauthenticated status, and why, a response was refused.
pub(crate) async fn refused<T>(outcome: impl Future<Output = Result<T, BoxError>>) -> (u16, &'static str) {
    let error = outcome.await.err().expect("a refusal");
    let error = error.downcast_ref::<ResponseError>().unwrap_or_else(|| panic!("{error:?}"));
    (error.unauthenticated_status().as_u16(), error.reason().code())
}
