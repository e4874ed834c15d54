//! An identity server for development whose own keys change, and how workloads use it.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Response;
use axum::{Json, Router, routing::get, routing::post};
use wimse::axum::{Workload, authenticate_optional};
use wimse::identity::SourceObserver;
use wimse::identity::jwks::JwksAnchors;
use wimse::identity::server::IdentityServer;
use wimse::identity::server::protocol::{Claimant, Enrolments, NONCE_PATH, Refusal, TOKEN_PATH, Token};
use wimse::jose::{Algorithm, Jwk, JwkSet, SigningKey};
use wimse::{Audiences, MemoryReplayCache, Peer, Proof, TrustStore, Verifier, WitIssuer, WorkloadId};

use super::server;

/// How often the issuer's keys are asked for.
pub(crate) const REFRESH: Duration = Duration::from_secs(1);

/// Their names do for join tokens here; those of a real server are secret, and count once.
const WORKLOADS: [&str; 3] = ["frontend", "batch", "orders"];

/// How long a source may take for its first answer, on a machine that has other things to do.
const START: Duration = Duration::from_secs(20);

/// A workload's credential, renewed with a new key each time, after half of what certainly remains of its life.
pub(crate) async fn credential(
    base: &str,
    workload: &'static str,
    observer: impl SourceObserver,
) -> Result<IdentityServer, Box<dyn Error>> {
    let source = IdentityServer::builder(base)
        .join_token(move || Ok::<_, String>(workload.to_owned()))
        .renew_after(0.5)
        .observer(observer)
        .allow_plaintext_loopback()
        .start()?;
    source.handle().ready(START).await?;
    Ok(source)
}

/// The issuer's keys, followed.
pub(crate) async fn anchors(base: &str) -> Result<JwksAnchors, Box<dyn Error>> {
    let anchors = JwksAnchors::builder()
        .domain("example.com", format!("{base}/jwks"))
        .refresh_bounds(REFRESH, REFRESH)
        .cool_down(REFRESH)
        .allow_plaintext_loopback()
        .start()?;
    anchors.handle().ready(START).await?;
    Ok(anchors)
}

/// The server.
pub(crate) struct Identity {
    base: String,
    issuer: Arc<Issuer>,
}

struct Issuer {
    enrolments: Enrolments,
    lifetime: Duration,
    keys: RwLock<Keys>,
    /// What renewals are checked by: whoever renews signs the request with its present credential.
    trust: TrustStore,
}

#[derive(Default)]
struct Keys {
    made: u32,
    published: Vec<Jwk>,
    /// Published, and not signed with yet.
    next: Option<WitIssuer>,
    signing: Option<WitIssuer>,
}

impl Identity {
    /// A server whose tokens live so long.
    pub(crate) async fn start(lifetime: Duration) -> Result<Self, Box<dyn Error>> {
        let (listener, base) = server::bind().await?;
        let (enrolments, trust) = (Enrolments::new(&base)?, TrustStore::pending());
        let issuer = Arc::new(Issuer { enrolments, lifetime, keys: RwLock::default(), trust });
        let verifier = Verifier::builder()
            .trust_anchors(&issuer.trust)
            .audiences(Audiences::base_url(&base))
            .replay_cache(MemoryReplayCache::default())
            .proofs([Proof::HttpSignature])
            .build()?;
        let app = Router::new()
            .route(NONCE_PATH, post(nonce))
            .route(TOKEN_PATH, post(token))
            .layer(authenticate_optional(verifier))
            .route("/jwks", get(keys))
            .with_state(Arc::clone(&issuer));
        server::serve(listener, app);
        let identity = Self { base, issuer };
        identity.publish_next_key()?;
        identity.sign_with_next_key();
        Ok(identity)
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Publishes a further key and takes back the one before the present, whose last token has expired.
    pub(crate) fn publish_next_key(&self) -> Result<(), Box<dyn Error>> {
        self.issuer.change(|keys, (next, public)| {
            keys.published = keys.published.pop().into_iter().chain([public]).collect();
            keys.next = Some(next);
        })
    }

    /// Signs with the published key, which everybody has got to know meanwhile.
    pub(crate) fn sign_with_next_key(&self) {
        let mut keys = self.issuer.keys.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = keys.next.take() {
            keys.signing = Some(next);
        }
    }

    /// Takes back the key that signs, and publishes another that does not.
    pub(crate) fn withdraw_key(&self) -> Result<(), Box<dyn Error>> {
        self.issuer.change(|keys, (_, public)| keys.published = vec![public])
    }
}

impl Issuer {
    fn change(&self, change: impl FnOnce(&mut Keys, (WitIssuer, Jwk))) -> Result<(), Box<dyn Error>> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.made += 1;
        let (key, kid) = (SigningKey::generate(Algorithm::Es256)?, format!("issuer-{}", keys.made));
        let public = key.public_jwk().clone().with_kid(&kid);
        change(&mut keys, (WitIssuer::new(key, &kid).lifetime(self.lifetime), public));
        Ok(self.trust.replace_keys("example.com", &keys.published.iter().cloned().collect())?)
    }

    fn issue(&self, body: &[u8], caller: Option<&Peer>) -> Result<Token, Refusal> {
        let enrolment = self.enrolments.verify(body, caller)?;
        let workload = match enrolment.claimant() {
            claimant @ Claimant::JoinToken(_) => {
                let name = WORKLOADS.iter().find(|name| claimant.is_join_token(name));
                let name = name.ok_or(Refusal::EvidenceRefused)?;
                WorkloadId::parse(&format!("wimse://example.com/{name}")).map_err(|_| Refusal::Unavailable)?
            }
            Claimant::Credential(workload) => workload.clone(),
            _ => return Err(Refusal::EvidenceRefused),
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let issued = keys.signing.as_ref().map(|issuer| issuer.issue(&workload, enrolment.key()));
        let token = issued.and_then(Result::ok).ok_or(Refusal::Unavailable)?;
        Ok(Token { token, expires_in: self.lifetime.as_secs() })
    }
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Json<JwkSet> {
    let keys = issuer.keys.read().unwrap_or_else(PoisonError::into_inner);
    Json(keys.published.iter().cloned().collect())
}

async fn nonce(State(issuer): State<Arc<Issuer>>) -> Response<String> {
    issuer.enrolments.nonce().map_or_else(Refusal::to_response, |nonce| nonce.to_response())
}

async fn token(State(issuer): State<Arc<Issuer>>, caller: Option<Workload>, body: Bytes) -> Response<String> {
    let caller = caller.as_ref().map(|Workload(peer)| peer);
    issuer.issue(&body, caller).map_or_else(Refusal::to_response, |token| token.to_response())
}
