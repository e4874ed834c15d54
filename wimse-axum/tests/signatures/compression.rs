//! Content that is coded on the way: the signature is over the content as it is sent (AMB-22).

use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::routing::post as on_post;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderValue, Request};
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use wimse_axum::Workload;

use crate::fixture::{World, callers, post};
use crate::sockets::Server;

/// Long enough for the layer to compress it.
const TEXT: &str = "apples and pears and plums and apples and pears and plums and apples and pears";

/// [`TEXT`], as the content of a request comes in.
async fn text(_: Workload, text: String) -> String {
    assert_eq!(text, TEXT);
    text
}

fn request(server: &Server, encoding: Option<&'static str>) -> Request<Body> {
    let mut request = post(server, "/text", TEXT);
    if let Some(encoding) = encoding {
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    }
    request
}

#[tokio::test]
async fn hsr_13_amb_22_compression_inside_is_signed_as_it_is_sent() {
    let world = World::new();
    let app =
        Router::new().route("/text", on_post(text)).layer(CompressionLayer::new()).layer(world.signing());
    let server = Server::start(app).await;
    for caller in world.callers() {
        let plain = caller.signed(request(&server, None)).await;
        assert_eq!(plain.ok(), TEXT);
        let compressed = caller.signed(request(&server, Some("gzip"))).await;
        assert_eq!(compressed.headers[CONTENT_ENCODING], "gzip");
        assert!(
            compressed.body.starts_with(&[0x1f, 0x8b]) && compressed.headers.contains_key("content-digest")
        );
    }
}

/// Fails closed: the client holds the compressed content against the digest of the other.
#[tokio::test]
async fn hsr_13_hsr_19_amb_22_compression_outside_works_only_for_who_does_not_ask_for_it() {
    let world = World::new();
    let always = world.layer().sign_all_responses(world.own());
    let app = Router::new().route("/text", on_post(text)).layer(always).layer(CompressionLayer::new());
    let server = Server::start(app).await;
    // The second client did not demand the signature: one that is there must be right all the same.
    for caller in world.callers().into_iter().chain(callers(&world.signer().build().unwrap())) {
        assert_eq!(caller.signed(request(&server, None)).await.ok(), TEXT);
        assert_eq!(caller.signed(request(&server, Some("br"))).await.ok(), TEXT);
        assert_eq!(caller.refused(request(&server, Some("gzip"))).await, ("digest_mismatch", 200));
    }
}

/// gzip with one block that is stored as it is.
fn gzip(text: &str) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    let length = u16::try_from(text.len()).unwrap();
    out.write_all(&length.to_le_bytes()).unwrap();
    out.write_all(&(!length).to_le_bytes()).unwrap();
    out.write_all(text.as_bytes()).unwrap();
    let checksum = text.bytes().fold(u32::MAX, |sum, octet| {
        (0..8).fold(sum ^ u32::from(octet), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
    });
    out.write_all(&(!checksum).to_le_bytes()).unwrap();
    out.write_all(&u32::from(length).to_le_bytes()).unwrap();
    out
}

#[tokio::test]
async fn hsq_11_amb_22_compressed_requests_are_checked_as_they_came_and_decompressed_inside() {
    let world = World::new();
    let routes = || Router::new().route("/text", on_post(text));
    let inside = routes().layer(RequestDecompressionLayer::new()).layer(world.signing());
    let outside = routes().layer(world.signing()).layer(RequestDecompressionLayer::new());
    let (inside, outside) = (Server::start(inside).await, Server::start(outside).await);
    let compressed = |server| {
        let mut request = post(server, "/text", gzip(TEXT));
        request.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        request
    };
    for caller in world.callers() {
        assert_eq!(caller.signed(compressed(&inside)).await.ok(), TEXT);
        assert_eq!(caller.refused(compressed(&outside)).await, ("response_unsigned", 400));
    }
    for caller in callers(&world.signer().build().unwrap()) {
        let (refused, _) = caller.call(compressed(&outside)).await.unwrap();
        refused.assert_refused(400, "digest_mismatch");
    }
}
