//! For tests of services: a trust domain of one's own, signed requests, a clock that stands still.
//!
//! ```
//! use wimse_core::Audiences;
//! use wimse_core::testing::{FrozenClock, TestDomain};
//!
//! let clock = FrozenClock::at(1_800_000_000);
//! let domain = TestDomain::new("example.com").clock(clock.clone());
//! // Put this verifier into the service under test.
//! let verifier = domain.verifier(Audiences::base_url("https://orders.example.com")).build()?;
//!
//! let mut request = http::Request::get("https://orders.example.com/orders").body(())?;
//! domain.workload("/frontend").sign(&mut request);
//! # let peer = futures_util::FutureExt::now_or_never(verifier.verify(&request)).unwrap()?;
//! # /*
//! let peer = verifier.verify(&request).await?;
//! # */
//! assert_eq!(peer.id().as_str(), "wimse://example.com/frontend");
//!
//! clock.advance(600); // the proof has expired, the token has not
//! # let refused = futures_util::FutureExt::now_or_never(verifier.verify(&request)).unwrap().unwrap_err();
//! # /*
//! let refused = verifier.verify(&request).await.unwrap_err();
//! # */
//! assert_eq!(refused.reason().code(), "proof_expired");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same with a router: `app.oneshot(request)`, where `app` has `authenticate(verifier)` around it.
#![allow(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::panic,
    reason = "a test helper panics where a test would"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::audience::Audiences;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::credential::Credential;
use crate::identifier::{TrustDomain, WorkloadId};
use crate::jose::{Algorithm, JwkSet, SigningKey};
use crate::peer::Proof;
use crate::replay::MemoryReplayCache;
use crate::signer::{SignOptions, Signer, SignerBuilder};
use crate::trust::TrustAnchors;
use crate::verifier::{Verifier, VerifierBuilder};
use crate::wit::{WitIssuer, WitRequest};

/// A clock that shows what it was last set to. Clones show the same time.
///
/// Set back, it makes a replay cache refuse what it has forgotten, with 503.
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

/// A trust domain with an ES256 issuer key that was made for the test. Its tokens live for one hour.
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

    /// Uses this clock for issuing and signing, and for [`TestDomain::verifier`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + std::fmt::Debug + Clone) -> Self {
        self.issuer = self.issuer.clock(clock.clone());
        self.clock = Arc::new(clock);
        self
    }

    /// The domain's issuer keys.
    pub fn jwk_set(&self) -> JwkSet {
        // The purpose that a `spiffe` domain demands; any other takes it too.
        self.key.public_jwk().clone().with_kid("test-issuer").with_use("wit-svid").into()
    }

    /// A verifier's configuration that trusts this domain alone, with a replay cache in memory and the domain's clock.
    pub fn verifier(&self, audiences: Audiences) -> VerifierBuilder {
        Verifier::builder()
            .trust_anchors(self.trust_anchors())
            .audiences(audiences)
            .replay_cache(MemoryReplayCache::with_capacity(20_000))
            .clock(self.shared_clock())
    }

    fn shared_clock(&self) -> impl Clock + use<> {
        let clock = Arc::clone(&self.clock);
        ClosureClock(move || clock.now())
    }

    /// The same domain with another issuer key: what rotation does.
    #[must_use]
    pub fn with_new_issuer_key(&self) -> Self {
        let fresh = Self::new(self.name.as_str());
        Self { issuer: fresh.issuer.clock(self.shared_clock()), clock: Arc::clone(&self.clock), ..fresh }
    }

    /// Trust anchors that trust this domain alone.
    pub fn trust_anchors(&self) -> TrustAnchors {
        TrustAnchors::new().domain(self.name.as_str(), self.jwk_set()).expect("a usable anchor")
    }

    /// The issuer of the domain.
    pub fn issuer(&self) -> &WitIssuer {
        &self.issuer
    }

    /// The identifier of a workload of this domain, by its path, which begins with a slash and does not end in one.
    #[track_caller]
    pub fn id(&self, path: &str) -> WorkloadId {
        let id = format!("{}{path}", self.name);
        WorkloadId::parse(&id).unwrap_or_else(|error| panic!("{id} is no workload identifier: {error}"))
    }

    /// A workload of this domain with a new ES256 key and a token for it.
    #[track_caller]
    pub fn workload(&self, path: &str) -> TestWorkload {
        self.workload_with(path, Algorithm::Es256, |request| request)
    }

    /// A workload whose key has this algorithm and whose token says what `change` makes of it.
    #[track_caller]
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

    /// A signer configuration that uses its credential and clock, and signs for any transport, plain `http` included.
    pub fn signer(&self) -> SignerBuilder {
        let clock = Arc::clone(&self.clock);
        Signer::builder()
            .credentials(self.credential.clone())
            .clock(ClosureClock(move || clock.now()))
            .allow_unknown_transport()
            .dangerous()
            .allow_plaintext()
    }

    /// Signs a request for its own URI, which must be absolute, since that is the audience.
    #[track_caller]
    pub fn sign<B>(&self, request: &mut http::Request<B>) {
        self.sign_with(request, &SignOptions::default());
    }

    /// Signs a request with options, an audience for one with a relative URI.
    #[track_caller]
    pub fn sign_with<B>(&self, request: &mut http::Request<B>, options: &SignOptions) {
        self.sign_any(request, None, options);
    }

    /// Signs a request and this content, which must be its body, with an HTTP signature.
    #[track_caller]
    pub fn sign_content<B>(&self, request: &mut http::Request<B>, content: &[u8], options: &SignOptions) {
        self.sign_any(request, Some(content), &options.clone().proof(Proof::HttpSignature));
    }

    #[track_caller]
    fn sign_any<B>(&self, request: &mut http::Request<B>, content: Option<&[u8]>, options: &SignOptions) {
        let signer = self.signer().build().expect("a signer");
        let signed = signer.sign_request(request, content, options);
        // Whoever wants to check the response as well uses the signer.
        let _ = signed.unwrap_or_else(|e| panic!("the request to {} was not signed: {e}", request.uri()));
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
