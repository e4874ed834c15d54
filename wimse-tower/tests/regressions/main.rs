//! What a review of HTTP signatures found in the layers: each once a way in, or a way to be in the way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod answers;
mod client;
mod refusals;
mod requests;
mod revisions;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use wimse_core::testing::TestDomain;
use wimse_core::{
    Audiences, CalleeMap, ExpectedResponse, Proof, ResponseError, SignOptions, Signer, SignerBuilder,
    Verifier,
};
use wimse_tower::MaybeBuffered;

const BASE: &str = "https://orders.example.com";
const URL: &str = "https://orders.example.com/orders";

fn domain() -> TestDomain {
    TestDomain::new("example.com")
}

fn verifier(domain: &TestDomain) -> Verifier {
    domain.verifier(Audiences::base_url(BASE)).build().unwrap()
}

/// The credential of the service under test.
fn orders(domain: &TestDomain) -> Signer {
    domain.workload("/orders").signer().build().unwrap()
}

/// A workload that signs its requests, and can check what orders signs.
fn caller(domain: &TestDomain, path: &str) -> SignerBuilder {
    let callees = CalleeMap::new().with("orders.example.com", domain.id("/orders"));
    let signer = domain.workload(path).signer().proof(Proof::HttpSignature);
    signer.response_anchors(domain.trust_anchors()).expected_callees(callees)
}

/// A caller that refuses unsigned responses.
fn demanding(domain: &TestDomain) -> Signer {
    caller(domain, "/frontend").require_signed_responses().build().unwrap()
}

/// A caller that takes them.
fn preferring(domain: &TestDomain) -> Signer {
    caller(domain, "/frontend").prefer_signed_responses().build().unwrap()
}

/// A request over this content, whatever its body will be.
fn signed<B>(signer: &Signer, content: &[u8], body: B) -> (Request<B>, ExpectedResponse) {
    let mut request = Request::post(URL).body(body).unwrap();
    let expected = signer.sign_request(&mut request, Some(content), &SignOptions::default()).unwrap();
    (request, expected)
}

/// What somebody sends who has seen a request: the same head, and any body.
fn copy<A, B>(request: &Request<A>, body: B) -> Request<B> {
    let mut copy = Request::post(URL).body(body).unwrap();
    *copy.headers_mut() = request.headers().clone();
    copy
}

fn is_signed<B>(response: &Response<B>) -> bool {
    let fields = ["signature", "signature-input", "workload-identity-token"];
    let present = fields.map(|name| response.headers().contains_key(name));
    assert!(present == [true; 3] || present == [false; 3], "{present:?}");
    present[0]
}

async fn text<B: Body<Data = Bytes, Error: std::fmt::Debug>>(response: Response<B>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Status and content of a signed response, as far as the client believes them.
async fn believed<B: Body<Data = Bytes, Error: std::fmt::Debug>>(
    expected: ExpectedResponse,
    response: Response<MaybeBuffered<B>>,
) -> Result<(u16, String), ResponseError> {
    let mut verified = expected.verify_head(response.status(), response.headers())?.unwrap();
    let (status, content) = text(response).await;
    verified.update(content.as_bytes());
    verified.finish()?;
    Ok((status, content))
}

/// The fields as they come from the wire, where nothing is marked as sensitive.
fn off_the_wire(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        *value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
    }
}

/// A body whose sender may take its time after these frames.
struct Frames {
    frames: VecDeque<Frame<Bytes>>,
    open: Arc<AtomicBool>,
}

impl Frames {
    fn ended(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self { frames: frames.into_iter().collect(), open: Arc::default() }
    }

    /// A body that ends when the flag is lowered. It wakes nobody.
    fn open(frames: impl IntoIterator<Item = Frame<Bytes>>, open: &Arc<AtomicBool>) -> Self {
        Self { open: Arc::clone(open), ..Self::ended(frames) }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.frames.pop_front() {
            None if self.open.load(Ordering::SeqCst) => Poll::Pending,
            frame => Poll::Ready(frame.map(Ok)),
        }
    }
}
