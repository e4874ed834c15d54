//! How much content is read to check it, and what is not read at all.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::routing::post as on_post;
use http::Version;
use http_body_util::channel::Channel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wimse_axum::AuthenticateLayer;

use crate::fixture::{World, pattern, pieces, post};
use crate::raw;
use crate::sockets::{Server, clients, copy};
use crate::watching::{Meter, Runs};

const LIMIT: usize = 1_500;

async fn start(layer: AuthenticateLayer) -> (Server, Meter, Runs) {
    let (meter, runs) = (Meter::new(), Runs::default());
    let handler = {
        let runs = runs.clone();
        async move |content: Bytes| {
            runs.note();
            content.len().to_string()
        }
    };
    let app =
        Router::new().route("/orders", on_post(handler)).layer(DefaultBodyLimit::disable()).layer(layer);
    (Server::start(meter.around(app)).await, meter, runs)
}

#[tokio::test]
async fn hsq_11_amb_22_the_limit_is_exact_and_more_is_413() {
    let world = World::new();
    for limit in [0, 1, LIMIT] {
        let (server, _, runs) = start(world.layer().body_limit(limit)).await;
        for client in clients() {
            for body in [|content: Vec<u8>| Body::from(content), |content: Vec<u8>| pieces(&content, None)] {
                let send = async |length| {
                    let content = pattern(length);
                    let request = post(&server, "/orders", body(content.clone()));
                    client.send(world.signed(request, &content)).await
                };
                assert_eq!(send(limit).await.ok(), limit.to_string());
                assert_eq!(runs.take(), 1);
                for more in [limit + 1, limit + 10_000] {
                    send(more).await.assert_refused(413, "content_too_large");
                    assert_eq!(runs.take(), 0);
                }
            }
        }
    }
}

#[tokio::test]
async fn amb_22_by_default_the_limit_is_two_mebibytes() {
    const DEFAULT: usize = 2 << 20;
    let world = World::new();
    let (server, _, _) = start(world.layer()).await;
    for client in clients() {
        let content = pattern(DEFAULT);
        let request = world.signed(post(&server, "/orders", content.clone()), &content);
        assert_eq!(client.send(request).await.ok(), DEFAULT.to_string());
    }
    let request = world.signed(post(&server, "/orders", Body::empty()), &pattern(DEFAULT + 1));
    let head = raw::with(&raw::head(&request, "/orders"), &format!("content-length: {}", DEFAULT + 1));
    raw::exchange(&server, head.as_bytes()).await.assert_refused(413, "content_too_large");
}

/// The answer comes although nothing of the content was sent: the announcement is enough.
#[tokio::test]
async fn amb_22_content_that_announces_too_much_is_refused_before_any_of_it_is_read() {
    let world = World::new();
    let (server, meter, runs) = start(world.layer().body_limit(LIMIT)).await;
    let content = pattern(LIMIT + 1);
    let request = world.signed(post(&server, "/orders", Body::empty()), &content);
    for expect in ["", "\r\nexpect: 100-continue"] {
        let fields = format!("content-length: {}{expect}", content.len());
        let head = raw::with(&raw::head(&request, "/orders"), &fields);
        let refused = raw::exchange(&server, head.as_bytes()).await;
        // Not even by a `100 Continue`.
        refused.assert_refused(413, "content_too_large");
    }
    let [_, http2] = clients();
    let request = copy(&request).map(|_| Body::from(content));
    http2.send(request).await.assert_refused(413, "content_too_large");
    assert_eq!((meter.taken(), runs.count()), (0, 0));
}

#[tokio::test]
async fn hsq_11_content_within_the_limit_is_called_for_when_its_sender_waits_for_that() {
    let world = World::new();
    let (server, _, _) = start(world.layer().body_limit(LIMIT)).await;
    let content = pattern(LIMIT);
    let request = world.signed(post(&server, "/orders", Body::empty()), &content);
    let fields = format!("content-length: {LIMIT}\r\nexpect: 100-continue");
    let mut stream = raw::connect(&server).await;
    stream.write_all(raw::with(&raw::head(&request, "/orders"), &fields).as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    let reading = stream.read_exact(&mut interim);
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&content).await.unwrap();
    assert_eq!(raw::rest(&mut stream).await.ok(), LIMIT.to_string());
}

/// The sender goes on until it gets its answer.
#[tokio::test]
async fn amb_22_content_without_end_is_refused_at_the_limit() {
    let world = World::new();
    let (server, meter, runs) = start(world.layer().body_limit(LIMIT)).await;
    let request = || world.signed(post(&server, "/orders", Body::empty()), b"whatever");

    let [_, http2] = clients();
    assert_eq!(http2.version(), Version::HTTP_2);
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let endless =
        tokio::spawn(async move { while sender.send_data(Bytes::from_static(&[7; 1000])).await.is_ok() {} });
    let refused = http2.send(request().map(|_| Body::new(body))).await;
    refused.assert_refused(413, "content_too_large");
    tokio::time::timeout(Duration::from_secs(10), endless)
        .await
        .expect("the content is still taken")
        .unwrap();
    assert!(meter.taken() < LIMIT + (1 << 20), "{} octets were read", meter.taken());

    let head = raw::with(&raw::head(&request(), "/orders"), "transfer-encoding: chunked");
    let chunk = format!("{:x}\r\n{}\r\n", LIMIT + 1, "x".repeat(LIMIT + 1));
    let refused = raw::exchange(&server, format!("{head}{chunk}").as_bytes()).await;
    refused.assert_refused(413, "content_too_large");
    assert_eq!(runs.count(), 0);
}

/// Two services that share their verifier, of which one reads less than the other.
#[tokio::test]
async fn hsq_26_a_request_that_is_too_large_for_one_service_is_not_used_up() {
    let world = World::new();
    let verifier = world.verifier();
    let layer = || wimse_axum::authenticate(verifier.clone());
    let (small, _, _) = start(layer().body_limit(10)).await;
    let (large, _, _) = start(layer().body_limit(11)).await;
    for client in clients() {
        let request = world.signed(post(&large, "/orders", "eleven char"), b"eleven char");
        let mut elsewhere = copy(&request).map(|_| Body::from("eleven char"));
        *elsewhere.uri_mut() = small.get("/orders").uri().clone();
        client.send(elsewhere).await.assert_refused(413, "content_too_large");
        assert_eq!(client.send(request).await.ok(), "11");
    }
}
