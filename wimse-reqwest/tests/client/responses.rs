//! Signed responses that are as they should be, and what the application gets of them.

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderValue, Method, StatusCode};
use wimse_core::{Callee, Proof, TrustDomain};
use wimse_reqwest::RequestBuilderExt;

use crate::fixture::{Wire, clients, domain, following, refused, signer, through};
use crate::intermediary::{between, passed_on};
use crate::orders::{
    CALLEE, FRONTEND, ORDERS, Orders, UNCOVERED, callee, checking, echo, order, own_signer, refused_response,
    signature, strict,
};

#[tokio::test]
async fn hsr_01_hsr_02_hsr_13_hsr_17_a_signed_response_is_handed_out_intact_with_who_signed_it() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (version, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        let request = client.post(service.url("/orders?page=2#last")).body("two apples");
        let response = request.send().await.unwrap();
        assert!(service.take_one().only("signature-input").contains(";wimse-sign-response"));

        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        assert_eq!(response.url().as_str(), service.url("/orders?page=2"));
        assert_eq!(response.headers()[UNCOVERED], "3");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert!(response.remote_addr().is_some());
        assert!(response.headers()["workload-identity-token"].is_sensitive());
        let Callee(peer) = response.extensions().get().unwrap();
        assert_eq!((peer.id().as_str(), peer.proof()), (ORDERS, Proof::HttpSignature));
        let content = format!("{FRONTEND} sent two apples");
        assert_eq!(response.content_length(), Some(content.len() as u64));
        assert_eq!(response.text().await.unwrap(), content);
    }
}

/// The status is covered, so that a failure of the callee's is told from one of somebody in between.
#[tokio::test]
async fn hsr_07_a_signed_failure_is_a_response_like_any_other() {
    let domain = domain();
    let own = own_signer(&domain);
    let routes = Router::new().fallback(|| async { (StatusCode::CONFLICT, "sold out") });
    let service = Orders::start_with(&domain, routes, |layer| layer.sign_responses(own)).await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        let response = client.get(service.url("/orders")).send().await.unwrap();
        assert_eq!((response.status().as_u16(), callee(&response)), (409, Some(ORDERS)));
        assert_eq!(response.text().await.unwrap(), "sold out");
    }
}

#[tokio::test]
async fn hsr_13_amb_23_responses_without_content_are_verified_like_others() {
    let domain = domain();
    let own = own_signer(&domain);
    let routes = Router::new().fallback(async |method: Method, uri: http::Uri| match uri.path() {
        "/204" => StatusCode::NO_CONTENT.into_response(),
        "/304" => (StatusCode::NOT_MODIFIED, [(ETAG, "\"7\"")]).into_response(),
        "/empty" => ().into_response(),
        _ if method == Method::HEAD => ([(CONTENT_LENGTH, "3")], Body::empty()).into_response(),
        _ => "two".into_response(),
    });
    let service = Orders::start_with(&domain, routes, |layer| layer.sign_responses(own)).await;
    for (version, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        for (method, path, status) in [
            (Method::HEAD, "/orders", 200),
            (Method::HEAD, "/304", 304),
            (Method::GET, "/204", 204),
            (Method::GET, "/304", 304),
            (Method::GET, "/empty", 200),
            (Method::DELETE, "/204", 204),
        ] {
            let response = client.request(method.clone(), service.url(path)).send().await.unwrap();
            let found = (response.status().as_u16(), callee(&response));
            assert_eq!(found, (status, Some(ORDERS)), "{method} {path} over {version:?}");
            if path == "/orders" {
                assert_eq!(response.headers()[CONTENT_LENGTH], "3");
            }
            assert_eq!(response.bytes().await.unwrap(), "");
        }
    }
}

/// `{"fruit":"apple","count":2}`
const GZIP: [u8; 45] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0x4a, 0x2b, 0x2a, 0xcd, 0x2c,
    0x51, 0xb2, 0x52, 0x4a, 0x2c, 0x28, 0xc8, 0x49, 0x55, 0xd2, 0x51, 0x4a, 0xce, 0x2f, 0xcd, 0x03, 0xf2,
    0x8d, 0x6a, 0x01, 0x00, 0x73, 0xb3, 0x83, 0x1b, 0x00, 0x00, 0x00,
];

#[tokio::test]
async fn hsr_13_amb_22_a_response_compressed_inside_the_signature_stays_as_it_was_signed() {
    let domain = domain();
    let own = own_signer(&domain);
    let routes = Router::new().fallback(|| async {
        ([(CONTENT_ENCODING, "gzip"), (CONTENT_TYPE, "application/json")], GZIP).into_response()
    });
    let service = Orders::start_with(&domain, routes, |layer| layer.sign_responses(own)).await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        let response = client.get(service.url("/orders")).send().await.unwrap();
        assert_eq!(
            (callee(&response), &response.headers()[CONTENT_ENCODING]),
            (Some(ORDERS), &HeaderValue::from_static("gzip"))
        );
        assert_eq!(response.bytes().await.unwrap(), GZIP.as_slice());
        assert!(!service.take_one().headers.contains_key("accept-encoding"));
    }

    // A client that decompresses below the middleware shows it other content than was signed.
    let client = through(following(), strict(&domain, &service.base));
    assert_eq!(refused_response(client.get(service.url("/orders"))).await, (200, "digest_mismatch"));
}

#[tokio::test]
async fn hsr_22_amb_20_a_callee_that_nobody_named_is_not_even_called() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(strict(&domain, "http://orders.internal"));
    let error = refused(client.get(service.url("/orders")).send().await);
    assert_eq!(error.reason(), "callee_unknown");
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn hsr_22_amb_20_only_the_expected_workload_may_have_signed() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = through(client, strict(&domain, &service.base));
        let request = || client.post(service.url("/orders")).body("two apples");
        let of = |name: &str| TrustDomain::parse(&format!("wimse://{name}")).unwrap();
        let expecting = |change: fn(&_) -> wimse_core::WorkloadId| {
            let id = change(&domain);
            request().wimse(|options| options.expected_callee(id))
        };
        for path in ["/payments", "/orders/7", "/Orders"] {
            let other = domain.id(path);
            let request = request().wimse(|options| options.expected_callee(other));
            assert_eq!(refused_response(request).await, (200, "callee_unexpected"), "{path}");
        }
        let elsewhere = request().wimse(|options| options.expected_callee(of("example.org")));
        assert_eq!(refused_response(elsewhere).await, (200, "callee_unexpected"));

        let right =
            expecting(|domain: &wimse_core::testing::TestDomain| domain.id(CALLEE)).send().await.unwrap();
        assert_eq!(callee(&right), Some(ORDERS));
        let anyone =
            request().wimse(|options| options.expected_callee(of("example.com"))).send().await.unwrap();
        assert_eq!(callee(&anyone), Some(ORDERS));
    }
}

/// A workload whose token is good, and for another place: the signature alone says nothing about who was called.
#[tokio::test]
async fn hsr_22_ta_07_a_workload_of_another_domain_is_somebody_else() {
    let (domain, other) = (domain(), wimse_core::testing::TestDomain::new("example.org"));
    let own = own_signer(&other);
    let service =
        Orders::start_with(&domain, Router::new().fallback(echo), |layer| layer.sign_responses(own)).await;
    let both = || domain.trust_anchors().domain("example.org", other.jwk_set()).unwrap();
    for (_, client) in clients() {
        for (signer, reason) in [
            (strict(&domain, &service.base), "trust_domain_unknown"),
            (strict(&domain, &service.base).response_anchors(both()), "callee_unexpected"),
        ] {
            let client = through(client.clone(), signer);
            assert_eq!(refused_response(order(&client, &service.base)).await, (200, reason));
        }
    }
}

#[tokio::test]
async fn hsr_02_the_choice_of_one_request_wins_over_the_signers() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let lenient = through(client.clone(), checking(&domain, &service.base));
        let request = lenient.get(service.url("/orders"));
        let response = request.wimse(|options| options.require_signed_response(true)).send().await.unwrap();
        assert_eq!(callee(&response), Some(ORDERS));
        assert_eq!(callee(&lenient.get(service.url("/orders")).send().await.unwrap()), None);

        let strict = through(client, strict(&domain, &service.base));
        let request = strict.get(service.url("/orders"));
        let response = request.wimse(|options| options.require_signed_response(false)).send().await.unwrap();
        assert_eq!((response.status().as_u16(), callee(&response)), (200, None));
    }
}

#[tokio::test]
async fn hsr_18_what_could_not_be_checked_is_not_asked_for_and_not_sent() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let wire = Wire::default();
    let url = "http://localhost/orders";
    let strict = wire.under(strict(&domain, "http://localhost"));
    let token = strict.get(url).wimse(|options| options.proof(Proof::Wpt));
    let without_anchors = wire.under(signature(&caller));
    let required = |client: &reqwest_middleware::ClientWithMiddleware| {
        client.get(url).wimse(|options| options.require_signed_response(true))
    };
    for request in [token, required(&without_anchors), required(&wire.under(signer(&caller)))] {
        assert_eq!(refused(request.send().await).reason(), "response_uncheckable");
    }
    assert_eq!(wire.requests(), 0);
}

#[tokio::test]
async fn hsr_23_hsr_25_a_wish_is_granted_where_the_callee_can() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let unable = Orders::start_with(&domain, Router::new().fallback(echo), |layer| layer).await;
    let stripped = between(&service.base, |mut response| {
        response.headers_mut().remove("signature");
        response.headers_mut().remove("signature-input");
        passed_on(response)
    });
    let stripped = stripped.await;
    for (_, client) in clients() {
        for (base, signed) in [(&service.base, Some(ORDERS)), (&unable.base, None), (&stripped, None)] {
            let client = through(client.clone(), checking(&domain, base).prefer_signed_responses());
            let response = order(&client, base).send().await.unwrap();
            assert_eq!((response.status().as_u16(), callee(&response)), (200, signed));
            let arrived = service.take().into_iter().chain(unable.take()).next().unwrap();
            assert!(arrived.only("accept-signature").contains("\"@status\" \"@method\";req"));
            assert!(!arrived.only("signature-input").contains("wimse-sign-response"));
        }
    }
}

#[tokio::test]
async fn hsr_06_hsr_19_hsr_20_a_response_that_is_signed_unasked_is_checked_all_the_same() {
    let domain = domain();
    let own = own_signer(&domain);
    let routes = Router::new().fallback(echo);
    let service = Orders::start_with(&domain, routes, |layer| layer.sign_all_responses(own)).await;
    let caller = domain.workload("/frontend");
    for (_, client) in clients() {
        let response = order(&through(client.clone(), checking(&domain, &service.base)), &service.base);
        assert_eq!(callee(&response.send().await.unwrap()), Some(ORDERS));
        for (signer, reason) in [
            (signature(&caller), "trust_domain_unknown"),
            (signature(&caller).response_anchors(domain.trust_anchors()), "callee_unexpected"),
            (checking(&domain, "http://orders.internal"), "callee_unexpected"),
        ] {
            let client = through(client.clone(), signer);
            assert_eq!(refused_response(order(&client, &service.base)).await, (200, reason));
        }
    }
}
