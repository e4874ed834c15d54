//! Calls with a Workload Proof Token: a layer over the `Channel` signs, and the handler sees the caller.

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;
use tonic::transport::{Channel, Server};
use tower::{Layer, ServiceBuilder};
use wimse::testing::{TestDomain, TestWorkload};
use wimse::tower::sign::Sign;
use wimse::tower::{AuthenticateLayer, AuthorizeLayer, SignLayer};
use wimse::{Audience, Audiences, policy};

use crate::echo::{Echo, EchoClient};

async fn serve(domain: &TestDomain) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let verifier = domain.verifier(Audiences::base_url(&base)).build().unwrap();
    let layers = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier))
        .layer(AuthorizeLayer::new(policy::exact(["wimse://example.com/frontend"]).unwrap()));
    let server = Server::builder().layer(layers).add_service(Echo);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    base
}

async fn client(base: &str, workload: &TestWorkload) -> EchoClient<Sign<Channel>> {
    let signer = workload.signer().audience(Audience::base_url(base).unwrap()).build().unwrap();
    let channel = Channel::from_shared(base.to_owned()).unwrap().connect().await.unwrap();
    EchoClient::new(SignLayer::new(signer).layer(channel))
}

#[tokio::test]
async fn unary_and_streaming_calls_are_signed_each_afresh() {
    let domain = TestDomain::new("example.com");
    let base = serve(&domain).await;
    let mut client = client(&base, &domain.workload("/frontend")).await;
    for text in ["one", "two"] {
        assert_eq!(client.say(text).await.unwrap(), format!("wimse://example.com/frontend: {text}"));
    }
    let lines = client.repeat("tea").await.unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2], "wimse://example.com/frontend: tea 3");
}

#[tokio::test]
async fn refusals_arrive_as_grpc_statuses_with_the_reason() {
    let domain = TestDomain::new("example.com");
    let base = serve(&domain).await;

    let channel = Channel::from_shared(base.clone()).unwrap().connect().await.unwrap();
    let status = EchoClient::new(channel).say("hello").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "credentials_missing"));

    let status = client(&base, &domain.workload("/other")).await.repeat("hello").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::PermissionDenied, "caller_not_allowed"));

    let stranger = TestDomain::new("elsewhere.example");
    let status = client(&base, &stranger.workload("/frontend")).await.say("hello").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "trust_domain_unknown"));
}

#[tokio::test]
async fn a_request_without_authority_needs_a_base_url() {
    let domain = TestDomain::new("example.com");
    let base = serve(&domain).await;
    let signer = domain.workload("/frontend").signer().build().unwrap();
    let channel = Channel::from_shared(base).unwrap().connect().await.unwrap();
    let status = EchoClient::new(SignLayer::new(signer).layer(channel)).say("hello").await.unwrap_err();
    assert!(status.message().contains("audience"), "{status}");
}
