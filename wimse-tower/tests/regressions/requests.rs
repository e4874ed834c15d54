//! Requests on their way to the handler: what they hold, what they bring along, what is shown of them.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use wimse_tower::{AuthenticateLayer, MaybeBuffered};

use crate::{Frames, copy, domain, off_the_wire, preferring, signed, text, verifier};

type Incoming = Request<MaybeBuffered<Frames>>;

fn data(content: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from(content))
}

fn trailers(name: &'static str) -> Frame<Bytes> {
    let field = (HeaderName::from_static(name), HeaderValue::from_static("1"));
    Frame::trailers(HeaderMap::from_iter([field]))
}

/// Runs a future as far as it goes at present.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// What comes of a future that is not to wait for anybody else.
async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("nothing to wait for")
}

async fn content(request: Incoming) -> Result<Response<Full<Bytes>>, Infallible> {
    let content = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(Full::from(content)))
}

/// One head that somebody has seen, with bodies that do not end, was enough to shut everybody out.
#[tokio::test]
async fn whose_content_is_awaited_holds_no_permit() {
    let domain = domain();
    let service = ConcurrencyLimit::new(service_fn(content), 1);
    let service = AuthenticateLayer::new(verifier(&domain)).layer(service);
    let call = |request| service.clone().oneshot(request);
    let signer = preferring(&domain);
    let open = Arc::new(AtomicBool::new(true));
    let (seen, _) = signed(&signer, b"pay", Frames::open([data("pay")], &open));
    let mut first = pin!(call(copy(&seen, Frames::open([], &open))));
    let mut second = pin!(call(seen));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());

    for _ in 0..3 {
        let (honest, _) = signed(&signer, b"pay", Frames::ended([data("p"), data("ay")]));
        assert_eq!(text(soon(call(honest)).await.unwrap()).await, (200, "pay".to_owned()));
    }
    // Once it has ended, the genuine body is served, when there is a permit.
    open.store(false, Ordering::SeqCst);
    assert_eq!(text(soon(second).await.unwrap()).await, (200, "pay".to_owned()));
    assert_eq!(text(soon(first).await.unwrap()).await.0, 400);
}

#[tokio::test]
async fn a_request_that_was_admitted_waits_until_the_inner_service_is_ready() {
    let domain = domain();
    let release = Arc::new(tokio::sync::Semaphore::new(0));
    let waiting = Arc::clone(&release);
    let handler = service_fn(move |request: Incoming| {
        let waiting = Arc::clone(&waiting);
        async move {
            waiting.acquire().await.unwrap().forget();
            content(request).await
        }
    });
    let service = AuthenticateLayer::new(verifier(&domain)).layer(ConcurrencyLimit::new(handler, 1));
    let open = Arc::new(AtomicBool::new(true));
    let (early, _) = signed(&preferring(&domain), b"early", Frames::open([data("early")], &open));
    let (busy, _) = signed(&preferring(&domain), b"busy", Frames::ended([data("busy")]));
    let mut early = pin!(service.clone().oneshot(early));
    let mut busy = pin!(service.oneshot(busy));
    assert!(poll_once(early.as_mut()).await.is_none());
    assert!(poll_once(busy.as_mut()).await.is_none());
    open.store(false, Ordering::SeqCst);
    assert!(poll_once(early.as_mut()).await.is_none(), "the other call has the permit");
    release.add_permits(2);
    assert_eq!(text(soon(busy).await.unwrap()).await.1, "busy");
    assert_eq!(text(soon(early).await.unwrap()).await.1, "early");
}

#[tokio::test]
async fn an_inner_service_that_fails_after_admission_is_not_called() {
    let domain = domain();
    let (inner, mut handle) = mock::pair::<Incoming, Response<Full<Bytes>>>();
    let mut service = AuthenticateLayer::new(verifier(&domain)).layer(inner);
    handle.allow(1);
    let (request, _) = signed(&preferring(&domain), b"pay", Frames::ended([data("pay")]));
    let answer = service.ready().await.unwrap().call(request);
    handle.send_error("gone");
    assert_eq!(soon(answer).await.unwrap_err().to_string(), "gone");
    assert!(handle.poll_request().is_pending());
}

/// They are covered by nothing, and there can be any number of them.
#[tokio::test]
async fn trailers_reach_the_handler_and_end_the_body() {
    let domain = domain();
    let service = AuthenticateLayer::new(verifier(&domain)).layer(service_fn(async |request: Incoming| {
        let body = request.into_body().collect().await?;
        let shown = format!("{:?}", body.trailers().cloned().unwrap_or_default());
        Ok::<_, Infallible>(Response::new(Full::from([&body.to_bytes()[..], shown.as_bytes()].concat())))
    }));
    // What would come after them is not waited for.
    let open = Arc::new(AtomicBool::new(true));
    let after = [trailers("x-second"), data("more")];
    for after in [Vec::new(), after.into()] {
        let frames = [data("pa"), data("y"), trailers("x-first")].into_iter().chain(after);
        let (request, _) = signed(&preferring(&domain), b"pay", Frames::open(frames, &open));
        let mut answer = pin!(service.clone().oneshot(request));
        let response = poll_once(answer.as_mut()).await.expect("an end").unwrap();
        assert_eq!(text(response).await, (200, r#"pay{"x-first": "1"}"#.to_owned()));
    }
}

#[tokio::test]
async fn aud_02_hsq_39_the_handler_gets_a_signature_that_debug_does_not_show() {
    let domain = domain();
    let service = ServiceBuilder::new()
        .map_request(|mut request: Request<Frames>| {
            off_the_wire(request.headers_mut());
            request
        })
        .layer(AuthenticateLayer::new(verifier(&domain)))
        .service(service_fn(async |request: Incoming| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("{:?}", request.headers()))))
        }));
    let (request, _) = signed(&preferring(&domain), b"pay", Frames::ended([data("pay")]));
    let secrets = ["signature", "workload-identity-token"].map(|name| request.headers()[name].clone());
    let digest = request.headers()["content-digest"].clone();
    let (status, shown) = text(service.oneshot(request).await.unwrap()).await;
    assert!(status == 200 && shown.contains(digest.to_str().unwrap()), "{shown}");
    for secret in secrets {
        assert!(!shown.contains(secret.to_str().unwrap()), "{shown}");
    }
}
