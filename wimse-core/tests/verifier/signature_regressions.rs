//! What a review of HTTP signatures found: each once a way in, or a way to be in the way.

mod signing;
mod verifying;

use std::time::Duration;

use futures_util::FutureExt;
use http::{Method, Request};
use wimse_core::httpsig::profile::RequestSignature;
use wimse_core::testing::{FrozenClock, TestDomain};
use wimse_core::{
    Audiences, CalleeMap, Clock, ExpectedResponse, HeadVerified, Proof, Reason, Revision, SignOptions,
    Signer, SignerBuilder, VerifierBuilder,
};

use crate::{BASE, NOW, TARGET};

const OLDER: Revision = Revision::Wpt01HttpSignature06;
const CONTENT: &[u8] = b"pay";
const TOKEN: &str = "workload-identity-token";

/// A domain with a frontend that calls orders.
struct World {
    clock: FrozenClock,
    domain: TestDomain,
}

impl World {
    fn new() -> Self {
        let clock = FrozenClock::at(NOW);
        Self { domain: TestDomain::new("example.com").clock(clock.clone()), clock }
    }

    fn builder(&self) -> VerifierBuilder {
        self.domain.verifier(Audiences::base_url(BASE))
    }

    /// The frontend, which signs and can check what orders signs.
    fn client(&self) -> SignerBuilder {
        let callees = CalleeMap::new().with("orders.example.com", self.domain.id("/orders"));
        let signer = self.domain.workload("/frontend").signer().proof(Proof::HttpSignature);
        signer.response_anchors(self.domain.trust_anchors()).expected_callees(callees)
    }

    fn server(&self) -> Signer {
        self.domain.workload("/orders").signer().build().unwrap()
    }

    /// A request with a signature over this content.
    fn signed(&self, content: &[u8]) -> Request<()> {
        let mut request = Request::post(TARGET).body(()).unwrap();
        let _ = sign(&self.client().build().unwrap(), &mut request, content, &SignOptions::default());
        request
    }

    /// A request with a proof token.
    fn with_token(&self, options: &SignOptions) -> Request<()> {
        let mut request = Request::post(TARGET).body(()).unwrap();
        self.domain.workload("/frontend").sign_with(&mut request, options);
        request
    }

    /// A request with a proof token, and with a signature that covers it.
    fn signed_with_token(&self) -> Request<()> {
        let workload = self.domain.workload("/frontend");
        let mut request = Request::post(TARGET).body(()).unwrap();
        workload.sign(&mut request);
        let signature = RequestSignature {
            credential: workload.credential(),
            audience: &format!("{BASE}/orders/7"),
            sign_response: false,
            context: &[],
            revision: Revision::default(),
            now: self.clock.now(),
            lifetime: Duration::from_secs(60),
        };
        let target = request.uri().clone();
        signature.apply(&Method::POST, &target, request.headers_mut(), CONTENT).unwrap();
        request
    }
}

fn sign(
    signer: &Signer,
    request: &mut Request<()>,
    content: &[u8],
    options: &SignOptions,
) -> ExpectedResponse {
    signer.sign_request(request, Some(content), options).unwrap()
}

fn finish(head: HeadVerified) -> Result<(), Reason> {
    head.finish().now_or_never().unwrap().map(drop).map_err(|rejection| rejection.reason())
}
