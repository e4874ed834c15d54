//! Two ways of doing the same, measured in turns: the raw operation of aws-lc-rs, and ours around it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    ParsedPublicKey,
};
use data_encoding::BASE64URL_NOPAD;
use wimse_core::jose::{Algorithm, JwkSet, SigningKey};
use wimse_core::{Credential, TrustAnchors, TrustStore, WitIssuer, WorkloadId};

/// Operations in a block.
pub const BLOCK: usize = 64;
/// Blocks of each side.
pub const BLOCKS: usize = 120;

/// A caller with a key of this algorithm, whom a trust store knows.
pub fn caller(algorithm: Algorithm) -> (TrustStore, Credential, String) {
    let issuer = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwks: JwkSet = issuer.public_jwk().clone().with_kid("issuer-1").into();
    let key = SigningKey::generate(algorithm).unwrap();
    let subject = WorkloadId::parse("wimse://example.com/frontend").unwrap();
    let token = WitIssuer::new(issuer, "issuer-1").issue(&subject, key.public_jwk()).unwrap();
    let store = TrustStore::new(TrustAnchors::new().domain("example.com", jwks).unwrap());
    let jwk = key.public_jwk().to_string();
    (store, Credential::new(&token, key).unwrap(), jwk)
}

/// The raw operations of one algorithm.
pub struct Raw {
    verify: ParsedPublicKey,
    sign: Box<dyn Fn(&[u8])>,
}

impl Raw {
    /// Verifies with the key of this JWK, signs with a key of its own.
    pub fn new(algorithm: Algorithm, jwk: &str) -> Self {
        let jwk: serde_json::Value = serde_json::from_str(jwk).unwrap();
        let octets = |name: &str| BASE64URL_NOPAD.decode(jwk[name].as_str().unwrap().as_bytes()).unwrap();
        if algorithm == Algorithm::Es256 {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            let point = [vec![4], octets("x"), octets("y")].concat();
            let verify = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap();
            let sign = move |message: &[u8]| {
                black_box(pair.sign(&SystemRandom::new(), message).unwrap());
            };
            Self { verify, sign: Box::new(sign) }
        } else {
            let pair = Ed25519KeyPair::generate().unwrap();
            let verify = ParsedPublicKey::new(&ED25519, octets("x")).unwrap();
            let sign = move |message: &[u8]| {
                black_box(pair.sign(message));
            };
            Self { verify, sign: Box::new(sign) }
        }
    }

    pub fn verify_all(&self, signed: &[(Vec<u8>, Vec<u8>)]) {
        for (message, signature) in signed {
            self.verify.verify_sig(black_box(message), black_box(signature)).unwrap();
        }
    }

    pub fn sign_all(&self, signed: &[(Vec<u8>, Vec<u8>)]) {
        for (message, _) in signed {
            (self.sign)(black_box(message));
        }
    }
}

/// The median time of one operation on each side, in seconds.
pub fn in_turns(mut ours: impl FnMut() -> Duration, mut raw: impl FnMut() -> Duration) -> (f64, f64) {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for block in 0..BLOCKS {
        // Who begins alternates, so that neither side always finds the warmer cache.
        let sides: [usize; 2] = if block % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in sides {
            times[side].push(if side == 0 { ours() } else { raw() });
        }
    }
    let [ours, raw] = times.map(|mut side| {
        side.sort_unstable();
        side[side.len() / 2].as_secs_f64() / BLOCK as f64
    });
    (ours, raw)
}

pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Heap allocations of one operation on average over a block, without those of the raw operation.
pub fn allocations(block: impl FnOnce(), raw: impl FnOnce()) -> u64 {
    let count = |block: &mut dyn FnMut()| allocation_counter::measure(block).count_total;
    let (mut block, mut raw) = (Some(block), Some(raw));
    let ours = count(&mut || block.take().unwrap()());
    ours.saturating_sub(count(&mut || raw.take().unwrap()())) / BLOCK as u64
}

pub fn head(what: &str) {
    println!("\n{what} against the raw signature operation of aws-lc-rs,");
    println!("in turns, medians of {BLOCKS} blocks of {BLOCK}");
    println!(
        "what     algorithm    ours         raw     ratio  target  allocs  allowed (ours, without the library's)"
    );
}

pub fn line(
    what: &str,
    algorithm: Algorithm,
    times: (f64, f64),
    target: f64,
    allocations: u64,
    allowed: &str,
) {
    let (ours, raw) = times;
    println!(
        "{what:<8} {:<8} {:>8.2} µs {:>8.2} µs {:>7.3} {target:>7.2} {allocations:>6} {allowed:>8}",
        algorithm.as_str(),
        ours * 1e6,
        raw * 1e6,
        ours / raw,
    );
}
