//! How often the layer, its future and the extractor ask for heap, together and for each request.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use http::{Request, StatusCode};
use tower::ServiceExt;
use tower::layer::util::Identity;
use wimse_axum::{Workload, authenticate};
use wimse_core::observer::Silent;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayCache, Use};
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{Audiences, Proof, SignOptions, Verifier};

const URL: &str = "https://orders.example.com/orders";

/// Remembers nothing: the memory of used proofs is no part of a request.
struct Forgetful;

impl ReplayCache for Forgetful {
    fn use_once(&self, _: &ProofUse<'_>) -> ReplayAnswer {
        ReplayAnswer::Ready(Ok(Use::First))
    }
}

fn verifier(domain: &TestDomain) -> Verifier {
    let verifier = domain.verifier(Audiences::base_url("https://orders.example.com"));
    verifier.replay_cache(Forgetful).observer(Silent).build().unwrap()
}

fn signed(workload: &TestWorkload, proof: Proof, content: &'static str) -> Request<Body> {
    let mut request = Request::post(URL).body(Body::from(content)).unwrap();
    workload.sign_content(&mut request, content.as_bytes(), &SignOptions::default().proof(proof));
    request
}

/// The allocations of one request, from the router down to the handler and back.
fn counted(app: &Router, request: Request<Body>) -> u64 {
    let mut request = Some(request);
    let count = allocation_counter::measure(|| {
        let response = pin!(app.clone().oneshot(request.take().unwrap()));
        let Poll::Ready(response) = response.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing to wait for")
        };
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    });
    count.count_total
}

#[test]
fn layer_future_and_extractor_need_at_most_three_allocations() {
    let domain = TestDomain::new("example.com");
    let workload = domain.workload("/frontend");
    // Any layer costs axum boxes of its own, also one that does nothing. Servers run a router that has its state.
    let bare = Router::new().route("/orders", post(async || StatusCode::OK));
    let bare: Router = bare.layer(Identity::new()).with_state(());
    let handler = async |Workload(caller): Workload| {
        assert_eq!(caller.id().path(), "/frontend");
        StatusCode::OK
    };
    let app = Router::new().route("/orders", post(handler)).layer(authenticate(verifier(&domain)));
    let app: Router = app.with_state(());
    for (proof, content, allowed) in [
        // The caller's place in the extensions, and the boxes in which axum puts both bodies.
        (Proof::Wpt, "", 3),
        (Proof::Wpt, "some content", 3),
        (Proof::HttpSignature, "", 3),
    ] {
        counted(&app, signed(&workload, proof, content));
        let ours = counted(&app, signed(&workload, proof, content));
        let axums = counted(&bare, signed(&workload, proof, content));
        assert_eq!(ours - axums, allowed, "{proof} {content}");
    }
}
