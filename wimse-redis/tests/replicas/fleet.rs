//! Replicas of one service, and a caller whose requests can be sent to each of them, again and again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use wimse_core::testing::TestDomain;
use wimse_core::{Audience, Audiences, Limits, ReplayCache, SignOptions, Signer};
use wimse_redis::{RedisReplayCache, RedisReplayCacheBuilder};

/// What the service knows itself by. The sockets are on another host and port.
const BASE: &str = "https://orders.example.com";

/// For how long a proof lives.
const LIFETIME: Duration = Duration::from_secs(60);

/// The time-out of a replay check unless a test says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(50);

/// What a busy machine may add to it.
pub(crate) const SLACK: Duration = Duration::from_millis(450);

/// Just what the caller needs, so that proofs are soon accepted after a loss of memory.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    (limits.leeway, limits.wpt_remaining, limits.signature_window) = (Duration::ZERO, LIFETIME, LIFETIME);
    limits
}

/// A cache as all the tests have it: its memory is trusted about 6 s after it began.
pub(crate) fn cache(url: &str) -> RedisReplayCacheBuilder {
    RedisReplayCache::builder(url).limits(&limits()).clock_tolerance(Duration::from_secs(1))
}

pub(crate) struct Fleet {
    pub(crate) replicas: Vec<SocketAddr>,
    signer: Signer,
    client: legacy::Client<HttpConnector, Body>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The code of a refusal.
    pub(crate) reason: String,
    pub(crate) took: Duration,
}

impl Reply {
    pub(crate) fn accepted(&self) -> bool {
        self.status == 200
    }

    /// That the replay check could not decide, and said so in time.
    #[track_caller]
    pub(crate) fn assert_undecided(&self) {
        assert_eq!((self.status, self.reason.as_str()), (503, "replay_unavailable"), "{self:?}");
        assert!(self.took < TIMEOUT + SLACK, "{self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_replayed(&self) {
        assert_eq!((self.status, self.reason.as_str()), (401, "replayed"), "{self:?}");
    }
}

impl Fleet {
    /// One replica for each cache.
    pub(crate) async fn start<C: ReplayCache>(caches: impl IntoIterator<Item = C>) -> Self {
        let domain = TestDomain::new("example.com");
        let mut replicas = Vec::new();
        for cache in caches {
            let verifier = domain.verifier(Audiences::base_url(BASE)).replay_cache(cache).limits(limits());
            let app = Router::new()
                .route("/orders", get(|| async { "orders" }))
                .layer(wimse_axum::authenticate(verifier.build().unwrap()));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            replicas.push(listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        }
        let signer = domain.workload("/frontend").signer().proof_lifetime(LIFETIME).build().unwrap();
        let client = legacy::Client::builder(TokioExecutor::new()).build_http();
        Self { replicas, signer, client }
    }

    /// The fields of a request that nobody has seen yet.
    pub(crate) fn proof(&self) -> HeaderMap {
        let mut request = Request::get("/orders").body(()).unwrap();
        let options = SignOptions::default().audience(Audience::base_url(BASE).unwrap());
        let _ = self.signer.sign_request(&mut request, None, &options).unwrap();
        std::mem::take(request.headers_mut())
    }

    pub(crate) async fn send(&self, replica: SocketAddr, proof: &HeaderMap) -> Reply {
        let mut request = Request::get(format!("http://{replica}/orders")).body(Body::empty()).unwrap();
        *request.headers_mut() = proof.clone();
        let begin = Instant::now();
        let response = self.client.request(request).await.unwrap();
        let took = begin.elapsed();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        Reply { status, reason: problem["reason"].as_str().unwrap_or_default().to_owned(), took }
    }

    /// The same proof to every replica at once.
    pub(crate) async fn send_to_all(&self, proof: &HeaderMap) -> Vec<Reply> {
        let mut replies = Vec::new();
        match self.replicas.as_slice() {
            [a, b, c] => {
                let (a, b, c) =
                    tokio::join!(self.send(*a, proof), self.send(*b, proof), self.send(*c, proof));
                replies.extend([a, b, c]);
            }
            others => {
                for replica in others {
                    replies.push(self.send(*replica, proof).await);
                }
            }
        }
        replies
    }

    /// Sends new proofs until one is accepted by each replica, and returns those and the time that it took.
    pub(crate) async fn accepted_again(&self) -> (Vec<HeaderMap>, Duration) {
        let begin = Instant::now();
        let mut accepted = Vec::new();
        for replica in &self.replicas {
            loop {
                assert!(begin.elapsed() < Duration::from_secs(45), "no recovery");
                let proof = self.proof();
                let reply = self.send(*replica, &proof).await;
                if reply.accepted() {
                    accepted.push(proof);
                    break;
                }
                assert_eq!(reply.status, 503, "{reply:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        (accepted, begin.elapsed())
    }
}
