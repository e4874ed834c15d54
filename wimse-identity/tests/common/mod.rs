//! Issuers, workloads, a verifier, and an observer that remembers. Shared by the tests of all sources.
#![allow(dead_code, unreachable_pub, reason = "each test crate uses some of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::KeyPair;
use tokio::time::{Instant, sleep};
use wimse_core::jose::{Algorithm, Jwk, JwkSet, SigningKey};
use wimse_core::{
    Audiences, Clock, Credential, CredentialSource, MemoryReplayCache, Signer, TrustStore, UnixTime,
    Verifier, WitIssuer, WitRequest, WorkloadId,
};
use wimse_identity::{SourceError, SourceObserver};

/// Somebody who signs tokens for one trust domain under one `kid`.
#[derive(Clone)]
pub struct Issuer {
    pub domain: String,
    pub key: SigningKey,
    pub kid: String,
    pub wits: WitIssuer,
}

impl Issuer {
    pub fn new(domain: &str, kid: &str) -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let wits = WitIssuer::new(key.clone(), kid);
        Self { domain: domain.into(), key, kid: kid.into(), wits }
    }

    pub fn jwk(&self) -> Jwk {
        self.key.public_jwk().clone().with_kid(&*self.kid).with_use("wit-svid")
    }

    pub fn set(&self) -> String {
        JwkSet::from(self.jwk()).to_string()
    }

    pub fn id(&self, path: &str) -> WorkloadId {
        let origin =
            if self.domain.contains(':') { self.domain.clone() } else { format!("wimse://{}", self.domain) };
        WorkloadId::parse(&format!("{origin}{path}")).unwrap()
    }

    /// A token for a workload with a new key, and that key in PEM.
    pub fn pair(&self, path: &str) -> (String, String) {
        self.pair_with(path, |request| request)
    }

    pub fn pair_with(&self, path: &str, change: impl FnOnce(WitRequest) -> WitRequest) -> (String, String) {
        let pem = KeyPair::generate().unwrap().serialize_pem();
        let key = SigningKey::from_pkcs8_pem(&pem, Algorithm::Es256).unwrap();
        let request = change(WitRequest::new(self.id(path), key.public_jwk().clone()));
        (self.wits.issue_with(request).unwrap(), pem)
    }

    pub fn token_for(&self, key: &SigningKey) -> String {
        self.wits.issue(&self.id("/workload"), key.public_jwk()).unwrap()
    }

    pub fn credential(&self) -> Credential {
        let (token, pem) = self.pair("/workload");
        Credential::new(&token, SigningKey::from_pkcs8_pem(&pem, Algorithm::Es256).unwrap()).unwrap()
    }
}

/// A JWK Set of these issuers' keys.
pub fn set<'a>(issuers: impl IntoIterator<Item = &'a Issuer>) -> String {
    issuers.into_iter().map(Issuer::jwk).collect::<JwkSet>().to_string()
}

pub fn verifier(store: &TrustStore) -> Verifier {
    Verifier::builder()
        .trust_anchors(store)
        .audiences(Audiences::base_url("https://orders.example.com"))
        .replay_cache(MemoryReplayCache::with_capacity(100_000))
        .build()
        .unwrap()
}

pub fn request(credentials: impl CredentialSource) -> http::Request<()> {
    let mut request = http::Request::get("https://orders.example.com/orders").body(()).unwrap();
    let signer = Signer::builder().credentials(credentials).build().unwrap();
    let _ = signer.sign_request(&mut request, None, &Default::default()).unwrap();
    request
}

/// Signs a new request and says what a verifier makes of it: `accepted`, or the reason.
pub async fn verdict(verifier: &Verifier, credentials: impl CredentialSource) -> &'static str {
    match verifier.verify(&request(credentials)).await {
        Ok(_) => "accepted",
        Err(rejection) => rejection.reason().code(),
    }
}

/// Waits until something holds; fails loudly if it does not within ten seconds.
#[track_caller]
pub fn eventually(mut holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(10), "not in time: {caller}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

pub async fn ms(milliseconds: u64) {
    sleep(Duration::from_millis(milliseconds)).await;
}

/// Remembers every event as `kind source reason`.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self, text: &str) -> usize {
        self.all().iter().filter(|event| event.contains(text)).count()
    }

    pub fn has(&self, text: &str) -> bool {
        self.count(text) > 0
    }

    fn push(&self, kind: &str, source: &str, error: Option<&SourceError>) {
        let reason = error.map_or("", |error| error.reason());
        self.0.lock().unwrap().push(format!("{kind} {source} {reason}").trim_end().to_owned());
    }
}

impl SourceObserver for Log {
    fn updated(&self, source: &str) {
        self.push("updated", source, None);
    }

    fn failed(&self, source: &str, error: &SourceError) {
        self.push("failed", source, Some(error));
    }

    fn withdrawn(&self, source: &str, error: &SourceError) {
        self.push("withdrawn", source, Some(error));
    }

    fn warned(&self, source: &str, error: &SourceError) {
        self.push("warned", source, Some(error));
    }
}

/// The system's clock, moved.
#[derive(Clone, Default)]
pub struct ShiftedClock(Arc<std::sync::atomic::AtomicI64>);

impl ShiftedClock {
    pub fn shift(&self, seconds: i64) {
        self.0.store(seconds, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> UnixTime {
        let shift = self.0.load(std::sync::atomic::Ordering::SeqCst);
        UnixTime::from_secs(wimse_core::SystemClock.now().as_secs() + shift)
    }
}
