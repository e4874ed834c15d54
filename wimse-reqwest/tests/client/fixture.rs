//! A service that verifies by itself and remembers what it saw, and clients that sign.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, StatusCode, Uri, Version};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, Middleware, Next};
use tokio::net::TcpListener;
use wimse_core::replay::{ProofUse, ReplayAnswer};
use wimse_core::signer::SignerBuilder;
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::verifier::VerifierBuilder;
use wimse_core::{Audiences, MemoryReplayCache, Peer, Reason, ReplayCache, SignError, Signer, Verifier};
use wimse_reqwest::{WimseError, WimseMiddleware, client_builder};

pub(crate) const WIT: &str = "workload-identity-token";
pub(crate) const AUTHORIZATION: &str = "authorization";

/// A service on a socket that accepts what its verifier accepts.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    proofs: Arc<Proofs>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) version: Version,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) verdict: Result<Peer, Reason>,
}

impl Seen {
    #[track_caller]
    pub(crate) fn caller(&self) -> &str {
        self.verdict.as_ref().unwrap().id().as_str()
    }

    #[track_caller]
    pub(crate) fn refusal(&self) -> Reason {
        *self.verdict.as_ref().unwrap_err()
    }

    #[track_caller]
    pub(crate) fn only(&self, field: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(field).iter().collect();
        assert_eq!(values.len(), 1, "{field} in {self:?}");
        values[0].to_str().unwrap()
    }
}

/// A replay cache that also keeps the identifiers of the proofs that it was asked about.
#[derive(Default)]
struct Proofs {
    cache: MemoryReplayCache,
    ids: Mutex<Vec<String>>,
}

impl ReplayCache for Proofs {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        self.ids.lock().unwrap().push(proof.id().to_owned());
        self.cache.use_once(proof)
    }
}

impl Service {
    pub(crate) async fn start(domain: &TestDomain) -> Self {
        Self::start_with(domain, [], |builder| builder).await
    }

    /// Answers authenticated requests with `answers`, one after the other, and with 200 from then on.
    pub(crate) async fn start_with(
        domain: &TestDomain,
        answers: impl IntoIterator<Item = u16>,
        change: impl FnOnce(VerifierBuilder) -> VerifierBuilder,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service =
            Self { base: format!("http://{address}"), seen: Arc::default(), proofs: Arc::default() };
        let by_name = format!("http://localhost:{}", address.port());
        let mine = Audiences::base_url(&service.base).and(Audiences::base_url(&by_name));
        let builder = Verifier::builder()
            .trust_anchors(domain.trust_anchors())
            .audiences(mine)
            .replay_cache(Arc::clone(&service.proofs));
        let verifier = change(builder).build().unwrap();
        let answers: Arc<Mutex<VecDeque<u16>>> = Arc::new(Mutex::new(answers.into_iter().collect()));
        let seen = Arc::clone(&service.seen);
        let app = Router::new().fallback(move |request: Request| {
            let (verifier, answers, seen) = (verifier.clone(), Arc::clone(&answers), Arc::clone(&seen));
            async move { serve(request, &verifier, &answers, &seen).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        service
    }

    pub(crate) fn url(&self, path: &str) -> String {
        [&self.base, path].concat()
    }

    /// What has arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// The one request that has arrived since the last call.
    #[track_caller]
    pub(crate) fn take_one(&self) -> Seen {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// The identifiers of the proofs that have arrived since the last call and were otherwise valid.
    pub(crate) fn take_proof_ids(&self) -> Vec<String> {
        std::mem::take(&mut *self.proofs.ids.lock().unwrap())
    }
}

async fn serve(
    request: Request,
    verifier: &Verifier,
    answers: &Mutex<VecDeque<u16>>,
    seen: &Mutex<Vec<Seen>>,
) -> Response {
    let decision = verifier.verify(&request).await;
    seen.lock().unwrap().push(Seen {
        version: request.version(),
        uri: request.uri().clone(),
        headers: request.headers().clone(),
        verdict: decision.as_ref().cloned().map_err(|rejection| rejection.reason()),
    });
    match decision {
        Ok(peer) => {
            let status = answers.lock().unwrap().pop_front().unwrap_or(200);
            (StatusCode::from_u16(status).unwrap(), peer.id().to_string()).into_response()
        }
        Err(rejection) => rejection.to_response().map(Body::from),
    }
}

pub(crate) fn domain() -> TestDomain {
    TestDomain::new("example.com")
}

/// A signer's configuration as an application would begin it, with leave to use the loopback.
pub(crate) fn signer(caller: &TestWorkload) -> SignerBuilder {
    Signer::builder().credentials(caller.credential().clone()).allow_plaintext_loopback()
}

/// One client of each version of HTTP. The environment's proxies have no part in the tests.
pub(crate) fn clients() -> [(Version, reqwest::Client); 2] {
    let builder = || client_builder().no_proxy();
    [
        (Version::HTTP_11, builder().http1_only().build().unwrap()),
        (Version::HTTP_2, builder().http2_prior_knowledge().build().unwrap()),
    ]
}

/// A client of HTTP/1.1 that signs.
pub(crate) fn signing(signer: SignerBuilder) -> ClientWithMiddleware {
    let [(_, client), _] = clients();
    through(client, signer)
}

pub(crate) fn through(client: reqwest::Client, signer: SignerBuilder) -> ClientWithMiddleware {
    ClientBuilder::new(client).with(WimseMiddleware::new(signer.build().unwrap())).build()
}

/// Counts what is let through to the network, for names that no test may look up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Arc<AtomicUsize>);

impl Wire {
    pub(crate) fn requests(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A client that signs, and counts what was signed.
    pub(crate) fn under(&self, signer: SignerBuilder) -> ClientWithMiddleware {
        let [(_, client), _] = clients();
        ClientBuilder::new(client)
            .with(WimseMiddleware::new(signer.build().unwrap()))
            .with(self.clone())
            .build()
    }
}

#[async_trait]
impl Middleware for Wire {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        self.0.fetch_add(1, Ordering::SeqCst);
        next.run(request, extensions).await
    }
}

/// The middleware's own error, as an application finds it.
#[track_caller]
pub(crate) fn refused(outcome: Result<reqwest::Response, Error>) -> WimseError {
    match outcome {
        Err(Error::Middleware(error)) => error.downcast::<WimseError>().expect("an error of this crate"),
        other => panic!("not refused by a middleware: {other:?}"),
    }
}

/// The signer's error, wherever it is in the chain of sources.
pub(crate) fn sign_error(error: &Error) -> Option<&SignError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// A client of HTTP/1.1 with headers that reqwest adds to every request.
pub(crate) fn client_with_defaults(headers: HeaderMap) -> reqwest::Client {
    client_builder().no_proxy().default_headers(headers).build().unwrap()
}

/// A client that follows redirects, and decompresses, as reqwest does unless told otherwise.
pub(crate) fn following() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
