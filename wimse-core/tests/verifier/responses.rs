//! Signed responses: what a server signs is what its caller accepts.

use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::json;
use wimse_core::jose::{Algorithm, SigningKey};
use wimse_core::{
    Callee, CalleeMap, Credential, Exchange, ExpectedResponse, Proof, Reason, ResponseError, Revision,
    SignOptions, Signer, SignerBuilder, TrustDomain, WorkloadId,
};

use crate::by_hand::{CONTENT, digest, parameter, set};
use crate::{NOW, TARGET, World};

pub(crate) const CALLEE: &str = "wimse://example.com/orders";

/// A callee with a key and a token of its own.
pub(crate) struct Server {
    pub(crate) key: SigningKey,
    pub(crate) wit: String,
    pub(crate) signer: Signer,
}

impl Server {
    pub(crate) fn new(world: &World) -> Self {
        Self::named(world, CALLEE)
    }

    pub(crate) fn named(world: &World, id: &str) -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let wit = world.wit_with(|_, claims| {
            claims["sub"] = json!(id);
            claims["cnf"] = json!({ "jwk": key.public_jwk() });
        });
        let credential = Credential::new(&wit, key.clone()).unwrap();
        let signer = Signer::builder().credentials(credential).clock(world.clock.clone()).build().unwrap();
        Self { key, wit, signer }
    }
}

/// A signer that demands signed responses of [`CALLEE`].
pub(crate) fn demanding(world: &World) -> SignerBuilder {
    let callees = CalleeMap::new().with("orders.example.com", WorkloadId::parse(CALLEE).unwrap());
    let signer = world.signer().proof(Proof::HttpSignature).expected_callees(callees);
    signer.response_anchors(world.anchors()).require_signed_responses()
}

/// A request that was sent and received, and its response that is awaited.
pub(crate) struct Call {
    pub(crate) request: Request<()>,
    pub(crate) expected: ExpectedResponse,
    pub(crate) exchange: Exchange,
}

pub(crate) fn call_with(world: &World, signer: &Signer, method: &Method, options: &SignOptions) -> Call {
    let mut request = Request::builder().method(method).uri(TARGET).body(()).unwrap();
    let expected = signer.sign_request(&mut request, Some(b""), options).unwrap();
    // What travels has a path and a query only, over HTTP/1.1.
    *request.uri_mut() = request.uri().path_and_query().unwrap().as_str().parse().unwrap();
    let verifier = world.verifier();
    let mut head = verifier.verify_head(&request).unwrap();
    let exchange = head.exchange().unwrap();
    head.update(b"");
    assert!(head.finish().now_or_never().unwrap().is_ok());
    Call { request, expected, exchange }
}

pub(crate) fn call(world: &World) -> Call {
    let signer = demanding(world).build().unwrap();
    call_with(world, &signer, &Method::GET, &SignOptions::default())
}

/// What comes back.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Vec<u8>,
}

impl Answer {
    pub(crate) fn unsigned(status: u16, content: &[u8]) -> Self {
        let mut headers = HeaderMap::new();
        set(&mut headers, "content-type", "application/json");
        Self { status: StatusCode::from_u16(status).unwrap(), headers, content: content.to_vec() }
    }

    pub(crate) fn signed(server: &Server, exchange: &Exchange, status: u16, content: &[u8]) -> Self {
        let mut answer = Self::unsigned(status, content);
        server.signer.sign_response(exchange, answer.status, &mut answer.headers, content).unwrap();
        answer
    }

    pub(crate) fn judged(&self, expected: ExpectedResponse) -> Result<Option<Callee>, ResponseError> {
        let Some(mut verified) = expected.verify_head(self.status, &self.headers)? else { return Ok(None) };
        verified.update(b"");
        for piece in self.content.chunks(3) {
            verified.update(piece);
        }
        verified.finish().map(Some)
    }
}

#[test]
fn hsr_02_hsr_07_to_hsr_17_hsr_22_a_response_by_the_book_says_who_answered() {
    let world = World::new();
    let server = Server::new(&world);
    for status in [200, 201, 202, 301, 400, 404, 500, 503] {
        for content in [b"".as_slice(), CONTENT] {
            let call = call(&world);
            assert!(call.exchange.requires_signed_response() && !call.exchange.prefers_signed_response());
            let answer = Answer::signed(&server, &call.exchange, status, content);
            let nonce = parameter(call.request.headers(), "nonce");
            assert_eq!(parameter(&answer.headers, "wimse-req-nonce"), nonce);
            assert_eq!(answer.headers.contains_key("content-digest"), !content.is_empty());
            let Callee(callee) = answer.judged(call.expected).unwrap().unwrap();
            assert_eq!((callee.id().as_str(), callee.proof()), (CALLEE, Proof::HttpSignature));
            assert_eq!((callee.expires_at().as_secs(), callee.authentications().count()), (NOW + 60, 1));
            assert!(callee.context().is_empty());
        }
    }
}

#[test]
fn amb_01_hsr_07_to_hsr_10_both_revisions_answer_in_kind() {
    let world = World::new();
    let server = Server::new(&world);
    for (revision, covered) in [
        (Revision::default(), "\"@path\";req \"@query\";req"),
        (Revision::Wpt01HttpSignature06, "\"@request-target\";req"),
    ] {
        let signer = demanding(&world).revision(revision).allow_unknown_transport();
        let signer = signer.audience(crate::BASE.to_owned() + "/orders/7").build().unwrap();
        let mut request = Request::get("/orders/7?page=2").body(()).unwrap();
        let options = SignOptions::default().expected_callee(WorkloadId::parse(CALLEE).unwrap());
        let expected = signer.sign_request(&mut request, Some(b""), &options).unwrap();
        let verifier =
            world.builder().allow_replay().allow_revision(Revision::Wpt01HttpSignature06).build().unwrap();
        let exchange = verifier.verify_head(&request).unwrap().exchange().unwrap();
        let answer = Answer::signed(&server, &exchange, 200, CONTENT);
        assert!(answer.headers["signature-input"].to_str().unwrap().contains(covered));
        let callee = answer.judged(expected).unwrap().unwrap().0;
        assert_eq!(callee.authentications().next().unwrap().revision(), revision);
    }
}

#[test]
fn hsr_22_amb_20_a_trust_domain_may_be_all_that_is_expected() {
    let world = World::new();
    let callees = |_: &str| Some(TrustDomain::parse("example.com").unwrap().into());
    let signer = demanding(&world).expected_callees(callees).build().unwrap();
    for (id, expected) in [(CALLEE, None), ("wimse://example.com/billing", None)] {
        let call = call_with(&world, &signer, &Method::GET, &SignOptions::default());
        let answer = Answer::signed(&Server::named(&world, id), &call.exchange, 200, CONTENT);
        let judged = answer.judged(call.expected);
        assert_eq!(judged.as_ref().err().map(ResponseError::reason), expected, "{id}");
        assert_eq!(judged.unwrap().unwrap().0.id().as_str(), id);
    }
    let other = |_: &str| Some(TrustDomain::parse("other.example").unwrap().into());
    let signer = demanding(&world).expected_callees(other).build().unwrap();
    let call = call_with(&world, &signer, &Method::GET, &SignOptions::default());
    let answer = Answer::signed(&Server::new(&world), &call.exchange, 200, CONTENT);
    assert_eq!(answer.judged(call.expected).unwrap_err().reason(), Reason::CalleeUnexpected);
}

#[test]
fn amb_23_head_and_304_have_a_digest_of_content_that_is_elsewhere() {
    let world = World::new();
    let (server, signer) = (Server::new(&world), demanding(&world).build().unwrap());
    let other = digest(b"the content that GET would have got");
    for (method, status, described, expected) in [
        (Method::HEAD, 200, true, Ok(())),
        (Method::HEAD, 200, false, Ok(())),
        (Method::HEAD, 404, true, Ok(())),
        (Method::GET, 304, true, Ok(())),
        (Method::GET, 304, false, Ok(())),
        (Method::GET, 204, false, Ok(())),
        (Method::GET, 200, false, Ok(())),
    ] {
        let call = call_with(&world, &signer, &method, &SignOptions::default());
        let mut answer = Answer::unsigned(status, b"");
        if described {
            answer.headers.insert("content-digest", other.clone());
        }
        server.signer.sign_response(&call.exchange, answer.status, &mut answer.headers, b"").unwrap();
        let covered = answer.headers["signature-input"].to_str().unwrap().contains("\"content-digest\"");
        assert_eq!((covered, answer.headers.contains_key("content-digest")), (described, described));
        let judged = answer.judged(call.expected).map(drop).map_err(|error| error.reason());
        assert_eq!(judged, expected, "{method} {status} {described}");
    }
    // Where there is no content, there is none to be had.
    for (method, status) in [(Method::HEAD, 200), (Method::GET, 304)] {
        let call = call_with(&world, &signer, &method, &SignOptions::default());
        let mut answer = Answer::signed(&server, &call.exchange, status, b"");
        answer.content = CONTENT.to_vec();
        assert_eq!(
            answer.judged(call.expected).unwrap_err().reason(),
            Reason::DigestMissing,
            "{method} {status}"
        );
    }
    // What is said of other content in a response that has content, or could have, is not signed.
    for (method, status) in [(Method::GET, 204), (Method::GET, 200)] {
        let call = call_with(&world, &signer, &method, &SignOptions::default());
        let mut answer = Answer::unsigned(status, b"");
        answer.headers.insert("content-digest", other.clone());
        server.signer.sign_response(&call.exchange, answer.status, &mut answer.headers, b"").unwrap();
        assert!(!answer.headers.contains_key("content-digest"), "{method} {status}");
        assert!(answer.judged(call.expected).is_ok());
    }
}

#[test]
fn hsr_16_hsr_28_a_response_that_is_signed_again_has_one_signature_and_another_nonce() {
    let world = World::new();
    let (server, call) = (Server::new(&world), call(&world));
    let first = Answer::signed(&server, &call.exchange, 200, CONTENT);
    let mut second = first.clone();
    second.content = b"other".to_vec();
    let signed = server.signer.sign_response(&call.exchange, second.status, &mut second.headers, b"other");
    assert_eq!(signed, Ok(()));
    assert_eq!(second.headers.get_all("signature-input").iter().count(), 1);
    let nonces = [&first, &second].map(|answer| parameter(&answer.headers, "nonce").unwrap());
    assert_ne!(nonces[0], nonces[1]);
    assert!(nonces.iter().all(|nonce| nonce.len() == 22), "128 random bits: {nonces:?}");
    assert!(second.judged(call.expected).unwrap().is_some());
}

#[test]
fn key_03_no_response_is_signed_with_an_expired_token() {
    let world = World::new();
    let (server, call) = (Server::new(&world), call(&world));
    world.clock.set(NOW + 3600 - 1);
    let answer = Answer::signed(&server, &call.exchange, 200, CONTENT);
    assert_eq!(parameter(&answer.headers, "expires"), Some((NOW + 3600).to_string()));
    world.clock.set(NOW + 3600);
    let mut headers = HeaderMap::new();
    let refused = server.signer.sign_response(&call.exchange, StatusCode::OK, &mut headers, b"");
    assert_eq!(refused.unwrap_err().reason(), "credential_expired");
    assert!(headers.is_empty());
}
