//! Layers of tower-http and axum in either order around ours.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::routing::post as on_post;
use axum::{Json, Router};
use http::{Request, StatusCode};
use http_body_util::channel::Channel;
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tower_http::trace::TraceLayer;
use wimse_axum::Workload;

use crate::fixture::{World, pattern, pieces, post};
use crate::sockets::{Server, clients};
use crate::watching::Meter;

const SECONDS: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(100);

async fn order(_: Workload, Json(order): Json<Value>) -> Json<Value> {
    Json(json!({ "ordered": order["count"] }))
}

async fn length(_: Workload, content: Bytes) -> String {
    content.len().to_string()
}

async fn never() {
    std::future::pending::<()>().await;
}

fn json(server: &Server) -> Request<Body> {
    let mut request = post(server, "/orders", r#"{"count":3}"#);
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    request
}

fn timeout(after: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, after)
}

#[tokio::test]
async fn hsr_02_usual_layers_may_be_inside_or_outside() {
    let world = World::new();
    let routes = || Router::new().route("/orders", on_post(order));
    let inside = |app: Router| {
        app.layer(TraceLayer::new_for_http())
            .layer(timeout(SECONDS))
            .layer(RequestBodyLimitLayer::new(1000))
            .layer(DefaultBodyLimit::max(1000))
    };
    for app in [
        inside(routes()).layer(world.signing()),
        inside(routes().layer(world.signing())),
        inside(inside(routes()).layer(world.signing())),
    ] {
        let server = Server::start(app).await;
        for caller in world.callers() {
            assert_eq!(caller.signed(json(&server)).await.ok(), r#"{"ordered":3}"#);
            let pieces = json(&server).map(|_| pieces(br#"{"count":"many"}"#, None));
            assert_eq!(caller.signed(pieces).await.ok(), r#"{"ordered":"many"}"#);
        }
    }
}

#[tokio::test]
async fn hsr_02_hsr_18_a_timeout_inside_is_signed_and_one_outside_is_no_answer() {
    let world = World::new();
    let routes = || Router::new().route("/orders", on_post(never));
    let inside = Server::start(routes().layer(timeout(SOON)).layer(world.signing())).await;
    let outside = Server::start(routes().layer(world.signing()).layer(timeout(SOON))).await;
    for caller in world.callers() {
        assert_eq!(caller.signed(json(&inside)).await.status, 504);
        assert_eq!(caller.refused(json(&outside)).await, ("response_unsigned", 504));
    }
}

/// Our layer waits for content, so that what bounds that wait must be further out.
#[tokio::test]
async fn hsq_28_slow_content_is_bounded_by_a_timeout_outside() {
    let world = World::new();
    let routes = || Router::new().route("/orders", on_post(length)).layer(world.signing());
    let all = Server::start(routes().layer(timeout(SOON))).await;
    let body = Server::start(routes().layer(RequestBodyTimeoutLayer::new(SOON))).await;
    for client in clients() {
        for (server, ours) in [(&all, false), (&body, true)] {
            let (mut sender, slow) = Channel::<Bytes, Infallible>::new(1);
            sender.send_data(Bytes::from_static(b"two pounds")).await.unwrap();
            let call = world.demanding(post(server, "/orders", Body::new(slow)), b"two pounds of apples");
            let checked = call.send(&client).await;
            if ours {
                checked.unsigned().assert_refused(400, "content_incomplete");
            } else {
                assert_eq!(checked.unsigned().status, 504);
            }
            drop(sender);
        }
    }
}

/// One request at a time: one whose content is still awaited does not take the place of one that is there.
#[tokio::test]
async fn hsq_28_slow_content_does_not_hold_what_is_inside() {
    let world = World::new();
    // In one stack: between the layers of routers, nothing is held in any case.
    let stack = ServiceBuilder::new().layer(world.signing()).layer(GlobalConcurrencyLimitLayer::new(1));
    let meter = Meter::new();
    let app = Router::new().route("/orders", on_post(length)).layer(stack);
    let server = Server::start(meter.around(app)).await;
    for (client, caller) in clients().into_iter().zip(world.callers()) {
        let (mut sender, slow) = Channel::<Bytes, Infallible>::new(1);
        let call = world.demanding(post(&server, "/orders", Body::new(slow)), b"two pounds of apples");
        let slow = tokio::spawn(async move { call.send(&client).await });
        let before = meter.taken();
        sender.send_data(Bytes::from_static(b"two pounds")).await.unwrap();
        meter.wait(before + 10).await;
        let quick = tokio::time::timeout(SECONDS, caller.signed(post(&server, "/orders", "quick"))).await;
        assert_eq!(quick.expect("the place is taken").ok(), "5");
        sender.send_data(Bytes::from_static(b" of apples")).await.unwrap();
        drop(sender);
        assert_eq!(slow.await.unwrap().signed().ok(), "20");
    }
}

/// Where the limit is seen while the content is read, we say so; where it is seen before, its layer does.
#[tokio::test]
async fn amb_22_a_body_limit_outside_becomes_our_413() {
    let world = World::new();
    let app = Router::new().route("/orders", on_post(length)).layer(world.signing());
    let server = Server::start(app.layer(RequestBodyLimitLayer::new(100))).await;
    for client in clients() {
        for (length, accepted) in [(100, true), (101, false), (100_000, false)] {
            let content = pattern(length);
            let call = world.demanding(post(&server, "/orders", pieces(&content, None)), &content);
            let checked = call.send(&client).await;
            if accepted {
                assert_eq!(checked.signed().ok(), "100");
            } else {
                checked.unsigned().assert_refused(413, "content_too_large");
            }
        }
    }
    for caller in world.callers() {
        assert_eq!(caller.refused(post(&server, "/orders", pattern(101))).await, ("response_unsigned", 413));
    }
}

#[tokio::test]
async fn amb_22_a_body_limit_inside_answers_for_itself_and_is_signed() {
    let world = World::new();
    for app in [
        Router::new().route("/orders", on_post(length)).layer(RequestBodyLimitLayer::new(100)),
        Router::new().route("/orders", on_post(length)).layer(DefaultBodyLimit::max(100)),
    ] {
        let server = Server::start(app.layer(world.signing())).await;
        for caller in world.callers() {
            assert_eq!(caller.signed(post(&server, "/orders", pattern(100))).await.ok(), "100");
            let refused = caller.signed(post(&server, "/orders", pattern(101))).await;
            assert_eq!(refused.status, 413);
            assert!(!String::from_utf8_lossy(&refused.body).contains("content_too_large"), "{refused:?}");
        }
    }
}

/// axum's own limit is for its extractors: it neither limits what we read, nor do we lift it.
#[tokio::test]
async fn amb_22_axums_default_limit_holds_for_extractors_wherever_it_is_set() {
    const LENGTH: usize = 3 << 20;
    let world = World::new();
    let routes = || Router::new().route("/orders", on_post(length));
    let layer = || world.signing().body_limit(4 << 20);
    for (app, status) in [
        (routes().layer(layer()), 413),
        (routes().layer(layer()).layer(DefaultBodyLimit::max(LENGTH - 1)), 413),
        (routes().layer(layer()).layer(DefaultBodyLimit::max(LENGTH)), 200),
        (routes().layer(DefaultBodyLimit::disable()).layer(layer()), 200),
        (routes().layer(layer()).layer(DefaultBodyLimit::disable()), 200),
    ] {
        let meter = Meter::new();
        let server = Server::start(meter.around(app)).await;
        for caller in world.callers() {
            let reply = caller.signed(post(&server, "/orders", pattern(LENGTH))).await;
            assert_eq!(reply.status, status);
        }
        assert_eq!(meter.taken(), 2 * LENGTH);
    }
}
