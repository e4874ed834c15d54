//! What a Workload Proof Token costs on top of the signature operation that nobody can do without.
//!
//! Run it with `cargo bench -p wimse-core --bench wpt`. Criterion measures each side on its own; then both sides run in
//! turns in short blocks, so that the ratios at the end compare like with like whatever else the machine is doing.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a benchmark is a program of its own"
)]

mod side_by_side;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use data_encoding::BASE64URL_NOPAD;
use futures_util::FutureExt;
use http::{Method, Request};
use side_by_side::{BLOCK, Raw, allocations, caller, head, in_turns, line, timed};
use wimse_core::jose::Algorithm;
use wimse_core::observer::Silent;
use wimse_core::{Audiences, MemoryReplayCache, SignOptions, Signer, TrustStore, Verifier};

const URL: &str = "https://orders.example.com/orders";

struct Setup {
    algorithm: Algorithm,
    store: TrustStore,
    signer: Signer,
    requests: Vec<Request<()>>,
    /// Signing input and signature of each request's proof.
    signed: Vec<(Vec<u8>, Vec<u8>)>,
    raw: Raw,
}

impl Setup {
    fn new(algorithm: Algorithm) -> Self {
        let (store, credential, jwk) = caller(algorithm);
        let signer = Signer::builder().credentials(credential).build().unwrap();
        let requests: Vec<_> = (0..BLOCK).map(|_| signed(&signer)).collect();
        let signed = requests.iter().map(raw_proof).collect();
        let setup = Self { algorithm, store, signer, requests, signed, raw: Raw::new(algorithm, &jwk) };
        // The caller's first request has its token validated and remembered.
        setup.verify_all(&setup.verifier());
        setup
    }

    /// A verifier with a fresh replay cache, so that every proof of a block is a first use.
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

    fn sign_all(&self, request: &mut Request<()>) {
        let (uri, options) = (request.uri().clone(), SignOptions::default());
        for _ in 0..BLOCK {
            let signed =
                self.signer.sign(&Method::POST, black_box(&uri), request.headers_mut(), None, &options);
            let _ = black_box(signed.unwrap());
        }
    }

    fn ratios(&self) {
        let verifying = in_turns(
            || {
                let verifier = self.verifier();
                timed(|| self.verify_all(&verifier))
            },
            || timed(|| self.raw.verify_all(&self.signed)),
        );
        let verifier = self.verifier();
        let counted = allocations(|| self.verify_all(&verifier), || self.raw.verify_all(&self.signed));
        line("verify", self.algorithm, verifying, 1.10, counted, "4");

        let mut request = Request::get(URL).body(()).unwrap();
        let signing =
            in_turns(|| timed(|| self.sign_all(&mut request)), || timed(|| self.raw.sign_all(&self.signed)));
        let counted = allocations(|| self.sign_all(&mut request), || self.raw.sign_all(&self.signed));
        line("create", self.algorithm, signing, 1.25, counted, "-");
    }
}

fn signed(signer: &Signer) -> Request<()> {
    let mut request = Request::get(URL).body(()).unwrap();
    let _ = signer.sign_request(&mut request, None, &SignOptions::default()).unwrap();
    request
}

fn raw_proof(request: &Request<()>) -> (Vec<u8>, Vec<u8>) {
    let proof = request.headers()["authorization"].to_str().unwrap().strip_prefix("WPT ").unwrap();
    let (message, signature) = proof.rsplit_once('.').unwrap();
    (message.as_bytes().to_vec(), BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap())
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
        group.bench_function("verify raw", |b| b.iter(|| setup.raw.verify_all(&setup.signed)));
        let mut request = Request::get(URL).body(()).unwrap();
        group.bench_function("create", |b| b.iter(|| setup.sign_all(&mut request)));
        group.bench_function("create raw", |b| b.iter(|| setup.raw.sign_all(&setup.signed)));
        group.finish();
    }
    criterion.final_summary();

    head("WPT, token remembered, replay cache on,");
    setups.iter().for_each(Setup::ratios);
}
