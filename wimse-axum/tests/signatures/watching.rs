//! What goes on inside a service while it is called: how often handlers run, what is read of requests, what is decided.

use std::fmt::Display;
use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::map_request;
use http_body_util::BodyExt;
use hyper::body::Frame;
use tokio::sync::watch;
use wimse_core::{Observer, Peer, Rejection, Target};

/// Counts how often a handler ran.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

impl Runs {
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// How often since this was last asked.
    pub(crate) fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

/// Counts the octets of request content that the layers inside it take.
#[derive(Clone)]
pub(crate) struct Meter(watch::Sender<usize>);

impl Meter {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(crate) fn around(&self, app: Router) -> Router {
        let meter = self.0.clone();
        app.layer(map_request(move |request: Request| {
            let meter = meter.clone();
            let count = move |frame: &Frame<Bytes>| {
                let octets = frame.data_ref().map_or(0, Bytes::len);
                meter.send_modify(|taken| *taken += octets);
            };
            ready(request.map(|body| Body::new(body.inspect_frame(count))))
        }))
    }

    pub(crate) fn taken(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until so many octets are taken.
    pub(crate) async fn wait(&self, octets: usize) {
        let mut taken = self.0.subscribe();
        let waiting = taken.wait_for(|taken| *taken >= octets);
        tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    }
}

/// Keeps every decision about requests.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, target: Target<'_>, decision: impl Display) {
        self.0.lock().unwrap().push(format!("{} {} {decision}", target.method, target.path));
    }

    /// What was decided since this was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Log {
    fn accepted(&self, peer: &Peer, target: Target<'_>) {
        self.note(target, format_args!("accepted: {}", peer.proof()));
    }

    fn rejected(&self, rejection: &Rejection, target: Target<'_>) {
        self.note(target, format_args!("refused: {}", rejection.reason()));
    }

    fn anonymous(&self, target: Target<'_>) {
        self.note(target, "anonymous");
    }
}
