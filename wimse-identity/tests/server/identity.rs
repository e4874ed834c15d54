//! An identity server, as a deployment would write one around the protocol module.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::{Router, routing::post};
use http::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wimse_axum::{Workload, authenticate_optional};
use wimse_core::jose::{Algorithm, Jwk, SigningKey};
use wimse_core::{
    Audiences, CredentialSource, MemoryReplayCache, Proof, RotatingCredential, TrustAnchors, Verifier,
    WitIssuer, WorkloadId,
};
use wimse_identity::server::protocol::{Claimant, Enrolments, NONCE_PATH, Refusal, TOKEN_PATH, Token};
use wimse_identity::server::{IdentityServer, IdentityServerBuilder};

pub(crate) const SUBJECT: &str = "wimse://example.com/frontend";
/// The server shares its host with others.
pub(crate) const PREFIX: &str = "/identity";
pub(crate) const JOIN_TOKEN: &str = "join-7c1f";
pub(crate) const PLATFORM_JWT: &str = "platform.jwt";

pub(crate) struct Running {
    pub(crate) base: String,
    pub(crate) address: String,
    pub(crate) state: Arc<Identity>,
    task: JoinHandle<()>,
}

pub(crate) struct Identity {
    enrolments: Enrolments,
    issuer: WitIssuer,
    lifetime: Duration,
    /// Each join token counts this often.
    uses_left: Mutex<u32>,
    /// The JWT that the platform would vouch for at present.
    pub(crate) platform_jwt: Mutex<String>,
    /// For which keys, and on which evidence, tokens were issued.
    pub(crate) issued: Mutex<Vec<(&'static str, Jwk)>>,
}

impl Running {
    pub(crate) async fn start(lifetime: u64) -> Self {
        Self::start_at("127.0.0.1:0", lifetime, u32::MAX).await
    }

    /// A server whose join token counts so many times.
    pub(crate) async fn start_at(address: &str, lifetime: u64, uses: u32) -> Self {
        let listener = listen(address).await;
        let address = listener.local_addr().unwrap().to_string();
        let (state, app) = app(&format!("http://{address}"), lifetime, uses);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base: base(&address), address, state, task }
    }

    pub(crate) fn builder(&self) -> IdentityServerBuilder {
        builder(&self.base).join_token(|| Ok::<_, String>(JOIN_TOKEN.to_owned()))
    }

    /// Stops listening and drops every connection.
    pub(crate) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    pub(crate) fn issued(&self) -> Vec<(&'static str, Jwk)> {
        self.state.issued.lock().unwrap().clone()
    }
}

pub(crate) fn builder(base: &str) -> IdentityServerBuilder {
    IdentityServer::builder(base)
        .allow_plaintext_loopback()
        .backoff(Duration::from_millis(50), Duration::from_millis(400))
}

/// The base URL of the server at this address.
pub(crate) fn base(address: &str) -> String {
    format!("http://{address}{PREFIX}")
}

/// Waits up to five seconds for something that must come true.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("in vain: {what}");
}

pub(crate) fn has_one(credentials: &RotatingCredential) -> bool {
    credentials.current().is_ok()
}

async fn listen(address: &str) -> TcpListener {
    for _ in 0..100 {
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{address} is taken");
}

pub(crate) fn app(origin: &str, lifetime: u64, uses: u32) -> (Arc<Identity>, Router) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwks = key.public_jwk().clone().with_kid("issuer");
    let verifier = Verifier::builder()
        .trust_anchors(
            TrustAnchors::new().domain("example.com", wimse_core::jose::JwkSet::from(jwks)).unwrap(),
        )
        .audiences(Audiences::base_url(origin))
        .replay_cache(MemoryReplayCache::with_capacity(10_000))
        .proofs([Proof::HttpSignature])
        .build()
        .unwrap();
    let lifetime = Duration::from_secs(lifetime);
    let state = Arc::new(Identity {
        enrolments: Enrolments::new(&format!("{origin}{PREFIX}")).unwrap(),
        issuer: WitIssuer::new(key, "issuer").lifetime(lifetime),
        lifetime,
        uses_left: Mutex::new(uses),
        platform_jwt: Mutex::new(PLATFORM_JWT.to_owned()),
        issued: Mutex::default(),
    });
    let app = Router::new()
        .route(NONCE_PATH, post(nonce))
        .route(TOKEN_PATH, post(token))
        .layer(authenticate_optional(verifier))
        .with_state(Arc::clone(&state));
    (state, Router::new().nest(PREFIX, app))
}

async fn nonce(State(identity): State<Arc<Identity>>) -> Response<String> {
    identity.enrolments.nonce().map_or_else(Refusal::to_response, |nonce| nonce.to_response())
}

async fn token(
    State(identity): State<Arc<Identity>>,
    caller: Option<Workload>,
    body: Bytes,
) -> Response<String> {
    issue(&identity, caller.as_ref(), &body).map_or_else(Refusal::to_response, |token| token.to_response())
}

fn issue(identity: &Identity, caller: Option<&Workload>, body: &[u8]) -> Result<Token, Refusal> {
    let enrolment = identity.enrolments.verify(body, caller.map(|Workload(peer)| peer))?;
    let (kind, workload) = match enrolment.claimant() {
        claimant if claimant.is_join_token(JOIN_TOKEN) => {
            let mut left = identity.uses_left.lock().unwrap();
            *left = left.checked_sub(1).ok_or(Refusal::EvidenceRefused)?;
            ("join_token", WorkloadId::parse(SUBJECT).unwrap())
        }
        Claimant::ServiceAccountJwt(jwt) if *jwt == *identity.platform_jwt.lock().unwrap() => {
            ("service_account_jwt", WorkloadId::parse(SUBJECT).unwrap())
        }
        Claimant::Credential(workload) => ("credential", workload.clone()),
        _ => return Err(Refusal::EvidenceRefused),
    };
    let token = identity.issuer.issue(&workload, enrolment.key()).map_err(|_| Refusal::Unavailable)?;
    identity.issued.lock().unwrap().push((kind, enrolment.key().clone()));
    Ok(Token { token, expires_in: identity.lifetime.as_secs() })
}
