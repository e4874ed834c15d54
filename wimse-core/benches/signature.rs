//! What an HTTP signature of the WIMSE profile costs on top of the raw operation over the same base, and what hostile
//! signature fields cost. `cargo bench -p wimse-core --bench signature`.
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

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request};
use side_by_side::{BLOCK, Raw, allocations, caller, head, in_turns, line, timed};
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};
use wimse_core::httpsig::profile::TAG;
use wimse_core::httpsig::{BaseBuilder, Limits, Message, ReceivedSignatures};
use wimse_core::jose::Algorithm;
use wimse_core::observer::Silent;
use wimse_core::{Audience, Audiences, MemoryReplayCache, Proof, SignOptions, Signer, TrustStore, Verifier};

const BASE: &str = "https://orders.example.com";
const CONTENT: &[u8] = &[7; 1024];

struct Setup {
    algorithm: Algorithm,
    store: TrustStore,
    signer: Signer,
    requests: Vec<Request<()>>,
    signed: Vec<(Vec<u8>, Vec<u8>)>,
    raw: Raw,
}

impl Setup {
    fn new(algorithm: Algorithm) -> Self {
        let (store, credential, jwk) = caller(algorithm);
        let builder = Signer::builder().credentials(credential).proof(Proof::HttpSignature);
        let signer = builder.audience(Audience::base_url(BASE).unwrap()).allow_unknown_transport();
        let signer = signer.build().unwrap();
        let mut requests: Vec<_> = (0..BLOCK).map(|_| request()).collect();
        sign_all(&signer, &mut requests, b"");
        let signed = requests.iter().map(base).collect();
        let setup = Self { algorithm, store, signer, requests, signed, raw: Raw::new(algorithm, &jwk) };
        // The caller's first request has its token validated and remembered.
        setup.verify_all(&setup.verifier());
        setup
    }

    /// A verifier with a fresh replay cache, so that every nonce of a block is a first use.
    fn verifier(&self) -> Verifier {
        Verifier::builder()
            .trust_anchors(&self.store)
            .audiences(Audiences::base_url(BASE))
            .replay_cache(MemoryReplayCache::with_capacity(10_000))
            .observer(Silent)
            .build()
            .unwrap()
    }

    fn verify_all(&self, verifier: &Verifier) {
        for request in &self.requests {
            let verifying = verifier.verify_with_content(black_box(request), b"");
            black_box(verifying.now_or_never().unwrap().unwrap());
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
        line("verify", self.algorithm, verifying, 1.12, counted, "8");
        for (what, content, target) in [("sign", b"".as_slice(), 1.35), ("sign 1K", CONTENT, 1.35)] {
            let fresh = || (0..BLOCK).map(|_| request()).collect::<Vec<_>>();
            // The raw side signs the same base, which names the digest; it does not compute it.
            let mut same = fresh();
            sign_all(&self.signer, &mut same, content);
            let same: Vec<_> = same.iter().map(base).collect();
            let signing = in_turns(
                || {
                    let mut requests = fresh();
                    timed(|| sign_all(&self.signer, &mut requests, content))
                },
                || timed(|| self.raw.sign_all(&same)),
            );
            let mut requests = fresh();
            let raw = || self.raw.sign_all(&same);
            let counted = allocations(|| sign_all(&self.signer, &mut requests, content), raw);
            line(what, self.algorithm, signing, target, counted, "8");
        }
    }
}

fn sign_all(signer: &Signer, requests: &mut [Request<()>], content: &[u8]) {
    let options = SignOptions::default();
    for request in requests {
        let _ = black_box(signer.sign_request(request, Some(black_box(content)), &options).unwrap());
    }
}

/// A request with what services send besides: none of it may cost anything.
fn request() -> Request<()> {
    let mut request = Request::post("/orders?page=2").body(()).unwrap();
    let headers = request.headers_mut();
    headers.reserve(32);
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    for name in ["accept", "user-agent", "traceparent", "x-request-id", "accept-encoding", "host"] {
        headers.insert(name, HeaderValue::from_static("a value of ordinary length"));
    }
    request
}

fn base(request: &Request<()>) -> (Vec<u8>, Vec<u8>) {
    let received = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    let signature = received.by_tag(TAG).unwrap();
    let mut builder = BaseBuilder::new();
    let base = builder.build(&Message::from(request), signature.input().unwrap()).unwrap();
    (base.as_bytes().to_vec(), signature.signature().unwrap().to_vec())
}

/// The digest of a large body in pieces, as a layer reads it, against SHA-256 of the same pieces.
fn digest() {
    let body = vec![7; 1 << 20];
    let digest = ContentDigest::of(&body, DigestAlgorithm::Sha256);
    let ours = || {
        let mut check = digest.verifier();
        body.chunks(16 * 1024).for_each(|piece| check.update(black_box(piece)));
        check.finish().unwrap();
    };
    let raw = || {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        body.chunks(16 * 1024).for_each(|piece| context.update(black_box(piece)));
        black_box(context.finish());
    };
    let (ours, raw) = in_turns(|| timed(ours), || timed(raw));
    println!("\nSHA-256 of 1 MiB in pieces of 16 KiB, ours to the library's: {:.3}", ours / raw);
}

/// Signature fields of 128 KB, and of as much as is let through, in shapes that cost other parsers dearly.
fn hostile() {
    println!("\nhostile Signature-Input, ms until it is refused (target: under 20)");
    let shapes: [(&str, &str, &str, &str); 8] = [
        ("parentheses", "", "(", ""),
        ("parameters of one component", "a=(\"x\"", ";a", ")"),
        ("components", "a=(", "\"x\" ", ")"),
        ("labels", "", "a=(),", "b=()"),
        ("parameters", "a=()", ";a", ""),
        ("quotes", "a=(", "\"", ""),
        ("commas", "", ",", ""),
        ("white space", "a=(", " ", ")"),
    ];
    for size in [128 * 1024, 32 * 1000] {
        for (what, before, again, after) in shapes {
            let field = [before, &again.repeat(size / again.len()), after].concat();
            let mut headers = HeaderMap::new();
            headers.insert("signature-input", HeaderValue::try_from(field).unwrap());
            let times = (0..20).map(|_| {
                timed(|| drop(black_box(ReceivedSignatures::parse(black_box(&headers), &Limits::default()))))
            });
            let worst = times.max().unwrap_or_default();
            println!("{what:<28} {:>4} KB {:>9.4}", size / 1000, worst.as_secs_f64() * 1e3);
        }
    }
}

fn main() {
    head("HTTP signature, token remembered, replay cache on,");
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
        Setup::new(algorithm).ratios();
    }
    digest();
    hostile();
}
