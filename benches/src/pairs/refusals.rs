//! Refusals that need no signature check, against the time that one may take.

use std::hint::black_box;
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request};
use wimse_core::{Audience, Clock, Proof, Reason, SignOptions, SystemClock, UnixTime, Verifier};

use crate::caller::Caller;
use crate::measure::{Effort, alone};
use crate::report::Report;
use crate::requests::{field, request, signed};
use crate::row::{Row, Unit};

/// What a refusal may take, in ns.
const LIMIT: f64 = 1000.0;

/// A request to be refused, and as what.
type Refused = (&'static str, fn(&Caller, Proof) -> Request<()>, fn(Reason) -> bool);

const CASES: [Refused; 4] = [
    ("bad audience", elsewhere, |reason| reason == Reason::AudienceMismatch),
    ("expired", expired, |reason| reason == Reason::ProofExpired),
    ("malformed", malformed, |reason| matches!(reason, Reason::ProofMalformed)),
    ("replayed", good, |reason| reason == Reason::Replayed),
];

pub(crate) fn run(report: &mut Report, effort: Effort, caller: &Caller) {
    // Longer blocks, since reading the clock takes half as long as a refusal.
    let effort = Effort { block: 16 * effort.block, blocks: effort.blocks / 8 };
    let verifier = caller.verifier();
    for (proof, of) in [(Proof::Wpt, "WPT"), (Proof::HttpSignature, "HTTP signature")] {
        for (what, make, expected) in CASES {
            report.row(&format!("refusal of {of}, {what}, beside 1 µs"), |name| {
                // Makes the token known, and the proof one that was used.
                refuse(&verifier, &signed(&caller.signer(proof), request(), b""));
                let request = make(caller, proof);
                refuse(&verifier, &request);
                let reason = refuse(&verifier, &request).unwrap();
                assert!(expected(reason), "{what}: {}", reason.code());
                let again = |_: &mut ()| {
                    for _ in 0..effort.block {
                        black_box(refuse(&verifier, black_box(&request)));
                    }
                };
                let measured = alone(effort, || (), again);
                let row = Row::new(name, Unit::Nanoseconds, measured.ours).beside(LIMIT).at_most(1.0);
                row.allocs(measured.allocs)
            });
        }
    }
}

fn refuse(verifier: &Verifier, request: &Request<()>) -> Option<Reason> {
    let verified = verifier.verify_with_content(request, b"").now_or_never().unwrap();
    verified.err().map(|rejection| rejection.reason())
}

fn good(caller: &Caller, proof: Proof) -> Request<()> {
    signed(&caller.signer(proof), request(), b"")
}

fn elsewhere(caller: &Caller, proof: Proof) -> Request<()> {
    let mut request = request();
    let options = SignOptions::default().audience(Audience::fixed("https://stock.example.com/orders"));
    let _ = caller.signer(proof).sign_request(&mut request, Some(b""), &options).unwrap();
    request
}

fn expired(caller: &Caller, proof: Proof) -> Request<()> {
    signed(&caller.signer_at(proof, HalfAnHourAgo), request(), b"")
}

/// A proof of full length with one character that does not belong.
fn malformed(caller: &Caller, proof: Proof) -> Request<()> {
    let mut request = good(caller, proof);
    let name = HeaderName::from_static(if proof == Proof::Wpt { "authorization" } else { "signature-input" });
    let (start, _) = field(&request, name.as_str()).split_at_checked(20).unwrap();
    let value = field(&request, name.as_str()).replacen(start, &start.replacen(['J', '"'], "!", 1), 1);
    request.headers_mut().insert(name, HeaderValue::try_from(value).unwrap());
    request
}

struct HalfAnHourAgo;

impl Clock for HalfAnHourAgo {
    fn now(&self) -> UnixTime {
        SystemClock.now().minus(Duration::from_secs(1800))
    }
}
