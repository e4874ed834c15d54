//! An identity server for development: it publishes its keys and issues tokens to workloads that present a join
//! token and prove that they hold their key. Its protocol is this example's own; the drafts leave it open.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router, routing::get, routing::post};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use wimse::jose::{Algorithm, Jwk, JwkSet, PublicKey, SigningKey, random_id};
use wimse::{Clock, Credential, SystemClock, WitIssuer, WitRequest, WorkloadId};

use crate::server;

/// The join token whose holder gets a token that expired an hour ago, to show what happens to those.
pub(crate) const STALE: &str = "join-stale";

struct IdentityServer {
    base: String,
    issuer: WitIssuer,
    jwks: JwkSet,
    /// Which join token stands for which workload.
    workloads: HashMap<&'static str, WorkloadId>,
    /// Nonces that were handed out and not used yet.
    nonces: Mutex<HashSet<String>>,
}

#[derive(Serialize, Deserialize)]
struct Enrolment {
    join_token: String,
    jwk: serde_json::Value,
    nonce: String,
    /// A signature by the key, over what only this server asked for.
    proof: String,
}

/// Starts the server and returns its base URL.
pub(crate) async fn start() -> Result<String, Box<dyn Error>> {
    let (listener, base) = server::bind().await?;
    let key = SigningKey::generate(Algorithm::Es256)?;
    let state = IdentityServer {
        base: base.clone(),
        jwks: key.public_jwk().clone().with_kid("issuer-1").into(),
        issuer: WitIssuer::new(key, "issuer-1").issuer(&base),
        workloads: HashMap::from([
            ("join-frontend", WorkloadId::parse("wimse://example.com/frontend")?),
            ("join-batch", WorkloadId::parse("wimse://example.com/batch")?),
            ("join-orders", WorkloadId::parse("wimse://example.com/orders")?),
            (STALE, WorkloadId::parse("wimse://example.com/frontend")?),
        ]),
        nonces: Mutex::default(),
    };
    let app = Router::new()
        .route("/jwks", get(keys))
        .route("/nonce", post(nonce))
        .route("/token", post(token))
        .with_state(Arc::new(state));
    server::serve(listener, app);
    Ok(base)
}

async fn keys(State(server): State<Arc<IdentityServer>>) -> Json<JwkSet> {
    Json(server.jwks.clone())
}

async fn nonce(State(server): State<Arc<IdentityServer>>) -> Result<String, StatusCode> {
    let nonce = random_id().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    server.nonces.lock().unwrap_or_else(PoisonError::into_inner).insert(nonce.clone());
    Ok(nonce)
}

async fn token(
    State(server): State<Arc<IdentityServer>>,
    Json(enrolment): Json<Enrolment>,
) -> Result<String, StatusCode> {
    let fresh = server.nonces.lock().unwrap_or_else(PoisonError::into_inner).remove(&enrolment.nonce);
    let jwk = Jwk::parse(&enrolment.jwk.to_string()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let algorithm = jwk.alg().ok_or(StatusCode::BAD_REQUEST)?;
    let key = PublicKey::new(jwk).map_err(|_| StatusCode::BAD_REQUEST)?;
    let proof = BASE64URL_NOPAD.decode(enrolment.proof.as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let proven = key.verify(algorithm, &challenge(&server.base, &enrolment.nonce), &proof).is_ok();
    let workload = server.workloads.get(enrolment.join_token.as_str());
    match workload {
        Some(workload) if fresh && proven => {
            let mut request = WitRequest::new(workload.clone(), key.jwk().clone());
            if enrolment.join_token == STALE {
                request = request.expires_at(SystemClock.now().minus(Duration::from_secs(3600)));
            }
            server.issuer.issue_with(request).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
        }
        _ => Err(StatusCode::FORBIDDEN),
    }
}

/// What a workload signs: bound to this server and to a nonce that counts once.
fn challenge(server: &str, nonce: &str) -> Vec<u8> {
    format!("quickstart enrolment\n{server}\n{nonce}").into_bytes()
}

/// Fetches the issuer's public keys.
pub(crate) async fn fetch_keys(server: &str) -> Result<JwkSet, Box<dyn Error>> {
    Ok(JwkSet::parse(&reqwest::get(format!("{server}/jwks")).await?.error_for_status()?.text().await?)?)
}

/// Gets a token for a workload's key, as the workload would do it.
pub(crate) async fn enrol(
    server: &str,
    join_token: &str,
    key: SigningKey,
) -> Result<Credential, Box<dyn Error>> {
    let client = reqwest::Client::new();
    let nonce = client.post(format!("{server}/nonce")).send().await?.error_for_status()?.text().await?;
    let proof = BASE64URL_NOPAD.encode(&key.sign(&challenge(server, &nonce))?);
    let jwk = serde_json::to_value(key.public_jwk())?;
    let enrolment = Enrolment { join_token: join_token.to_owned(), jwk, nonce, proof };
    let response =
        client.post(format!("{server}/token")).json(&enrolment).send().await?.error_for_status()?;
    Ok(Credential::new(&response.text().await?, key)?)
}
