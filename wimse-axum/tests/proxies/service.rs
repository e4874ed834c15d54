//! The service behind the proxies: it authenticates its callers, signs its answers, and keeps what reached it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use tokio::net::TcpListener;
use tokio::time::sleep;
use wimse_axum::{AuthenticateLayer, Workload};
use wimse_core::testing::TestDomain;
use wimse_core::{Audiences, Observer, Peer, Proof, Rejection, Target};

use crate::body::in_pieces;

/// What the service knows itself by. The sockets, and what proxies say in `Host`, are something else.
pub(crate) const BASE: &str = "https://orders.example.com";
/// An audience that callers may use instead. It does not have the path.
pub(crate) const ALIAS: &str = "orders";
/// The path of the service's identifier.
pub(crate) const SERVICE: &str = "/orders";
/// A field by which a caller has its answer sent without a length.
pub(crate) const PIECES: &str = "x-answer-in-pieces";
/// A field whose value the answer has as `Connection`.
pub(crate) const ANSWER_CONNECTION: &str = "x-answer-connection";

/// A request as it arrived, before anything was decided about it.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
}

/// All that the service has seen since it was last asked.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) arrived: Vec<Arrived>,
    pub(crate) accepted: Vec<Peer>,
    pub(crate) rejected: Vec<Rejection>,
    /// Who the handler was called for; `None` is a request without any credentials.
    pub(crate) handled: Vec<Option<String>>,
}

#[derive(Debug, Clone, Default)]
struct Journal(Arc<Mutex<Seen>>);

impl Journal {
    fn note(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.0.lock().unwrap());
    }

    fn served_or_refused(&self) -> usize {
        let seen = self.0.lock().unwrap();
        seen.handled.len() + seen.rejected.len()
    }
}

impl Observer for Journal {
    fn accepted(&self, peer: &Peer, _: Target<'_>) {
        self.note(|seen| seen.accepted.push(peer.clone()));
    }

    fn rejected(&self, rejection: &Rejection, _: Target<'_>) {
        self.note(|seen| seen.rejected.push(rejection.clone()));
    }
}

/// The running service.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    journal: Journal,
}

impl Service {
    /// A service that takes HTTP signatures alone, from the workloads of `domain`.
    pub(crate) async fn start(domain: &TestDomain) -> Self {
        Self::start_with(domain, |layer| layer).await
    }

    /// As [`Service::start`], but requests without any credentials pass.
    pub(crate) async fn start_optional(domain: &TestDomain) -> Self {
        Self::start_with(domain, AuthenticateLayer::optional).await
    }

    async fn start_with(
        domain: &TestDomain,
        change: impl FnOnce(AuthenticateLayer) -> AuthenticateLayer,
    ) -> Self {
        let journal = Journal::default();
        let verifier = domain
            .verifier(Audiences::base_url(BASE).and(Audiences::exact([ALIAS])))
            .proofs([Proof::HttpSignature])
            .observer(journal.clone())
            .build()
            .unwrap();
        let signer = domain.workload(SERVICE).signer().build().unwrap();
        let layer = change(wimse_axum::authenticate(verifier).sign_responses(signer));
        let app = Router::new()
            .fallback(echo)
            .with_state(journal.clone())
            .layer(layer)
            .layer(from_fn_with_state(journal.clone(), at_the_door));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, journal }
    }

    /// What happened since the last time, once so many requests are served or refused.
    pub(crate) async fn wait_for(&self, requests: usize) -> Seen {
        for _ in 0..1000 {
            if self.journal.served_or_refused() >= requests {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.seen()
    }

    /// What happened since the last time.
    pub(crate) fn seen(&self) -> Seen {
        std::mem::take(&mut self.journal.0.lock().unwrap())
    }
}

/// The target without scheme and authority, which the absolute form and HTTP/2 have.
pub(crate) fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query().map_or("", |target| target.as_str())
}

/// What the handler says of a call.
pub(crate) fn answer(caller: Option<&str>, method: &Method, target: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("{} called {method} {target}\n", caller.unwrap_or("nobody"));
    [head.as_bytes(), content].concat()
}

async fn echo(
    State(journal): State<Journal>,
    caller: Option<Workload>,
    method: Method,
    uri: Uri,
    content: Bytes,
) -> Response {
    let caller = caller.map(|caller| caller.id().to_string());
    let answer = answer(caller.as_deref(), &method, path_and_query(&uri), &content);
    journal.note(|seen| seen.handled.push(caller));
    match uri.path() {
        "/nothing" => StatusCode::NO_CONTENT.into_response(),
        "/missing" => StatusCode::NOT_FOUND.into_response(),
        _ => ([(CONTENT_TYPE, "text/plain")], answer).into_response(),
    }
}

/// Outside of the authentication: notes what arrives, and sends the answer in the form that was asked for.
async fn at_the_door(State(journal): State<Journal>, request: Request, next: Next) -> Response {
    let arrived = Arrived {
        method: request.method().clone(),
        uri: request.uri().clone(),
        version: request.version(),
        headers: request.headers().clone(),
    };
    let asked = arrived.headers.clone();
    journal.note(|seen| seen.arrived.push(arrived));
    let (mut parts, mut body) = next.run(request).await.into_parts();
    if asked.contains_key(PIECES) {
        body = in_pieces(&mut parts.headers, body).await;
    }
    if let Some(value) = asked.get(ANSWER_CONNECTION) {
        parts.headers.insert(CONNECTION, HeaderValue::clone(value));
    }
    Response::from_parts(parts, body)
}
