//! How often the layer and its future ask for heap, together and for each request.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use wimse_core::observer::Silent;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayCache, Use};
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{Audiences, Peer, Proof, SignOptions};
use wimse_tower::AuthenticateLayer;

const URL: &str = "https://orders.example.com/orders";

/// Remembers nothing: the memory of used proofs is no part of a request.
struct Forgetful;

impl ReplayCache for Forgetful {
    fn use_once(&self, _: &ProofUse<'_>) -> ReplayAnswer {
        ReplayAnswer::Ready(Ok(Use::First))
    }
}

/// What a server puts into the extensions of a request.
#[derive(Clone)]
struct Connection;

fn signed(workload: &TestWorkload, proof: Proof, content: &'static [u8]) -> Request<Full<Bytes>> {
    let mut request = Request::post(URL).extension(Connection).body(Full::from(content)).unwrap();
    workload.sign_content(&mut request, content, &SignOptions::default().proof(proof));
    request
}

fn handle<B>(request: Request<B>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    let (parts, _) = request.into_parts();
    assert_eq!(parts.extensions.get::<Peer>().unwrap().id().path(), "/frontend");
    ready(Ok(Response::new(Full::default())))
}

fn counted<S>(service: &S, request: Request<Full<Bytes>>) -> u64
where
    S: Service<Request<Full<Bytes>>, Error = Infallible> + Clone,
{
    let mut request = Some(request);
    let count = allocation_counter::measure(|| {
        let response = pin!(service.clone().oneshot(request.take().unwrap()));
        let polled = response.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Ready(Ok(_))));
    });
    count.count_total
}

#[test]
fn layer_and_future_allocate_the_callers_place_in_the_extensions_and_nothing_else() {
    let domain = TestDomain::new("example.com");
    let workload = domain.workload("/frontend");
    let verifier = domain.verifier(Audiences::base_url("https://orders.example.com"));
    let verifier = verifier.replay_cache(Forgetful).observer(Silent).build().unwrap();
    let service = AuthenticateLayer::new(verifier).layer(service_fn(handle));
    for (proof, content) in [
        (Proof::Wpt, [].as_slice()),
        (Proof::Wpt, b"some content"),
        (Proof::HttpSignature, &[]),
        (Proof::HttpSignature, b"some content"),
    ] {
        counted(&service, signed(&workload, proof, content));
        assert_eq!(counted(&service, signed(&workload, proof, content)), 1, "{proof} {content:?}");
    }
}
