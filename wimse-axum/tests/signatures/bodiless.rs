//! Responses without content, and what comes after content: HEAD, 204, 304, trailers (AMB-23).

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::header::{CONTENT_LENGTH, ETAG, TE, TRAILER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use tower::Layer;
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};

use crate::fixture::{Caller, World, pieces};
use crate::sockets::{Reply, Server, clients};

const CONTENT: &str = "apples and pears";

/// A digest as a handler sets one.
fn elsewhere() -> HeaderValue {
    ContentDigest::of(b"content that is elsewhere", DigestAlgorithm::Sha512).to_header_value()
}

/// The components that the signature of a response covers.
fn covers(reply: &Reply, field: &str) -> bool {
    reply.headers["signature-input"].to_str().unwrap().contains(&format!("{field:?}"))
}

fn app() -> Router {
    let described = async |status| ([("content-digest", elsewhere())], status);
    Router::new()
        .route("/content", get(async || CONTENT))
        .route("/pieces", get(async || pieces(CONTENT.as_bytes(), None)))
        .route(
            "/head-only",
            any(async || ([("content-digest", elsewhere()), ("content-length", "25".parse().unwrap())], ())),
        )
        .route("/204", any(async || StatusCode::NO_CONTENT))
        .route("/204/described", any(async move || described(StatusCode::NO_CONTENT).await))
        .route("/304", any(async || (StatusCode::NOT_MODIFIED, [(ETAG, "1")])))
        .route("/304/described", any(async move || described(StatusCode::NOT_MODIFIED).await))
        .route("/304/with-content", any(async || (StatusCode::NOT_MODIFIED, CONTENT)))
        .route("/empty", any(async || ()))
}

/// The layer inside the router, which takes the content from a response to HEAD further out; and around all of it.
async fn servers(world: &World) -> [Server; 2] {
    let inside = Server::start(app().layer(world.signing())).await;
    let outside = Server::start(Router::new().fallback_service(world.signing().layer(app()))).await;
    [inside, outside]
}

async fn head(caller: &Caller, server: &Server, target: &str) -> Reply {
    caller.signed(server.request(Method::HEAD, target)).await
}

#[tokio::test]
async fn hsr_13_amb_23_a_response_to_head_is_signed_and_its_digest_is_not_held_against_nothing() {
    let world = World::new();
    let [inside, outside] = servers(&world).await;
    for caller in world.callers() {
        for server in [&inside, &outside] {
            let content = caller.signed(server.get("/content")).await;
            assert_eq!(content.ok(), CONTENT);
            let reply = head(&caller, server, "/content").await;
            assert_eq!(reply.headers[CONTENT_LENGTH], CONTENT.len().to_string());
            // As for GET, as far as the content is known.
            let digest = reply.headers.get("content-digest");
            assert!(digest.is_none_or(|digest| *digest == content.headers["content-digest"]));
            assert_eq!(digest.is_some(), covers(&reply, "content-digest"));
            assert_eq!(head(&caller, server, "/pieces").await.ok(), "");

            let described = head(&caller, server, "/head-only").await;
            assert!(described.ok().is_empty() && covers(&described, "content-digest"));
            assert_eq!(described.headers["content-digest"], elsewhere());
            assert_eq!(described.headers[CONTENT_LENGTH], "25");

            assert_eq!(head(&caller, server, "/unknown").await.status, 404);
        }
        assert!(head(&caller, &inside, "/content").await.headers.contains_key("content-digest"));
    }
}

#[tokio::test]
async fn hsr_13_amb_23_a_304_keeps_the_digest_of_what_it_describes_and_a_204_has_none() {
    let world = World::new();
    for server in servers(&world).await {
        for caller in world.callers() {
            for (target, status, digest) in [
                ("/204", 204, None),
                ("/204/described", 204, None),
                ("/304", 304, None),
                ("/304/described", 304, Some(elsewhere())),
                ("/304/with-content", 304, None),
                ("/empty", 200, None),
            ] {
                for method in [Method::GET, Method::POST] {
                    let reply = caller.signed(server.request(method, target)).await;
                    assert_eq!((reply.status.as_u16(), reply.body.len()), (status, 0), "{target}");
                    assert_eq!(reply.headers.get("content-digest"), digest.as_ref(), "{target}");
                    assert_eq!(covers(&reply, "content-digest"), digest.is_some(), "{target}");
                }
            }
        }
    }
}

async fn with_trailers(request: Request) -> Response {
    let checksum = HeaderName::from_static("x-checksum");
    let trailers = HeaderMap::from_iter([(checksum, HeaderValue::from_static("17"))]);
    let content = if request.uri().path() == "/none" { "" } else { CONTENT };
    ([(TRAILER, "x-checksum")], pieces(content.as_bytes(), Some(trailers))).into_response()
}

/// They are not signed, and come after content that is.
#[tokio::test]
async fn hsr_13_the_trailers_of_a_response_are_kept() {
    let world = World::new();
    let server = Server::start(Router::new().fallback(with_trailers).layer(world.signing())).await;
    for target in ["/some", "/none"] {
        for client in clients() {
            let mut request = server.get(target);
            if client.version() == Version::HTTP_11 {
                // hyper sends none to those who do not say that they take them.
                request.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
            }
            let checked = world.demanding(request.map(|_| Body::empty()), b"").send(&client).await;
            let reply = checked.signed();
            assert_eq!(reply.body, if target == "/none" { "" } else { CONTENT });
            assert_eq!(
                reply.trailers.as_ref().map(|trailers| &trailers["x-checksum"]),
                Some(&HeaderValue::from_static("17"))
            );
        }
        for caller in world.callers() {
            let mut request = server.get(target);
            if caller.version == Version::HTTP_11 {
                request.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
            }
            assert!(caller.signed(request).await.trailers.is_some(), "{target} {:?}", caller.version);
        }
    }
}
