//! Requests as services send them, signed, and what their proofs come down to: a message and a signature.

use http::{HeaderValue, Method, Request};
use wimse_core::httpsig::profile::TAG;
use wimse_core::httpsig::{BaseBuilder, Limits, Message, ReceivedSignatures};
use wimse_core::{Proof, SignOptions, Signer};

use crate::raw::{Signed, decode};

/// The target of requests where it does not matter.
pub(crate) const TARGET: &str = "/orders?page=2";

/// Its path.
pub(crate) const ORDERS: &str = "/orders";

/// Content that a signature covers by its digest.
pub(crate) const CONTENT: &[u8] = &[b'7'; 1024];

/// A block of signed requests and the raw checks that they need.
pub(crate) struct Batch {
    pub(crate) requests: Vec<Request<()>>,
    pub(crate) signed: Vec<Signed>,
}

impl Batch {
    pub(crate) fn new(signer: &Signer, size: usize, content: &[u8]) -> Self {
        let requests: Vec<_> = (0..size).map(|_| signed(signer, request(), content)).collect();
        let signed = requests.iter().map(|request| raw(request, signer.proof())).collect();
        Self { requests, signed }
    }
}

/// A request with what services send besides: none of it may cost anything.
pub(crate) fn request() -> Request<()> {
    to(Method::POST, TARGET)
}

/// The same to another target.
pub(crate) fn to(method: Method, target: &str) -> Request<()> {
    let mut request = Request::builder().method(method).uri(target).body(()).unwrap();
    let headers = request.headers_mut();
    // Room for what is added: how a map grows is not what is measured.
    headers.reserve(32);
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("host", HeaderValue::from_static("orders.example.com"));
    for name in ["accept", "user-agent", "traceparent", "x-request-id", "accept-encoding"] {
        headers.insert(name, HeaderValue::from_static("a value of ordinary length"));
    }
    request
}

pub(crate) fn signed(signer: &Signer, mut request: Request<()>, content: &[u8]) -> Request<()> {
    let _ = signer.sign_request(&mut request, Some(content), &SignOptions::default()).unwrap();
    request
}

/// What is signed in a request, and the signature.
pub(crate) fn raw(request: &Request<()>, proof: Proof) -> Signed {
    if proof == Proof::Wpt {
        let (message, signature) = field(request, "authorization").rsplit_once('.').unwrap();
        let message = message.strip_prefix("WPT ").unwrap().as_bytes().to_vec();
        return Signed { message, signature: decode(signature.as_bytes()) };
    }
    let received = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
    let signature = received.by_tag(TAG).unwrap();
    let mut builder = BaseBuilder::new();
    let base = builder.build(&Message::from(request), signature.input().unwrap()).unwrap();
    Signed { message: base.as_bytes().to_vec(), signature: signature.signature().unwrap().to_vec() }
}

/// The one value of a field that is there.
pub(crate) fn field<'a, B>(request: &'a Request<B>, name: &str) -> &'a str {
    request.headers().get(name).unwrap().to_str().unwrap()
}
