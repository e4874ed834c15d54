//! For tests of services: a trust domain of one's own, signed requests, a clock that stands still.
//!
//! ```
//! use wimse_core::testing::{FrozenClock, TestDomain};
//! use wimse_core::{Audiences, MemoryReplayCache, Verifier};
//!
//! let clock = FrozenClock::at(1_800_000_000);
//! let domain = TestDomain::new("example.com").clock(clock.clone());
//! let verifier = Verifier::builder()
//!     .trust_anchors(domain.trust_anchors())
//!     .audiences(Audiences::base_url("https://orders.example.com"))
//!     .replay_cache(MemoryReplayCache::default())
//!     .clock(clock.clone())
//!     .build()?;
//!
//! let mut request = http::Request::get("https://orders.example.com/orders").body(())?;
//! domain.workload("/frontend").sign(&mut request);
//! # let peer = futures_util::FutureExt::now_or_never(verifier.verify(&request)).unwrap()?;
//! # /*
//! let peer = verifier.verify(&request).await?;
//! # */
//! assert_eq!(peer.id().as_str(), "wimse://example.com/frontend");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![allow(clippy::missing_panics_doc, clippy::expect_used, reason = "a test helper panics where a test would")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::{Clock, SystemClock, UnixTime};
use crate::credential::Credential;
use crate::identifier::{TrustDomain, WorkloadId};
use crate::jose::{Algorithm, JwkSet, SigningKey};
use crate::signer::{SignOptions, Signer, SignerBuilder};
use crate::trust::TrustAnchors;
use crate::wit::{WitIssuer, WitRequest};

/// A clock that shows what it was last set to. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FrozenClock(Arc<AtomicI64>);

impl FrozenClock {
    /// A clock that stands at `seconds` since the epoch.
    pub fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    /// Sets the clock.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    /// Moves the clock, back if `seconds` is negative.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// A trust domain with an issuer key that was made for the test.
#[derive(Debug, Clone)]
pub struct TestDomain {
    name: TrustDomain,
    issuer: WitIssuer,
    key: SigningKey,
    clock: Arc<dyn ClockDebug>,
}

/// A clock that can be shown.
trait ClockDebug: Clock + std::fmt::Debug {}
impl<C: Clock + std::fmt::Debug> ClockDebug for C {}

impl TestDomain {
    /// A domain of this name, with an ES256 issuer key.
    pub fn new(name: &str) -> Self {
        let key = SigningKey::generate(Algorithm::Es256).expect("a key");
        Self {
            name: TrustDomain::parse(name).expect("a trust domain"),
            issuer: WitIssuer::new(key.clone(), "test-issuer"),
            key,
            clock: Arc::new(SystemClock),
        }
    }

    /// Uses this clock for issuing and signing.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + std::fmt::Debug + Clone) -> Self {
        self.issuer = self.issuer.clock(clock.clone());
        self.clock = Arc::new(clock);
        self
    }

    /// The domain's issuer keys.
    pub fn jwk_set(&self) -> JwkSet {
        self.key.public_jwk().clone().with_kid("test-issuer").into()
    }

    /// Trust anchors that trust this domain alone.
    pub fn trust_anchors(&self) -> TrustAnchors {
        TrustAnchors::new().domain(self.name.as_str(), self.jwk_set()).expect("a usable anchor")
    }

    /// The issuer of the domain.
    pub fn issuer(&self) -> &WitIssuer {
        &self.issuer
    }

    /// The identifier of a workload of this domain, by its path.
    pub fn id(&self, path: &str) -> WorkloadId {
        WorkloadId::parse(&format!("{}{path}", self.name)).expect("a canonical path")
    }

    /// A workload of this domain with a new ES256 key and a token for it.
    pub fn workload(&self, path: &str) -> TestWorkload {
        self.workload_with(path, Algorithm::Es256, |request| request)
    }

    /// A workload whose key has this algorithm and whose token says what `change` makes of it.
    pub fn workload_with(
        &self,
        path: &str,
        algorithm: Algorithm,
        change: impl FnOnce(WitRequest) -> WitRequest,
    ) -> TestWorkload {
        let key = SigningKey::generate(algorithm).expect("a key");
        let request = change(WitRequest::new(self.id(path), key.public_jwk().clone()));
        let token = self.issuer.issue_with(request).expect("a token");
        let credential = Credential::new(&token, key).expect("a credential");
        TestWorkload { credential, token, clock: Arc::clone(&self.clock) }
    }
}

/// A workload that can sign requests.
#[derive(Clone)]
pub struct TestWorkload {
    credential: Credential,
    token: String,
    clock: Arc<dyn ClockDebug>,
}

impl TestWorkload {
    /// Its credential.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Its Workload Identity Token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A signer configuration that uses its credential and clock, and may sign for any transport.
    pub fn signer(&self) -> SignerBuilder {
        let clock = Arc::clone(&self.clock);
        Signer::builder()
            .credentials(self.credential.clone())
            .clock(ClosureClock(move || clock.now()))
            .allow_unknown_transport()
            .dangerous()
            .allow_plaintext()
    }

    /// Signs a request for its own URI.
    pub fn sign<B>(&self, request: &mut http::Request<B>) {
        self.sign_with(request, &SignOptions::default());
    }

    /// Signs a request with options.
    pub fn sign_with<B>(&self, request: &mut http::Request<B>, options: &SignOptions) {
        let signer = self.signer().build().expect("a signer");
        let uri = request.uri().clone();
        signer.sign(&uri, request.headers_mut(), options).expect("a signature");
    }
}

impl std::fmt::Debug for TestWorkload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestWorkload").field("credential", &self.credential).finish_non_exhaustive()
    }
}

struct ClosureClock<F>(F);

impl<F: Fn() -> UnixTime + Send + Sync + 'static> Clock for ClosureClock<F> {
    fn now(&self) -> UnixTime {
        (self.0)()
    }
}
