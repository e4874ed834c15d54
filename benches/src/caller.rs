//! A caller with a key of some algorithm, and a service that knows its trust domain.

use std::time::Duration;

use wimse_core::jose::{Algorithm, Jwk, JwkSet, SigningKey};
use wimse_core::replay::ProofUse;
use wimse_core::{
    Audience, Audiences, Clock, Credential, MemoryReplayCache, Proof, ReplayCache, Signer, SystemClock,
    TrustAnchors, TrustStore, Verifier, VerifierBuilder, WitIssuer, WorkloadId,
};

/// The service's own name.
pub(crate) const BASE: &str = "https://orders.example.com";

/// What a proof for a path of the service names as its audience.
pub(crate) fn audience(path: &str) -> String {
    [BASE, path].concat()
}

/// Proofs that the service remembers before anything is measured.
const REMEMBERED: u32 = 200_000;

pub(crate) struct Caller {
    pub(crate) algorithm: Algorithm,
    pub(crate) store: TrustStore,
    pub(crate) credential: Credential,
    pub(crate) token: String,
    /// The caller's public key.
    pub(crate) jwk: Jwk,
    /// The issuer's public key.
    pub(crate) issuer: Jwk,
}

impl Caller {
    /// Issuer and caller use keys of the same algorithm.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let issuer = SigningKey::generate(algorithm).unwrap();
        let issuer_jwk = issuer.public_jwk().clone().with_kid("issuer-1");
        let key = SigningKey::generate(algorithm).unwrap();
        let jwk = key.public_jwk().clone();
        let subject = WorkloadId::parse("wimse://example.com/frontend").unwrap();
        let token = WitIssuer::new(issuer, "issuer-1").issue(&subject, &jwk).unwrap();
        let credential = Credential::new(&token, key).unwrap();
        let jwks = JwkSet::from(issuer_jwk.clone());
        let store = TrustStore::new(TrustAnchors::new().domain("example.com", jwks).unwrap());
        Self { algorithm, store, credential, token, jwk, issuer: issuer_jwk }
    }

    pub(crate) fn signer(&self, proof: Proof) -> Signer {
        self.signer_at(proof, SystemClock)
    }

    pub(crate) fn signer_at(&self, proof: Proof, clock: impl Clock) -> Signer {
        signer(&self.credential, proof, clock)
    }

    /// A service that has been up for a while: used proofs are remembered, the store remembers tokens.
    pub(crate) fn verifier(&self) -> Verifier {
        verifier(&self.store).replay_cache(busy_cache(REMEMBERED)).build().unwrap()
    }
}

pub(crate) fn signer(credential: &Credential, proof: Proof, clock: impl Clock) -> Signer {
    Signer::builder()
        .credentials(credential.clone())
        .proof(proof)
        .audience(Audience::base_url(BASE).unwrap())
        .proof_lifetime(Duration::from_secs(300))
        .clock(clock)
        .allow_unknown_transport()
        .build()
        .unwrap()
}

/// What the service is configured with, but for its replay cache.
pub(crate) fn verifier(store: &TrustStore) -> VerifierBuilder {
    Verifier::builder().trust_anchors(store).audiences(Audiences::base_url(BASE))
}

/// A replay cache that remembers this many proofs of all lifetimes.
pub(crate) fn busy_cache(live: u32) -> MemoryReplayCache {
    let cache = MemoryReplayCache::with_capacity(24_000_000);
    let now = SystemClock.now();
    let mut id = String::new();
    for number in 0..live {
        let expires_at = now.plus(Duration::from_secs(u64::from(number % 300) + 121));
        name(number, &mut id);
        let _ = cache.use_once(&ProofUse::new("wimse://example.com/others", &id, expires_at, now));
    }
    cache
}

/// An identifier as long as those of proofs: 128 bits in base64url.
pub(crate) fn name(number: u32, out: &mut String) {
    use std::fmt::Write;
    out.clear();
    write!(out, "{number:022}").unwrap();
}
