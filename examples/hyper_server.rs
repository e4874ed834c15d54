//! A plain hyper 1 server behind the layers, for HTTP/1.1 and HTTP/2, and a hyper client in front of them.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use wimse::testing::TestDomain;
use wimse::tower::{AuthenticateLayer, AuthorizeLayer, SignLayer};
use wimse::{Audiences, Peer, Signer, policy};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    // Stands in for an identity server.
    let domain = TestDomain::new("example.com");

    let verifier = domain.verifier(Audiences::base_url(&base)).build()?;
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier))
        .layer(AuthorizeLayer::new(policy::trust_domains(["example.com"])?))
        .service(service_fn(hello));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
            });
        }
    });

    let signer = Signer::builder()
        .credentials(domain.workload("/frontend").credential().clone())
        .allow_plaintext_loopback()
        .build()?;
    for http2 in [false, true] {
        let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http::<Empty<Bytes>>();
        let mut client = ServiceBuilder::new().layer(SignLayer::new(signer.clone())).service(client);
        let request = Request::get(format!("{base}/hello")).body(Empty::new())?;
        let response = client
            .ready()
            .await
            .map_err(|e| e.to_string())?
            .call(request)
            .await
            .map_err(|e| e.to_string())?;
        let (version, status) = (response.version(), response.status());
        let body = response.into_body().collect().await?.to_bytes();
        println!("{version:?} {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let caller = request.extensions().get::<Peer>().map(|peer| format!("hello {}", peer.id()));
    Ok(Response::new(Full::from(caller.unwrap_or_default())))
}
