//! The middlewares that are compared: a route each on one server, and the requests that it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{MethodRouter, get, post};
use http::{Method, Request};
use http_body_util::Full;
use tower::util::MapRequestLayer;
use wimse_axum::Workload;
use wimse_core::jose::Algorithm;
use wimse_core::{Proof, Signer};

use crate::caller::{Caller, audience};
use crate::peers::jsonwebtoken::Jwt;
use crate::peers::wimsey::Wimsey;
use crate::raw::RawVerify;
use crate::requests::{Batch, CONTENT, signed, to};

pub(crate) const RAW: &str = "a raw check only";
pub(crate) const WPT: &str = "WPT";
const SIGNATURE: &str = "HTTP signature";
const JSONWEBTOKEN: &str = "jsonwebtoken, WIT and WPT";
const WIMSEY: &str = "wimsey, WIT and WPT";
pub(crate) const PEERS: [&str; 2] = [JSONWEBTOKEN, WIMSEY];

/// Signatures that a raw check takes in turns.
const OTHERS: usize = 256;

/// What a request is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// `GET`.
    Head,
    /// `POST` with 1 KiB.
    Content,
}

pub(crate) struct Variant {
    pub(crate) what: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) ask: Ask,
    pub(crate) ours: bool,
    path: String,
    route: MethodRouter,
    signer: Signer,
}

impl Variant {
    /// No middleware at all. The requests are signed like those to others: reading the fields is not what differs.
    pub(crate) fn plain(what: &'static str, ask: Ask) -> Self {
        let signer = Caller::new(Algorithm::Ed25519).signer(proof_for(ask));
        Self { path: path(what, "", ask), what, algorithm: "", ask, ours: false, route: handler(ask), signer }
    }

    pub(crate) fn name(&self) -> String {
        let content = if self.ask == Ask::Content { " over POST of 1 KiB" } else { "" };
        let algorithm = if self.algorithm.is_empty() { "" } else { ", " };
        [self.what, content, algorithm, self.algorithm].concat()
    }

    /// Requests that are ready to be sent, each with a proof of its own.
    pub(crate) fn requests(&self, count: usize) -> Vec<Request<Full<Bytes>>> {
        let (method, content) = match self.ask {
            Ask::Head => (Method::GET, [].as_slice()),
            Ask::Content => (Method::POST, CONTENT),
        };
        let sign = |_| {
            let request = signed(&self.signer, to(method.clone(), &self.path), content);
            request.map(|()| Full::new(Bytes::from_static(content)))
        };
        (0..count).map(sign).collect()
    }
}

/// Everything that one server serves.
pub(crate) fn router(variants: &[Variant]) -> Router {
    variants.iter().fold(Router::new(), |router, v| router.route(&v.path, v.route.clone()))
}

/// Every middleware with keys of this algorithm.
pub(crate) fn all(algorithm: Algorithm) -> Vec<Variant> {
    let caller = Caller::new(algorithm);
    let name = algorithm.as_str();
    let ours = |what, ask, proof| {
        let route = named_handler(ask).layer(wimse_axum::authenticate(caller.verifier()));
        let signer = caller.signer(proof);
        Variant { path: path(what, name, ask), what, algorithm: name, ask, ours: true, route, signer }
    };
    vec![
        raw_check(&caller, Ask::Head),
        raw_check(&caller, Ask::Content),
        ours(WPT, Ask::Head, Proof::Wpt),
        ours(SIGNATURE, Ask::Head, Proof::HttpSignature),
        ours(SIGNATURE, Ask::Content, Proof::HttpSignature),
        jsonwebtoken(algorithm),
        wimsey(algorithm),
    ]
}

/// Checks a signature for every request, and nothing else: not its own, which would have to be found and decoded, but one of so
/// many that neither caches nor branch prediction know what comes.
fn raw_check(caller: &Caller, ask: Ask) -> Variant {
    let name = caller.algorithm.as_str();
    let path = path(RAW, name, ask);
    let signer = caller.signer(proof_for(ask));
    let key = RawVerify::new(&caller.jwk);
    let others = Batch::new(&signer, OTHERS, b"").signed;
    let next = AtomicUsize::new(0);
    let route = checked(handler(ask), move |_| {
        let next = next.fetch_add(1, Ordering::Relaxed);
        key.verify(others.get(next % OTHERS).unwrap());
    });
    Variant { what: RAW, algorithm: name, ask, ours: false, path, route, signer }
}

fn jsonwebtoken(algorithm: Algorithm) -> Variant {
    peer(JSONWEBTOKEN, algorithm, |caller, audience| {
        let peer = Jwt::new(caller, audience);
        move |request| assert!(peer.verify_wit_and_wpt(request), "refused")
    })
}

fn wimsey(algorithm: Algorithm) -> Variant {
    peer(WIMSEY, algorithm, |caller, audience| {
        let peer = Wimsey::new(caller, audience);
        move |request| peer.verify_wit_and_wpt(request)
    })
}

fn peer<C>(what: &'static str, algorithm: Algorithm, check: impl FnOnce(&Caller, String) -> C) -> Variant
where
    C: Fn(&Request<Body>) + Send + Sync + 'static,
{
    // The name that the peers know Ed25519 by.
    let alias = if algorithm == Algorithm::Ed25519 { Algorithm::EdDsa } else { algorithm };
    let caller = Caller::new(alias);
    let (name, ask) = (algorithm.as_str(), Ask::Head);
    let path = path(what, name, ask);
    let route = checked(handler(ask), check(&caller, audience(&path)));
    let signer = caller.signer(Proof::Wpt);
    Variant { what, algorithm: name, ask, ours: false, path, route, signer }
}

/// The least that a middleware can be: a check before the handler. It fails the connection instead of answering.
fn checked(route: MethodRouter, check: impl Fn(&Request<Body>) + Send + Sync + 'static) -> MethodRouter {
    let check = Arc::new(check);
    route.layer(MapRequestLayer::new(move |request: Request<Body>| {
        check(&request);
        request
    }))
}

fn proof_for(ask: Ask) -> Proof {
    if ask == Ask::Head { Proof::Wpt } else { Proof::HttpSignature }
}

fn handler(ask: Ask) -> MethodRouter {
    match ask {
        Ask::Head => get(async || "hello"),
        Ask::Content => post(async |content: Bytes| content.len().to_string()),
    }
}

/// The same for handlers that want to know who is calling.
fn named_handler(ask: Ask) -> MethodRouter {
    match ask {
        Ask::Head => get(async |Workload(_): Workload| "hello"),
        Ask::Content => post(async |Workload(_): Workload, content: Bytes| content.len().to_string()),
    }
}

fn path(what: &str, algorithm: &str, ask: Ask) -> String {
    let words = what.replace([' ', ','], "-");
    let ask = if ask == Ask::Head { "head" } else { "content" };
    format!("/{words}/a{algorithm}/{ask}")
}
