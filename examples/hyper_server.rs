//! A plain hyper 1 server behind the layers, for HTTP/1.1 and HTTP/2, and a hyper client in front of them. Requests and
//! responses have HTTP signatures.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use wimse::testing::TestDomain;
use wimse::tower::{AuthenticateLayer, AuthorizeLayer, MaybeBuffered, SignLayer};
use wimse::{Audiences, Callee, CalleeMap, Peer, Proof, Signer, policy};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let base = format!("http://{address}");
    // Stands in for an identity server.
    let domain = TestDomain::new("example.com");

    let verifier = domain.verifier(Audiences::base_url(&base)).proofs([Proof::HttpSignature]).build()?;
    let own = Signer::builder().credentials(domain.workload("/greeter").credential().clone()).build()?;
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier).body_limit(16 * 1024).sign_responses(own))
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
        .proof(Proof::HttpSignature)
        .response_anchors(domain.trust_anchors())
        .expected_callees(CalleeMap::new().with(&address, domain.id("/greeter")))
        .require_signed_responses()
        .allow_plaintext_loopback()
        .build()?;
    // The signature covers the content, so that the layer reads it before the client does.
    let layer = SignLayer::new(signer).buffer_bodies(16 * 1024, |body| body);
    for http2 in [false, true] {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(http2)
            .build_http::<MaybeBuffered<Full<Bytes>>>();
        let mut client = ServiceBuilder::new().layer(layer.clone()).service(client);
        let request = Request::post(format!("{base}/hello")).body(Full::from("good morning"))?;
        let response = client.ready().await?.call(request).await?;
        let (version, status) = (response.version(), response.status());
        let callee = response.extensions().get::<Callee>().map(|Callee(peer)| peer.id().to_string());
        let body = response.into_body().collect().await?.to_bytes();
        println!(
            "{version:?} {status} from {}: {}",
            callee.unwrap_or_default(),
            String::from_utf8_lossy(&body)
        );
    }
    Ok(())
}

async fn hello(request: Request<MaybeBuffered<Incoming>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let caller = request.extensions().get::<Peer>().map(|peer| peer.id().to_string()).unwrap_or_default();
    let greeting = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(Response::new(Full::from(format!("{} to {caller}", String::from_utf8_lossy(&greeting)))))
}
