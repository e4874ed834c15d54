//! The same calls with HTTP signatures: method, path, query and content are covered, and the callee signs its response.
//! Then what somebody on the way may try.

use std::error::Error;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::ClientWithMiddleware;
use tower::{Service, ServiceBuilder, ServiceExt};
use wimse::reqwest::WimseError;
use wimse::tower::{MaybeBuffered, SignLayer};
use wimse::{Audience, Callee, CalleeMap, Credential, Proof, Signer, TrustStore, WorkloadId};

use crate::callers::reqwest_client;
use crate::meddler::{self, Meddling};
use crate::report::Report;

/// The orders service, as its callers know it.
pub(crate) struct Orders {
    pub(crate) base: String,
    pub(crate) id: WorkloadId,
    pub(crate) anchors: TrustStore,
}

impl Orders {
    /// A signer for calls that go to `dialled`, and from which only the orders service may answer.
    fn signer(&self, credential: &Credential, dialled: &str) -> Result<Signer, Box<dyn Error>> {
        let authority = dialled.trim_start_matches("http://");
        Ok(Signer::builder()
            .credentials(credential.clone())
            .proof(Proof::HttpSignature)
            .audience(Audience::base_url(&self.base)?)
            .response_anchors(&self.anchors)
            .expected_callees(CalleeMap::new().with(authority, self.id.clone()))
            .require_signed_responses()
            .allow_plaintext_loopback()
            .build()?)
    }
}

pub(crate) async fn accepted(
    orders: &Orders,
    frontend: &Credential,
    batch: &Credential,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let (base, by) = (&orders.base, "signed by wimse://example.com/orders");
    let client = reqwest_client(orders.signer(frontend, base)?)?;
    let got = shown(client.get(format!("{base}/orders?page=2")).send().await).await?;
    report.expect(
        "frontend service, reqwest, GET /orders",
        &format!("200 orders for wimse://example.com/frontend, {by}"),
        got,
    );
    let got = shown(client.post(format!("{base}/orders")).body("tea").send().await).await?;
    report.expect(
        "frontend service, reqwest, POST /orders",
        &format!("200 tea for wimse://example.com/frontend, {by}"),
        got,
    );
    let got = hyper_post(orders.signer(batch, base)?, &format!("{base}/orders"), "coffee").await?;
    report.expect(
        "batch job, hyper, POST /orders",
        &format!("200 coffee for wimse://example.com/batch, {by}"),
        got,
    );
    let client = reqwest_client(orders.signer(batch, base)?)?;
    let got = shown(client.get(format!("{base}/admin/refunds")).send().await).await?;
    report.expect(
        "batch job on the frontend's route: even that is signed",
        &format!("403 caller_not_allowed, {by}"),
        got,
    );
    Ok(())
}

pub(crate) async fn refused(
    orders: &Orders,
    frontend: &Credential,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let way = meddler::start(&orders.base).await?;
    let client = reqwest_client(orders.signer(frontend, &way.base)?)?;
    for (meddling, what, expected) in [
        (
            Meddling::None,
            "nobody meddles",
            "200 tea for wimse://example.com/frontend, signed by wimse://example.com/orders",
        ),
        (Meddling::RequestBody, "body altered on the way there", "refused response_unsigned"),
        (Meddling::ResponseBody, "body altered on the way back", "refused digest_mismatch"),
        (Meddling::ResponseStatus, "status altered on the way back", "refused proof_signature"),
        (Meddling::OtherResponse, "response of another request", "refused request_nonce_mismatch"),
        (Meddling::Unsigned, "signature missing from the response", "refused response_unsigned"),
    ] {
        way.meddle(meddling);
        report.expect(what, expected, order(&client, &way.base).await?);
    }
    Ok(())
}

async fn order(client: &ClientWithMiddleware, base: &str) -> Result<String, Box<dyn Error>> {
    shown(client.post(format!("{base}/orders")).body("tea").send().await).await
}

/// What the application learns of a call: a response that can be trusted, or why there is none.
async fn shown(
    outcome: Result<reqwest::Response, reqwest_middleware::Error>,
) -> Result<String, Box<dyn Error>> {
    let response = match outcome {
        Ok(response) => response,
        Err(reqwest_middleware::Error::Middleware(error)) => {
            let error = error.downcast::<WimseError>()?;
            return Ok(format!("refused {}", error.reason()));
        }
        Err(error) => return Err(error.into()),
    };
    let status = response.status().as_u16();
    let callee = response.extensions().get::<Callee>().map(|Callee(peer)| peer.id().to_string());
    let text = response.text().await?;
    let problem = serde_json::from_str::<serde_json::Value>(&text).ok();
    let reason = problem.as_ref().and_then(|problem| problem.get("reason")?.as_str());
    let by = callee.map_or_else(|| "unsigned".to_owned(), |id| format!("signed by {id}"));
    Ok(format!("{status} {}, {by}", reason.unwrap_or(&text)))
}

async fn hyper_post(signer: Signer, url: &str, content: &'static str) -> Result<String, Box<dyn Error>> {
    let client = Client::builder(TokioExecutor::new()).build_http::<MaybeBuffered<Full<Bytes>>>();
    let layer = SignLayer::new(signer).buffer_bodies(64 * 1024, |body| body);
    let mut client = ServiceBuilder::new().layer(layer).service(client);
    let request = http::Request::post(url).body(Full::from(content))?;
    let response =
        client.ready().await.map_err(|e| e.to_string())?.call(request).await.map_err(|e| e.to_string())?;
    let status = response.status().as_u16();
    let callee = response.extensions().get::<Callee>().map(|Callee(peer)| peer.id().to_string());
    let body = response.into_body().collect().await?.to_bytes();
    Ok(format!("{status} {}, signed by {}", String::from_utf8_lossy(&body), callee.unwrap_or_default()))
}
