//! Somebody between caller and callee, who passes messages on and changes something about them.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use crate::server;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meddling {
    None,
    RequestBody,
    ResponseBody,
    ResponseStatus,
    /// The response to the first request, whatever was asked since.
    OtherResponse,
    Unsigned,
}

/// The meddler, and what it is told to do.
pub(crate) struct Way {
    pub(crate) base: String,
    shared: Arc<Shared>,
}

struct Shared {
    to: String,
    client: reqwest::Client,
    meddling: Mutex<Meddling>,
    first: Mutex<Option<Response<Bytes>>>,
}

impl Way {
    pub(crate) fn meddle(&self, meddling: Meddling) {
        *self.shared.meddling.lock().unwrap_or_else(PoisonError::into_inner) = meddling;
    }
}

/// Starts to pass on to `to`.
pub(crate) async fn start(to: &str) -> Result<Way, Box<dyn Error>> {
    let (listener, base) = server::bind().await?;
    let shared = Arc::new(Shared {
        to: to.to_owned(),
        client: reqwest::Client::new(),
        meddling: Mutex::new(Meddling::None),
        first: Mutex::default(),
    });
    server::serve(listener, Router::new().fallback(pass_on).with_state(Arc::clone(&shared)));
    Ok(Way { base, shared })
}

async fn pass_on(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response<axum::body::Body>, StatusCode> {
    let meddling = *shared.meddling.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = shared.exchange(request, meddling).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let first =
        shared.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(answer.clone()).clone();
    let answer = if meddling == Meddling::OtherResponse { first } else { answer };
    Ok(answer.map(axum::body::Body::from))
}

impl Shared {
    async fn exchange(
        &self,
        request: Request,
        meddling: Meddling,
    ) -> Result<Response<Bytes>, Box<dyn Error>> {
        let (parts, body) = request.into_parts();
        let mut content = to_bytes(body, 64 * 1024).await?;
        if meddling == Meddling::RequestBody {
            content = Bytes::from_static(b"gin");
        }
        let url = format!("{}{}", self.to, parts.uri);
        let call = self.client.request(parts.method, url).headers(end_to_end(parts.headers)).body(content);
        let response = call.send().await?;
        let (mut status, mut headers) = (response.status(), end_to_end(response.headers().clone()));
        let mut content = response.bytes().await?;
        match meddling {
            Meddling::ResponseBody => content = Bytes::from_static(b"nothing for nobody"),
            Meddling::ResponseStatus => status = StatusCode::ACCEPTED,
            Meddling::Unsigned => {
                headers.remove("signature");
                headers.remove("signature-input");
            }
            Meddling::None | Meddling::RequestBody | Meddling::OtherResponse => {}
        }
        let mut answer = Response::new(content);
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }
}

/// Without the fields that are about one connection only.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in ["host", "connection", "content-length", "transfer-encoding"] {
        headers.remove(name);
    }
    headers
}
