//! The layer as a tower service: readiness, clones, extensions, errors, retries.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tower::limit::ConcurrencyLimitLayer;
use tower::retry::{Policy, RetryLayer};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use wimse_core::{Proof, SignError, SignOptions};
use wimse_tower::{BoxError, MaybeBuffered, SignLayer};

use crate::fixture::{ENOUGH, Orders, clients, domain, echo, own_signer, post, signature, signing};
use crate::script::Script;

const URL: &str = "https://orders.example.com/orders";

/// A service that demands what tower's contract demands: what is called was ready, and a clone is not.
#[derive(Default)]
struct Strict {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { ready: false, calls: Arc::clone(&self.calls) }
    }
}

impl<B> Service<Request<B>> for Strict {
    type Response = Response<Script>;
    type Error = BoxError;
    type Future = Ready<Result<Response<Script>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        self.calls.fetch_add(1, Ordering::SeqCst);
        ready(Ok(Response::new(Script::of(&["served"]))))
    }
}

// tower-rs/tower#712, tower-rs/tower-http#713
#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called_also_after_the_content_was_read() {
    let domain = domain();
    let strict = Strict::default();
    let layer = SignLayer::new(signature(&domain).build().unwrap());
    let mut buffering = layer.clone().buffer_bodies(ENOUGH, |body| body).layer(strict.clone());
    let mut plain = layer.layer(strict.clone());
    for _ in 0..2 {
        // The next one is got ready while the one before is under way.
        let first = buffering.ready().await.unwrap().call(post(URL, Script::of(&["two apples"])));
        let second = buffering.ready().await.unwrap().call(post(URL, Script::of(&["three pears"])));
        let third = buffering.clone().ready().await.unwrap().call(post(URL, Script::default())).await;
        let fourth = ServiceExt::<Request<Script>>::ready(&mut plain).await.unwrap();
        let fourth = fourth.call(post(URL, Script::default())).await;
        for response in [fourth, third, second.await, first.await] {
            assert_eq!(response.unwrap().status(), 200);
        }
    }
    assert_eq!(strict.calls.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn the_layer_is_ready_when_the_client_is() {
    let domain = domain();
    let (client, mut handle) = mock::pair::<Request<MaybeBuffered<Script>>, Response<Script>>();
    let layer = SignLayer::new(signature(&domain).build().unwrap()).buffer_bodies(ENOUGH, |body| body);
    let mut service = layer.layer(client);
    handle.allow(0);
    let poll = |service: &mut _| {
        let mut context = Context::from_waker(std::task::Waker::noop());
        Service::<Request<Script>>::poll_ready(service, &mut context).map(|ready| ready.is_ok())
    };
    assert_eq!(poll(&mut service), Poll::Pending);
    handle.allow(1);
    assert_eq!(poll(&mut service), Poll::Ready(true));
    handle.send_error("broken");
    assert_eq!(poll(&mut service), Poll::Ready(false));
}

/// A place at a client that takes one request at a time is given back by what is not sent, and by what is given up.
#[tokio::test]
async fn a_request_that_is_refused_or_given_up_does_not_keep_its_place() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let [(_, client), _] = clients();
    let client = ServiceBuilder::new().layer(ConcurrencyLimitLayer::new(1)).service(client);
    let layer = SignLayer::new(signature(&domain).build().unwrap()).buffer_bodies(10, |body| body);
    let mut client = layer.layer(client);
    let url = service.url("/orders");
    let all = async {
        for body in [Script::of(&["two apples!"]), Script::of(&["two"]).fails()] {
            client.ready().await.unwrap().call(post(&url, body)).await.err().unwrap();
        }
        let waiting = client.ready().await.unwrap().call(post(&url, Script::of(&["two"]).waits()));
        tokio::time::timeout(Duration::from_millis(50), waiting).await.err().unwrap();
        client.ready().await.unwrap().call(post(&url, Script::of(&["two apples"]))).await.unwrap().status()
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), all).await.unwrap(), 200);
    assert_eq!(service.take_one().content, "two apples");
}

#[tokio::test]
async fn the_options_of_a_request_win_over_the_layers_and_are_not_sent_on() {
    let domain = domain();
    type Seen = Vec<(bool, bool, bool)>;
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let log = Arc::clone(&seen);
    let client = service_fn(move |request: Request<Script>| {
        let has = |field| request.headers().contains_key(field);
        let options = request.extensions().get::<SignOptions>().is_some();
        log.lock().unwrap().push((has("signature"), has("authorization"), options));
        async { Ok::<_, BoxError>(Response::new(Script::default())) }
    });
    let layer = SignLayer::new(signature(&domain).build().unwrap());
    let layer = layer.options(SignOptions::default().proof(Proof::Wpt)).layer(client);
    for own in [
        None,
        Some(SignOptions::default()),
        Some(SignOptions::default().proof(Proof::HttpSignature)),
        Some(SignOptions::default().skip()),
    ] {
        let mut request = Request::get(URL).body(Script::default()).unwrap();
        if let Some(own) = own {
            request.extensions_mut().insert(own);
        }
        layer.clone().oneshot(request).await.unwrap();
    }
    let [signature, token, nothing] = [(true, false, false), (false, true, false), (false, false, false)];
    assert_eq!(*seen.lock().unwrap(), [token, token, signature, nothing]);
}

/// Tries again after 503.
#[derive(Clone)]
struct Unavailable;

impl<B> Policy<Request<Script>, Response<B>, BoxError> for Unavailable {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Script>,
        outcome: &mut Result<Response<B>, BoxError>,
    ) -> Option<Ready<()>> {
        outcome.as_ref().is_ok_and(|response| response.status() == 503).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<Script>) -> Option<Request<Script>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn hsq_25_hsq_26_amb_21_inside_a_retry_layer_each_attempt_has_a_signature_of_its_own_and_the_content() {
    let domain = domain();
    for (_, client) in clients() {
        let calls = Arc::new(AtomicUsize::new(0));
        let answer = move |request: &http::request::Parts, content: &_| {
            let mut response = echo(request, content);
            if calls.fetch_add(1, Ordering::SeqCst) < 2 {
                *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            }
            response
        };
        let own = own_signer(&domain);
        let service = Orders::start_with(&domain, |layer| layer.sign_responses(own), answer).await;
        let client = signing(client, signature(&domain), ENOUGH);
        let client = RetryLayer::new(Unavailable).layer(client);
        let mut request = post(service.url("/orders"), Script::of(&["two", " apples"]));
        // They hold for every attempt.
        request.extensions_mut().insert(SignOptions::default().audience(service.url("/orders").as_str()));
        assert_eq!(client.oneshot(request).await.unwrap().status(), 200);
        let attempts = service.take();
        assert!(attempts.iter().all(|attempt| attempt.content == "two apples"));
        let signatures: std::collections::HashSet<_> =
            attempts.iter().map(|attempt| attempt.headers["signature"].clone()).collect();
        assert_eq!((attempts.len(), signatures.len()), (3, 3));
    }
}

#[tokio::test]
async fn errors_of_the_client_and_of_signing_are_told_apart() {
    let domain = domain();
    let [(_, client), _] = clients();
    let client = signing(client, signature(&domain), ENOUGH);
    let unreachable =
        client.clone().oneshot(post("http://127.0.0.1:1/", Script::default())).await.err().unwrap();
    assert!(unreachable.is::<hyper_util::client::legacy::Error>(), "{unreachable:?}");

    let mut twice = post(URL, Script::default());
    for kind in ["text/plain", "text/html"] {
        twice.headers_mut().append("content-type", kind.parse().unwrap());
    }
    let error = client.oneshot(twice).await.err().unwrap();
    assert!(matches!(error.downcast_ref(), Some(SignError::RepeatedField(_))), "{error:?}");
}
