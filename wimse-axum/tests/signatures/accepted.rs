//! Requests whose signature is sound: the handler gets all of the content, when all of it is checked.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{any, post as on_post};
use http::header::{CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Version};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use tokio::sync::mpsc;
use wimse_axum::Workload;

use crate::fixture::{CALLER, World, callers, pattern, pieces, post};
use crate::sockets::{Server, clients, signed as with_proof_token, verifier};
use crate::watching::{Meter, Runs};

/// Sends back what it got: content, trailers as fields, and how the content was framed.
async fn echo(Workload(caller): Workload, request: Request) -> (HeaderMap, Bytes) {
    let framing =
        [CONTENT_LENGTH, TRANSFER_ENCODING].into_iter().find(|name| request.headers().contains_key(name));
    let framing = framing.map_or_else(|| "none".to_owned(), |name| name.to_string());
    let collected = request.into_body().collect().await.unwrap();
    let mut fields = collected.trailers().cloned().unwrap_or_default();
    fields.insert("x-framing", framing.parse().unwrap());
    fields.insert("x-caller", format!("{} by {}", caller.id(), caller.proof()).parse().unwrap());
    (fields, collected.to_bytes())
}

fn by_signature() -> String {
    format!("{CALLER} by http-signature")
}

#[tokio::test]
async fn hsq_10_hsq_11_the_handler_gets_all_of_the_content_however_it_is_framed() {
    let world = World::new();
    let server = Server::start(Router::new().route("/echo", any(echo)).layer(world.layer())).await;
    for client in clients() {
        for content in [&b""[..], b"x", &pattern(100_000)] {
            for (body, announced) in [(Body::from(content.to_vec()), true), (pieces(content, None), false)] {
                let reply = client.send(world.signed(post(&server, "/echo", body), content)).await;
                assert_eq!(reply.status, 200, "{reply:?}");
                assert_eq!(reply.headers["x-caller"], by_signature());
                assert!(reply.body == content, "the content changed on the way");
                if !content.is_empty() {
                    assert_eq!(reply.headers["x-framing"] == "content-length", announced);
                }
            }
        }
        let request = world.signed(server.get("/echo?a=b"), b"");
        assert!(!request.headers().contains_key("content-digest"));
        assert_eq!(client.send(request).await.ok(), "");
    }
}

#[tokio::test]
async fn hsq_01_hsq_11_a_signing_client_needs_nothing_but_its_layer() {
    let world = World::new();
    let server = Server::start(Router::new().route("/echo", any(echo)).layer(world.layer())).await;
    for caller in callers(&world.signer().build().unwrap()) {
        let sent = pattern(5_000);
        for body in [Body::from(sent.clone()), pieces(&sent, None)] {
            let (reply, callee) = caller.call(post(&server, "/echo?a=%20", body)).await.unwrap();
            assert_eq!(reply.status, 200);
            assert_eq!(reply.headers["x-caller"], by_signature());
            assert!(reply.body == sent && callee.is_none());
        }
        for method in [Method::GET, Method::DELETE, Method::OPTIONS] {
            let (reply, _) = caller.call(server.request(method, "/echo")).await.unwrap();
            assert_eq!(reply.ok(), "");
        }
    }
}

/// The layer reads the content whole, and puts it together again with what came after it.
#[tokio::test]
async fn hsq_11_trailers_reach_the_handler() {
    let world = World::new();
    let server = Server::start(Router::new().route("/echo", any(echo)).layer(world.layer())).await;
    let trailers =
        HeaderMap::from_iter([(http::HeaderName::from_static("x-checksum"), HeaderValue::from_static("17"))]);
    for client in clients() {
        for content in [&b""[..], &pattern(3_000)] {
            let mut request = post(&server, "/echo", pieces(content, Some(trailers.clone())));
            if client.version() == Version::HTTP_11 {
                // hyper sends no others.
                request.headers_mut().insert(TRAILER, HeaderValue::from_static("x-checksum"));
            }
            let reply = client.send(world.signed(request, content)).await;
            assert!(reply.body == content);
            assert_eq!(reply.headers["x-checksum"], "17", "{:?}", client.version());
        }
    }
}

/// The content of two requests comes piece by piece, the last piece of one of them being another than the one that was
/// signed.
#[tokio::test]
async fn hsq_28_no_handler_runs_before_the_last_piece_is_checked() {
    let world = World::new();
    let (runs, meter) = (Runs::default(), Meter::new());
    let handler = {
        let runs = runs.clone();
        async move |body: Bytes| {
            runs.note();
            body
        }
    };
    let app = Router::new().route("/orders", on_post(handler)).layer(world.layer());
    let server = Server::start(meter.around(app)).await;
    let (mut taken, mut ran) = (0, 0);
    for client in clients() {
        for (last, sound) in [("of two pieces", true), ("of one piece!", false)] {
            let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
            let request =
                world.signed(post(&server, "/orders", Body::new(body)), b"the content of two pieces");
            let answer = tokio::spawn({
                let client = client.clone();
                async move { client.send(request).await }
            });
            sender.send_data(Bytes::from_static(b"the content ")).await.unwrap();
            taken += 12;
            meter.wait(taken).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(
                runs.count() == ran && !answer.is_finished(),
                "a handler ran on content that was not checked"
            );
            sender.send_data(Bytes::from_static(last.as_bytes())).await.unwrap();
            taken += 13;
            drop(sender);
            let reply = answer.await.unwrap();
            if sound {
                ran += 1;
                assert_eq!(reply.ok(), "the content of two pieces");
            } else {
                reply.assert_refused(400, "digest_mismatch");
            }
            assert_eq!(runs.count(), ran);
        }
    }
}

/// A proof token does not cover the content: the handler gets its first piece while the second is not yet sent.
#[tokio::test]
async fn amb_33_the_content_of_a_request_with_a_proof_token_streams() {
    let world = World::new();
    let (first, mut firsts) = mpsc::unbounded_channel();
    let handler = async move |Workload(caller): Workload, mut body: Body| {
        let mut octets = 0;
        while let Some(frame) = body.frame().await {
            octets += frame.unwrap().data_ref().map_or(0, Bytes::len);
            first.send(octets).unwrap();
        }
        format!("{} by {}: {octets}", caller.id(), caller.proof())
    };
    let layer = wimse_axum::authenticate(verifier(&world.domain)).body_limit(10).sign_responses(world.own());
    let server = Server::start(Router::new().route("/orders", on_post(handler)).layer(layer)).await;
    for client in clients() {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        let request = with_proof_token(&world.caller, post(&server, "/orders", Body::new(body)));
        let answer = tokio::spawn(async move { client.send(request).await });
        sender.send_data(Bytes::from_static(b"more than the limit of ten")).await.unwrap();
        let seen = tokio::time::timeout(Duration::from_secs(10), firsts.recv()).await;
        assert_eq!(seen.expect("the handler waits for the last piece"), Some(26));
        sender.send_data(Bytes::from_static(b"!")).await.unwrap();
        drop(sender);
        assert_eq!(answer.await.unwrap().ok(), format!("{CALLER} by wpt: 27"));
        assert_eq!(firsts.recv().await, Some(27));
    }
}
