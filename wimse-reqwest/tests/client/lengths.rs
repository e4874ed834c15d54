//! How much of a signed response is read to check it, and what if there is more, or less, than there should be.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use reqwest_middleware::{ClientBuilder, Error};
use wimse_reqwest::WimseMiddleware;

use crate::fixture::{clients, domain, through};
use crate::intermediary::between;
use crate::orders::{FRONTEND, Orders, order, refused_response, strict};

#[tokio::test]
async fn hsr_13_the_limit_of_what_is_read_to_check_a_response_is_exact() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    // The same content without a word about its length.
    let streaming = between(&service.base, |response| {
        let pieces = response.into_parts();
        let halves = [pieces.1.slice(..20), pieces.1.slice(20..)].map(Ok::<_, Infallible>);
        http::Response::from_parts(pieces.0, Body::from_stream(stream::iter(halves)))
    });
    let streaming = streaming.await;
    let length = format!("{FRONTEND} sent two apples").len();
    for (_, client) in clients() {
        for base in [&service.base, &streaming] {
            let limited = |limit: usize| {
                let sign = WimseMiddleware::new(strict(&domain, base).build().unwrap());
                let sign = sign.response_limit(limit);
                ClientBuilder::new(client.clone()).with(sign).build()
            };
            let response = order(&limited(length), base).send().await.unwrap();
            assert_eq!(response.bytes().await.unwrap().len(), length);
            let request = order(&limited(length - 1), base);
            assert_eq!(refused_response(request).await, (200, "content_too_large"));
        }
    }
}

/// An endless answer under a genuine head.
#[tokio::test]
async fn hsr_13_content_that_never_ends_is_refused_at_the_limit() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let endless = between(&service.base, |response| {
        let more = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![7; 10_000])));
        response.map(|_| Body::from_stream(more))
    });
    let endless = endless.await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &endless));
        let refused = refused_response(order(&client, &endless));
        let found = tokio::time::timeout(Duration::from_secs(20), refused).await.unwrap();
        assert_eq!(found, (200, "content_too_large"));
    }
}

/// Cut off, or stalled until the request's own time is up: an error of the transport's, and no content.
#[tokio::test]
async fn hsr_13_content_that_breaks_off_is_an_error_of_the_transport() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let cut = between(&service.base, |response| {
        response.map(|content| {
            let half = stream::iter([Ok(content.slice(..5)), Err(std::io::Error::other("cut off"))]);
            Body::from_stream(half)
        })
    });
    let stalled = between(&service.base, |response| {
        response.map(|content| {
            let half = stream::iter([Ok::<_, Infallible>(content.slice(..5))]);
            Body::from_stream(half.chain(stream::pending()))
        })
    });
    for (base, timed_out) in [(cut.await, false), (stalled.await, true)] {
        for (_, client) in clients() {
            let client = through(client, strict(&domain, &base));
            let error = order(&client, &base).timeout(Duration::from_millis(500)).send().await.unwrap_err();
            assert!(matches!(error, Error::Reqwest(_)), "{error:?}");
            assert_eq!(error.is_timeout(), timed_out, "{error:?}");
        }
    }
}
