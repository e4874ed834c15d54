//! How often a request asks for heap, without what the cryptographic library does. Speeds differ from machine to machine;
//! these counts do not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use http::{HeaderValue, Request};
use wimse_core::jose::Algorithm;
use wimse_core::observer::Silent;
use wimse_core::replay::{ProofUse, ReplayAnswer, Use};
use wimse_core::testing::TestDomain;
use wimse_core::{Audiences, MemoryReplayCache, Peer, Proof, ReplayCache, SignOptions, Signer, Verifier};

const CONTENT: &[u8] = &[7; 1024];
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Es256, Algorithm::Ed25519];

fn counted(work: impl FnOnce()) -> u64 {
    let mut work = Some(work);
    allocation_counter::measure(|| work.take().unwrap()()).count_total
}

/// The usual count: the library needs one allocation less where a number of an ECDSA signature happens to be short.
fn usual(mut work: impl FnMut()) -> u64 {
    let mut counts: Vec<_> = (0..101).map(|_| counted(&mut work)).collect();
    counts.sort_unstable();
    counts[counts.len() / 2]
}

/// What the library itself allocates for one signature.
fn library(algorithm: Algorithm) -> u64 {
    if algorithm == Algorithm::Es256 {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        usual(|| _ = black_box(pair.sign(&SystemRandom::new(), CONTENT).unwrap()))
    } else {
        let pair = Ed25519KeyPair::generate().unwrap();
        usual(|| _ = black_box(pair.sign(CONTENT)))
    }
}

/// Counts how often it is asked, and remembers nothing.
#[derive(Default)]
struct Asked(AtomicUsize);

impl ReplayCache for Asked {
    fn use_once(&self, _: &ProofUse<'_>) -> ReplayAnswer {
        self.0.fetch_add(1, Ordering::Relaxed);
        ReplayAnswer::Ready(Ok(Use::First))
    }
}

struct Setup {
    domain: TestDomain,
    signer: Signer,
}

impl Setup {
    fn new(algorithm: Algorithm, proof: Proof) -> Self {
        let domain = TestDomain::new("example.com");
        let caller = domain.workload_with("/frontend", algorithm, |request| request);
        let signer = Signer::builder().credentials(caller.credential().clone()).proof(proof);
        let signer = signer.build().unwrap();
        Self { domain, signer }
    }

    fn sign(&self, request: &mut Request<()>, content: &[u8]) {
        drop(self.signer.sign_request(request, Some(content), &SignOptions::default()).unwrap());
    }

    fn signed(&self, content: &[u8]) -> Request<()> {
        let mut request = request();
        self.sign(&mut request, content);
        request
    }

    fn verifier(&self, replay: impl ReplayCache) -> Verifier {
        Verifier::builder()
            .trust_anchors(self.domain.trust_anchors())
            .audiences(Audiences::base_url("https://orders.example.com"))
            .replay_cache(replay)
            .observer(Silent)
            .build()
            .unwrap()
    }
}

/// A request as services send it.
fn request() -> Request<()> {
    let mut request = Request::post("https://orders.example.com/orders?page=2").body(()).unwrap();
    let headers = request.headers_mut();
    headers.reserve(32);
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    for name in ["accept", "user-agent", "traceparent"] {
        headers.insert(name, HeaderValue::from_static("a value of ordinary length"));
    }
    request
}

fn decided(verifier: &Verifier, request: &Request<()>, content: &[u8]) -> Peer {
    verifier.verify_with_content(request, content).into_decision().unwrap().unwrap()
}

/// The way of the adapters: the head first, then the content in pieces.
fn decided_in_pieces(verifier: &Verifier, request: &Request<()>, content: &[u8]) -> Peer {
    let mut head = verifier.verify_head(request).unwrap();
    content.chunks(100).for_each(|piece| head.update(piece));
    head.update(&[]);
    head.finish().into_decision().unwrap().unwrap()
}

#[test]
fn a_request_is_verified_without_the_heap() {
    for algorithm in ALGORITHMS {
        for (proof, content) in
            [(Proof::Wpt, [].as_slice()), (Proof::HttpSignature, &[]), (Proof::HttpSignature, CONTENT)]
        {
            let setup = Setup::new(algorithm, proof);
            let asked = Arc::new(Asked::default());
            let verifier = setup.verifier(Arc::clone(&asked));
            // The caller's first request has its token validated and remembered.
            drop(decided(&verifier, &setup.signed(content), content));
            for check in [decided, decided_in_pieces] {
                let request = setup.signed(content);
                let mut peer = None;
                let allocations = counted(|| peer = Some(check(&verifier, &request, content)));
                assert_eq!(allocations, 0, "{algorithm} {proof} {}", content.len());
                let peer = peer.unwrap();
                assert_eq!(peer.proof(), proof);
                assert_eq!(counted(|| drop(black_box(peer.clone()))), 0);
            }
            assert_eq!(asked.0.load(Ordering::Relaxed), 3);
        }
    }
}

#[test]
fn remembering_a_proof_rarely_needs_the_heap() {
    for proof in [Proof::Wpt, Proof::HttpSignature] {
        let setup = Setup::new(Algorithm::Ed25519, proof);
        let verifier = setup.verifier(MemoryReplayCache::with_capacity(10_000));
        let requests: Vec<_> = (0..500).map(|_| setup.signed(b"")).collect();
        let count = |request| counted(|| drop(decided(&verifier, request, b"")));
        let mut allocations: Vec<_> = requests.iter().map(count).collect();
        // What is left is the growth of the cache's tables.
        let mut last = allocations.split_off(400);
        last.sort_unstable();
        assert_eq!(last[last.len() / 2], 0, "{proof}");
    }
}

#[test]
fn a_request_is_signed_with_at_most_four_allocations() {
    for algorithm in ALGORITHMS {
        for (proof, content, allowed) in [
            // The audience and the field.
            (Proof::Wpt, [].as_slice(), 2),
            // The audience and both fields, and that of the digest.
            (Proof::HttpSignature, &[], 3),
            (Proof::HttpSignature, CONTENT, 4),
        ] {
            let setup = Setup::new(algorithm, proof);
            let mut request = request();
            let allocations = usual(|| setup.sign(&mut request, content)) - library(algorithm);
            assert_eq!(allocations, allowed, "{algorithm} {proof} {}", content.len());
        }
    }
}
