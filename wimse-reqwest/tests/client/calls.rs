//! Signed calls end to end.

use http::Version;
use reqwest::Method;

use crate::fixture::{AUTHORIZATION, Service, WIT, clients, domain, signer, through};

#[tokio::test]
async fn wpt_01_wpt_03_wit_24_a_signed_call_is_accepted_over_either_version_of_http() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    for (version, client) in clients() {
        let client = through(client, signer(&caller));
        let request = client.post(service.url("/orders?page=2")).body("two apples");
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        assert_eq!(response.text().await.unwrap(), "wimse://example.com/frontend");

        let seen = service.take_one();
        assert_eq!(seen.version, version);
        assert_eq!(seen.caller(), "wimse://example.com/frontend");
        assert_eq!(seen.only(WIT), caller.token());
        assert!(seen.only(AUTHORIZATION).starts_with("WPT "));
    }
}

/// What reqwest makes of a URL is what is signed, so that no notation is refused by the callee or taken for a redirect.
#[tokio::test]
async fn wpt_11_every_notation_of_a_url_is_signed_as_it_is_sent() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    for (version, client) in clients() {
        let client = through(client, signer(&caller));
        for (path, sent) in [
            ("", "/"),
            ("/orders/../orders/./7", "/orders/7"),
            ("/a%2Fb", "/a%2Fb"),
            ("/a b/\"c\"/{d}|e", "/a%20b/%22c%22/%7Bd%7D|e"),
            ("/größe?q=ä", "/gr%C3%B6%C3%9Fe?q=%C3%A4"),
            ("/orders?", "/orders?"),
            ("/orders#fragment", "/orders"),
            ("/orders?a=b#fragment?not=query", "/orders?a=b"),
            ("//double//slashes/", "//double//slashes/"),
        ] {
            let response = client.get(service.url(path)).send().await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            let uri = service.take_one().uri;
            let shown = uri.path_and_query().unwrap().as_str();
            // The `http` crate does not show the question mark of an empty query in every version of HTTP.
            assert_eq!(shown.trim_end_matches('?'), sent.trim_end_matches('?'), "{version:?}");
        }
    }
}

#[tokio::test]
async fn wpt_21_every_method_and_every_call_has_a_proof_of_its_own() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    for (_, client) in clients() {
        let client = through(client, signer(&caller));
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH]
        {
            for _ in 0..3 {
                let request = client.request(method.clone(), service.url("/orders"));
                assert_eq!(request.send().await.unwrap().status(), 200, "{method}");
            }
        }
        let mut ids = service.take_proof_ids();
        assert_eq!(ids.len(), 18);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 18);
    }
}

#[tokio::test]
async fn one_client_signs_for_many_tasks_at_once() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    for (version, client) in clients() {
        let client = through(client, signer(&caller));
        let calls = (0..32).map(|i| {
            let request = client.get(service.url(&format!("/orders/{i}")));
            tokio::spawn(async move { request.send().await.unwrap().status() })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap(), 200);
        }
        let versions: Vec<Version> = service.take().iter().map(|seen| seen.version).collect();
        assert_eq!(versions, [version; 32]);
    }
}
