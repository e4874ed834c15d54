//! Callers: each signs its requests with [`SignLayer`] and takes signed answers alone.

use axum::body::{Body, Bytes};
use http::{Request, StatusCode, Version};
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use wimse_core::testing::TestDomain;
use wimse_core::{Audience, Callee, Expectation, Proof, ResponseError, SignOptions, Signer};
use wimse_tower::{MaybeBuffered, SignLayer};

use crate::body::in_pieces;
use crate::intermediary::Intermediary;
use crate::service::{ALIAS, BASE, SERVICE};

/// The path of the caller's identifier.
pub(crate) const CALLER: &str = "/frontend";

/// How much content is signed.
const LIMIT: usize = 1 << 20;

/// How the content of a request is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Framing {
    /// With a `Content-Length`, if there is any.
    Length,
    /// Chunked, or in frames without a length.
    Pieces,
}

/// One request, and what its signature is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) target: &'static str,
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) content: &'static str,
    /// How often the content is repeated.
    pub(crate) times: usize,
    pub(crate) framing: Framing,
    /// The audience is [`ALIAS`] instead of the base URL with the path.
    pub(crate) alias: bool,
}

impl Call {
    pub(crate) const fn get(target: &'static str) -> Self {
        Self {
            method: "GET",
            target,
            fields: &[],
            content: "",
            times: 1,
            framing: Framing::Length,
            alias: false,
        }
    }

    pub(crate) const fn post(target: &'static str, content: &'static str) -> Self {
        Self { method: "POST", content, ..Self::get(target) }.with(&[("content-type", "text/plain")])
    }

    pub(crate) const fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(crate) const fn with(self, fields: &'static [(&'static str, &'static str)]) -> Self {
        Self { fields, ..self }
    }

    pub(crate) const fn repeated(self, times: usize) -> Self {
        Self { times, ..self }
    }

    pub(crate) const fn in_pieces(self) -> Self {
        Self { framing: Framing::Pieces, ..self }
    }

    pub(crate) const fn for_alias(self) -> Self {
        Self { alias: true, ..self }
    }

    pub(crate) fn body(&self) -> String {
        self.content.repeat(self.times)
    }
}

/// An answer whose signature is verified.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content: Bytes,
    pub(crate) callee: String,
}

/// A caller that speaks one version of HTTP.
pub(crate) struct Client {
    pub(crate) version: Version,
    inner: legacy::Client<HttpConnector, Body>,
    signer: Signer,
}

impl Client {
    /// One caller of each version.
    pub(crate) fn both(domain: &TestDomain) -> [Self; 2] {
        let callee = Expectation::from(domain.id(SERVICE));
        let signer = domain
            .workload(CALLER)
            .signer()
            .proof(Proof::HttpSignature)
            .response_anchors(domain.trust_anchors())
            .expected_callees(move |_: &str| Some(callee.clone()))
            .require_signed_responses()
            .build()
            .unwrap();
        [Version::HTTP_11, Version::HTTP_2].map(|version| {
            let http2 = version == Version::HTTP_2;
            let inner = legacy::Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
            Self { version, inner, signer: signer.clone() }
        })
    }

    /// Sends a request through a proxy. An error is an answer that was refused.
    pub(crate) async fn call(&self, proxy: &Intermediary, call: &Call) -> Result<Reply, ResponseError> {
        let audience = if call.alias { Audience::from(ALIAS) } else { Audience::base_url(BASE).unwrap() };
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("http://{}{}", proxy.address(self.version), call.target))
            .extension(SignOptions::default().audience(audience))
            .body(Body::from(call.body()))
            .unwrap();
        for (name, value) in call.fields {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let (framing, inner) = (call.framing, self.inner.clone());
        let send = service_fn(move |request: Request<MaybeBuffered<Body>>| {
            let inner = inner.clone();
            async move {
                let (mut parts, body) = request.into_parts();
                let body = match framing {
                    Framing::Length => Body::new(body),
                    Framing::Pieces => in_pieces(&mut parts.headers, body).await,
                };
                inner.request(Request::from_parts(parts, body)).await
            }
        });
        let layer = SignLayer::new(self.signer.clone()).buffer_bodies(LIMIT, |body| body);
        let client = ServiceBuilder::new().layer(layer).service(send);
        let response = match client.oneshot(request).await {
            Ok(response) => response,
            Err(error) => match error.downcast::<ResponseError>() {
                Ok(refused) => return Err(*refused),
                Err(error) => panic!("{call:?}: {error:?}\n{}", proxy.logs()),
            },
        };
        let (parts, body) = response.into_parts();
        let Callee(callee) = parts.extensions.get().expect("a verified answer");
        Ok(Reply {
            status: parts.status,
            callee: callee.id().to_string(),
            content: body.collect().await.unwrap().to_bytes(),
        })
    }
}
