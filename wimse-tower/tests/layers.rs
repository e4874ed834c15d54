//! The layers without sockets: readiness, extensions, optional mode, custom responses, policies that answer later.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use wimse_core::policy::{self, Decision};
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayCache, ReplayError, Use};
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{
    Audiences, Observer, Peer, Reason, Rejection, RequestHead, SignError, SignOptions, Target, Verifier,
    VerifierBuilder,
};
use wimse_tower::{Anonymous, AuthenticateLayer, AuthorizeLayer, Caller, MaybeBuffered, SignLayer};

const URL: &str = "https://orders.example.com/orders";

type Body = Full<Bytes>;

fn builder(domain: &TestDomain) -> VerifierBuilder {
    domain.verifier(Audiences::base_url("https://orders.example.com"))
}

fn verifier(domain: &TestDomain) -> Verifier {
    builder(domain).build().unwrap()
}

fn request(workload: Option<&TestWorkload>) -> Request<Body> {
    let mut request = Request::get(URL).body(Body::default()).unwrap();
    if let Some(workload) = workload {
        workload.sign(&mut request);
    }
    request
}

async fn who<B>(request: Request<B>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Full::from(match Caller::of(request.extensions()) {
        Caller::Peer(peer) => peer.id().to_string(),
        Caller::Anonymous(_) => "anonymous".to_owned(),
        Caller::Unknown => "unknown".to_owned(),
    })))
}

async fn text<B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>>(
    response: Response<B>,
) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn optional_lets_the_missing_pass_and_refuses_the_invalid() {
    // tokio-rs/axum#1883, #3665; cduvray/jwt-authorizer#16, #31
    let domain = TestDomain::new("example.com");
    let service = AuthenticateLayer::new(verifier(&domain)).optional().layer(service_fn(who));
    let call = |request| text_of(service.clone().oneshot(request));
    assert_eq!(call(request(None)).await, (200, "anonymous".to_owned()));
    assert_eq!(call(request(Some(&domain.workload("/a")))).await.1, "wimse://example.com/a");

    let mut bearer = request(None);
    bearer.headers_mut().insert("authorization", "Bearer x".parse().unwrap());
    assert_eq!(call(bearer).await.1, "anonymous");

    let signed = request(Some(&domain.workload("/a")));
    for field in ["authorization", "workload-identity-token"] {
        let mut partial = request(None);
        partial.headers_mut().insert(field, signed.headers()[field].clone());
        assert_eq!(call(partial).await.0, 401, "{field} alone");
    }
    for (field, value) in [
        ("authorization", "WPT"),
        ("authorization", "wpt x"),
        ("workload-identity-token", ""),
        ("workload-proof-token", "x"),
    ] {
        let mut broken = request(None);
        broken.headers_mut().insert(field, value.parse().unwrap());
        assert_eq!(call(broken).await.0, 401, "{field}: {value}");
    }
    assert_eq!(call(request(Some(&TestDomain::new("other.example").workload("/a")))).await.0, 401);
}

async fn text_of<B, F>(response: F) -> (u16, String)
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    text(response.await.unwrap()).await
}

/// The mark of a request that passed without credentials, as a layer leaves it.
async fn anonymous(domain: &TestDomain) -> Anonymous {
    let marks = service_fn(async |request: Request<MaybeBuffered<Body>>| {
        let mark = request.extensions().get::<Anonymous>().cloned().unwrap();
        Ok::<_, Infallible>(Response::builder().extension(mark).body(Body::default()).unwrap())
    });
    let layer = AuthenticateLayer::new(verifier(domain)).optional();
    let response = layer.layer(marks).oneshot(request(None)).await.unwrap();
    response.extensions().get::<Anonymous>().cloned().unwrap()
}

#[tokio::test]
async fn what_an_outer_service_left_in_the_extensions_does_not_count() {
    let domain = TestDomain::new("example.com");
    let peer = verifier(&domain).verify(&request(Some(&domain.workload("/admin")))).await.unwrap();
    let service = AuthenticateLayer::new(verifier(&domain)).optional().layer(service_fn(who));
    let mut spoofed = request(None);
    spoofed.extensions_mut().insert(peer);
    assert_eq!(text_of(service.clone().oneshot(spoofed)).await.1, "anonymous");
    let mut stale = request(Some(&domain.workload("/a")));
    let anonymous = anonymous(&domain).await;
    stale.extensions_mut().insert(anonymous);
    assert_eq!(text_of(service.oneshot(stale)).await.1, "wimse://example.com/a");
}

#[tokio::test]
async fn wpt_38_aud_02_the_handler_gets_credentials_that_debug_does_not_show() {
    let domain = TestDomain::new("example.com");
    let verifier = builder(&domain).context_tokens(["x-user"]).build().unwrap();
    let layer = AuthenticateLayer::new(verifier);
    let shown = layer.layer(service_fn(async |request: Request<MaybeBuffered<Body>>| {
        Ok::<_, Infallible>(Response::new(Body::from(format!("{:?}", request.headers()))))
    }));
    let workload = domain.workload("/a");
    let mut request = Request::get(URL).header("x-user", "alice-token").body(Body::default()).unwrap();
    let signer = workload.signer().context_tokens(["x-user"]).build().unwrap();
    let _ = signer.sign_request(&mut request, None, &SignOptions::default()).unwrap();
    let proof = request.headers()["authorization"].to_str().unwrap().to_owned();
    let mut plain = Request::get(URL).body(Body::default()).unwrap();
    for (name, value) in request.headers() {
        plain.headers_mut().append(name, value.to_str().unwrap().parse().unwrap());
    }
    let (status, shown) = text_of(shown.oneshot(plain)).await;
    assert_eq!(status, 200);
    for secret in [workload.token(), &proof, "alice-token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn the_rejection_is_always_in_the_extensions_also_behind_a_custom_response() {
    let domain = TestDomain::new("example.com");
    let plain = AuthenticateLayer::new(verifier(&domain));
    let custom = plain.clone().on_rejection(|rejection: &Rejection| {
        let mut response = Response::new(Bytes::from_static(b"no"));
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response.headers_mut().insert("x-reason", rejection.reason().code().parse().unwrap());
        response
    });
    let response = plain.layer(service_fn(who)).oneshot(request(None)).await.unwrap();
    assert_eq!(
        response.extensions().get::<Rejection>().map(Rejection::reason),
        Some(Reason::CredentialsMissing)
    );
    assert_eq!(response.headers()["www-authenticate"], "WPT");
    let response = custom.layer(service_fn(who)).oneshot(request(None)).await.unwrap();
    assert_eq!(
        response.extensions().get::<Rejection>().map(Rejection::reason),
        Some(Reason::CredentialsMissing)
    );
    assert_eq!(response.headers()["x-reason"], "credentials_missing");
    assert_eq!(text(response).await, (418, "no".to_owned()));
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    // tower-rs/tower#712, tower-rs/tower-http#713
    let domain = TestDomain::new("example.com");
    let (service, mut handle) = mock::pair::<Request<MaybeBuffered<Body>>, Response<Body>>();
    let mut service = AuthenticateLayer::new(verifier(&domain)).layer(service);
    handle.allow(0);
    let mut ready = tokio_test_pending(&mut service).await;
    assert!(ready.is_none(), "not ready while the inner service is not");
    handle.allow(1);
    ready = tokio_test_pending(&mut service).await;
    assert!(ready.is_some());
    let answer = tokio::spawn(service.call(request(Some(&domain.workload("/a")))));
    let (seen, respond) = handle.next_request().await.unwrap();
    assert_eq!(seen.extensions().get::<Peer>().unwrap().id().as_str(), "wimse://example.com/a");
    respond.send_response(Response::new(Body::from("served")));
    assert_eq!(text(answer.await.unwrap().unwrap()).await.1, "served");
}

/// Polls readiness once.
async fn tokio_test_pending<S: Service<Request<Body>>>(service: &mut S) -> Option<()> {
    poll_fn(|cx| std::task::Poll::Ready(service.poll_ready(cx).is_ready().then_some(()))).await
}

#[tokio::test]
async fn a_refused_request_never_reaches_the_inner_service() {
    let domain = TestDomain::new("example.com");
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier(&domain)))
        .layer(AuthorizeLayer::new(|peer: &Peer| peer.id().path() == "/nobody"))
        .service(service_fn(move |request: Request<MaybeBuffered<Body>>| {
            counted.fetch_add(1, Ordering::SeqCst);
            who(request)
        }));
    assert_eq!(text_of(service.clone().oneshot(request(None))).await.0, 401);
    assert_eq!(text_of(service.clone().oneshot(request(Some(&domain.workload("/a"))))).await.0, 403);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

/// A shared store: answers later, with what it was told to answer.
#[derive(Clone)]
struct Store(Result<Use, ReplayError>);

impl ReplayCache for Store {
    fn use_once(&self, _: &ProofUse<'_>) -> ReplayAnswer {
        let answer = self.0;
        ReplayAnswer::Pending(Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        }))
    }
}

#[tokio::test]
async fn amb_34_a_shared_store_may_answer_later_and_its_failure_is_503() {
    // tower-rs/tower-http#118, #116: a verifier may fail, not only refuse
    let domain = TestDomain::new("example.com");
    for (answer, status) in [
        (Ok(Use::First), 200),
        (Ok(Use::Again), 401),
        (Err(ReplayError::Unavailable), 503),
        (Err(ReplayError::Full), 503),
    ] {
        let verifier = builder(&domain).replay_cache(Store(answer)).build().unwrap();
        let service = AuthenticateLayer::new(verifier).layer(service_fn(who));
        assert_eq!(
            text_of(service.oneshot(request(Some(&domain.workload("/a"))))).await.0,
            status,
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_policy_may_answer_later_see_the_request_and_be_unable_to_answer() {
    let domain = TestDomain::new("example.com");
    let hook = |peer: Peer, request: &RequestHead<'_>| {
        let path = request.uri.path().to_owned();
        async move {
            tokio::task::yield_now().await;
            match (peer.id().path(), path.as_str()) {
                ("/a", "/orders") => Decision::Allow,
                ("/b", _) => Decision::Unavailable,
                _ => Decision::Deny,
            }
        }
    };
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier(&domain)))
        .layer(AuthorizeLayer::asynchronous(hook))
        .service(service_fn(who));
    for (path, status) in [("/a", 200), ("/b", 503), ("/c", 403)] {
        let response = service.clone().oneshot(request(Some(&domain.workload(path))));
        assert_eq!(text_of(response).await.0, status, "{path}");
    }
}

/// Keeps what it was told.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, text: &str, target: Target<'_>) {
        self.0.lock().unwrap().push(format!("{} {} {text}", target.method, target.path));
    }
}

impl Observer for Log {
    fn accepted(&self, peer: &Peer, target: Target<'_>) {
        self.note(&format!("accepted {}", peer.id().path()), target);
    }
    fn rejected(&self, rejection: &Rejection, target: Target<'_>) {
        self.note(&format!("rejected {}", rejection.reason()), target);
    }
    fn anonymous(&self, target: Target<'_>) {
        self.note("anonymous", target);
    }
    fn authorized(&self, peer: Option<&Peer>, denied: Option<Reason>, target: Target<'_>) {
        let peer = peer.map_or("nobody", |peer| peer.id().path());
        self.note(&format!("{peer} {}", denied.map_or("allowed", Reason::code)), target);
    }
}

#[tokio::test]
async fn aud_01_every_decision_leaves_a_trace() {
    let domain = TestDomain::new("example.com");
    let log = Log::default();
    let verifier = builder(&domain).observer(log.clone()).build().unwrap();
    let policy = policy::exact(["wimse://example.com/a"]).unwrap();
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier).optional())
        .layer(AuthorizeLayer::new(policy).observer(log.clone()))
        .service(service_fn(who));
    let again = request(Some(&domain.workload("/a")));
    for request in [request(None), request(Some(&domain.workload("/b"))), again.clone(), again] {
        service.clone().oneshot(request).await.unwrap();
    }
    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "GET /orders anonymous",
            "GET /orders nobody credentials_missing",
            "GET /orders accepted /b",
            "GET /orders /b caller_not_allowed",
            "GET /orders accepted /a",
            "GET /orders /a allowed",
            "GET /orders rejected replayed",
        ]
    );
}

#[tokio::test]
async fn without_an_authentication_layer_authorization_answers_500() {
    // DarrenBaldwin07/clerk-rs#68, tokio-rs/axum#795
    let service = AuthorizeLayer::new(policy::any()).layer(service_fn(who));
    let (status, body) = text_of(service.oneshot(request(None))).await;
    assert_eq!(status, 500);
    assert!(body.contains("authentication_layer_missing"));
}

#[tokio::test]
async fn grpc_requests_get_a_grpc_status() {
    let domain = TestDomain::new("example.com");
    let service = AuthenticateLayer::new(verifier(&domain)).layer(service_fn(who));
    let mut call = request(None);
    call.headers_mut().insert("content-type", "application/grpc+proto".parse().unwrap());
    let response = service.oneshot(call).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["grpc-status"], "16");
    assert_eq!(response.headers()["grpc-message"], "credentials_missing");
    assert_eq!(response.headers()["content-type"], "application/grpc");
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let domain = TestDomain::new("example.com");
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    let mut service = SignLayer::new(domain.workload("/a").signer().build().unwrap()).layer(service);
    let mut taken = Request::get(URL).body(Body::default()).unwrap();
    taken.headers_mut().insert("authorization", "Basic x".parse().unwrap());
    handle.allow(1);
    let error = service.ready().await.unwrap().call(taken).await.unwrap_err();
    assert_eq!(error.downcast_ref::<SignError>(), Some(&SignError::AuthorizationTaken));

    // The reservation is still there; options of the request win, and are not sent on.
    let mut skipped = Request::get(URL).body(Body::default()).unwrap();
    skipped.extensions_mut().insert(SignOptions::default().skip());
    let sent = tokio::spawn(service.ready().await.unwrap().call(skipped));
    let (seen, respond) = handle.next_request().await.unwrap();
    assert!(seen.headers().is_empty() && seen.extensions().get::<SignOptions>().is_none());
    respond.send_response(Response::new(Body::default()));
    sent.await.unwrap().unwrap();
}

#[test]
fn layers_and_services_clone_without_extra_bounds_and_move_between_threads() {
    fn check<T: Clone + Send + Sync + 'static>(_: &T) {}
    let domain = TestDomain::new("example.com");
    let authenticate = AuthenticateLayer::new(verifier(&domain));
    let authorize = AuthorizeLayer::asynchronous(|_: Peer, _: &RequestHead<'_>| std::future::ready(true));
    let sign = SignLayer::new(domain.workload("/a").signer().build().unwrap());
    check(&authenticate);
    check(&authorize);
    check(&sign);
    check(&authenticate.layer(authorize.layer(sign.layer(()))));
    let answer: Pin<Box<dyn Future<Output = _> + Send>> =
        Box::pin(authenticate.layer(service_fn(who)).oneshot(request(None)));
    drop(answer);
}
