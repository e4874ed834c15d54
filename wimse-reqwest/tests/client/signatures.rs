//! Requests with an HTTP signature: what is covered, and what the callee makes of it.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest_middleware::RequestBuilder;
use wimse_core::{Audience, Proof};
use wimse_reqwest::RequestBuilderExt;

use crate::fixture::{
    AUTHORIZATION, WIT, Wire, client_with_defaults, clients, domain, refused, signer, through,
};
use crate::orders::{FRONTEND, Orders, PUBLIC, SIGNATURE, SIGNATURE_INPUT, digest, refusal, signature};

#[tokio::test]
async fn hsq_01_hsq_10_hsq_21_whatever_reqwest_holds_in_memory_is_signed_as_it_is_sent() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    type Fill = fn(RequestBuilder) -> RequestBuilder;
    let bodies: [(Fill, &str, Option<&str>); 6] = [
        (|request| request, "", None),
        (|request| request.body(""), "", None),
        (|request| request.body("two apples"), "two apples", None),
        (|request| request.body(b"two apples".to_vec()), "two apples", None),
        (|request| request.json(&["apple"]), "[\"apple\"]", Some("application/json")),
        (|request| request.form(&[("a", "b c")]), "a=b+c", Some("application/x-www-form-urlencoded")),
    ];
    for (version, client) in clients() {
        let client = through(client, signature(&caller));
        for (fill, content, content_type) in bodies {
            let response = fill(client.post(service.url("/orders?page=2"))).send().await.unwrap();
            assert_eq!((response.status().as_u16(), response.version()), (200, version));
            assert_eq!(response.text().await.unwrap(), format!("{FRONTEND} sent {content}"));

            let arrived = service.take_one();
            assert_eq!((arrived.version, arrived.content.as_ref()), (version, content.as_bytes()));
            assert_eq!(arrived.only(WIT), caller.token());
            arrived.only(SIGNATURE);
            let input = arrived.only(SIGNATURE_INPUT);
            assert!(input.contains("\"@method\" \"@path\" \"@query\""), "{input}");
            assert!(!arrived.headers.contains_key(AUTHORIZATION));
            assert_eq!(input.contains("\"content-type\""), content_type.is_some(), "{input}");
            assert_eq!(
                arrived.headers.get("content-type").map(|value| value.to_str().unwrap()),
                content_type
            );
            assert_eq!(input.contains("\"content-digest\""), !content.is_empty(), "{input}");
            if content.is_empty() {
                assert!(!arrived.headers.contains_key("content-digest"));
            } else {
                assert_eq!(arrived.only("content-digest"), digest(content));
            }
        }
    }
}

/// What reqwest makes of a URL is what is signed: HTTP/1.1 and HTTP/2 differ in how they send it.
#[tokio::test]
async fn hsq_02_hsq_03_amb_32_every_notation_of_a_url_is_signed_as_it_is_sent() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (version, client) in clients() {
        let client = through(client, signature(&caller));
        for (path, sent) in [
            ("", "/"),
            ("?", "/"),
            ("?a=b", "/?a=b"),
            ("/orders/../orders/./7", "/orders/7"),
            ("/a%2Fb?%70=a%2Fb", "/a%2Fb?%70=a%2Fb"),
            ("/a b/\"c\"/{d}|e?q='\"<>", "/a%20b/%22c%22/%7Bd%7D|e?q=%27%22%3C%3E"),
            ("/größe?q=ä", "/gr%C3%B6%C3%9Fe?q=%C3%A4"),
            ("/orders?", "/orders"),
            ("/orders??", "/orders??"),
            ("/orders?a=b&a=b&=&#fragment?x", "/orders?a=b&a=b&=&"),
            ("//double//slashes/", "//double//slashes/"),
        ] {
            let response = client.get(service.url(path)).send().await.unwrap();
            assert_eq!(response.status(), 200, "{path} over {version:?}");
            let target = service.take_one().target;
            // The `http` crate does not show the question mark of an empty query in every version of HTTP.
            let shown = if sent.contains('?') { target.as_str() } else { target.trim_end_matches('?') };
            assert_eq!(shown, sent, "{version:?}");
        }
    }
}

#[tokio::test]
async fn hsq_25_hsq_31_every_method_and_every_call_has_a_nonce_of_its_own_and_the_target_as_audience() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    let mut nonces = HashSet::new();
    for (_, client) in clients() {
        let client = through(client, signature(&caller));
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH]
        {
            for _ in 0..2 {
                let request = client.request(method.clone(), service.url("/orders?page=2"));
                assert_eq!(request.send().await.unwrap().status(), 200, "{method}");
                let arrived = service.take_one();
                assert_eq!(arrived.parameter("wimse-aud"), service.url("/orders"));
                nonces.insert(arrived.parameter("nonce").to_owned());
            }
        }
    }
    assert_eq!(nonces.len(), 24);
}

#[tokio::test]
async fn hsq_32_hsq_33_an_audience_for_one_request() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = through(client, signature(&caller));
        let request = || client.get(service.url("/orders"));
        let public = Audience::base_url(PUBLIC).unwrap();
        let response = request().wimse(|options| options.audience(public)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(service.take_one().parameter("wimse-aud"), format!("{PUBLIC}/orders"));

        let other = Audience::base_url("https://orders.example.org").unwrap();
        let response = request().wimse(|options| options.audience(other)).send().await.unwrap();
        assert_eq!(refusal(response).await, (400, "audience_mismatch".to_owned()));
        service.take();
    }
}

#[tokio::test]
async fn hsq_22_the_proof_of_one_request_is_chosen_for_that_request() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        for (usual, exception) in [(Proof::Wpt, Proof::HttpSignature), (Proof::HttpSignature, Proof::Wpt)] {
            let client = through(client.clone(), signer(&caller).proof(usual));
            let request = || client.post(service.url("/orders")).body("two apples");
            for (request, proof) in
                [(request(), usual), (request().wimse(|o| o.proof(exception)), exception), (request(), usual)]
            {
                assert_eq!(request.send().await.unwrap().status(), 200);
                let arrived = service.take_one();
                let wpt = proof == Proof::Wpt;
                assert_eq!(arrived.headers.contains_key(AUTHORIZATION), wpt);
                assert_eq!(arrived.headers.contains_key(SIGNATURE), !wpt);
                assert_eq!(arrived.headers.contains_key(SIGNATURE_INPUT), !wpt);
            }
        }
    }
}

#[tokio::test]
async fn hsq_07_hsq_08_a_token_of_the_application_is_covered() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = through(client, signature(&caller));
        let request = client.get(service.url("/orders")).header("Txn-Token", "t.x.n");
        assert_eq!(request.bearer_auth("token").send().await.unwrap().status(), 200);
        let arrived = service.take_one();
        assert_eq!(arrived.only(AUTHORIZATION), "Bearer token");
        let input = arrived.only(SIGNATURE_INPUT);
        assert!(input.contains("\"authorization\"") && input.contains("\"txn-token\""), "{input}");
    }
}

/// The sentence of the README: reqwest adds default headers below every middleware. The callee refuses what is not covered.
#[tokio::test]
async fn hsq_05_hsq_06_hsq_07_hsq_08_default_headers_escape_signing_and_are_refused() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (field, value) in [
        ("authorization", "Bearer default"),
        ("content-type", "text/plain"),
        ("content-digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"),
        ("txn-token", "t.x.n"),
    ] {
        let defaults = [(HeaderName::from_static(field), HeaderValue::from_static(value))];
        let client = client_with_defaults(HeaderMap::from_iter(defaults));
        let client = through(client, signature(&caller));
        let response = client.get(service.url("/orders")).send().await.unwrap();
        assert_eq!(refusal(response).await, (400, "component_not_covered".to_owned()), "{field}");
        assert_eq!(service.take_one().only(field), value);

        // Set on the request it is covered, and reqwest leaves it alone. A digest is the middleware's to set.
        let request = client.post(service.url("/orders")).body("two apples");
        let request = if field == "content-digest" { request } else { request.header(field, "own") };
        assert_eq!(request.send().await.unwrap().status(), 200, "{field}");
        assert_ne!(service.take_one().only(field), value);
    }
}

#[tokio::test]
async fn hsq_09_hsq_23_default_headers_cannot_displace_token_or_signature() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    let defaults = [WIT, SIGNATURE, SIGNATURE_INPUT];
    let defaults =
        defaults.map(|field| (HeaderName::from_static(field), HeaderValue::from_static("default")));
    let client = through(client_with_defaults(HeaderMap::from_iter(defaults)), signature(&caller));
    assert_eq!(client.get(service.url("/orders")).send().await.unwrap().status(), 200);
    assert_eq!(service.take_one().only(WIT), caller.token());
}

#[tokio::test]
async fn hsq_03_what_the_profile_does_not_let_be_signed_is_not_sent() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let wire = Wire::default();
    let client = wire.under(signature(&caller));
    let url = "http://localhost/orders";
    for field in ["content-type", "authorization", "txn-token"] {
        let request = client.get(url).header(field, "one").header(field, "two");
        assert_eq!(refused(request.send().await).reason(), "field_repeated", "{field}");
    }
    let request = client.request(Method::CONNECT, url);
    assert_eq!(refused(request.send().await).reason(), "message_unsignable");
    assert_eq!(wire.requests(), 0);
}
