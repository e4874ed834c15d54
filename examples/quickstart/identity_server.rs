//! An identity server for development: it publishes its keys and issues tokens to workloads that present a join
//! token, or the credential that they have, and prove that they hold a new key. It speaks the protocol of `wimse-identity`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Response;
use axum::{Json, Router, routing::get, routing::post};
use wimse::axum::{Workload, authenticate_optional};
use wimse::identity::server::protocol::{
    Claimant, Enrolments, Evidence, EvidenceKind, NONCE_PATH, Nonce, Refusal, TOKEN_PATH, Token, TokenRequest,
};
use wimse::identity::server::{IdentityServer, IdentityServerBuilder};
use wimse::jose::{Algorithm, JwkSet, SigningKey};
use wimse::{
    Audiences, Clock, Credential, MemoryReplayCache, Peer, Proof, SystemClock, TrustAnchors, Verifier,
    WitIssuer, WitRequest, WorkloadId,
};

use crate::server;

/// The join token whose holder gets a token that expired an hour ago, to show what happens to those.
pub(crate) const STALE: &str = "join-stale";

/// How long tokens live.
const LIFETIME: Duration = Duration::from_secs(3600);

struct Issuer {
    enrolments: Enrolments,
    issuer: WitIssuer,
    jwks: JwkSet,
    /// Which join token stands for which workload. A real one would count once.
    workloads: Vec<(&'static str, WorkloadId)>,
}

/// Starts the server and returns its base URL.
pub(crate) async fn start() -> Result<String, Box<dyn Error>> {
    let (listener, base) = server::bind().await?;
    let key = SigningKey::generate(Algorithm::Es256)?;
    let jwks = JwkSet::from(key.public_jwk().clone().with_kid("issuer-1"));
    // Whoever renews signs the request with the credential that this server gave out before.
    let verifier = Verifier::builder()
        .trust_anchors(TrustAnchors::new().domain("example.com", jwks.clone())?)
        .audiences(Audiences::base_url(&base))
        .replay_cache(MemoryReplayCache::default())
        .proofs([Proof::HttpSignature])
        .build()?;
    let state = Issuer {
        enrolments: Enrolments::new(&base)?,
        issuer: WitIssuer::new(key, "issuer-1").issuer(&base).lifetime(LIFETIME),
        jwks,
        workloads: Vec::from([
            ("join-frontend", WorkloadId::parse("wimse://example.com/frontend")?),
            ("join-batch", WorkloadId::parse("wimse://example.com/batch")?),
            ("join-orders", WorkloadId::parse("wimse://example.com/orders")?),
            (STALE, WorkloadId::parse("wimse://example.com/frontend")?),
        ]),
    };
    let app = Router::new()
        .route(NONCE_PATH, post(nonce))
        .route(TOKEN_PATH, post(token))
        .layer(authenticate_optional(verifier))
        .route("/jwks", get(keys))
        .with_state(Arc::new(state));
    server::serve(listener, app);
    Ok(base)
}

async fn keys(State(server): State<Arc<Issuer>>) -> Json<JwkSet> {
    Json(server.jwks.clone())
}

async fn nonce(State(server): State<Arc<Issuer>>) -> Response<String> {
    server.enrolments.nonce().map_or_else(Refusal::to_response, |nonce| nonce.to_response())
}

async fn token(State(server): State<Arc<Issuer>>, caller: Option<Workload>, body: Bytes) -> Response<String> {
    let caller = caller.as_ref().map(|Workload(peer)| peer);
    server.issue(&body, caller).map_or_else(Refusal::to_response, |token| token.to_response())
}

impl Issuer {
    fn issue(&self, body: &[u8], caller: Option<&Peer>) -> Result<Token, Refusal> {
        let enrolment = self.enrolments.verify(body, caller)?;
        let (workload, stale) = match enrolment.claimant() {
            claimant @ Claimant::JoinToken(_) => {
                let known = self.workloads.iter().find(|(token, _)| claimant.is_join_token(token));
                let (token, workload) = known.ok_or(Refusal::EvidenceRefused)?;
                (workload, *token == STALE)
            }
            Claimant::Credential(workload) => (workload, false),
            _ => return Err(Refusal::EvidenceUnsupported),
        };
        let mut request = WitRequest::new(workload.clone(), enrolment.key().clone());
        if stale {
            request = request.expires_at(SystemClock.now().minus(LIFETIME));
        }
        let token = self.issuer.issue_with(request).map_err(|_| Refusal::Unavailable)?;
        Ok(Token { token, expires_in: LIFETIME.as_secs() })
    }
}

/// Fetches the issuer's public keys.
pub(crate) async fn fetch_keys(server: &str) -> Result<JwkSet, Box<dyn Error>> {
    Ok(JwkSet::parse(&reqwest::get(format!("{server}/jwks")).await?.error_for_status()?.text().await?)?)
}

/// A workload's client of the server, which makes its keys, proves them and renews in good time.
pub(crate) fn client(server: &str, join_token: &'static str) -> IdentityServerBuilder {
    // A real workload would read its token from a file.
    IdentityServer::builder(server)
        .join_token(move || Ok::<_, String>(join_token.to_owned()))
        .allow_plaintext_loopback()
}

/// What a careless workload does: speaks the protocol by hand and does not look at what it gets, an expired token here.
pub(crate) async fn expired_credential(server: &str) -> Result<Credential, Box<dyn Error>> {
    let (http, key) = (reqwest::Client::new(), SigningKey::generate(Algorithm::Es256)?);
    let nonce: Nonce = http.post(format!("{server}{NONCE_PATH}")).send().await?.json().await?;
    let evidence = Evidence { kind: EvidenceKind::JoinToken, value: STALE.to_owned() };
    let request = TokenRequest::new(evidence, &key, server, &nonce.nonce, SystemClock.now())?;
    let answer = http.post(format!("{server}{TOKEN_PATH}")).json(&request).send().await?;
    let token: Token = answer.error_for_status()?.json().await?;
    Ok(Credential::new(&token.token, key)?)
}

/// What a careful one gets instead: the reason why there is no credential.
pub(crate) async fn refusal(server: &str, join_token: &'static str) -> Result<&'static str, Box<dyn Error>> {
    let outcome = client(server, join_token).build()?.obtain().await;
    Ok(outcome.map_or_else(|error| error.reason(), |_| "issued"))
}
