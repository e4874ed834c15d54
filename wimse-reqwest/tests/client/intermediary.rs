//! Somebody between client and service, who can read and change everything: what TLS would keep out, or what ends it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use tokio::net::TcpListener;
use wimse_reqwest::client_builder;

type OnRequest = dyn Fn(&mut http::request::Parts, &mut Bytes) + Send + Sync;
type OnResponse = dyn Fn(http::Response<Bytes>) -> Response + Send + Sync;

/// Where the intermediary listens.
pub(crate) async fn between(
    service: &str,
    change: impl Fn(http::Response<Bytes>) -> Response + Send + Sync + 'static,
) -> String {
    start(service, Arc::new(|_, _| ()), Arc::new(change)).await
}

/// The same, for one that changes requests.
pub(crate) async fn before(
    service: &str,
    change: impl Fn(&mut http::request::Parts, &mut Bytes) + Send + Sync + 'static,
) -> String {
    start(service, Arc::new(change), Arc::new(passed_on)).await
}

/// A response as it came.
pub(crate) fn passed_on(response: http::Response<Bytes>) -> Response {
    response.map(Body::from)
}

async fn start(service: &str, on_request: Arc<OnRequest>, on_response: Arc<OnResponse>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let upstream = client_builder().build().unwrap();
    let service = service.to_owned();
    let app = Router::new().fallback(move |request: Request| {
        let (upstream, service) = (upstream.clone(), service.clone());
        let (on_request, on_response) = (Arc::clone(&on_request), Arc::clone(&on_response));
        async move {
            let (mut parts, body) = request.into_parts();
            let mut content = to_bytes(body, usize::MAX).await.unwrap();
            on_request(&mut parts, &mut content);
            parts.headers.remove(HOST);
            parts.headers.remove(CONTENT_LENGTH);
            let url = format!("{service}{}", parts.uri.path_and_query().unwrap());
            let request = upstream.request(parts.method, url).headers(parts.headers).body(content);
            let response = http::Response::from(request.send().await.unwrap());
            let (mut parts, body) = response.into_parts();
            // The lengths of what is sent on are hyper's to say.
            parts.headers.remove(CONTENT_LENGTH);
            parts.headers.remove(TRANSFER_ENCODING);
            let content = to_bytes(Body::new(body), usize::MAX).await.unwrap();
            on_response(http::Response::from_parts(parts, content))
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    base
}
