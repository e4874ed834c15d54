//! An identity server for development whose own keys change, and how workloads use it.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Response;
use axum::{Json, Router, routing::get, routing::post};
use wimse::axum::{Workload, authenticate_optional};
use wimse::identity::jwks::JwksAnchors;
use wimse::identity::server::IdentityServer;
use wimse::identity::server::protocol::{Claimant, Enrolments, NONCE_PATH, Refusal, TOKEN_PATH, Token};
use wimse::jose::{Algorithm, Jwk, JwkSet, SigningKey};
use wimse::{Audiences, MemoryReplayCache, Peer, Proof, TrustStore, Verifier, WitIssuer, WorkloadId};

use super::counts::Counts;
use super::server;

/// How long tokens live: they are renewed after half of what certainly remains, so every second.
pub(crate) const LIFETIME: Duration = Duration::from_secs(3);

/// How often the issuer's keys are asked for.
pub(crate) const REFRESH: Duration = Duration::from_secs(1);

/// Their names do for join tokens here; those of a real server are secret, and count once.
const WORKLOADS: [&str; 3] = ["frontend", "batch", "orders"];

/// How long a source may take for its first answer, on a machine that has other things to do.
const START: Duration = Duration::from_secs(20);

pub(crate) struct Identity {
    base: String,
    issuer: Arc<Issuer>,
    counts: Arc<Counts>,
}

struct Issuer {
    enrolments: Enrolments,
    keys: RwLock<Keys>,
    /// What renewals are checked by: whoever renews signs the request with its present credential.
    trust: TrustStore,
}

struct Keys {
    signing: WitIssuer,
    published: Vec<Jwk>,
    /// Published, and not signed with yet.
    next: Option<WitIssuer>,
    made: u32,
}

impl Keys {
    fn make(&mut self) -> Result<(WitIssuer, Jwk), Box<dyn Error>> {
        self.made += 1;
        let (key, kid) = (SigningKey::generate(Algorithm::Es256)?, format!("issuer-{}", self.made));
        let public = key.public_jwk().clone().with_kid(&kid);
        Ok((WitIssuer::new(key, &kid).lifetime(LIFETIME), public))
    }
}

impl Identity {
    pub(crate) async fn start(counts: &Arc<Counts>) -> Result<Self, Box<dyn Error>> {
        let (listener, base) = server::bind().await?;
        let key = SigningKey::generate(Algorithm::Es256)?;
        let published = vec![key.public_jwk().clone().with_kid("issuer-0")];
        let signing = WitIssuer::new(key, "issuer-0").lifetime(LIFETIME);
        let keys = Keys { signing, published, next: None, made: 0 };
        let (enrolments, trust) = (Enrolments::new(&base)?, TrustStore::pending());
        let issuer = Arc::new(Issuer { enrolments, keys: RwLock::new(keys), trust });
        issuer.change(|_| Ok(()))?;
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
            .route("/jwks", get(keys_of))
            .with_state(Arc::clone(&issuer));
        server::serve(listener, app);
        Ok(Self { base, issuer, counts: Arc::clone(counts) })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A workload's credential, renewed with a new key each time.
    pub(crate) async fn credential(&self, name: &'static str) -> Result<IdentityServer, Box<dyn Error>> {
        let source = IdentityServer::builder(&self.base)
            .join_token(move || Ok::<_, String>(name.to_owned()))
            .renew_after(0.5)
            .observer(Arc::clone(&self.counts))
            .allow_plaintext_loopback()
            .start()?;
        source.handle().ready(START).await?;
        Ok(source)
    }

    /// The issuer's keys, followed.
    pub(crate) async fn anchors(&self) -> Result<JwksAnchors, Box<dyn Error>> {
        let anchors = JwksAnchors::builder()
            .domain("example.com", format!("{}/jwks", self.base))
            .refresh_bounds(REFRESH, REFRESH)
            .cool_down(REFRESH)
            .allow_plaintext_loopback()
            .start()?;
        anchors.handle().ready(START).await?;
        Ok(anchors)
    }

    /// Publishes a further key and takes back the one before the present: its last token has expired.
    pub(crate) fn publish_next_key(&self) -> Result<(), Box<dyn Error>> {
        self.issuer.change(|keys| {
            let (next, public) = keys.make()?;
            let present = keys.published.pop();
            keys.published = present.into_iter().chain([public]).collect();
            keys.next = Some(next);
            Ok(())
        })
    }

    /// Signs with the published key, which everybody has got to know meanwhile.
    pub(crate) fn sign_with_next_key(&self) {
        let mut keys = self.issuer.keys.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = keys.next.take() {
            keys.signing = next;
        }
    }

    /// Takes back the key that signs, and publishes another that does not.
    pub(crate) fn withdraw_key(&self) -> Result<(), Box<dyn Error>> {
        self.issuer.change(|keys| {
            let (_, public) = keys.make()?;
            keys.published = vec![public];
            Ok(())
        })
    }
}

impl Issuer {
    fn change(
        &self,
        change: impl FnOnce(&mut Keys) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut keys)?;
        Ok(self.trust.replace_keys("example.com", &keys.published.iter().cloned().collect())?)
    }

    fn issue(&self, body: &[u8], caller: Option<&Peer>) -> Result<Token, Refusal> {
        let enrolment = self.enrolments.verify(body, caller)?;
        let workload = match enrolment.claimant() {
            Claimant::JoinToken(name) if WORKLOADS.contains(&name.as_str()) => {
                WorkloadId::parse(&format!("wimse://example.com/{name}")).map_err(|_| Refusal::Unavailable)?
            }
            Claimant::Credential(workload) => workload.clone(),
            _ => return Err(Refusal::EvidenceRefused),
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let token = keys.signing.issue(&workload, enrolment.key()).map_err(|_| Refusal::Unavailable)?;
        Ok(Token { token, expires_in: LIFETIME.as_secs() })
    }
}

async fn keys_of(State(issuer): State<Arc<Issuer>>) -> Json<JwkSet> {
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
