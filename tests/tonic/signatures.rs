//! Calls with an HTTP signature, and responses that must have one.

use tonic::Code;
use tonic::body::Body;
use wimse::{CalleeMap, ResponseError, SignOptions};

use crate::chat::ChatClient;
use crate::echo::EchoClient;
use crate::fixture::{
    ENOUGH, ORDERS, connect, demanding, domain, over, serve, serve_with, signature, strict,
};

#[tokio::test]
async fn hsq_10_hsr_02_unary_and_server_streaming_calls_are_signed_and_so_are_their_responses() {
    let domain = domain();
    let base = serve(&domain).await;
    let mut client = EchoClient::new(strict(&domain, &base).await);
    for text in ["one", "two"] {
        assert_eq!(client.say(text).await.unwrap(), format!("wimse://example.com/frontend: {text}"));
    }
    let lines = client.repeat("tea").await.unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2], "wimse://example.com/frontend: tea 3");
}

#[tokio::test]
async fn hsr_17_hsr_22_the_application_finds_out_who_signed() {
    let domain = domain();
    let base = serve(&domain).await;
    let answered = ChatClient::new(strict(&domain, &base).await).join(&["two", "apples"]).await.unwrap();
    assert_eq!((answered.message.text.as_str(), answered.callee.as_deref()), ("two apples", Some(ORDERS)));

    let unasked = over(&base, signature(&domain, &base), SignOptions::default()).await;
    let answered = ChatClient::new(unasked).join(&["two", "apples"]).await.unwrap();
    assert_eq!((answered.message.text.as_str(), answered.callee), ("two apples", None));
}

#[tokio::test]
async fn hsr_22_amb_20_another_callee_is_refused() {
    let domain = domain();
    let base = serve(&domain).await;
    let options = demanding(&domain).expected_callee(domain.id("/payments"));
    let mut client = ChatClient::new(strict(&domain, &base).await).with(options);
    let status = client.join(&["two"]).await.unwrap_err();
    assert_eq!(response_error(&status).reason().code(), "callee_unexpected");
}

/// The URIs that tonic makes have no authority, so that nobody is known behind them.
#[tokio::test]
async fn hsr_22_amb_20_without_an_authority_the_callee_must_be_named() {
    let domain = domain();
    let base = serve(&domain).await;
    let authority = base.trim_start_matches("http://");
    let signer = signature(&domain, &base)
        .response_anchors(domain.trust_anchors())
        .expected_callees(CalleeMap::new().with(authority, domain.id("/orders")))
        .require_signed_responses();
    let channel = over(&base, signer, SignOptions::default()).await;
    let status = ChatClient::new(channel.clone()).join(&["two"]).await.unwrap_err();
    assert!(status.message().contains("no workload is known"), "{status}");

    // A client with an origin has one, and the mapping applies.
    let answered = ChatClient::with_origin(channel, &base).join(&["two"]).await.unwrap();
    assert_eq!(answered.callee.as_deref(), Some(ORDERS));
}

/// With an origin neither a base URL nor leave for an unknown transport is needed.
#[tokio::test]
async fn hsq_31_amb_35_an_origin_tells_audience_and_transport() {
    let domain = domain();
    let base = serve(&domain).await;
    let signer = || {
        let signer = wimse::Signer::builder().credentials(domain.workload("/frontend").credential().clone());
        signer.proof(wimse::Proof::HttpSignature)
    };
    let channel = over(&base, signer().allow_plaintext_loopback(), SignOptions::default()).await;
    assert!(ChatClient::with_origin(channel.clone(), &base).join(&["two"]).await.is_ok());
    let status = ChatClient::new(channel).join(&["two"]).await.unwrap_err();
    assert!(status.message().contains("allow_unknown_transport"), "{status}");

    let channel = over(&base, signer(), SignOptions::default()).await;
    let status = ChatClient::with_origin(channel, &base).join(&["two"]).await.unwrap_err();
    assert!(status.message().contains("allow_plaintext_loopback"), "{status}");
}

#[tokio::test]
async fn hsr_18_amb_11_an_unsigned_response_is_an_error_of_its_own() {
    let domain = domain();
    for base in [serve_with(&domain, |layer| layer).await, unrelated().await] {
        let status = ChatClient::new(strict(&domain, &base).await).join(&["two"]).await.unwrap_err();
        assert_eq!(status.code(), Code::Unknown);
        let error = response_error(&status);
        assert_eq!(error.reason().code(), "response_unsigned");
        assert_ne!(error.unauthenticated_status(), 400);
    }
}

/// A tonic server without any layers.
async fn unrelated() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tonic::transport::Server::builder().add_service(crate::chat::Chat);
    tokio::spawn(server.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)));
    base
}

/// The error that kept a response from the application, in the status that tonic makes of it.
#[track_caller]
pub(crate) fn response_error(status: &tonic::Status) -> &ResponseError {
    let source = std::error::Error::source(status).unwrap_or_else(|| panic!("{status:?}"));
    source.downcast_ref().unwrap_or_else(|| panic!("{source:?}"))
}

#[tokio::test]
async fn hsr_13_a_response_over_the_clients_limit_is_refused() {
    use tower::Layer;
    let domain = domain();
    let base = serve(&domain).await;
    let signer = signature(&domain, &base).response_anchors(domain.trust_anchors()).build().unwrap();
    let layer = wimse::tower::SignLayer::new(signer).options(demanding(&domain)).response_limit(100);
    let channel = layer.buffer_bodies(ENOUGH, Body::new).layer(connect(&base).await);
    let mut client = ChatClient::new(channel);
    assert_eq!(client.join(&["two"]).await.unwrap().callee.as_deref(), Some(ORDERS));
    let status = client.join(&["apples"; 20]).await.unwrap_err();
    assert_eq!(response_error(&status).reason().code(), "content_too_large");
}
