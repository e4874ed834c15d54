//! The callers: a service that calls through reqwest, and a job that calls through hyper.

use std::error::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::{Router, routing::get};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::ClientWithMiddleware;
use tower::{Service, ServiceBuilder, ServiceExt};
use wimse::reqwest::{WimseMiddleware, client_builder};
use wimse::tower::SignLayer;
use wimse::{Credential, Signer};

use crate::report::Report;
use crate::server;

pub(crate) async fn run(
    orders: &str,
    frontend: &Credential,
    batch: &Credential,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let shop = start_frontend(orders, frontend).await?;
    let page = reqwest::get(format!("{shop}/checkout")).await?.text().await?;
    report.expect(
        "frontend service, reqwest, GET /orders",
        "200 orders for wimse://example.com/frontend",
        page,
    );
    let page = reqwest::get(format!("{shop}/refund")).await?.text().await?;
    report.expect(
        "frontend service, reqwest, GET /admin/refunds",
        "200 refunds for wimse://example.com/frontend",
        page,
    );

    let answer = hyper_get(batch, &format!("{orders}/orders?page=2")).await?;
    report.expect("batch job, hyper, GET /orders", "200 orders for wimse://example.com/batch", answer);
    Ok(())
}

pub(crate) fn signer(credential: &Credential) -> Result<Signer, Box<dyn Error>> {
    Ok(Signer::builder().credentials(credential.clone()).allow_plaintext_loopback().build()?)
}

pub(crate) fn reqwest_client(signer: Signer) -> Result<ClientWithMiddleware, Box<dyn Error>> {
    let client = reqwest_middleware::ClientBuilder::new(client_builder().build()?);
    Ok(client.with(WimseMiddleware::new(signer)).build())
}

struct Frontend {
    orders: String,
    client: ClientWithMiddleware,
}

/// A service in its own right: what it is asked for, it gets from the orders service.
async fn start_frontend(orders: &str, credential: &Credential) -> Result<String, Box<dyn Error>> {
    let client = reqwest_client(signer(credential)?)?;
    let (listener, base) = server::bind().await?;
    let app = Router::new()
        .route("/checkout", get(|state| pass_on(state, "/orders")))
        .route("/refund", get(|state| pass_on(state, "/admin/refunds")))
        .with_state(Arc::new(Frontend { orders: orders.to_owned(), client }));
    server::serve(listener, app);
    Ok(base)
}

async fn pass_on(State(frontend): State<Arc<Frontend>>, path: &'static str) -> String {
    let call = async {
        let response = frontend.client.get(format!("{}{path}", frontend.orders)).send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest_middleware::Error>(format!("{status} {}", response.text().await?))
    };
    call.await.unwrap_or_else(|error| format!("no answer: {error}"))
}

/// One request through a hyper client with the signing layer.
pub(crate) async fn hyper_get(credential: &Credential, url: &str) -> Result<String, Box<dyn Error>> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let mut client = ServiceBuilder::new().layer(SignLayer::new(signer(credential)?)).service(client);
    let request = http::Request::get(url).body(Empty::new())?;
    let response =
        client.ready().await.map_err(|e| e.to_string())?.call(request).await.map_err(|e| e.to_string())?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(format!("{status} {}", String::from_utf8_lossy(&body)))
}
