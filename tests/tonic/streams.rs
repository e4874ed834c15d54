//! Streams of messages: read before they are signed where they are all there, and refused where they wait.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tower::Layer;
use wimse::tower::SignLayer;
use wimse::{Audience, CalleeMap, Proof, SignError, SignOptions};

use crate::chat::ChatClient;
use crate::echo::Text;
use crate::fixture::{ENOUGH, ORDERS, connect, domain, over, serve, serve_with, signature, strict};

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

#[track_caller]
fn sign_error(status: &Status) -> &SignError {
    let source = std::error::Error::source(status).unwrap_or_else(|| panic!("{status:?}"));
    source.downcast_ref().unwrap_or_else(|| panic!("{source:?}"))
}

async fn soon<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), call).await.expect("an answer")
}

#[tokio::test]
async fn hsq_10_a_stream_that_is_all_there_is_signed() {
    let domain = domain();
    let base = serve(&domain).await;
    let mut client = ChatClient::new(strict(&domain, &base).await);
    assert_eq!(client.join(&["two", "red", "apples"]).await.unwrap().message.text, "two red apples");
    assert_eq!(client.join(&[]).await.unwrap().message.text, "");

    let answered = client.talk(tokio_stream::iter([text("two"), text("apples")])).await.unwrap();
    assert_eq!(answered.callee.as_deref(), Some(ORDERS));
    let answers: Vec<_> = answered.message.map(|answer| answer.unwrap().text).collect().await;
    assert_eq!(answers, ["two?", "apples?"]);
}

/// Also where tokio makes the one who reads them yield now and then, as it does for its channels.
#[tokio::test]
async fn hsq_10_a_stream_of_many_messages_that_are_all_there_is_signed() {
    let domain = domain();
    let base = serve(&domain).await;
    let mut client = ChatClient::new(strict(&domain, &base).await);
    let (say, messages) = mpsc::channel(1000);
    for _ in 0..1000 {
        say.send(text("apple")).await.unwrap();
    }
    drop(say);
    let answered = soon(client.join_stream(ReceiverStream::new(messages))).await.unwrap();
    assert_eq!(answered.message.text, ["apple"; 1000].join(" "));
}

/// The other side may wait for what this side would wait for.
#[tokio::test]
async fn hsq_10_a_stream_that_waits_is_refused_at_once_and_the_error_names_the_choices() {
    let domain = domain();
    let base = serve(&domain).await;
    let mut client = ChatClient::new(strict(&domain, &base).await);
    let waiting = || tokio_stream::iter([text("two")]).chain(tokio_stream::pending());
    let joined = soon(client.join_stream(waiting())).await.unwrap_err();
    let talked = soon(client.talk(waiting())).await.unwrap_err();
    for status in [joined, talked] {
        assert_eq!(sign_error(&status), &SignError::ContentUnavailable);
        assert!(status.message().contains("Workload Proof Token"), "{status}");
    }
}

#[tokio::test]
async fn hsq_10_a_stream_over_the_limit_is_refused_and_without_buffering_every_call_is() {
    let domain = domain();
    let base = serve(&domain).await;
    let signer = || signature(&domain, &base);
    let channel = over(&base, signer(), SignOptions::default()).await;
    let endless = tokio_stream::iter(std::iter::repeat_with(|| text("apple")));
    let status = soon(ChatClient::new(channel).join_stream(endless)).await.unwrap_err();
    assert_eq!(sign_error(&status), &SignError::ContentTooLarge { limit: ENOUGH });

    let channel = SignLayer::new(signer().build().unwrap()).layer(connect(&base).await);
    let status = ChatClient::new(channel).join(&["two"]).await.unwrap_err();
    assert_eq!(sign_error(&status), &SignError::ContentUnavailable);
}

/// The way out that the error names, for one call: tonic hands the extensions of a request on to the layer.
#[tokio::test]
async fn amb_33_with_a_proof_token_both_sides_take_turns() {
    let domain = domain();
    let base = serve_with(&domain, |layer| layer).await;
    let channel = over(&base, signature(&domain, &base), SignOptions::default()).await;
    let token = SignOptions::default().proof(Proof::Wpt);
    let own_layer = SignLayer::new(
        domain.workload("/frontend").signer().audience(Audience::base_url(&base).unwrap()).build().unwrap(),
    );
    let by_layer = own_layer.layer(connect(&base).await);
    soon(take_turns(ChatClient::new(channel).with(token))).await;
    soon(take_turns(ChatClient::new(by_layer))).await;
}

/// The same beside calls whose responses must be signed, where the signer's mapping names the callee.
#[tokio::test]
async fn amb_33_hsr_18_one_call_with_a_proof_token_gives_up_the_signed_response() {
    let domain = domain();
    let base = serve(&domain).await;
    let authority = base.trim_start_matches("http://");
    let signer = signature(&domain, &base)
        .response_anchors(domain.trust_anchors())
        .expected_callees(CalleeMap::new().with(authority, domain.id("/orders")))
        .require_signed_responses();
    let channel = over(&base, signer, SignOptions::default()).await;
    let mut client = ChatClient::with_origin(channel, &base);
    assert_eq!(client.join(&["two"]).await.unwrap().callee.as_deref(), Some(ORDERS));
    let token = SignOptions::default().proof(Proof::Wpt);
    let status = client.clone().with(token.clone()).join(&["two"]).await.unwrap_err();
    assert_eq!(sign_error(&status), &SignError::ResponseUncheckable);
    soon(take_turns(client.with(token.require_signed_response(false)))).await;
}

async fn take_turns<T>(mut client: ChatClient<T>)
where
    T: tonic::client::GrpcService<tonic::body::Body>,
    T::Error: Into<tonic::codegen::StdError>,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    let (say, messages) = mpsc::channel(1);
    let mut answers = client.talk(ReceiverStream::new(messages)).await.unwrap().message;
    for turn in ["one", "two", "three"] {
        say.send(text(turn)).await.unwrap();
        assert_eq!(answers.message().await.unwrap().unwrap().text, format!("{turn}?"));
    }
    drop(say);
    assert_eq!(answers.message().await.unwrap(), None);
}
