//! A service behind the axum layer, which reads and checks content and signs responses, and clients that know it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Version};
use reqwest_middleware::ClientWithMiddleware;
use tokio::net::TcpListener;
use wimse_axum::{AuthenticateLayer, Workload, authenticate};
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};
use wimse_core::signer::SignerBuilder;
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{Audiences, Callee, CalleeMap, Proof, Signer};
use wimse_reqwest::{RequestBuilderExt, WimseError};

use crate::fixture::{refused, signer};

/// The name by which the service also knows itself, for those who reach it through somebody else.
pub(crate) const PUBLIC: &str = "https://orders.example.com";
/// The path of the service's own identifier.
pub(crate) const CALLEE: &str = "/orders";
/// What the service answers beside its content, and what no signature of the profile covers.
pub(crate) const UNCOVERED: &str = "x-total";
/// Who calls.
pub(crate) const FRONTEND: &str = "wimse://example.com/frontend";
/// Who is called.
pub(crate) const ORDERS: &str = "wimse://example.com/orders";

pub(crate) const SIGNATURE: &str = "signature";
pub(crate) const SIGNATURE_INPUT: &str = "signature-input";

/// The service. Unless told otherwise it signs the responses that it is asked to sign.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) base: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

/// A request as it arrived, accepted or not.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) version: Version,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Bytes,
}

impl Arrived {
    #[track_caller]
    pub(crate) fn only(&self, field: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(field).iter().collect();
        assert_eq!(values.len(), 1, "{field} in {self:?}");
        values[0].to_str().unwrap()
    }

    /// The value of a text parameter of the request's signature.
    #[track_caller]
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let input = self.only(SIGNATURE_INPUT);
        let (_, value) =
            input.split_once(&format!(";{name}=\"")).unwrap_or_else(|| panic!("{name}: {input}"));
        value.split('"').next().unwrap()
    }
}

/// What the service does with a request of an authenticated caller: it says who sent what.
pub(crate) async fn echo(Workload(caller): Workload, content: String) -> Response {
    ([(UNCOVERED, "3")], format!("{} sent {content}", caller.id())).into_response()
}

pub(crate) fn own_signer(domain: &TestDomain) -> Signer {
    domain.workload(CALLEE).signer().build().unwrap()
}

impl Orders {
    pub(crate) async fn start(domain: &TestDomain) -> Self {
        let own = own_signer(domain);
        Self::start_with(domain, Router::new().fallback(echo), |layer| layer.sign_responses(own)).await
    }

    pub(crate) async fn start_with(
        domain: &TestDomain,
        routes: Router,
        change: impl FnOnce(AuthenticateLayer) -> AuthenticateLayer,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mine = Audiences::base_url(&base).and(Audiences::base_url(PUBLIC));
        let layer = change(authenticate(domain.verifier(mine).build().unwrap()));
        let arrived: Arc<Mutex<Vec<Arrived>>> = Arc::default();
        let app = routes.layer(layer).layer(from_fn_with_state(Arc::clone(&arrived), note));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, arrived }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        [&self.base, path].concat()
    }

    /// What has arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }

    /// The one request that has arrived since the last call.
    #[track_caller]
    pub(crate) fn take_one(&self) -> Arrived {
        let mut arrived = self.take();
        assert_eq!(arrived.len(), 1, "{arrived:?}");
        arrived.remove(0)
    }
}

async fn note(State(arrived): State<Arc<Mutex<Vec<Arrived>>>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let content = to_bytes(body, usize::MAX).await.unwrap();
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str()).to_owned();
    let (version, headers) = (parts.version, parts.headers.clone());
    arrived.lock().unwrap().push(Arrived { version, target, headers, content: content.clone() });
    next.run(Request::from_parts(parts, Body::from(content))).await
}

/// A signer that makes HTTP signatures.
pub(crate) fn signature(caller: &TestWorkload) -> SignerBuilder {
    signer(caller).proof(Proof::HttpSignature)
}

/// A signer that can check responses of whoever answers at `base`, and expects the service there.
pub(crate) fn checking(domain: &TestDomain, base: &str) -> SignerBuilder {
    signature(&domain.workload("/frontend"))
        .response_anchors(domain.trust_anchors())
        .expected_callees(CalleeMap::new().with(authority(base), domain.id(CALLEE)))
}

/// A signer that takes signed responses alone.
pub(crate) fn strict(domain: &TestDomain, base: &str) -> SignerBuilder {
    checking(domain, base).require_signed_responses()
}

pub(crate) fn authority(base: &str) -> &str {
    base.trim_start_matches("http://")
}

/// Who signed a response, if anybody did.
pub(crate) fn callee(response: &reqwest::Response) -> Option<&str> {
    response.extensions().get::<Callee>().map(|Callee(peer)| peer.id().as_str())
}

/// The digest of some content, as a field has it.
pub(crate) fn digest(content: &str) -> String {
    let digest = ContentDigest::of(content.as_bytes(), DigestAlgorithm::Sha256);
    digest.to_header_value().to_str().unwrap().to_owned()
}

/// The reason in the problem details of a refusal, with its status.
pub(crate) async fn refusal(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let problem: serde_json::Value = response.json().await.unwrap();
    (status, problem["reason"].as_str().unwrap().to_owned())
}

/// Sends a request of which nothing may come back but an error, and says with which unauthenticated status and why.
pub(crate) async fn refused_response(request: reqwest_middleware::RequestBuilder) -> (u16, &'static str) {
    let error = refused(request.send().await);
    let WimseError::Response(response) = &error else { panic!("{error:?}") };
    (response.unauthenticated_status().as_u16(), error.reason())
}

/// An order, whose audience is the name of the service wherever it is sent.
pub(crate) fn order(client: &ClientWithMiddleware, base: &str) -> reqwest_middleware::RequestBuilder {
    let audience = wimse_core::Audience::base_url(PUBLIC).unwrap();
    let request = client.post(format!("{base}/orders?page=2")).body("two apples");
    request.wimse(|options| options.audience(audience))
}
