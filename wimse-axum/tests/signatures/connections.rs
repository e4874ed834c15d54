//! What follows on a connection: after a refusal, after an upgrade, in an older version of HTTP, and where its messages end.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wimse_axum::Workload;

use crate::fixture::{CALLER, World, post};
use crate::raw;
use crate::sockets::Server;
use crate::watching::Runs;

const CONTENT: &[u8] = b"apples";

async fn start(world: &World) -> (Server, Runs) {
    let runs = Runs::default();
    let handler = {
        let runs = runs.clone();
        async move |Workload(caller): Workload, content: Bytes| {
            runs.note();
            format!("{} sent {}", caller.id(), content.len())
        }
    };
    let app = Router::new().route("/orders", any(handler)).layer(world.signing().body_limit(1000));
    (Server::start(app).await, runs)
}

fn signed(world: &World, server: &Server, content: &[u8]) -> String {
    raw::head(&world.signed(post(server, "/orders", Body::empty()), content), "/orders")
}

/// Two statements about the length: whichever is believed, the content is held against the digest.
#[tokio::test]
async fn hsq_11_hsq_28_a_message_with_two_lengths_never_reaches_a_handler_with_other_content() {
    let world = World::new();
    let (server, runs) = start(&world).await;
    for (framing, content, sound) in [
        ("content-length: 6\r\ntransfer-encoding: chunked", "6\r\napples\r\n0\r\n\r\n", true),
        ("content-length: 6\r\ntransfer-encoding: chunked", "5\r\napple\r\n0\r\n\r\n", false),
        ("content-length: 6\r\ncontent-length: 5", "apples", false),
        ("transfer-encoding: identity", "apples", false),
    ] {
        let head = raw::with(&signed(&world, &server, CONTENT), framing);
        let reply = raw::exchange(&server, [head.as_bytes(), content.as_bytes()].concat().as_slice()).await;
        if sound && reply.0.starts_with("HTTP/1.1 200 ") {
            assert_eq!(reply.ok(), format!("{CALLER} sent 6"));
            assert_eq!(runs.take(), 1);
        } else {
            assert!(reply.0.starts_with("HTTP/1.1 400 "), "{framing}: {reply:?}");
            assert_eq!(runs.count(), 0);
        }
    }
}

/// The content of a refused request looks like another request, which is sound. It is content all the same.
#[tokio::test]
async fn hsq_28_the_content_of_a_refused_request_is_never_read_as_a_request() {
    let world = World::new();
    let (server, runs) = start(&world).await;
    let smuggled = signed(&world, &server, b"");
    let large = format!("{smuggled}{}", "x".repeat(1000));
    let chunked = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    for (framing, content, reason) in [
        (format!("content-length: {}", large.len()), large.clone(), "content_too_large"),
        ("transfer-encoding: chunked".to_owned(), chunked, "content_too_large"),
        (format!("content-length: {}", smuggled.len()), smuggled.clone(), "digest_mismatch"),
    ] {
        let refused = raw::with(&signed(&world, &server, b"other content"), &framing);
        let refused = refused.replace("connection: close", "connection: keep-alive");
        let last = raw::with(&signed(&world, &server, CONTENT), "content-length: 6") + "apples";
        let reply = raw::exchange(&server, format!("{refused}{content}{last}").as_bytes()).await;
        let answers: Vec<_> =
            reply.0.split("HTTP/1.1 ").skip(1).map(|answer| answer.split_once(' ').unwrap().0).collect();
        assert!(reply.0.contains(reason), "{reply:?}");
        // The connection is given up, or is in step.
        let status = if reason == "digest_mismatch" { "400" } else { "413" };
        match answers[..] {
            [first] => assert_eq!((first, runs.take()), (status, 0)),
            [first, second] => {
                assert_eq!((first, second, runs.take()), (status, "200", 1));
                assert!(reply.0.ends_with(&format!("{CALLER} sent 6")), "{reply:?}");
            }
            _ => panic!("{reply:?}"),
        }
    }
}

/// As proxies speak it upstream by default.
#[tokio::test]
async fn hsq_11_hsr_02_http_1_0_is_served_and_signed() {
    let world = World::new();
    let (server, _) = start(&world).await;
    let call = world.demanding(post(&server, "/orders", CONTENT), CONTENT);
    let head = raw::with(&raw::head(&call.request, "/orders"), "content-length: 6");
    let octets = [head.replace(" HTTP/1.1", " HTTP/1.0").as_bytes(), CONTENT].concat();
    let reply = raw::exchange(&server, &octets).await;
    assert!(reply.0.starts_with("HTTP/1.0 200 ") && reply.0.contains("\r\nsignature: "), "{reply:?}");
    assert!(reply.0.ends_with(&format!("{CALLER} sent 6")));

    let altered = String::from_utf8(octets).unwrap().replace("apples", "plums!");
    let refused = raw::exchange(&server, altered.as_bytes()).await;
    assert!(refused.0.starts_with("HTTP/1.0 400 ") && refused.0.contains("digest_mismatch"), "{refused:?}");
}

/// Answers in capitals on the connection that the request was upgraded to.
async fn upgrade(_: Workload, mut request: Request) -> Response {
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrading.await.unwrap());
        let mut said = [0; 5];
        stream.read_exact(&mut said).await.unwrap();
        stream.write_all(&said.to_ascii_uppercase()).await.unwrap();
    });
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, "for which there is no place").into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("capitals"));
    response
}

#[tokio::test]
async fn hsr_02_an_upgrade_is_signed_and_takes_place() {
    let world = World::new();
    let server = Server::start(Router::new().route("/upgrade", any(upgrade)).layer(world.signing())).await;
    let call = world.demanding(server.get("/upgrade"), b"");
    let head = raw::head(&call.request, "/upgrade");
    let head = head.replace("connection: close", "connection: upgrade\r\nupgrade: capitals");
    let mut stream = raw::connect(&server).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains("\r\nsignature: "), "{answer}");
    assert!(!answer.contains("content-digest"));
    stream.write_all(b"hello").await.unwrap();
    assert_eq!(raw::rest(&mut stream).await.0, "HELLO");
}
