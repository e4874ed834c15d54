//! A service and its caller as workloads of one domain, and calls between them that are signed and checked.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http::{HeaderMap, Method, Response, Version};
use http_body_util::channel::Channel;
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::ServiceExt;
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{
    Audience, Audiences, Callee, ExpectedResponse, Proof, ResponseError, SignOptions, Signer, SignerBuilder,
    Verifier,
};
use wimse_tower::sign::Buffered;
use wimse_tower::{AuthenticateLayer, MaybeBuffered, Sign, SignLayer};

use crate::sockets::{BASE, Client, Reply, Server, domain};

pub(crate) const CALLER: &str = "wimse://example.com/frontend";
pub(crate) const SERVICE: &str = "wimse://example.com/orders";

/// Both ends of a call.
pub(crate) struct World {
    pub(crate) domain: TestDomain,
    pub(crate) caller: TestWorkload,
    service: TestWorkload,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(domain())
    }

    pub(crate) fn of(domain: TestDomain) -> Self {
        let (caller, service) = (domain.workload("/frontend"), domain.workload("/orders"));
        Self { domain, caller, service }
    }

    /// Takes HTTP signatures alone.
    pub(crate) fn verifier(&self) -> Verifier {
        let verifier = self.domain.verifier(Audiences::base_url(BASE));
        verifier.proofs([Proof::HttpSignature]).build().unwrap()
    }

    /// Takes HTTP signatures alone, and signs nothing.
    pub(crate) fn layer(&self) -> AuthenticateLayer {
        wimse_axum::authenticate(self.verifier())
    }

    /// Takes HTTP signatures alone, and signs the responses for which that is demanded.
    pub(crate) fn signing(&self) -> AuthenticateLayer {
        self.layer().sign_responses(self.own())
    }

    /// What the service signs with.
    pub(crate) fn own(&self) -> Signer {
        self.service.signer().build().unwrap()
    }

    /// What the caller signs with.
    pub(crate) fn signer(&self) -> SignerBuilder {
        let service = self.domain.id("/orders");
        self.caller
            .signer()
            .proof(Proof::HttpSignature)
            .audience(Audience::base_url(BASE).unwrap())
            .response_anchors(self.domain.trust_anchors())
            .expected_callees(move |_: &str| Some(service.clone().into()))
    }

    /// Signs a request and its content. Nothing is asked of the response.
    pub(crate) fn signed(&self, request: Request, content: &[u8]) -> Request {
        self.call(request, content, &self.signer().build().unwrap()).request
    }

    /// Signs a request and its content, and demands a signed response.
    pub(crate) fn demanding(&self, request: Request, content: &[u8]) -> Call {
        self.call(request, content, &self.signer().require_signed_responses().build().unwrap())
    }

    pub(crate) fn call(&self, mut request: Request, content: &[u8], signer: &Signer) -> Call {
        let options = SignOptions::default();
        let expected = signer.sign_request(&mut request, Some(content), &options).unwrap();
        Call { request, expected }
    }

    /// One client of each version that signs by itself and demands signed responses.
    pub(crate) fn callers(&self) -> [Caller; 2] {
        callers(&self.signer().require_signed_responses().build().unwrap())
    }
}

/// A signed request, to be altered and sent.
pub(crate) struct Call {
    pub(crate) request: Request,
    expected: ExpectedResponse,
}

impl Call {
    pub(crate) fn altered(mut self, alter: impl FnOnce(&mut Request)) -> Self {
        alter(&mut self.request);
        self
    }

    pub(crate) async fn send(self, client: &Client) -> Checked {
        let reply = client.send(self.request).await;
        let signature = self.expected.verify_head(reply.status, &reply.headers).and_then(|verified| {
            let finish = |mut verified: wimse_core::ResponseVerified| {
                verified.update(&reply.body);
                verified.finish()
            };
            verified.map(finish).transpose()
        });
        Checked { reply, signature }
    }
}

/// A response, and what its signature says.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) reply: Reply,
    pub(crate) signature: Result<Option<Callee>, ResponseError>,
}

impl Checked {
    /// Signed by the service, as the response to this very request.
    #[track_caller]
    pub(crate) fn signed(&self) -> &Reply {
        match &self.signature {
            Ok(Some(Callee(peer))) => assert_eq!(peer.id().as_str(), SERVICE),
            other => panic!("{other:?}: {:?}", self.reply),
        }
        &self.reply
    }

    /// Not signed, and without a trace of a signature.
    #[track_caller]
    pub(crate) fn unsigned(&self) -> &Reply {
        match &self.signature {
            Ok(None) => {}
            Err(error) => assert_eq!(error.reason().code(), "response_unsigned", "{error}"),
            Ok(Some(_)) => panic!("signed: {:?}", self.reply),
        }
        for field in ["signature", "signature-input", "workload-identity-token", "content-digest"] {
            assert!(!self.reply.headers.contains_key(field), "{field}: {:?}", self.reply);
        }
        &self.reply
    }
}

/// A client that signs by itself, and checks what comes back.
pub(crate) struct Caller {
    pub(crate) version: Version,
    service: Sign<legacy::Client<HttpConnector, Body>, Buffered<Wrap>>,
}

type Wrap = fn(MaybeBuffered<Body>) -> Body;

pub(crate) fn callers(signer: &Signer) -> [Caller; 2] {
    [Version::HTTP_11, Version::HTTP_2].map(|version| {
        let http2 = version == Version::HTTP_2;
        let client = legacy::Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
        let wrap: Wrap = Body::new;
        let layer = SignLayer::new(signer.clone()).buffer_bodies(8 << 20, wrap).response_limit(8 << 20);
        Caller { version, service: tower::Layer::layer(&layer, client) }
    })
}

impl Caller {
    /// What the application gets, with the callee if the response was signed; or why it gets nothing.
    pub(crate) async fn call(&self, request: Request) -> Result<(Reply, Option<Callee>), ResponseError> {
        let response = self.open(request).await?;
        let callee = response.extensions().get().cloned();
        Ok((Reply::of(response).await, callee))
    }

    /// As [`Caller::call`], before the content has arrived, if that is not held against a signature.
    pub(crate) async fn open(
        &self,
        request: Request,
    ) -> Result<Response<MaybeBuffered<Incoming>>, ResponseError> {
        let response = self.service.clone().oneshot(request).await;
        let response = response.map_err(|error| *error.downcast::<ResponseError>().unwrap())?;
        assert_eq!(response.version(), self.version);
        Ok(response)
    }

    /// The reply to a call, signed by the service.
    pub(crate) async fn signed(&self, request: Request) -> Reply {
        let (reply, callee) = self.call(request).await.unwrap();
        assert_eq!(callee.map(|Callee(peer)| peer.id().to_string()).as_deref(), Some(SERVICE));
        reply
    }

    /// Why the application does not get the reply to a call, and the status that it has.
    pub(crate) async fn refused(&self, request: Request) -> (&'static str, u16) {
        let error = self.call(request).await.unwrap_err();
        (error.reason().code(), error.unauthenticated_status().as_u16())
    }
}

pub(crate) fn post(server: &Server, target: &str, body: impl Into<Body>) -> Request {
    server.request(Method::POST, target).map(|_| body.into())
}

pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// A body whose length nobody knows beforehand.
pub(crate) fn pieces(content: &[u8], trailers: Option<HeaderMap>) -> Body {
    let data = content.chunks(1000).map(|piece| Frame::data(Bytes::copy_from_slice(piece)));
    let frames: Vec<_> = data.chain(trailers.map(Frame::trailers)).collect();
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(frames.len().max(1));
    for frame in frames {
        assert!(sender.try_send(frame).is_ok());
    }
    Body::new(body)
}
