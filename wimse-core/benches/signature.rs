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
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request};
use side_by_side::{BLOCK, Raw, allocations, caller, head, in_turns, line, timed};
use wimse_core::dangerous::validate_wit_without_proof;
use wimse_core::httpsig::profile::{MAX_WINDOW, RequestCheck, RequestSignature, TAG, Terms};
use wimse_core::httpsig::{BaseBuilder, Limits, Message, ReceivedSignatures, RequestParts};
use wimse_core::jose::Algorithm;
use wimse_core::trace::NoTrace;
use wimse_core::{Audiences, Clock, Credential, Revision, SystemClock, UnixTime, Wit};

const CONTENT: &[u8] = &[7; 1024];

struct Setup {
    algorithm: Algorithm,
    credential: Credential,
    wit: Arc<Wit>,
    audiences: Audiences,
    now: UnixTime,
    requests: Vec<Request<()>>,
    signed: Vec<(Vec<u8>, Vec<u8>)>,
    raw: Raw,
}

impl Setup {
    fn new(algorithm: Algorithm) -> Self {
        let now = SystemClock.now();
        let (store, credential, jwk) = caller(algorithm);
        let mut requests: Vec<_> = (0..BLOCK).map(|_| request()).collect();
        requests.iter_mut().for_each(|request| sign(&credential, now, request, b""));
        let token = requests[0].headers()["workload-identity-token"].to_str().unwrap();
        let limits = wimse_core::Limits::default();
        let wit = validate_wit_without_proof(token, &store, &limits, now, &mut NoTrace).unwrap();
        let signed = requests.iter().map(base).collect();
        let audiences = Audiences::base_url("https://orders.example.com");
        let raw = Raw::new(algorithm, &jwk);
        Self { algorithm, credential, wit, audiences, now, requests, signed, raw }
    }

    fn verify_all(&self) {
        for request in &self.requests {
            let check = RequestCheck {
                request: RequestParts::from(black_box(request)),
                wit: &self.wit,
                audiences: &self.audiences,
                context: &[],
                terms: Terms {
                    revision: Revision::default(),
                    now: self.now,
                    leeway: Duration::from_secs(60),
                    window: MAX_WINDOW,
                },
            };
            let _ = black_box(check.verify().unwrap().unwrap());
        }
    }

    fn sign_all(&self, requests: &mut [Request<()>], content: &[u8]) {
        requests.iter_mut().for_each(|request| sign(&self.credential, self.now, request, content));
    }

    fn ratios(&self) {
        let verifying =
            in_turns(|| timed(|| self.verify_all()), || timed(|| self.raw.verify_all(&self.signed)));
        line("verify", self.algorithm, verifying, 1.12, allocations(|| self.verify_all()), "8");
        for (what, content, target) in [("sign", b"".as_slice(), 1.35), ("sign 1K", CONTENT, 1.35)] {
            let fresh = || (0..BLOCK).map(|_| request()).collect::<Vec<_>>();
            let signing = in_turns(
                || {
                    let mut requests = fresh();
                    timed(|| self.sign_all(&mut requests, content))
                },
                || timed(|| self.raw.sign_all(&self.signed)),
            );
            let mut requests = fresh();
            let counted = allocations(|| self.sign_all(&mut requests, content));
            line(what, self.algorithm, signing, target, counted, "8");
        }
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

fn sign(credential: &Credential, now: UnixTime, request: &mut Request<()>, content: &[u8]) {
    let signature = RequestSignature {
        credential,
        audience: "https://orders.example.com/orders",
        sign_response: true,
        context: &[],
        revision: Revision::default(),
        now,
        lifetime: Duration::from_secs(60),
    };
    let (method, uri) = (request.method().clone(), request.uri().clone());
    signature.apply(&method, &uri, request.headers_mut(), black_box(content)).unwrap();
}

fn base(request: &Request<()>) -> (Vec<u8>, Vec<u8>) {
    let received = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    let signature = received.by_tag(TAG).unwrap();
    let mut builder = BaseBuilder::new();
    let base = builder.build(&Message::from(request), signature.input().unwrap()).unwrap();
    (base.as_bytes().to_vec(), signature.signature().unwrap().to_vec())
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
    head("HTTP signature, token remembered,");
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
        Setup::new(algorithm).ratios();
    }
    hostile();
}
