//! Byte-exact configurations: every call is accepted, and its signed answer verified.

use http::header::CONTENT_LENGTH;
use http::{Method, Version};
use wimse_core::Proof;
use wimse_core::testing::TestDomain;

use crate::client::{CALLER, Call, Client};
use crate::intermediary::Program::{Apache, Haproxy, Nginx};
use crate::intermediary::{Intermediary, Setup};
use crate::service::{PIECES, SERVICE, Service, answer, path_and_query};

/// A proxy that hands on what is signed as it came. What it adds or changes besides is covered by no signature.
struct Exact {
    setup: Setup,
    /// What it speaks to the service.
    version: Version,
    /// Large content without a length reaches the service without one. Otherwise it gets a `Content-Length`.
    streams: bool,
}

const EXACT: &[Exact] = &[
    // As it is by default: HTTP/1.0 and `Host: up`.
    Exact {
        setup: Setup::new(Nginx, "location / { proxy_pass http://up; }"),
        version: Version::HTTP_10,
        streams: false,
    },
    Exact {
        setup: Setup::new(Nginx, "location / { proxy_http_version 1.1; proxy_pass http://up; }"),
        version: Version::HTTP_11,
        streams: false,
    },
    Exact {
        setup: Setup::new(
            Nginx,
            "location / {
                proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off; proxy_pass http://up;
            }",
        ),
        version: Version::HTTP_11,
        streams: true,
    },
    Exact {
        setup: Setup::new(
            Nginx,
            "location / {
                proxy_http_version 1.1;
                proxy_set_header Host evil.example;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                proxy_set_header X-Forwarded-Host evil.example;
                add_header X-Served-By edge always;
                proxy_pass http://up;
            }",
        ),
        version: Version::HTTP_11,
        streams: false,
    },
    Exact { setup: Setup::new(Haproxy, ""), version: Version::HTTP_11, streams: true },
    Exact {
        setup: Setup { server: "proto h2", ..Setup::new(Haproxy, "") },
        version: Version::HTTP_2,
        streams: true,
    },
    Exact {
        setup: Setup::new(
            Haproxy,
            "option forwardfor
    http-request set-header host evil.example
    http-request set-header x-forwarded-host evil.example
    http-response set-header x-served-by edge",
        ),
        version: Version::HTTP_11,
        streams: true,
    },
    Exact { setup: Setup::new(Apache, ""), version: Version::HTTP_11, streams: true },
];

/// Larger than the buffers of the proxies.
const LONG: usize = 8000;
const LINE: &str = "a line of content, over and over\n";

const STREAMED: Call = Call::post("/orders?%70", LINE).repeated(LONG).in_pieces();

const CALLS: &[Call] = &[
    Call::get("/"),
    Call::get("/a%2Fb/%7Euser/%70?x=%20y&z=%2F"),
    Call::get("/caf%c3%a9/%2e%2e/x;v=1?a=b?c=/d"),
    Call::get("/a/./b/../c"),
    Call::get("/a///b//?"),
    Call::get("/orders?"),
    Call::get("/orders?a=1&a=2&&=").for_alias(),
    Call::get("/missing"),
    Call::get("/nothing").method("DELETE"),
    Call::get("/orders").method("HEAD"),
    Call::get("/orders").method("OPTIONS"),
    Call::get("/orders").with(&[("authorization", "Bearer a-token"), ("txn-token", "eyJ0.eyJ0eG4i.c2ln")]),
    Call::get("/orders").with(&[(PIECES, "yes")]),
    Call::get("/orders").method("POST"),
    Call::post("/orders", "three of them"),
    STREAMED,
    Call::post("/orders", LINE)
        .repeated(LONG)
        .with(&[("content-type", "text/plain; charset=utf-8"), (PIECES, "yes")]),
    Call::post("/orders", "three of them").in_pieces().for_alias(),
    Call::post("/orders/7", "{}").method("PATCH").with(&[("content-type", "application/json")]),
];

#[tokio::test]
#[ignore = "needs nginx, haproxy and apache2: see .ci/run"]
async fn hsq_02_hsq_03_hsq_11_hsq_34_hsr_07_hsr_17_byte_exact_proxies_let_every_call_through() {
    let domain = TestDomain::new("example.com");
    let service = Service::start(&domain).await;
    let clients = Client::both(&domain);
    for Exact { setup, version, streams } in EXACT {
        let proxy = Intermediary::start(setup, service.address).await;
        for client in &clients {
            for call in CALLS {
                let what = format!("{} over {:?} through {setup:?}", call.target, client.version);
                let reply = client.call(&proxy, call).await;
                let seen = service.seen();
                let reply = reply.unwrap_or_else(|refused| panic!("{what}: {refused}\n{:?}", seen.rejected));

                let [peer] = &seen.accepted[..] else { panic!("{what}: {:?}", seen.accepted) };
                assert_eq!((peer.id(), peer.proof()), (&domain.id(CALLER), Proof::HttpSignature), "{what}");
                assert_eq!(reply.callee, domain.id(SERVICE).as_str(), "{what}");
                let method: Method = call.method.parse().unwrap();
                let [arrived] = &seen.arrived[..] else { panic!("{what}: {:?}", seen.arrived) };
                assert_eq!((&arrived.method, path_and_query(&arrived.uri)), (&method, call.target), "{what}");
                assert_eq!(arrived.version, *version, "{what}");
                if call.target == STREAMED.target {
                    assert_eq!(!arrived.headers.contains_key(CONTENT_LENGTH), *streams, "{what}");
                }
                let told = answer(Some(peer.id().as_str()), &method, call.target, call.body().as_bytes());
                let (status, content) = match (call.method, call.target) {
                    ("HEAD", _) => (200, &[][..]),
                    (_, "/nothing") => (204, &[][..]),
                    (_, "/missing") => (404, &[][..]),
                    _ => (200, &told[..]),
                };
                assert_eq!(reply.status, status, "{what}");
                assert!(reply.content == content, "{what}: {reply:?}");
            }
        }
    }
}
