#![no_main]
//! Whole requests: one is signed, changed on the way and received. It is accepted if nothing that its proof covers was
//! changed, refused if anything was, and never accepted twice.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use wimse_core::testing::FrozenClock;
use wimse_core::{Peer, Proof, Reason, Rejection, Revision, SignOptions, Verifier, VerifierBuilder};
use wimse_fuzz::{CALLER, CONTEXT, Draw, NOW, Signed, View, decided, signer, timed, verifier};

const PATHS: [&str; 8] =
    ["/orders", "/orders/7", "/", "/orders/", "/a%2Fb", "/a%2fb", "//orders", "/orders/../x"];
const QUERIES: [&str; 6] = ["", "?", "?x=1", "?x=1&x=2", "?x=%31", "?y"];
const CONTENTS: [&[u8]; 4] = [b"", b"{}", b"{\"a\":1}", b"x"];
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::HEAD, Method::OPTIONS];
const NAMES: [&str; 14] = [
    "authorization",
    "txn-token",
    CONTEXT,
    "content-type",
    "content-digest",
    "workload-proof-token",
    "workload-identity-token",
    "signature",
    "signature-input",
    "host",
    "x-forwarded-host",
    "x-other",
    "accept-signature",
    "connection",
];
const VALUES: [&str; 14] = [
    "Bearer a",
    "Bearer b",
    "DPoP a",
    "a",
    "b",
    "application/json",
    "text/plain",
    "sha-256=:AAAA:",
    "",
    "other.example",
    "other=(\"@method\");tag=\"other\"",
    "other=:AAAA:",
    "wimse=(\"@method\");tag=\"wimse-workload-to-workload\"",
    "signature, authorization",
];

fuzz_target!(|data: &[u8]| {
    timed(|| run(&mut Draw::new(data)));
});

/// How requests are signed.
struct Sender {
    proof: Proof,
    revision: Revision,
    clock: FrozenClock,
}

fn run(draw: &mut Draw<'_>) {
    let sender = Sender {
        proof: draw.pick(&[Proof::HttpSignature, Proof::Wpt]),
        revision: draw.pick(&Revision::ALL),
        clock: FrozenClock::at(NOW),
    };
    let Some(sent) = sender.request(draw) else { return };
    // A second one by the same sender, whose parts may end up in the first.
    let Some(other) = sender.request(draw) else { return };
    let genuine = [sender.meaning(&sent), sender.meaning(&other)];
    let mut received = sent.clone();
    // What travels over HTTP/1.1 has path and query only.
    *received.uri_mut() = received.uri().path_and_query().unwrap().as_str().parse().unwrap();

    let mut seconds = 0;
    for _ in 0..draw.below(4) {
        if draw.one_in(6) {
            seconds = [0, 59, 60, 119, 120, -59, -60, -61, -299, -300, -301, 3600][draw.below(12)];
        } else {
            change(draw, &mut received, &other);
        }
    }
    sender.clock.set(NOW + seconds);
    judge(&sender, &received, &genuine, seconds);
}

type Meaning = (View, Option<Signed>);

impl Sender {
    fn request(&self, draw: &mut Draw<'_>) -> Option<Request<Vec<u8>>> {
        let uri = format!("https://orders.example.com{}{}", draw.pick(&PATHS), draw.pick(&QUERIES));
        let mut request = Request::new(draw.pick(&CONTENTS).to_vec());
        *request.method_mut() = METHODS[draw.below(METHODS.len())].clone();
        *request.uri_mut() = uri.parse().unwrap();
        for name in &NAMES[..4] {
            if draw.one_in(3) {
                request.headers_mut().append(*name, HeaderValue::from_static(draw.pick(&VALUES[..7])));
            }
        }
        let content = request.body().clone();
        let signer = signer(
            &self.clock,
            self.proof,
            self.revision,
            draw.one_in(4) && self.proof == Proof::HttpSignature,
        );
        // Not signed is what no receiver could accept, such as an `Authorization` where the proof itself belongs.
        let signed = signer.sign_request(&mut request, Some(&content), &SignOptions::default());
        signed.ok().map(|_| request)
    }

    fn meaning(&self, request: &Request<Vec<u8>>) -> Meaning {
        (View::of(request, self.proof, self.revision), Signed::of(request.headers()))
    }

    fn verifier(&self) -> VerifierBuilder {
        verifier(&self.clock).allow_revision(Revision::Wpt01HttpSignature06)
    }

    /// Whether a proof that was made at [`NOW`] for 60 seconds is in time, with 60 seconds of leeway.
    fn in_time(&self, seconds: i64) -> bool {
        match self.proof {
            Proof::HttpSignature => (-60..120).contains(&seconds),
            // It has no beginning, only an end that may be 300 seconds away.
            _ => (-300..120).contains(&seconds),
        }
    }
}

/// One thing that may happen on the way.
fn change(draw: &mut Draw<'_>, request: &mut Request<Vec<u8>>, other: &Request<Vec<u8>>) {
    let name = HeaderName::from_static(draw.pick(&NAMES));
    match draw.below(12) {
        0 => *request.method_mut() = METHODS[draw.below(METHODS.len())].clone(),
        1 => {
            let target = format!("{}{}", draw.pick(&PATHS), draw.pick(&QUERIES));
            // A target that begins with two slashes is sent as one in absolute form, or not at all.
            let authority = draw.pick(&["", "https://orders.example.com", "https://evil.test"]);
            if let Ok(uri) = format!("{authority}{target}").parse::<Uri>() {
                *request.uri_mut() = uri;
            }
        }
        2 => *request.body_mut() = draw.pick(&CONTENTS).to_vec(),
        3 => drop(request.headers_mut().remove(name)),
        4 | 5 => drop(request.headers_mut().insert(name, HeaderValue::from_static(draw.pick(&VALUES)))),
        6 | 7 => drop(request.headers_mut().append(name, HeaderValue::from_static(draw.pick(&VALUES)))),
        8 => copy(request.headers_mut(), other.headers(), &name),
        9 => {
            for name in ["signature", "signature-input", "authorization", "workload-proof-token"] {
                copy(request.headers_mut(), other.headers(), &HeaderName::from_static(name));
            }
        }
        10 => letter(draw, request.headers_mut(), &name),
        _ => {
            if let Ok(value) = HeaderValue::from_bytes(draw.octets(32)) {
                request.headers_mut().append(name, value);
            }
        }
    }
}

fn copy(to: &mut HeaderMap, from: &HeaderMap, name: &HeaderName) {
    to.remove(name);
    for value in from.get_all(name) {
        to.append(name, value.clone());
    }
}

/// Puts another letter or digit in the place of one in the second half of a value.
fn letter(draw: &mut Draw<'_>, headers: &mut HeaderMap, name: &HeaderName) {
    let Some(value) = headers.get_mut(name) else { return };
    let mut octets = value.as_bytes().to_vec();
    let half = octets.len() / 2;
    let at = half + draw.number().unsigned_abs() as usize % (octets.len() - half).max(1);
    let with = b"AZaz09"[draw.below(6)];
    if octets.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        octets[at] = with;
        *value = HeaderValue::from_bytes(&octets).unwrap();
    }
}

fn judge(sender: &Sender, received: &Request<Vec<u8>>, genuine: &[Meaning; 2], seconds: i64) {
    let verifier = sender.verifier().build().unwrap();
    let decision = whole(&verifier, received);
    // The same on another verifier, the content in pieces.
    let again = in_pieces(&sender.verifier().build().unwrap(), received);
    assert_eq!(reason(&decision), reason(&again), "{received:?}");

    let meaning = sender.meaning(received);
    if let Ok(peer) = &decision {
        assert_eq!(peer.id().as_str(), CALLER);
        assert!(
            genuine.contains(&meaning),
            "accepted, though it is not what was signed: {received:?} {meaning:?} {genuine:?}"
        );
        assert!(sender.in_time(seconds), "accepted {seconds} s later");
        assert_eq!(reason(&whole(&verifier, received)), Some(Reason::Replayed));
        // What is not covered does not make it another one.
        let mut repeated = received.clone();
        repeated.headers_mut().append("x-other", HeaderValue::from_static("again"));
        assert_eq!(reason(&whole(&verifier, &repeated)), Some(Reason::Replayed));
        return;
    }
    // Other signatures beside ours may be too many or malformed; without one, fields that nobody reads do not matter.
    let same_fields = ["signature", "signature-input"].iter().all(|name| {
        received.headers().get_all(*name).iter().count() == usize::from(sender.proof == Proof::HttpSignature)
    });
    let untouched = genuine.contains(&meaning) && same_fields && sender.in_time(seconds);
    assert!(!untouched, "refused, though it is what was signed: {received:?}: {decision:?}");
}

fn reason(decision: &Result<Peer, Rejection>) -> Option<Reason> {
    decision.as_ref().err().map(Rejection::reason)
}

fn whole(verifier: &Verifier, request: &Request<Vec<u8>>) -> Result<Peer, Rejection> {
    decided(verifier.verify_with_content(request, request.body()))
}

fn in_pieces(verifier: &Verifier, request: &Request<Vec<u8>>) -> Result<Peer, Rejection> {
    let mut head = verifier.verify_head(request)?;
    if head.needs_content() {
        head.update(b"");
        request.body().chunks(3).for_each(|piece| head.update(piece));
    }
    decided(head.finish())
}
