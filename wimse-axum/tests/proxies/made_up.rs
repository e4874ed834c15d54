//! Answers that the service did not give to this request: a proxy's own, and another request's.

use std::net::SocketAddr;

use wimse_core::Reason;
use wimse_core::testing::TestDomain;

use crate::client::{Call, Client};
use crate::intermediary::Program::{Haproxy, Nginx};
use crate::intermediary::{Intermediary, Setup, free_port};
use crate::service::Service;

/// A proxy that answers itself, and the status that it claims.
const OWN: &[(Setup, u16)] = &[
    (Setup::new(Nginx, "location / { default_type text/plain; return 200 'three orders'; }"), 200),
    (Setup::new(Nginx, "location / { return 403; }"), 403),
    (Setup::new(Nginx, "location / { return 302 https://evil.example/; }"), 302),
    (
        Setup::new(Haproxy, "http-request return status 200 content-type text/plain string 'three orders'"),
        200,
    ),
    (Setup::new(Haproxy, "http-request deny"), 403),
];

async fn assert_unsigned(clients: &[Client], setup: &Setup, upstream: SocketAddr, status: u16) {
    let proxy = Intermediary::start(setup, upstream).await;
    for client in clients {
        let refused = client.call(&proxy, &Call::get("/orders")).await.expect_err("an unsigned answer");
        assert_eq!(refused.reason(), Reason::ResponseUnsigned, "{setup:?}: {refused}");
        assert_eq!(refused.unauthenticated_status(), status, "{setup:?}");
    }
}

#[tokio::test]
#[ignore = "needs nginx and haproxy: see .ci/run"]
async fn hsr_18_amb_11_what_a_proxy_answers_itself_is_refused_whatever_its_status() {
    let domain = TestDomain::new("example.com");
    let service = Service::start(&domain).await;
    let clients = Client::both(&domain);
    for (setup, status) in OWN {
        assert_unsigned(&clients, setup, service.address, *status).await;
    }
    assert!(service.seen().arrived.is_empty());
    // Nobody listens behind them.
    let nginx = Setup::new(Nginx, "location / { proxy_pass http://up; }");
    assert_unsigned(&clients, &nginx, free_port(), 502).await;
    assert_unsigned(&clients, &Setup::new(Haproxy, ""), free_port(), 503).await;
}

#[tokio::test]
#[ignore = "needs nginx and haproxy: see .ci/run"]
async fn hsr_16_hsr_17_a_cache_that_answers_with_the_response_to_another_request_is_noticed() {
    let domain = TestDomain::new("example.com");
    let sound =
        Setup::new(Nginx, "location / { proxy_cache answers; proxy_cache_valid 1m; proxy_pass http://up; }");
    let careless = "location / { proxy_cache answers; proxy_cache_valid 1m; proxy_pass http://up;
        proxy_ignore_headers Vary; }";
    let careless = Setup::new(Nginx, careless);
    for client in Client::both(&domain) {
        let service = Service::start(&domain).await;
        let proxy = Intermediary::start(&sound, service.address).await;
        for _ in 0..2 {
            client.call(&proxy, &Call::get("/orders")).await.expect("signed answers vary with the signature");
        }
        assert_eq!(service.seen().arrived.len(), 2);

        let service = Service::start(&domain).await;
        let proxy = Intermediary::start(&careless, service.address).await;
        client.call(&proxy, &Call::get("/orders")).await.expect("the first one is answered by the service");
        let refused = client.call(&proxy, &Call::get("/orders")).await.expect_err("a cached answer");
        assert_eq!(refused.reason(), Reason::RequestNonce, "{refused}");
        assert_eq!(service.seen().arrived.len(), 1);
    }
}

/// The first to arrive is served, the second refused. What reaches the client depends on which one that was.
#[tokio::test]
#[ignore = "needs nginx and haproxy: see .ci/run"]
async fn hsq_26_a_proxy_that_sends_a_request_twice_has_one_of_them_refused() {
    let domain = TestDomain::new("example.com");
    let service = Service::start(&domain).await;
    let mirror = "location / { mirror /copy; proxy_pass http://up; }
        location = /copy { internal; proxy_pass http://up$request_uri; }";
    let proxy = Intermediary::start(&Setup::new(Nginx, mirror), service.address).await;
    for client in Client::both(&domain) {
        let _ = client.call(&proxy, &Call::get("/orders")).await;
        let seen = service.wait_for(2).await;
        assert_eq!(seen.handled.len(), 1, "{seen:?}");
        let [rejection] = &seen.rejected[..] else { panic!("{seen:?}") };
        assert_eq!(rejection.reason(), Reason::Replayed);
    }
}
