//! Trailers travel with content that is read: those of requests, and those of responses.

use http::{Request, Response, Version};
use tower::{Service, ServiceExt};
use wimse_core::{Proof, SignOptions};

use crate::fixture::{
    ENOUGH, ORDERS, Orders, Received, clients, domain, own_signer, post, signature, signing, strict,
};
use crate::script::Script;

/// HTTP/1.1 has trailers only where they are announced.
fn with_trailers(url: &str, body: Script) -> Request<Script> {
    let mut request = post(url, body.trailers("x-sum", "7"));
    request.headers_mut().insert("trailer", "x-sum".parse().unwrap());
    request.headers_mut().insert("te", "trailers".parse().unwrap());
    request
}

#[tokio::test]
async fn hsq_10_the_trailers_of_a_request_are_kept_with_and_without_content() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (version, client) in clients() {
        let client = signing(client, signature(&domain), ENOUGH);
        for pieces in [&["two", " apples"][..], &[]] {
            for options in [SignOptions::default(), SignOptions::default().proof(Proof::Wpt)] {
                let mut request = with_trailers(&service.url("/orders"), Script::of(pieces));
                request.extensions_mut().insert(options);
                assert_eq!(client.clone().oneshot(request).await.unwrap().status(), 200);
                let arrived = service.take_one();
                assert_eq!(arrived.content, pieces.concat(), "{version:?}");
                assert_eq!(arrived.trailers.unwrap()["x-sum"], "7", "{version:?}");
            }
        }
    }
}

#[tokio::test]
async fn hsr_13_the_trailers_of_a_signed_response_are_kept_with_and_without_content() {
    let domain = domain();
    let own = own_signer(&domain);
    let answer = |request: &http::request::Parts, _: &_| {
        let body =
            if request.uri.path() == "/empty" { Script::default() } else { Script::of(&["two", " apples"]) };
        Response::builder().header("trailer", "x-sum").body(body.trailers("x-sum", "7")).unwrap()
    };
    let service = Orders::start_with(&domain, |layer| layer.sign_responses(own), answer).await;
    for (version, client) in clients() {
        let mut client = signing(client, strict(&domain, &service.base), ENOUGH);
        for (path, content) in [("/orders", "two apples"), ("/empty", "")] {
            let request = with_trailers(&service.url(path), Script::default());
            let response = client.ready().await.unwrap().call(request).await.unwrap();
            let received = Received::of(response).await.unwrap();
            assert_eq!(received.from(), (200, Some(ORDERS)), "{version:?}");
            assert_eq!(received.content, content, "{version:?}");
            assert_eq!(received.trailers.unwrap()["x-sum"], "7", "{version:?}");
        }
    }
}

/// What the profile covers ends with the content (http-signature §3): no trailer is authenticated.
#[tokio::test]
async fn hsr_13_trailers_can_be_changed_unnoticed() {
    let domain = domain();
    let own = own_signer(&domain);
    let answer =
        |_: &http::request::Parts, _: &_| Response::new(Script::of(&["two apples"]).trailers("x-sum", "7"));
    let service = Orders::start_behind(
        &domain,
        |layer| layer.sign_responses(own),
        answer,
        |mut received| {
            received.trailers.as_mut().unwrap().insert("x-sum", "8".parse().unwrap());
            received.send()
        },
    );
    let service = service.await;
    let [_, (Version::HTTP_2, client)] = clients() else { panic!("no client of HTTP/2") };
    let client = signing(client, strict(&domain, &service.base), ENOUGH);
    let response = client.oneshot(with_trailers(&service.url("/orders"), Script::default())).await.unwrap();
    let received = Received::of(response).await.unwrap();
    assert_eq!(received.from(), (200, Some(ORDERS)));
    assert_eq!(received.trailers.unwrap()["x-sum"], "8");
}
