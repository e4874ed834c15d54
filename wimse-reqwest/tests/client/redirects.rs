//! No credentials follow a redirect.
//!
//! The need: productdevbook/misina#51, axios/axios#10892, node-fetch/node-fetch#1880.

use async_trait::async_trait;
use http::Extensions;
use http::header::LOCATION;
use reqwest::ResponseBuilderExt;
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use wimse_reqwest::{RequestBuilderExt, WimseError, WimseMiddleware};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fixture::{
    AUTHORIZATION, Service, WIT, clients, domain, following, refused, signer, signing, through,
};

const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

async fn redirecting(status: u16, location: &str) -> MockServer {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(status).insert_header(LOCATION, location);
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

#[tokio::test]
async fn amb_21_a_redirect_is_handed_out_and_its_target_hears_nothing() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let elsewhere = Service::start(&domain).await;
    for status in REDIRECTS {
        for location in [elsewhere.url("/orders"), "/same-origin".to_owned()] {
            let origin = redirecting(status, &location).await;
            let client = signing(signer(&caller));
            let response = client.get(origin.uri()).send().await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[LOCATION], location.as_str());
            assert_eq!(origin.received_requests().await.unwrap().len(), 1);
            assert!(elsewhere.take().is_empty());
        }
    }
}

#[tokio::test]
async fn amb_21_wpt_44_the_application_follows_with_a_request_that_is_signed_for_its_own_target() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let elsewhere = Service::start(&domain).await;
    let origin = redirecting(307, &elsewhere.url("/orders")).await;
    let client = signing(signer(&caller));
    let response = client.get(origin.uri()).send().await.unwrap();
    let location = response.headers()[LOCATION].to_str().unwrap();
    assert_eq!(client.get(location).send().await.unwrap().status(), 200);
    assert_eq!(elsewhere.take_one().caller(), "wimse://example.com/frontend");
}

/// reqwest takes `Authorization` away from a redirected request and leaves the token, which it does not know. That
/// is why the middleware does not let such a response pass for an answer.
#[tokio::test]
async fn amb_21_a_client_that_follows_redirects_gets_an_error_instead_of_the_answer() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let elsewhere = Service::start(&domain).await;
    for status in REDIRECTS {
        let origin = redirecting(status, &elsewhere.url("/orders")).await;
        let client = through(following(), signer(&caller));
        let error = refused(client.get(origin.uri()).send().await);
        assert!(matches!(error, WimseError::RedirectFollowed));
        assert_eq!(error.reason(), "redirect_followed");
        let seen = elsewhere.take_one();
        assert_eq!(seen.only(WIT), caller.token());
        assert!(!seen.headers.contains_key(AUTHORIZATION));
    }
}

#[tokio::test]
async fn amb_21_the_same_within_one_origin_where_the_proof_is_for_another_path() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (from, to) in [("/a", "/b"), ("/a", "/a?next"), ("/a#fragment", "/b#fragment")] {
        let server = MockServer::start().await;
        let response = ResponseTemplate::new(302).insert_header(LOCATION, to);
        let once = Mock::given(any()).respond_with(response).up_to_n_times(1);
        once.mount(&server).await;
        Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        let client = through(following(), signer(&caller));
        let outcome = client.get([&server.uri(), from].concat()).send().await;
        assert!(matches!(refused(outcome), WimseError::RedirectFollowed));
    }
}

/// The gap that the documentation of the error names: all that the middleware can see is where a chain ended.
#[tokio::test]
async fn amb_21_a_chain_that_ends_where_it_began_is_noticed_by_the_callee_alone() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let elsewhere = MockServer::start().await;
    let location = elsewhere.uri();
    let origin = MockServer::start().await;
    let there = ResponseTemplate::new(307).insert_header(LOCATION, location.as_str());
    Mock::given(any()).respond_with(there).up_to_n_times(1).mount(&origin).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&origin).await;
    let back = ResponseTemplate::new(307).insert_header(LOCATION, origin.uri().as_str());
    Mock::given(any()).respond_with(back).mount(&elsewhere).await;

    let client = through(following(), signer(&caller));
    assert_eq!(client.get(origin.uri()).send().await.unwrap().status(), 401);
    let returned = &origin.received_requests().await.unwrap()[1];
    assert!(!returned.headers.contains_key(AUTHORIZATION));
}

#[tokio::test]
async fn a_client_that_follows_redirects_may_do_so_for_requests_without_credentials() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let elsewhere = Service::start(&domain).await;
    let origin = redirecting(302, &elsewhere.url("/public")).await;
    let client = through(following(), signer(&caller));
    let request = client.get(origin.uri()).wimse(|options| options.skip());
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert!(!elsewhere.take_one().headers.contains_key(WIT));
}

#[tokio::test]
async fn without_a_redirect_a_client_that_would_follow_is_served_as_usual() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    let client = through(following(), signer(&caller));
    let response = client.get(service.url("/orders?page=2#last")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (_, client) in clients() {
        let response = through(client, signer(&caller)).get(service.url("/orders#x")).send().await;
        assert_eq!(response.unwrap().status(), 200);
    }
}

/// A middleware further in that answers by itself, as a cache does.
struct Cache;

#[async_trait]
impl Middleware for Cache {
    async fn handle(
        &self,
        request: reqwest::Request,
        _: &mut Extensions,
        _: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let response = http::Response::builder().url(request.url().clone()).body("cached").unwrap();
        Ok(response.into())
    }
}

#[tokio::test]
async fn an_answer_of_a_middleware_further_in_is_no_redirect() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let signing = WimseMiddleware::new(signer(&caller).build().unwrap());
    let client = ClientBuilder::new(following()).with(signing).with(Cache).build();
    for url in ["http://localhost/orders", "http://localhost/orders?page=2#last"] {
        let response = client.get(url).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "cached");
    }
}
