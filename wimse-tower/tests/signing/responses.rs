//! Responses to requests with an HTTP signature, from a callee that signs as it should, and from ones that do not.

use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};
use wimse_core::{Callee, Proof, Reason, ResponseError, SignOptions};
use wimse_tower::{MaybeBuffered, SignLayer};

use crate::fixture::{
    ENOUGH, FRONTEND, ORDERS, Orders, Received, checking, clients, domain, echo, listen, own_signer, post,
    refused, signature, signing, strict,
};
use crate::script::Script;

fn order(base: &str) -> Request<Script> {
    post(format!("{base}/orders?page=2"), Script::of(&["two apples"]))
}

/// A server that has never heard of signatures.
async fn plain(answer: impl Fn() -> Response<Script> + Clone + Send + Sync + 'static) -> String {
    listen(|_| {
        service_fn(move |_| {
            let response = answer();
            async { Ok(response) }
        })
    })
    .await
}

#[tokio::test]
async fn hsr_01_hsr_02_hsr_13_hsr_17_a_signed_response_is_handed_on_intact_with_who_signed_it() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (version, client) in clients() {
        let client = signing(client, strict(&domain, &service.base), ENOUGH);
        let response = client.oneshot(order(&service.base)).await.unwrap();
        let input = service.take_one().headers["signature-input"].clone();
        assert!(input.to_str().unwrap().contains(";wimse-sign-response"));
        assert_eq!(response.version(), version);
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert!(response.headers()["workload-identity-token"].is_sensitive());
        let Callee(peer) = response.extensions().get().unwrap();
        assert_eq!((peer.id().as_str(), peer.proof()), (ORDERS, Proof::HttpSignature));
        let content = format!("{FRONTEND} sent two apples");
        // It is all there, and was checked.
        assert_eq!(response.body().content().unwrap(), &content);
        assert_eq!(Received::of(response).await.unwrap().content, content);
    }
}

#[tokio::test]
async fn hsr_07_hsr_13_amb_23_whatever_the_status_and_also_without_content() {
    let domain = domain();
    let own = own_signer(&domain);
    let answer = |request: &http::request::Parts, _: &_| {
        let status = request.uri.path().trim_start_matches('/').parse().unwrap();
        let empty = [204, 304].contains(&status) || request.method == Method::HEAD;
        let body = if empty { Script::default() } else { Script::of(&["sold", " out"]) };
        Response::builder().status(status).header("etag", "\"7\"").body(body).unwrap()
    };
    let service = Orders::start_with(&domain, |layer| layer.sign_responses(own), answer).await;
    for (version, client) in clients() {
        let client = signing(client, strict(&domain, &service.base), ENOUGH);
        for method in [Method::GET, Method::HEAD, Method::DELETE] {
            for status in [200, 204, 304, 404, 500] {
                let url = service.url(&format!("/{status}"));
                let request = Request::builder().method(&method).uri(url).body(Script::default()).unwrap();
                let response = client.clone().oneshot(request).await.unwrap();
                let received = Received::of(response).await.unwrap();
                assert_eq!(received.from(), (status, Some(ORDERS)), "{method} over {version:?}");
                assert_eq!(received.parts.headers["etag"], "\"7\"");
                let empty = [204, 304].contains(&status) || method == Method::HEAD;
                assert_eq!(received.content, if empty { "" } else { "sold out" });
            }
        }
    }
}

#[tokio::test]
async fn hsr_18_amb_11_an_unsigned_response_is_refused_with_any_status() {
    let domain = domain();
    for status in [200, 204, 302, 400, 401, 404, 500, 501, 502, 503] {
        let base = plain(move || Response::builder().status(status).body(Script::default()).unwrap()).await;
        for (_, client) in clients() {
            let client = signing(client, strict(&domain, &base), ENOUGH);
            let error = client.oneshot(order(&base)).await.err().unwrap();
            let error = error.downcast_ref::<ResponseError>().unwrap();
            assert_eq!(error.unauthenticated_status(), status);
            assert_eq!(error.reason(), Reason::ResponseUnsigned);
        }
    }
}

#[tokio::test]
async fn hsr_04_hsr_05_amb_11_a_callee_that_cannot_sign_is_an_unauthenticated_501() {
    let domain = domain();
    let service = Orders::start_with(&domain, |layer| layer, echo).await;
    for (_, client) in clients() {
        let client = signing(client, strict(&domain, &service.base), ENOUGH);
        assert_eq!(refused(client.oneshot(order(&service.base))).await, (501, "response_unsigned"));
        assert!(service.take().is_empty());
    }
}

#[tokio::test]
async fn hsr_20_hsr_23_where_none_is_demanded_a_response_may_be_unsigned_and_a_wish_is_granted() {
    let domain = domain();
    let able = Orders::start(&domain).await;
    let unable = Orders::start_with(&domain, |layer| layer, echo).await;
    let own = own_signer(&domain);
    // Content of unknown length may be long: it is not held up for a wish.
    let unknown = |request: &_, content: &_| echo(request, content).map(|body| body.announcing_nothing());
    let unknown = Orders::start_with(&domain, |layer| layer.sign_responses(own), unknown).await;
    for (_, client) in clients() {
        for (service, signed) in [(&able, Some(ORDERS)), (&unable, None), (&unknown, None)] {
            for (wish, signed) in [(true, signed), (false, None)] {
                let signer = checking(&domain, &service.base);
                let signer = if wish { signer.prefer_signed_responses() } else { signer };
                let response =
                    signing(client.clone(), signer, ENOUGH).oneshot(order(&service.base)).await.unwrap();
                assert_eq!(service.take_one().headers.contains_key("accept-signature"), wish);
                // A response that nothing vouches for is not read.
                assert_eq!(response.body().content().is_some(), signed.is_some());
                let received = Received::of(response).await.unwrap();
                assert_eq!(received.from(), (200, signed));
                assert_eq!(received.content, format!("{FRONTEND} sent two apples"));
            }
        }
    }
}

/// Also one that takes its time: the application gets each piece as it comes.
#[tokio::test]
async fn hsr_20_an_unsigned_response_streams() {
    let domain = domain();
    let base = plain(|| Response::new(Script::of(&["two"]).waits())).await;
    for (_, client) in clients() {
        let client = signing(client, checking(&domain, &base), ENOUGH);
        let piece = async {
            let mut body = client.oneshot(order(&base)).await.unwrap().into_body();
            body.frame().await.unwrap().unwrap().into_data().unwrap()
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(20), piece).await.unwrap(), "two");
    }
}

#[tokio::test]
async fn hsr_06_hsr_19_a_response_that_is_signed_unasked_is_checked_all_the_same() {
    let domain = domain();
    let own = own_signer(&domain);
    let service = Orders::start_with(&domain, |layer| layer.sign_all_responses(own), echo).await;
    for (_, client) in clients() {
        let known = signing(client.clone(), checking(&domain, &service.base), ENOUGH);
        let received = Received::of(known.oneshot(order(&service.base)).await.unwrap()).await.unwrap();
        assert_eq!(received.from(), (200, Some(ORDERS)));
        let anchors = || signature(&domain).response_anchors(domain.trust_anchors());
        for (signer, reason) in
            [(signature(&domain), "trust_domain_unknown"), (anchors(), "callee_unexpected")]
        {
            let client = signing(client.clone(), signer, ENOUGH);
            assert_eq!(refused(client.oneshot(order(&service.base))).await, (200, reason));
        }
    }
}

#[tokio::test]
async fn hsr_13_the_limit_of_what_is_read_to_check_a_response_is_exact() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let length = format!("{FRONTEND} sent two apples").len();
    for (_, client) in clients() {
        for (limit, large) in [(length, false), (length - 1, true), (0, true)] {
            let layer = SignLayer::new(strict(&domain, &service.base).build().unwrap()).response_limit(limit);
            let layer = layer.buffer_bodies(ENOUGH, |body: MaybeBuffered<Script>| body);
            let outcome = layer.layer(client.clone()).oneshot(order(&service.base));
            if large {
                assert_eq!(refused(outcome).await, (200, "content_too_large"));
            } else {
                let received = Received::of(outcome.await.unwrap()).await.unwrap();
                assert_eq!((received.from(), received.content.len()), ((200, Some(ORDERS)), length));
            }
        }
    }
}

#[tokio::test]
async fn hsr_02_the_choice_of_one_request_wins_over_the_layers() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let required = |required| SignOptions::default().require_signed_response(required);
    for (_, client) in clients() {
        for (own, signed) in [(None, Some(ORDERS)), (Some(false), None), (Some(true), Some(ORDERS))] {
            let layer =
                SignLayer::new(checking(&domain, &service.base).build().unwrap()).options(required(true));
            let layer = layer.buffer_bodies(ENOUGH, |body: MaybeBuffered<Script>| body);
            let mut request = order(&service.base);
            if let Some(own) = own {
                request.extensions_mut().insert(required(own));
            }
            let response = layer.layer(client.clone()).oneshot(request).await.unwrap();
            assert_eq!(Received::of(response).await.unwrap().from(), (200, signed));
            assert_eq!(service.take().len(), 1);
        }
    }
}
