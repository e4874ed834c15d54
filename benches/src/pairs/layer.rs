//! The axum layer, its future and the extractor: what they allocate, and what a request takes without a network.

use std::convert::Infallible;
use std::hint::black_box;
use std::vec::IntoIter;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use futures_util::FutureExt;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};
use wimse_axum::Workload;
use wimse_core::{Peer, Proof};

use super::verify::row;
use crate::caller::Caller;
use crate::measure::{Effort, in_turns};
use crate::raw::{RawVerify, Signed};
use crate::report::Report;
use crate::requests::{Batch, ORDERS};

type Routed = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Requests for either side, since a service consumes them.
struct Block {
    ours: IntoIter<Request<Body>>,
    base: IntoIter<(Request<Body>, Signed)>,
}

pub(crate) fn run(report: &mut Report, effort: Effort, caller: &Caller) {
    let name = format!("axum layer, future and extractor with WPT, {}, beside a raw check", caller.algorithm);
    report.row(&name, |name| {
        let raw = RawVerify::new(&caller.jwk);
        let signer = caller.signer(Proof::Wpt);
        let who = async |Workload(caller): Workload| drop(black_box::<Peer>(caller));
        let router = |handler| Router::new().route(ORDERS, handler);
        let layer = wimse_axum::authenticate(caller.verifier());
        let mut ours = routed(router(post(who)).layer(layer));
        // axum boxes whatever layer there is.
        let mut plain = routed(router(post(async || ())).layer(Nothing));
        let fresh = || {
            let Batch { requests, signed } = Batch::new(&signer, effort.block, b"");
            let served: Vec<_> =
                requests.into_iter().map(|request| request.map(|()| Body::empty())).collect();
            let again: Vec<_> = served.iter().map(copy).collect();
            Block {
                ours: served.into_iter(),
                base: again.into_iter().zip(signed).collect::<Vec<_>>().into_iter(),
            }
        };
        let measured = in_turns(
            effort,
            fresh,
            |block| block.ours.by_ref().for_each(|request| serve(&mut ours, request)),
            |block| {
                for (request, signed) in block.base.by_ref() {
                    raw.verify(&signed);
                    serve(&mut plain, request);
                }
            },
        );
        row(name, &measured).allowing(3.0)
    });
}

fn routed(router: Router) -> Routed {
    // As `axum::serve` does it, once and not for each request.
    let router: Router = router.with_state(());
    BoxCloneSyncService::new(router)
}

fn copy(request: &Request<Body>) -> Request<Body> {
    let mut copy = Request::post(request.uri().clone()).body(Body::empty()).unwrap();
    copy.headers_mut().clone_from(request.headers());
    copy
}

fn serve(service: &mut Routed, request: Request<Body>) {
    let ready = service.ready().now_or_never().unwrap().unwrap();
    let response = ready.call(black_box(request)).now_or_never().unwrap().unwrap();
    assert!(response.status().is_success(), "{}", response.status());
}

/// A layer that does nothing.
#[derive(Clone)]
struct Nothing;

impl<S: Clone> Layer<S> for Nothing {
    type Service = S;

    fn layer(&self, inner: S) -> S {
        inner
    }
}
