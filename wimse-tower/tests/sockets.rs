//! A plain hyper 1 server and hyper clients over real sockets, HTTP/1.1 and HTTP/2.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{Audiences, Peer, policy};
use wimse_tower::{AuthenticateLayer, AuthorizeLayer, MaybeBuffered, SignLayer};

type HttpClient = Client<HttpConnector, Full<Bytes>>;

async fn hello(request: Request<MaybeBuffered<Incoming>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let caller = request.extensions().get::<Peer>().map(|peer| peer.id().to_string());
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(Response::new(Full::from(format!("{} sent {}", caller.unwrap_or_default(), body.len()))))
}

async fn serve(domain: &TestDomain) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let verifier = domain.verifier(Audiences::base_url(&base)).build().unwrap();
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier))
        .layer(AuthorizeLayer::new(policy::pattern("wimse://example.com/shop/**").unwrap()))
        .service(service_fn(hello));
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

fn client(http2: bool) -> HttpClient {
    Client::builder(TokioExecutor::new()).http2_only(http2).build_http()
}

async fn call(
    workload: Option<&TestWorkload>,
    http2: bool,
    url: &str,
    body: &'static [u8],
) -> (StatusCode, Version, Bytes) {
    let request = Request::post(url).body(Full::from(body)).unwrap();
    let response = match workload {
        Some(workload) => {
            let signer = workload.signer().build().unwrap();
            SignLayer::new(signer).layer(client(http2)).oneshot(request).await.unwrap()
        }
        None => client(http2).oneshot(request).await.unwrap().map(MaybeBuffered::streamed),
    };
    let (parts, body) = response.into_parts();
    (parts.status, parts.version, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn signed_calls_reach_the_handler_over_both_versions_of_http() {
    let domain = TestDomain::new("example.com");
    let base = serve(&domain).await;
    let workload = domain.workload("/shop/front");
    for (http2, version) in [(false, Version::HTTP_11), (true, Version::HTTP_2)] {
        let (status, seen, body) =
            call(Some(&workload), http2, &format!("{base}/a%2Fb?c=d"), &[7; 100_000]).await;
        assert_eq!((status, seen), (StatusCode::OK, version));
        assert_eq!(body, "wimse://example.com/shop/front sent 100000");
    }
}

#[tokio::test]
async fn refusals_are_problem_details_over_both_versions_of_http() {
    let domain = TestDomain::new("example.com");
    let base = serve(&domain).await;
    let outsider = domain.workload("/shop-tools");
    for http2 in [false, true] {
        for (workload, status, reason) in
            [(None, 401, "credentials_missing"), (Some(&outsider), 403, "caller_not_allowed")]
        {
            let (got, _, body) = call(workload, http2, &base, b"x").await;
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((got.as_u16(), problem["reason"].as_str()), (status, Some(reason)));
        }
    }
}

#[tokio::test]
async fn wpt_21_of_many_connections_with_one_proof_exactly_one_is_served() {
    let domain = TestDomain::new("example.com");
    let base = serve(&domain).await;
    let mut signed = Request::get(&base).body(()).unwrap();
    domain.workload("/shop/front").sign(&mut signed);
    let headers = signed.headers().clone();
    let tasks: Vec<_> = (0..32)
        .map(|i| {
            let mut request = Request::get(&base).body(Full::default()).unwrap();
            *request.headers_mut() = headers.clone();
            tokio::spawn(async move { client(i % 2 == 0).oneshot(request).await.unwrap().status() })
        })
        .collect();
    let mut served = 0;
    for task in tasks {
        match task.await.unwrap().as_u16() {
            200 => served += 1,
            status => assert_eq!(status, 401),
        }
    }
    assert_eq!(served, 1);
}

#[tokio::test]
async fn amb_32_a_target_without_a_path_is_refused() {
    let domain = TestDomain::new("example.com");
    let base = serve(&domain).await;
    let request = Request::options(&base).body(Empty::<Bytes>::new()).unwrap();
    let (mut parts, body) = request.into_parts();
    parts.uri = "*".parse().unwrap();
    // hyper-util's client would make a path of it; the protocol connection sends it as it is.
    let stream = tokio::net::TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    parts.headers.insert("host", "orders".parse().unwrap());
    let response = sender.send_request(Request::from_parts(parts, body)).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("request_target"));
}
