//! The whole verifier and the whole signer, against each other and against requests made by hand.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

#[path = "../common/mod.rs"]
mod common;

mod anchors;
mod answers;
mod asking;
mod both_proofs;
mod building;
mod by_hand;
mod choices;
mod explaining;
mod failing;
mod failing_responses;
mod failing_signatures;
mod hidden;
mod hostile;
mod issuing;
mod observing;
mod reasons;
mod regressions;
mod replay;
mod response_refusals;
mod responses;
mod secrecy;
mod signature_regressions;
mod signatures;
mod signing;
mod signing_signatures;
mod transport;
mod waiting;

use futures_util::FutureExt;
use http::Request;
use http::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use wimse_core::jose::{Algorithm, JwkSet, SigningKey};
use wimse_core::testing::FrozenClock;
use wimse_core::wit::WORKLOAD_IDENTITY_TOKEN;
use wimse_core::{
    Audiences, Credential, MemoryReplayCache, Peer, Reason, Rejection, Signer, SignerBuilder, TrustAnchors,
    Verifier, VerifierBuilder,
};

use common::{TestKey, encode, forge};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const BASE: &str = "https://orders.example.com";
pub(crate) const TARGET: &str = "https://orders.example.com/orders/7?page=2";
pub(crate) const CALLER: &str = "wimse://example.com/frontend";

/// A trust domain whose keys the tests hold, so that they can sign anything; a clock that stands at [`NOW`].
pub(crate) struct World {
    pub(crate) clock: FrozenClock,
    pub(crate) issuer: SigningKey,
    pub(crate) workload: SigningKey,
}

impl World {
    pub(crate) fn new() -> Self {
        let key = || SigningKey::generate(Algorithm::Es256).unwrap();
        Self { clock: FrozenClock::at(NOW), issuer: key(), workload: key() }
    }

    pub(crate) fn keys(&self) -> JwkSet {
        self.issuer.public_jwk().clone().with_kid("k1").into()
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        TrustAnchors::new().domain("example.com", self.keys()).unwrap()
    }

    /// A verifier whose replay protection is still undecided.
    pub(crate) fn builder(&self) -> VerifierBuilder {
        Verifier::builder()
            .trust_anchors(self.anchors())
            .audiences(Audiences::base_url(BASE))
            .clock(self.clock.clone())
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.builder().replay_cache(MemoryReplayCache::default()).build().unwrap()
    }

    /// A verifier that knows `x-user` as a context token.
    pub(crate) fn verifier_with_context(&self) -> Verifier {
        self.builder().replay_cache(MemoryReplayCache::default()).context_tokens(["x-user"]).build().unwrap()
    }

    pub(crate) fn wit_header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "wit+jwt", "kid": "k1" })
    }

    pub(crate) fn wit_claims(&self) -> Value {
        json!({ "sub": CALLER, "exp": NOW + 3600, "jti": "wit-7", "cnf": { "jwk": self.workload.public_jwk() } })
    }

    pub(crate) fn wit(&self) -> String {
        self.wit_with(|_, _| ())
    }

    /// A token whose header and claims `change` has seen last.
    pub(crate) fn wit_with(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut claims) = (self.wit_header(), self.wit_claims());
        change(&mut header, &mut claims);
        forge(header.to_string(), claims.to_string(), &self.issuer)
    }

    pub(crate) fn proof_claims(&self, wit: &str) -> Value {
        let id = wimse_core::jose::random_id().unwrap();
        json!({ "aud": format!("{BASE}/orders/7"), "exp": NOW + 60, "jti": id, "wth": sha256(wit) })
    }

    /// A proof for `wit` whose header and claims `change` has seen last.
    pub(crate) fn proof_with(&self, wit: &str, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut claims) = (json!({ "alg": "ES256", "typ": "wpt+jwt" }), self.proof_claims(wit));
        change(&mut header, &mut claims);
        forge(header.to_string(), claims.to_string(), &self.workload)
    }

    /// A sound request made by hand.
    pub(crate) fn request(&self) -> Request<()> {
        let wit = self.wit();
        let proof = self.proof_with(&wit, |_, _| ());
        request(&wit, &proof)
    }

    /// A request with a token that `change` has seen, and a proof that fits it.
    pub(crate) fn request_with_wit(&self, change: impl FnOnce(&mut Value, &mut Value)) -> Request<()> {
        let wit = self.wit_with(change);
        let proof = self.proof_with(&wit, |_, _| ());
        request(&wit, &proof)
    }

    /// A request with a sound token and a proof that `change` has seen.
    pub(crate) fn request_with_proof(&self, change: impl FnOnce(&mut Value, &mut Value)) -> Request<()> {
        let wit = self.wit();
        let proof = self.proof_with(&wit, change);
        request(&wit, &proof)
    }

    pub(crate) fn credential(&self) -> Credential {
        Credential::new(&self.wit(), self.workload.clone()).unwrap()
    }

    pub(crate) fn signer(&self) -> SignerBuilder {
        Signer::builder().credentials(self.credential()).clock(self.clock.clone())
    }
}

pub(crate) fn request(wit: &str, proof: &str) -> Request<()> {
    Request::get(TARGET)
        .header(WORKLOAD_IDENTITY_TOKEN, wit)
        .header(AUTHORIZATION, format!("WPT {proof}"))
        .body(())
        .unwrap()
}

/// The decision, which must be there at once.
pub(crate) fn decide(verifier: &Verifier, request: &Request<()>) -> Result<Peer, Rejection> {
    verifier.verify(request).now_or_never().unwrap()
}

pub(crate) fn verdict(verifier: &Verifier, request: &Request<()>) -> Result<(), Reason> {
    decide(verifier, request).map(|_| ()).map_err(|rejection| rejection.reason())
}

/// SHA-256 in base64url, by the library rather than by the code under test.
pub(crate) fn sha256(text: impl AsRef<[u8]>) -> String {
    encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_ref()))
}

pub(crate) fn header<'a>(request: &'a Request<()>, name: &str) -> &'a HeaderValue {
    request.headers().get(name).unwrap()
}

/// The proof in a request of the newest revision.
pub(crate) fn proof_of(request: &Request<()>) -> &str {
    header(request, "authorization").to_str().unwrap().strip_prefix("WPT ").unwrap()
}

/// A key that no token names.
pub(crate) fn foreign_key() -> SigningKey {
    TestKey::of(Algorithm::Es256).signing(Algorithm::Es256)
}
