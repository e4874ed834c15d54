//! The WIMSE profile of HTTP signatures: what is signed verifies, and nothing else does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod accept;
mod requests;
mod responses;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Uri};
use wimse_core::dangerous::validate_wit_without_proof;
use wimse_core::httpsig::RequestParts;
use wimse_core::httpsig::profile::{MAX_WINDOW, RequestCheck, RequestSignature, Terms, VerifiedRequest};
use wimse_core::jose::Algorithm;
use wimse_core::testing::{FrozenClock, TestDomain, TestWorkload};
use wimse_core::trace::NoTrace;
use wimse_core::{Audiences, Limits, Rejection, Revision, TrustStore, UnixTime, Wit};

const NOW: i64 = 1_790_000_000;
const LEEWAY: Duration = Duration::from_secs(60);
const TARGET: &str = "https://orders.example.com/orders?x=1";
const AUDIENCE: &str = "https://orders.example.com/orders";

/// A caller and a callee of one domain, at a time that stands still.
struct World {
    trust: TrustStore,
    caller: TestWorkload,
    callee: TestWorkload,
}

impl World {
    fn new(algorithm: Algorithm) -> Self {
        let domain = TestDomain::new("example.com").clock(FrozenClock::at(NOW));
        let trust = TrustStore::new(domain.trust_anchors());
        let caller = domain.workload_with("/caller", algorithm, |request| request);
        let callee = domain.workload_with("/callee", algorithm, |request| request);
        Self { trust, caller, callee }
    }

    fn wit(&self, headers: &HeaderMap) -> Result<Arc<Wit>, Rejection> {
        let token = headers["workload-identity-token"].to_str().unwrap();
        let now = UnixTime::from_secs(NOW);
        validate_wit_without_proof(token, &self.trust, &Limits::default(), now, &mut NoTrace)
    }

    fn signed(&self, revision: Revision, content: &str) -> Sent {
        let mut sent = Sent {
            method: Method::POST,
            uri: TARGET.parse().unwrap(),
            headers: HeaderMap::new(),
            content: content.as_bytes().to_vec(),
            nonce: String::new(),
        };
        sent.headers.insert("content-type", HeaderValue::from_static("text/plain"));
        sent.headers.insert("txn-token", HeaderValue::from_static("a-transaction-token"));
        sent.headers.insert("x-unrelated", HeaderValue::from_static("whatever"));
        let signature = RequestSignature {
            credential: self.caller.credential(),
            audience: AUDIENCE,
            sign_response: true,
            context: &[],
            revision,
            now: UnixTime::from_secs(NOW),
            lifetime: Duration::from_secs(120),
        };
        // What travels has a path and a query only, over HTTP/1.1.
        let target: Uri = sent.uri.path_and_query().unwrap().as_str().parse().unwrap();
        sent.nonce = signature.apply(&sent.method, &target, &mut sent.headers, content.as_bytes()).unwrap();
        sent.uri = target;
        sent
    }

    fn check_at(
        &self,
        sent: &Sent,
        revision: Revision,
        now: i64,
    ) -> Result<Option<VerifiedRequest>, Rejection> {
        let audiences = Audiences::base_url("https://orders.example.com");
        let wit = self.wit(&sent.headers)?;
        let check = RequestCheck {
            request: RequestParts::new(&sent.method, &sent.uri, &sent.headers),
            wit: &wit,
            audiences: &audiences,
            context: &[],
            terms: terms(revision, now),
        };
        let verified = check.verify()?;
        if let Some(verified) = &verified {
            verified.check_content(&sent.content)?;
        }
        Ok(verified)
    }

    fn check(&self, sent: &Sent) -> Result<Option<VerifiedRequest>, Rejection> {
        self.check_at(sent, Revision::default(), NOW)
    }
}

fn terms(revision: Revision, now: i64) -> Terms {
    Terms { revision, now: UnixTime::from_secs(now), leeway: LEEWAY, window: MAX_WINDOW }
}

/// A request on its way.
#[derive(Clone)]
struct Sent {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    content: Vec<u8>,
    nonce: String,
}

/// Whether a message is let through: a request without a WIMSE signature is not.
fn reason(outcome: Result<Option<VerifiedRequest>, Rejection>) -> &'static str {
    match outcome {
        Ok(Some(_)) => "accepted",
        Ok(None) => "unsigned",
        Err(rejection) => rejection.reason().code(),
    }
}
