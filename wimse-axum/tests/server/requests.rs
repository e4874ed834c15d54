//! What becomes of requests on their way to the handler: paths, methods and bodies as they were sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::routing::{get, post};
use http::header::{CONTENT_LENGTH, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Uri, Version};
use http_body_util::Full;
use hyper::body::Frame;
use wimse_axum::Workload;

use crate::fixture::{BASE, Server, clients, domain, required, signed, signed_for, verifier};

#[tokio::test]
async fn amb_13_amb_32_percent_encoded_paths_are_compared_and_handed_on_as_they_were_sent() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let handler = async |_: Workload, uri: Uri, Path(name): Path<String>| format!("{} {name}", uri.path());
    let app = Router::new().route("/{name}", get(handler)).layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        for (path, decoded, others) in [
            ("/a%2Fb", "a/b", ["/a/b", "/a%2fb", "/a%252Fb"]),
            ("/%6Frders", "orders", ["/orders", "/%6frders", "/%6Frders/"]),
            ("/caf%C3%A9", "café", ["/caf%c3%a9", "/cafe", "/CAF%C3%A9"]),
        ] {
            let reply = client.send(signed(&caller, server.get(path))).await;
            assert_eq!(reply.ok(), format!("{path} {decoded}"));
            for other in others {
                let audience = format!("{BASE}{other}");
                let request = signed_for(&caller, audience, server.get(path));
                client.send(request).await.assert_refused(401, "audience_mismatch");
            }
        }
    }
}

#[tokio::test]
async fn wpt_11_the_query_is_no_part_of_the_audience_and_reaches_the_handler() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let handler = async |_: Workload, uri: Uri| uri.query().unwrap_or_default().to_owned();
    let app = Router::new().route("/orders", get(handler)).layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        let reply = client.send(signed(&caller, server.get("/orders?a=%20b&a"))).await;
        assert_eq!(reply.ok(), "a=%20b&a");
        let audience = format!("{BASE}/orders?a");
        let request = signed_for(&caller, audience, server.get("/orders?a"));
        client.send(request).await.assert_refused(401, "audience_mismatch");
    }
}

/// The refusal of a HEAD request has no content, and the connection is in step afterwards.
#[tokio::test]
async fn err_04_head_requests_are_authenticated_and_refused_without_content() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let app =
        Router::new().route("/orders", get(required)).layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        for _ in 0..3 {
            let head = || server.request(Method::HEAD, "/orders");
            let refused = client.send(head()).await;
            assert_eq!(refused.status, 401);
            assert_eq!(refused.headers[WWW_AUTHENTICATE], "WPT");
            assert!(refused.body.is_empty());

            let reply = client.send(signed(&caller, head())).await;
            assert_eq!(reply.ok(), "");
            let length = "wimse://example.com/frontend".len();
            assert_eq!(reply.headers[CONTENT_LENGTH], length.to_string());
        }
    }
}

fn pattern(length: usize) -> Bytes {
    (0..=250).cycle().take(length).collect()
}

/// The layer reads no body: nothing is limited, buffered or changed on the way in and out.
#[tokio::test]
async fn a_large_body_passes_untouched() {
    const LENGTH: usize = 16 << 20;
    let domain = domain();
    let caller = domain.workload("/frontend");
    let app = Router::new()
        .route("/echo", post(async |_: Workload, body: Bytes| body))
        .layer(DefaultBodyLimit::disable())
        .layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        let sent = pattern(LENGTH);
        let request = server.request(Method::POST, "/echo");
        let request = request.map(|_| Body::new(Full::new(sent.clone())));
        let reply = client.send(signed(&caller, request)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.headers[CONTENT_LENGTH], LENGTH.to_string());
        assert!(reply.body == sent, "the body came back changed");
    }
}

/// A body of these frames, of unknown length.
struct Frames(VecDeque<Frame<Bytes>>);

impl axum::body::HttpBody for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// Frames come one after the other, and trailers last. Bodies are not buffered, so that nothing is lost with them:
/// hit-box/hitbox#261, kitsune-soc/kitsune#466, tokio-rs/axum#1346.
#[tokio::test]
async fn a_streamed_body_keeps_its_trailers() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let echo = async |_: Workload, request: Request| request.into_body();
    let app = Router::new().route("/echo", post(echo)).layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    // HTTP/1.1 has trailers only by agreement between both ends, about which the layer has no say.
    let [_, client] = clients();
    assert_eq!(client.version(), Version::HTTP_2);
    let trailers =
        HeaderMap::from_iter([(http::HeaderName::from_static("x-checksum"), HeaderValue::from_static("ok"))]);
    let chunks = (0..64).map(|_| Frame::data(pattern(4096)));
    let frames: Vec<_> = chunks.chain([Frame::trailers(trailers.clone())]).collect();
    let request = server.request(Method::POST, "/echo").map(|_| Body::new(Frames(frames.into())));
    let reply = client.send(signed(&caller, request)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body.len(), 64 * 4096);
    assert_eq!(reply.trailers, Some(trailers));
}
