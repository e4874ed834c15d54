//! The older revision over real sockets, where HTTP/1.1 and HTTP/2 write a target differently.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};
use wimse_core::testing::TestDomain;
use wimse_core::{Audiences, Callee, CalleeMap, Peer, Proof, Revision};
use wimse_tower::{AuthenticateLayer, MaybeBuffered, SignLayer};

use crate::{domain, orders, text};

const OLDER: Revision = Revision::Wpt01HttpSignature06;

async fn serve(domain: &TestDomain) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let audiences = Audiences::base_url(&format!("http://{authority}"));
    let verifier = domain.verifier(audiences).allow_revision(OLDER).build().unwrap();
    let layer = AuthenticateLayer::new(verifier).sign_responses(orders(domain));
    let service = layer.layer(service_fn(async |request: Request<MaybeBuffered<Incoming>>| {
        let revision =
            request.extensions().get::<Peer>().unwrap().authentications().next().unwrap().revision();
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(revision.as_str())))
    }));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
    authority
}

#[tokio::test]
async fn amb_01_hsr_10_the_older_revision_signs_what_a_server_receives() {
    let domain = domain();
    let authority = serve(&domain).await;
    for revision in Revision::ALL {
        let callees = CalleeMap::new().with(&authority, domain.id("/orders"));
        let signer = domain.workload("/frontend").signer().proof(Proof::HttpSignature).revision(revision);
        let signer = signer.response_anchors(domain.trust_anchors()).expected_callees(callees);
        let signer = signer.require_signed_responses().build().unwrap();
        for http2 in [false, true] {
            for target in ["/orders/7?page=2", "/a%2Fb", "/?", "/", "", "?page=2"] {
                let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
                let client = SignLayer::new(signer.clone()).buffer_bodies(64, |body| body).layer(client);
                let request = Request::post(format!("http://{authority}{target}"));
                let request = request.body(Full::<Bytes>::from("pay")).unwrap();
                let response = client.oneshot(request).await.unwrap();
                let callee =
                    response.extensions().get::<Callee>().map(|callee| callee.0.id().path().to_owned());
                assert_eq!(callee.as_deref(), Some("/orders"), "{target}");
                assert_eq!(text(response).await, (200, revision.as_str().to_owned()), "{target}");
            }
        }
    }
}
