//! What the fuzz targets share: one trust domain with fixed keys, tokens that say anything, and verifiers.

mod draw;
mod json;
mod messages;

use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};
use wimse_core::jose::{Algorithm, SigningKey};
use wimse_core::testing::FrozenClock;
use wimse_core::verifier::Verifying;
use wimse_core::{
    Audiences, Credential, Limits, MemoryReplayCache, Peer, Rejection, TrustAnchors, TrustStore, UnixTime,
    Verifier, VerifierBuilder,
};

pub use draw::Draw;
pub use json::{sound_json, sound_json_of};
pub use messages::{Signed, View, lines, server, signer, trimmed};

/// The time at which everything is signed.
pub const NOW: i64 = 1_800_000_000;
pub const BASE_URL: &str = "https://orders.example.com";
pub const DOMAIN: &str = "wimse://example.com";
pub const CALLER: &str = "wimse://example.com/caller";
pub const CALLEE: &str = "wimse://example.com/orders";
/// The `kid` of the issuer's key.
pub const KID: &str = "issuer";
/// A field that carries a context token.
pub const CONTEXT: &str = "x-context";

/// Whoever gets this far with one input has found a way to keep a server busy. A hundred times what is needed.
const LONGEST: Duration = Duration::from_secs(2);

/// The keys are fixed, so that a finding is the same finding the next time.
pub static ISSUER: LazyLock<SigningKey> =
    LazyLock::new(|| key(include_str!("../../wimse-core/tests/keys/ec-p256.pem"), Algorithm::Es256));
pub static WORKLOAD: LazyLock<SigningKey> =
    LazyLock::new(|| key(include_str!("../../wimse-core/tests/keys/ed25519.pem"), Algorithm::Ed25519));
/// A key that nobody trusts.
pub static STRANGER: LazyLock<SigningKey> =
    LazyLock::new(|| key(include_str!("../../wimse-core/tests/keys/ec-p384.pem"), Algorithm::Es384));
/// Shared by all verifiers, so that a token is validated once.
pub static TRUST: LazyLock<TrustStore> = LazyLock::new(|| {
    let keys = ISSUER.public_jwk().clone().with_kid(KID);
    TrustStore::new(TrustAnchors::new().domain("example.com", wimse_core::jose::JwkSet::from(keys)).unwrap())
});

fn key(pem: &str, algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8_pem(pem, algorithm).unwrap()
}

/// The header and the claims of a token that is valid.
pub fn wit_header() -> Map<String, Value> {
    object(json!({ "alg": "ES256", "kid": KID, "typ": "wit+jwt" }))
}

pub fn wit_claims(subject: &str) -> Map<String, Value> {
    object(json!({
        "sub": subject, "exp": NOW + 3600, "iat": NOW, "jti": "j", "cnf": { "jwk": WORKLOAD.public_jwk() },
    }))
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// A valid token of a workload.
pub fn wit(subject: &str) -> String {
    token(&Value::Object(wit_header()).to_string(), &Value::Object(wit_claims(subject)).to_string(), &ISSUER)
}

/// A credential with a valid token, the same one every time.
pub fn credential(subject: &str) -> Credential {
    static KNOWN: LazyLock<Vec<Credential>> = LazyLock::new(|| {
        [CALLER, CALLEE].map(|subject| Credential::new(&wit(subject), WORKLOAD.clone()).unwrap()).into()
    });
    KNOWN.iter().find(|known| known.subject().as_str() == subject).unwrap().clone()
}

/// A token that says exactly this.
pub fn token(header: &str, payload: &str, key: &SigningKey) -> String {
    let encode = |text: &[u8]| BASE64URL_NOPAD.encode(text);
    let input = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(&signature))
}

/// A verifier for [`BASE_URL`] with an empty replay cache and the newest revision.
pub fn verifier(clock: &FrozenClock) -> VerifierBuilder {
    Verifier::builder()
        .trust_anchors(&*TRUST)
        .audiences(Audiences::base_url(BASE_URL))
        .context_tokens([CONTEXT])
        .replay_cache(MemoryReplayCache::with_capacity(1024))
        .clock(clock.clone())
}

/// The decision of a verifier whose replay cache is in memory, and thus ready at once.
pub fn decided(verifying: Verifying) -> Result<Peer, Rejection> {
    match pin!(verifying).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(decision) => decision,
        Poll::Pending => panic!("a replay cache in memory that is not ready"),
    }
}

/// Judges a Workload Identity Token on its own.
pub fn judged_wit(token: &str) -> Result<std::sync::Arc<wimse_core::Wit>, Rejection> {
    wimse_core::dangerous::validate_wit_without_proof(
        token,
        &TRUST,
        &Limits::default(),
        UnixTime::from_secs(NOW),
        &mut wimse_core::trace::NoTrace,
    )
}

/// Runs one input, which must be done soon. One that is not gets two more tries, since the machine may have been busy.
pub fn timed(run: impl Fn()) {
    let taken = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let first = taken();
    assert!(first < LONGEST || taken() < LONGEST || taken() < LONGEST, "one input took {first:?}, and again");
}

/// A `NumericDate` as the drafts are read here: fractions are dropped, what is out of range counts as the end of it.
pub fn time(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    if let Some(seconds) = number.as_i64() {
        return Some(seconds);
    }
    if number.is_u64() {
        return Some(i64::MAX);
    }
    number.as_f64().map(|seconds| seconds.floor() as i64)
}
