//! Requests that are not the ones that were signed: no handler runs, and the nonce is still there for the right one.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{any, post as on_post};
use http::{HeaderValue, Method, Uri, Version};
use http_body_util::channel::Channel;
use tokio::io::AsyncWriteExt;
use wimse_axum::Workload;
use wimse_core::Proof;
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};

use crate::fixture::{World, pieces, post};
use crate::raw;
use crate::sockets::{Server, clients, copy, verifier_with};
use crate::watching::{Log, Meter, Runs};

const CONTENT: &[u8] = b"two pounds of apples";

/// A service that counts how often its handler ran.
async fn counting(world: &World) -> (Server, Runs) {
    let runs = Runs::default();
    let handler = {
        let runs = runs.clone();
        async move |_: Workload, content: Bytes| {
            runs.note();
            content
        }
    };
    let app = Router::new().route("/orders", any(handler)).layer(world.layer());
    (Server::start(app).await, runs)
}

fn set(request: &mut Request, name: &'static str, value: &str) {
    request.headers_mut().insert(name, value.parse().unwrap());
}

fn digest(content: &[u8]) -> HeaderValue {
    ContentDigest::of(content, DigestAlgorithm::Sha256).to_header_value()
}

type Alter = fn(&mut Request);

/// What becomes of a request that was signed with [`CONTENT`] and the type `text/plain`.
const ALTERED: [(&str, Alter); 13] = [
    ("digest_mismatch", |r| *r.body_mut() = "two pounds of APPLES".into()),
    ("digest_mismatch", |r| *r.body_mut() = "two pounds of apples and a pear".into()),
    ("digest_mismatch", |r| *r.body_mut() = pieces(&CONTENT[..10], None)),
    ("digest_mismatch", |r| *r.body_mut() = Body::empty()),
    ("digest_malformed", |r| set(r, "content-digest", "sha-256=:AAAA:")),
    ("proof_signature", |r| {
        *r.body_mut() = "nothing".into();
        r.headers_mut().insert("content-digest", digest(b"nothing"));
    }),
    ("component_unresolved", |r| drop(r.headers_mut().remove("content-digest"))),
    ("proof_signature", |r| set(r, "content-type", "text/html")),
    ("component_unresolved", |r| drop(r.headers_mut().remove("content-type"))),
    ("component_not_covered", |r| set(r, "authorization", "Bearer x")),
    ("component_not_covered", |r| set(r, "txn-token", "x")),
    ("proof_signature", |r| *r.method_mut() = Method::PUT),
    ("proof_signature", |r| *r.uri_mut() = Uri::try_from(format!("{}?b", r.uri())).unwrap()),
];

#[tokio::test]
async fn hsq_05_hsq_06_hsq_07_hsq_08_hsq_11_an_altered_request_reaches_no_handler_and_leaves_the_nonce() {
    let world = World::new();
    let (server, runs) = counting(&world).await;
    let mut accepted = 0;
    for client in clients() {
        for (case, (reason, alter)) in ALTERED.into_iter().enumerate() {
            let mut request = post(&server, "/orders", CONTENT);
            set(&mut request, "content-type", "text/plain");
            let request = world.signed(request, CONTENT);
            let mut altered = copy(&request).map(|_| Body::from(CONTENT));
            alter(&mut altered);
            let refused = client.send(altered).await;
            assert_eq!(runs.count(), accepted, "case {case}");
            refused.assert_refused(400, reason);

            // HSQ-26: the nonce was not used up, and then it is.
            let again = copy(&request).map(|_| Body::from(CONTENT));
            client.send(request).await.ok();
            accepted += 1;
            client.send(again).await.assert_refused(400, "replayed");
            assert_eq!(runs.count(), accepted, "case {case}");
        }
    }
}

#[tokio::test]
async fn hsq_06_hsq_10_content_that_is_added_after_signing_is_refused_with_and_without_a_digest() {
    let world = World::new();
    let (server, runs) = counting(&world).await;
    for client in clients() {
        for body in [|| Body::from(CONTENT), || pieces(CONTENT, None)] {
            let request = world.signed(post(&server, "/orders", Body::empty()), b"").map(|_| body());
            client.send(request).await.assert_refused(400, "digest_missing");

            let mut request = world.signed(post(&server, "/orders", Body::empty()), b"").map(|_| body());
            request.headers_mut().insert("content-digest", digest(CONTENT));
            client.send(request).await.assert_refused(400, "component_not_covered");
        }
    }
    assert_eq!(runs.count(), 0);
}

#[tokio::test]
async fn hsq_11_hsq_28_aud_01_content_that_breaks_off_is_refused_and_leaves_the_nonce() {
    let world = World::new();
    let (runs, log) = (Runs::default(), Log::default());
    let verifier =
        verifier_with(&world.domain, |builder| builder.proofs([Proof::HttpSignature]).observer(log.clone()));
    let handler = {
        let runs = runs.clone();
        async move || runs.note()
    };
    let app = Router::new().route("/orders", on_post(handler)).layer(wimse_axum::authenticate(verifier));
    let server = Server::start(app).await;
    let [client, _] = clients();
    // A length that is not reached; a chunk without a last one after it; a chunk that is too short.
    for (framing, sent) in [
        ("content-length: 20", "two pounds"),
        ("transfer-encoding: chunked", "a\r\ntwo pounds\r\n"),
        ("transfer-encoding: chunked", "14\r\ntwo pounds"),
    ] {
        let request = world.signed(post(&server, "/orders", CONTENT), CONTENT);
        let head = raw::with(&raw::head(&request, "/orders"), framing);
        let mut stream = raw::connect(&server).await;
        stream.write_all(format!("{head}{sent}").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        raw::rest(&mut stream).await.assert_refused(400, "content_incomplete");
        assert_eq!(log.take(), ["POST /orders refused: content_incomplete"]);
        assert_eq!(runs.take(), 0, "{framing}");
        assert_eq!(client.send(request).await.status, 200);
        assert_eq!((runs.take(), log.take()), (1, vec!["POST /orders accepted: http-signature".to_owned()]));
    }
}

#[tokio::test]
async fn hsq_28_a_stream_that_is_reset_runs_no_handler_and_leaves_the_nonce() {
    let world = World::new();
    let (runs, meter) = (Runs::default(), Meter::new());
    let handler = {
        let runs = runs.clone();
        async move || runs.note()
    };
    let app = Router::new().route("/orders", on_post(handler)).layer(world.layer());
    let server = Server::start(meter.around(app)).await;
    let [_, client] = clients();
    assert_eq!(client.version(), Version::HTTP_2);
    let (mut sender, body) = Channel::<Bytes, io::Error>::new(1);
    let request = world.signed(post(&server, "/orders", Body::new(body)), CONTENT);
    let again = copy(&request).map(|_| Body::from(CONTENT));
    let broken = tokio::spawn({
        let client = client.clone();
        async move { client.try_send(request).await }
    });
    sender.send_data(Bytes::from_static(&CONTENT[..10])).await.unwrap();
    meter.wait(10).await;
    sender.abort(io::Error::other("gone"));
    assert!(broken.await.unwrap().is_err());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(runs.count(), 0);
    assert_eq!(client.send(again).await.status, 200);
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn hsq_28_of_two_requests_in_one_connection_the_refused_one_does_not_disturb_the_other() {
    let world = World::new();
    let (server, runs) = counting(&world).await;
    for client in clients() {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        let slow = world.signed(post(&server, "/orders", Body::new(body)), CONTENT);
        let slow = tokio::spawn({
            let client = client.clone();
            async move { client.send(slow).await }
        });
        let altered = world.signed(post(&server, "/orders", CONTENT), CONTENT).map(|_| Body::from("pears"));
        client.send(altered).await.assert_refused(400, "digest_mismatch");
        let before = runs.count();
        sender.send_data(Bytes::from_static(CONTENT)).await.unwrap();
        drop(sender);
        assert_eq!(slow.await.unwrap().body, CONTENT);
        assert_eq!(runs.count(), before + 1);
    }
}
