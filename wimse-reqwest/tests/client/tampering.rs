//! What somebody between client and service can do to a response, and to a request: nothing of it gets to the application.

use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};
use wimse_core::testing::TestDomain;
use wimse_reqwest::WimseError;

use crate::fixture::{clients, domain, refused, through};
use crate::intermediary::{before, between, passed_on};
use crate::orders::{
    ORDERS, Orders, UNCOVERED, callee, checking, echo, order, own_signer, refusal, refused_response, strict,
};

type Change = Box<dyn Fn(&mut http::Response<Bytes>) + Send + Sync>;

fn change(change: impl Fn(&mut http::Response<Bytes>) + Send + Sync + 'static) -> Change {
    Box::new(change)
}

fn set(field: &'static str, value: &str) -> Change {
    let value = HeaderValue::from_str(value).unwrap();
    change(move |response| drop(response.headers_mut().insert(field, value.clone())))
}

fn remove(field: &'static str) -> Change {
    change(move |response| drop(response.headers_mut().remove(field).unwrap()))
}

fn edit(field: &'static str, edit: fn(&str) -> String) -> Change {
    change(move |response| {
        let value = response.headers_mut().get_mut(field).unwrap();
        let edited = edit(value.to_str().unwrap());
        assert_ne!(edited.as_bytes(), value.as_bytes());
        *value = edited.parse().unwrap();
    })
}

fn content(content: &'static str) -> Change {
    change(move |response| *response.body_mut() = Bytes::from_static(content.as_bytes()))
}

/// Other content, with the digest that it should have.
fn forged(response: &mut http::Response<Bytes>) {
    *response.body_mut() = Bytes::from_static(b"a forged answer");
    let digest = ContentDigest::of(response.body(), DigestAlgorithm::Sha256);
    response.headers_mut().insert("content-digest", digest.to_header_value());
}

fn changes(domain: &TestDomain) -> Vec<(&'static str, Change, &'static str)> {
    let other = domain.workload("/payments").token().to_owned();
    let same = domain.workload("/orders").token().to_owned();
    vec![
        ("status", change(|response| *response.status_mut() = StatusCode::CREATED), "proof_signature"),
        ("content", content("a forged answer"), "digest_mismatch"),
        ("no content", content(""), "digest_mismatch"),
        ("content and digest", change(forged), "proof_signature"),
        ("no digest", remove("content-digest"), "component_unresolved"),
        ("another type", set("content-type", "text/html"), "proof_signature"),
        ("no type", remove("content-type"), "component_unresolved"),
        (
            "two types",
            change(|response| {
                assert!(response.headers_mut().append(CONTENT_TYPE, "text/html".parse().unwrap()));
            }),
            "component_unresolved",
        ),
        ("no token", remove("workload-identity-token"), "wit_missing"),
        ("another's token", set("workload-identity-token", &other), "callee_unexpected"),
        ("the callee's token for another key", set("workload-identity-token", &same), "proof_signature"),
        ("no token worth the name", set("workload-identity-token", "e.y.J"), "wit_malformed"),
        ("no signature", remove("signature"), "proof_malformed"),
        (
            "no signature and no input",
            change(|response| {
                for field in ["signature", "signature-input"] {
                    response.headers_mut().remove(field).unwrap();
                }
            }),
            "response_unsigned",
        ),
        (
            "another tag",
            edit("signature-input", |input| input.replace("wimse-workload", "workload")),
            "response_unsigned",
        ),
        (
            "less covered",
            edit("signature-input", |input| input.replace("\"@status\" ", "")),
            "component_not_covered",
        ),
        (
            "a later end",
            edit("signature-input", |input| input.replacen(";expires=1", ";expires=2", 1)),
            "proof_lifetime",
        ),
        (
            "another nonce of the request",
            edit("signature-input", |input| input.replace("wimse-req-nonce=\"", "wimse-req-nonce=\"x")),
            "request_nonce_mismatch",
        ),
        (
            "no nonce of the request",
            edit("signature-input", |input| input.replace("wimse-req-nonce", "x-req-nonce")),
            "request_nonce_mismatch",
        ),
        ("two signatures", edit("signature-input", |input| format!("{input}, x{input}")), "proof_repeated"),
        ("unreadable", set("signature-input", "=?"), "proof_malformed"),
    ]
}

/// Whatever was changed, all that comes out is an error with the status as it came, and the reason.
#[tokio::test]
async fn hsr_07_hsr_11_hsr_13_hsr_18_hsr_19_an_altered_response_is_refused() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (what, change, reason) in changes(&domain) {
        let status = if what == "status" { 201 } else { 200 };
        let between = between(&service.base, move |mut response| {
            change(&mut response);
            passed_on(response)
        });
        let between = between.await;
        for (_, client) in clients() {
            let client = through(client, strict(&domain, &between));
            let found = refused_response(order(&client, &between)).await;
            assert_eq!(found, (status, reason), "{what}");
        }
    }
}

/// Control for the test above: the intermediary alone does no harm. And a limit: only what is covered is authenticated.
#[tokio::test]
async fn hsr_07_what_the_profile_does_not_cover_can_be_changed_unnoticed() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let untouched = between(&service.base, passed_on).await;
    let uncovered = between(&service.base, |mut response| {
        response.headers_mut().insert(UNCOVERED, HeaderValue::from_static("4000"));
        passed_on(response)
    });
    for (base, total) in [(untouched, "3"), (uncovered.await, "4000")] {
        for (_, client) in clients() {
            let client = through(client, strict(&domain, &base));
            let response = order(&client, &base).send().await.unwrap();
            assert_eq!(callee(&response), Some(ORDERS));
            assert_eq!(response.headers()[UNCOVERED], total);
            assert!(response.text().await.unwrap().ends_with("sent two apples"));
        }
    }
}

/// Responses of the same service to the same request, a moment ago: genuine, and not to this request.
#[tokio::test]
async fn hsr_16_hsr_17_hsr_28_a_response_to_another_request_is_refused() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let first: Mutex<Option<http::Response<Bytes>>> = Mutex::default();
        let replaying = between(&service.base, move |response| {
            passed_on(first.lock().unwrap().get_or_insert(response).clone())
        });
        let replaying = replaying.await;
        let client = through(client, strict(&domain, &replaying));
        assert_eq!(order(&client, &replaying).send().await.unwrap().status(), 200);
        for _ in 0..2 {
            let found = refused_response(order(&client, &replaying)).await;
            assert_eq!(found, (200, "request_nonce_mismatch"));
        }
    }
}

/// The same where signatures are neither demanded nor wished for: one that is there must be right (http-signature §3.5).
#[tokio::test]
async fn hsr_19_a_broken_signature_is_refused_also_where_none_is_needed() {
    let domain = domain();
    let own = own_signer(&domain);
    let routes = Router::new().fallback(echo);
    let service = Orders::start_with(&domain, routes, |layer| layer.sign_all_responses(own)).await;
    let tampering = between(&service.base, |mut response| {
        forged(&mut response);
        passed_on(response)
    });
    let tampering = tampering.await;
    for (_, client) in clients() {
        for signer in [checking(&domain, &tampering), checking(&domain, &tampering).prefer_signed_responses()]
        {
            let client = through(client.clone(), signer);
            assert_eq!(refused_response(order(&client, &tampering)).await, (200, "proof_signature"));
        }
    }
}

/// The callee refuses a request that was altered on the way, and does not sign that: whoever can alter requests could put the
/// refusal in the place of the true response.
#[tokio::test]
async fn hsq_11_hsr_18_the_refusal_of_an_altered_request_is_unsigned() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let content = before(&service.base, |_, content| *content = Bytes::from_static(b"twenty apples"));
    let path = before(&service.base, |parts, _| parts.uri = "/orders?page=3".parse().unwrap());
    for (base, reason) in [(content.await, "digest_mismatch"), (path.await, "proof_signature")] {
        for (_, client) in clients() {
            let lenient = through(client.clone(), checking(&domain, &base));
            let response = order(&lenient, &base).send().await.unwrap();
            assert_eq!(callee(&response), None);
            assert_eq!(refusal(response).await, (400, reason.to_owned()));
            let strict = through(client, strict(&domain, &base));
            assert_eq!(refused_response(order(&strict, &base)).await, (400, "response_unsigned"));
        }
    }
}

const SECRET: &str = "what the application must not see";

#[tokio::test]
async fn amb_11_nothing_of_a_refused_response_is_in_the_error() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let tampering = between(&service.base, |mut response| {
        *response.body_mut() = Bytes::from_static(SECRET.as_bytes());
        response.headers_mut().insert("x-note", SECRET.parse().unwrap());
        response.headers_mut().insert(CONTENT_TYPE, SECRET.parse().unwrap());
        passed_on(response)
    });
    let tampering = tampering.await;
    let unsigned = between(&service.base, |_| Response::new(Body::from(SECRET))).await;
    for base in [tampering, unsigned] {
        for (_, client) in clients() {
            let client = through(client, strict(&domain, &base));
            let error = refused(order(&client, &base).send().await);
            assert!(matches!(error, WimseError::Response(_)), "{error:?}");
            let mut shown = format!("{error:?}");
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                shown += &format!("{error} {error:?}");
                cause = error.source();
            }
            assert!(!shown.contains(SECRET), "{shown}");
            assert!(shown.contains("unauthenticated status 200"), "{shown}");
        }
    }
}
