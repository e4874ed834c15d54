//! What a Workload Proof Token costs on top of the signature operation that nobody can do without.
//!
//! Run it with `cargo bench -p wimse-core`. Criterion measures each side on its own; then both sides run in turns in
//! short blocks, so that the ratios at the end compare like with like whatever else the machine is doing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a benchmark is a program of its own"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    ParsedPublicKey,
};
use criterion::{BatchSize, Criterion};
use data_encoding::BASE64URL_NOPAD;
use futures_util::FutureExt;
use http::Request;
use wimse_core::jose::{Algorithm, JwkSet, SigningKey};
use wimse_core::observer::Silent;
use wimse_core::{
    Audiences, Credential, MemoryReplayCache, SignOptions, Signer, TrustAnchors, TrustStore, Verifier,
    WitIssuer, WorkloadId,
};

const URL: &str = "https://orders.example.com/orders";
/// Proofs per block. Each block has a fresh replay cache, so that every proof is a first use.
const BLOCK: usize = 64;
const BLOCKS: usize = 120;

struct Setup {
    algorithm: Algorithm,
    store: TrustStore,
    signer: Signer,
    requests: Vec<Request<()>>,
    raw_key: ParsedPublicKey,
    /// Signing input and signature of each request's proof.
    raw: Vec<(Vec<u8>, Vec<u8>)>,
    raw_sign: Box<dyn Fn(&[u8])>,
}

impl Setup {
    fn new(algorithm: Algorithm) -> Self {
        let issuer = SigningKey::generate(Algorithm::Es256).unwrap();
        let jwks: JwkSet = issuer.public_jwk().clone().with_kid("issuer-1").into();
        let key = SigningKey::generate(algorithm).unwrap();
        let subject = WorkloadId::parse("wimse://example.com/frontend").unwrap();
        let token = WitIssuer::new(issuer, "issuer-1").issue(&subject, key.public_jwk()).unwrap();
        let jwk = serde_json::to_value(key.public_jwk()).unwrap();
        let octets = |name: &str| BASE64URL_NOPAD.decode(jwk[name].as_str().unwrap().as_bytes()).unwrap();
        let raw_key = match algorithm {
            Algorithm::Es256 => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [vec![4], octets("x"), octets("y")].concat())
            }
            _ => ParsedPublicKey::new(&ED25519, octets("x")),
        };
        let credential = Credential::new(&token, key).unwrap();
        let signer = Signer::builder().credentials(credential).build().unwrap();
        let requests: Vec<_> = (0..BLOCK).map(|_| signed(&signer)).collect();
        let raw = requests.iter().map(raw_proof).collect();
        let raw_sign: Box<dyn Fn(&[u8])> = match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                Box::new(move |message| {
                    black_box(pair.sign(&SystemRandom::new(), message).unwrap());
                })
            }
            _ => {
                let pair = Ed25519KeyPair::generate().unwrap();
                Box::new(move |message| {
                    black_box(pair.sign(message));
                })
            }
        };
        let anchors = TrustAnchors::new().domain("example.com", jwks).unwrap();
        let setup = Self {
            algorithm,
            store: TrustStore::new(anchors),
            signer,
            requests,
            raw_key: raw_key.unwrap(),
            raw,
            raw_sign,
        };
        // The caller's first request has its token validated and remembered.
        setup.verify_all(&setup.verifier());
        setup
    }

    fn verifier(&self) -> Verifier {
        Verifier::builder()
            .trust_anchors(&self.store)
            .audiences(Audiences::base_url("https://orders.example.com"))
            .replay_cache(MemoryReplayCache::with_capacity(10_000))
            .observer(Silent)
            .build()
            .unwrap()
    }

    fn verify_all(&self, verifier: &Verifier) {
        for request in &self.requests {
            black_box(verifier.verify(black_box(request)).now_or_never().unwrap().unwrap());
        }
    }

    fn verify_all_raw(&self) {
        for (message, signature) in &self.raw {
            self.raw_key.verify_sig(black_box(message), black_box(signature)).unwrap();
        }
    }

    fn sign_all(&self, request: &mut Request<()>) {
        let (uri, options) = (request.uri().clone(), SignOptions::default());
        for _ in 0..BLOCK {
            self.signer.sign(black_box(&uri), request.headers_mut(), &options).unwrap();
        }
    }

    fn sign_all_raw(&self) {
        for (message, _) in &self.raw {
            (self.raw_sign)(black_box(message));
        }
    }
}

fn signed(signer: &Signer) -> Request<()> {
    let mut request = Request::get(URL).body(()).unwrap();
    let uri = request.uri().clone();
    signer.sign(&uri, request.headers_mut(), &SignOptions::default()).unwrap();
    request
}

fn raw_proof(request: &Request<()>) -> (Vec<u8>, Vec<u8>) {
    let proof = request.headers()["authorization"].to_str().unwrap().strip_prefix("WPT ").unwrap();
    let (message, signature) = proof.rsplit_once('.').unwrap();
    (message.as_bytes().to_vec(), BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap())
}

/// Runs both sides in turns and returns the median time of one operation on each.
fn in_turns(mut ours: impl FnMut() -> Duration, mut raw: impl FnMut() -> Duration) -> (f64, f64) {
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

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn ratios(setup: &Setup) {
    let line = |what: &str, (ours, raw): (f64, f64), target: f64, allocations: u64, allowed: &str| {
        println!(
            "{what:<8} {:<8} {:>8.2} µs {:>8.2} µs {:>7.3} {target:>7.2} {allocations:>6} {allowed:>8}",
            setup.algorithm.as_str(),
            ours * 1e6,
            raw * 1e6,
            ours / raw,
        );
    };
    let verifying = in_turns(
        || {
            let verifier = setup.verifier();
            timed(|| setup.verify_all(&verifier))
        },
        || timed(|| setup.verify_all_raw()),
    );
    let verifier = setup.verifier();
    let counted = allocation_counter::measure(|| setup.verify_all(&verifier));
    // The replay cache grows its tables now and then; an average would hide them in a fraction.
    line("verify", verifying, 1.10, counted.count_total / BLOCK as u64, "4");

    let mut request = Request::get(URL).body(()).unwrap();
    let signing = in_turns(|| timed(|| setup.sign_all(&mut request)), || timed(|| setup.sign_all_raw()));
    let counted = allocation_counter::measure(|| setup.sign_all(&mut request));
    line("create", signing, 1.25, counted.count_total / BLOCK as u64, "-");
}

fn main() {
    let setups = [Setup::new(Algorithm::Es256), Setup::new(Algorithm::Ed25519)];
    let mut criterion = Criterion::default().configure_from_args().measurement_time(Duration::from_secs(2));
    for setup in &setups {
        let mut group = criterion.benchmark_group(setup.algorithm.as_str());
        group.throughput(criterion::Throughput::Elements(BLOCK as u64));
        group.bench_function("verify", |b| {
            b.iter_batched(
                || setup.verifier(),
                |verifier| setup.verify_all(&verifier),
                BatchSize::LargeInput,
            );
        });
        group.bench_function("verify raw", |b| b.iter(|| setup.verify_all_raw()));
        let mut request = Request::get(URL).body(()).unwrap();
        group.bench_function("create", |b| b.iter(|| setup.sign_all(&mut request)));
        group.bench_function("create raw", |b| b.iter(|| setup.sign_all_raw()));
        group.finish();
    }
    criterion.final_summary();

    println!(
        "\nWPT against the raw signature operation of aws-lc-rs, in turns, medians of {BLOCKS} blocks of {BLOCK}"
    );
    println!("what     algorithm    ours         raw     ratio  target  allocs  allowed");
    for setup in &setups {
        ratios(setup);
    }
}
