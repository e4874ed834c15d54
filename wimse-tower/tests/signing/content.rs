//! Requests with an HTTP signature and content.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Request;
use tower::{Layer, ServiceExt, service_fn};
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};
use wimse_core::{Proof, SignError, SignOptions};
use wimse_tower::{BoxError, SignLayer};

use crate::fixture::{ENOUGH, FRONTEND, Orders, Received, clients, domain, post, signature, signing};
use crate::script::Script;

fn digest(content: &str) -> http::HeaderValue {
    ContentDigest::of(content.as_bytes(), DigestAlgorithm::Sha256).to_header_value()
}

#[track_caller]
fn sign_error(error: &BoxError) -> &SignError {
    error.downcast_ref().unwrap_or_else(|| panic!("{error:?}"))
}

#[tokio::test]
async fn hsq_01_hsq_10_hsq_11_content_is_read_signed_and_sent_as_it_was() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (version, client) in clients() {
        let client = signing(client, signature(&domain), ENOUGH);
        for pieces in [&["two", " ", "", "apples"][..], &["two apples"], &[""], &[]] {
            let content = pieces.concat();
            let mut request = post(service.url("/orders?page=2"), Script::of(pieces));
            request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
            let response = client.clone().oneshot(request).await.unwrap();
            assert_eq!((response.status().as_u16(), response.version()), (200, version));
            let received = Received::of(response).await.unwrap();
            assert_eq!(received.content, format!("{FRONTEND} sent {content}"));

            let arrived = service.take_one();
            assert_eq!((arrived.version, arrived.target.as_str()), (version, "/orders?page=2"));
            assert_eq!(arrived.content, content);
            assert_eq!(
                arrived.headers.get("content-digest").cloned(),
                (!content.is_empty()).then(|| digest(&content))
            );
            let input = arrived.headers["signature-input"].to_str().unwrap();
            assert!(
                input.contains("\"@method\" \"@path\" \"@query\"") && input.contains("\"content-type\""),
                "{input}"
            );
            // What was read has a length, whatever the body knew.
            if !content.is_empty() {
                assert_eq!(arrived.headers["content-length"], content.len().to_string());
            }
        }
    }
}

#[tokio::test]
async fn hsq_10_as_it_is_the_layer_signs_requests_without_content_only_and_says_what_to_choose() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients::<Script>() {
        let client = SignLayer::new(signature(&domain).build().unwrap()).layer(client);
        let request = Request::get(service.url("/orders")).body(Script::default()).unwrap();
        assert_eq!(client.clone().oneshot(request).await.unwrap().status(), 200);
        service.take_one();

        for body in [Script::of(&["two apples"]), Script::of(&[""]), Script::default().trailers("x-sum", "7")]
        {
            let polls = body.polls();
            let error = client.clone().oneshot(post(service.url("/orders"), body)).await.err().unwrap();
            assert_eq!(sign_error(&error), &SignError::ContentUnavailable);
            let shown = error.to_string();
            assert!(
                shown.contains("buffer it up to a limit") && shown.contains("Workload Proof Token"),
                "{shown}"
            );
            assert_eq!(polls.load(Ordering::SeqCst), 0);
        }
        assert!(service.take().is_empty());
    }
}

#[tokio::test]
async fn hsq_10_content_over_the_limit_is_not_sent_and_content_at_the_limit_is() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = signing(client, signature(&domain), 10);
        for body in [
            Script::of(&["two apples!"]),
            Script::of(&["two apples", "!"]),
            Script::default().forever(b"apple"),
        ] {
            let error = client.clone().oneshot(post(service.url("/orders"), body)).await.err().unwrap();
            assert_eq!(sign_error(&error), &SignError::ContentTooLarge { limit: 10 });
        }
        assert!(service.take().is_empty());
        let request = post(service.url("/orders"), Script::of(&["two", " apples"]));
        assert_eq!(client.oneshot(request).await.unwrap().status(), 200);
        assert_eq!(service.take_one().content, "two apples");
    }
}

/// The inner client is not even called.
#[tokio::test]
async fn hsq_10_content_that_is_too_large_by_its_own_account_is_not_read() {
    let domain = domain();
    let never =
        service_fn(async |_: Request<_>| -> Result<http::Response<Script>, BoxError> { panic!("called") });
    let layer = SignLayer::new(signature(&domain).build().unwrap()).buffer_bodies(10, |body| body);
    let body = Script::of(&["two apples!"]).announcing(11);
    let polls = body.polls();
    let error = layer.layer(never).oneshot(post("http://localhost/", body)).await.err().unwrap();
    assert_eq!(sign_error(&error), &SignError::ContentTooLarge { limit: 10 });
    assert_eq!(polls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn hsq_10_content_that_breaks_off_is_the_bodys_own_error_and_nothing_is_sent() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = signing(client, signature(&domain), ENOUGH);
        let request = post(service.url("/orders"), Script::of(&["two"]).fails());
        let error = client.oneshot(request).await.err().unwrap();
        let error = error.downcast_ref::<std::io::Error>().unwrap_or_else(|| panic!("{error:?}"));
        assert_eq!(error.to_string(), "the disk is gone");
        assert!(service.take().is_empty());
    }
}

/// The other choice that the errors name: nothing is read.
#[tokio::test]
async fn amb_33_with_a_proof_token_or_without_credentials_content_streams_past_any_limit() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = signing(client, signature(&domain), 3);
        for (options, status) in
            [(SignOptions::default().proof(Proof::Wpt), 200), (SignOptions::default().skip(), 401)]
        {
            let mut request = post(service.url("/orders"), Script::of(&["two", " apples"]));
            request.extensions_mut().insert(options);
            assert_eq!(client.clone().oneshot(request).await.unwrap().status(), status);
            for arrived in service.take() {
                assert_eq!(arrived.content, "two apples");
                assert!(!arrived.headers.contains_key("content-length"));
            }
        }
    }
}

/// The sender of a gRPC stream may wait for what the layer would wait for. One that only lets others have their turn does not.
#[tokio::test]
async fn hsq_10_a_grpc_stream_that_waits_is_refused_and_one_that_yields_is_not() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = signing(client, signature(&domain), ENOUGH);
        let call = |kind: &str, body: Script| {
            let mut request = post(service.url("/orders"), body);
            request.headers_mut().insert("content-type", kind.parse().unwrap());
            tokio::time::timeout(Duration::from_secs(20), client.clone().oneshot(request))
        };
        for kind in ["application/grpc", "application/grpc+proto", "application/grpc-web"] {
            let yielding = Script::default().yields(3).also("two").yields(3).also(" apples").yields(3);
            assert_eq!(call(kind, yielding).await.unwrap().unwrap().status(), 200);
            assert_eq!(service.take_one().content, "two apples");
            for waiting in [Script::default().waits(), Script::of(&["two"]).waits()] {
                let error = call(kind, waiting).await.unwrap().err().unwrap();
                assert_eq!(sign_error(&error), &SignError::ContentUnavailable);
            }
        }
        // Anything else may take its time.
        let yielding = Script::of(&["two"]).yields(30).also(" apples");
        assert_eq!(call("text/plain", yielding).await.unwrap().unwrap().status(), 200);
        assert_eq!(service.take_one().content, "two apples");
    }
}
