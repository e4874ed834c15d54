//! Whose refusals are signed, what they answer, and who gets a challenge.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use wimse_core::{Audiences, Peer, Proof, Reason, Rejection, policy};
use wimse_tower::{AuthenticateLayer, AuthorizeLayer, MaybeBuffered};

use crate::{
    BASE, URL, believed, caller, copy, demanding, domain, is_signed, orders, preferring, signed, text,
    verifier,
};

type Body = Full<Bytes>;

/// Answers by the content, which says what status to answer with.
async fn handler(request: Request<MaybeBuffered<Body>>) -> Result<Response<Body>, Infallible> {
    let content = request.into_body().content().cloned().unwrap_or_default();
    let status = StatusCode::from_bytes(&content).unwrap_or_default();
    Ok(Response::builder().status(status).body(Body::from("from the handler")).unwrap())
}

/// Whoever has seen a request gets a refusal with no effort. Signed, it could stand in for the true response.
#[tokio::test]
async fn hsr_16_hsr_18_refusals_that_a_copy_of_a_request_brings_about_are_not_signed() {
    let domain = domain();
    let layer = AuthenticateLayer::new(verifier(&domain)).body_limit(16);
    let services = [
        layer.clone().sign_responses(orders(&domain)).layer(service_fn(handler)),
        layer.sign_all_responses(orders(&domain)).layer(service_fn(handler)),
    ];
    for service in services {
        for (sent, status, reason) in [
            ("pay", 400, "replayed"),
            ("pax", 400, "digest_mismatch"),
            ("", 400, "digest_mismatch"),
            ("pay a lot of money", 413, "content_too_large"),
        ] {
            let (request, expected) = signed(&demanding(&domain), b"pay", Body::from("pay"));
            let lie = copy(&request, Body::from(sent));
            let (genuine, lie) = if sent == "pay" {
                let genuine = service.clone().oneshot(request).await.unwrap();
                (genuine, service.clone().oneshot(lie).await.unwrap())
            } else {
                let lie = service.clone().oneshot(lie).await.unwrap();
                (service.clone().oneshot(request).await.unwrap(), lie)
            };
            assert!(genuine.status().is_success() && is_signed(&genuine), "{reason}");
            assert!(!is_signed(&lie), "{reason}");
            let refused = expected.verify_head(lie.status(), lie.headers()).unwrap_err();
            assert_eq!(refused.reason(), Reason::ResponseUnsigned);
            let (answered, problem) = text(lie).await;
            assert!(answered == status && problem.contains(reason), "{answered} {problem}");
        }
    }
}

#[tokio::test]
async fn hsr_02_hsr_16_errors_of_whom_the_request_reached_are_signed() {
    let domain = domain();
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier(&domain)).sign_responses(orders(&domain)))
        .layer(AuthorizeLayer::new(policy::exact(["wimse://example.com/frontend"]).unwrap()))
        .service(service_fn(handler));
    for status in [200, 404, 500] {
        let content = status.to_string();
        let (request, expected) =
            signed(&demanding(&domain), content.as_bytes(), Body::from(content.clone()));
        let response = service.clone().oneshot(request).await.unwrap();
        let answer = believed(expected, response).await.unwrap();
        assert_eq!(answer, (status, "from the handler".to_owned()));
    }
    let stranger = caller(&domain, "/stranger").require_signed_responses().build().unwrap();
    let (request, expected) = signed(&stranger, b"", Body::default());
    let response = service.oneshot(request).await.unwrap();
    let (status, problem) = believed(expected, response).await.unwrap();
    assert!(status == 403 && problem.contains("caller_not_allowed"), "{status} {problem}");
}

#[tokio::test]
async fn hsr_03_hsr_04_where_every_response_is_signed_nobody_stays_anonymous() {
    let domain = domain();
    let only = domain.verifier(Audiences::base_url(BASE)).proofs([Proof::HttpSignature]).build().unwrap();
    for (verifier, status, challenged) in [(verifier(&domain), 401, true), (only, 400, false)] {
        let optional = AuthenticateLayer::new(verifier).optional();
        let anonymous = || Request::post(URL).body(Body::default()).unwrap();
        let passed = optional.clone().sign_responses(orders(&domain)).layer(service_fn(handler));
        assert_eq!(text(passed.oneshot(anonymous()).await.unwrap()).await.0, 200);

        let service = optional.sign_all_responses(orders(&domain)).layer(service_fn(handler));
        let response = service.oneshot(anonymous()).await.unwrap();
        assert_eq!(response.headers().contains_key("www-authenticate"), challenged);
        let (answered, problem) = text(response).await;
        assert!(answered == status && problem.contains("credentials_missing"), "{answered} {problem}");
    }
    // A proof token is nothing that a response could be tied to.
    let service = AuthenticateLayer::new(verifier(&domain)).optional().sign_all_responses(orders(&domain));
    let mut with_token = Request::post(URL).body(Body::default()).unwrap();
    domain.workload("/frontend").sign(&mut with_token);
    let response = service.layer(service_fn(handler)).oneshot(with_token).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn err_03_err_04_amb_19_who_signs_gets_no_challenge_where_both_proofs_are_accepted() {
    let domain = domain();
    let service = AuthenticateLayer::new(verifier(&domain)).layer(service_fn(handler));
    let (altered, _) = signed(&preferring(&domain), b"pay", Body::from("pax"));
    let mut elsewhere = Request::post(URL).body(Body::default()).unwrap();
    domain.workload("/frontend").sign(&mut elsewhere);
    *elsewhere.uri_mut() = "https://orders.example.com/elsewhere".parse().unwrap();
    let nothing = Request::post(URL).body(Body::default()).unwrap();
    for (request, status, challenge) in
        [(altered, 400, None), (elsewhere, 401, Some("WPT")), (nothing, 401, Some("WPT"))]
    {
        let response = service.clone().oneshot(request).await.unwrap();
        let challenged = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), challenged), (status, challenge));
    }
}

#[tokio::test]
async fn err_03_err_04_hsr_05_a_refusal_that_a_closure_calls_a_success_is_none() {
    let domain = domain();
    // What the closure answers, and what becomes of that: `None` is what the refusal itself would answer.
    for (made, answered) in [(200, None), (204, None), (418, Some(418)), (303, Some(303))] {
        let respond = move |_: &Rejection| {
            Response::builder().status(made).header("x-made", "1").body(Bytes::from("no")).unwrap()
        };
        let nobody = AuthorizeLayer::new(|_: &Peer| false).on_rejection(respond);
        let layer = AuthenticateLayer::new(verifier(&domain)).on_rejection(respond);
        let service = layer.layer(nobody.layer(service_fn(handler)));
        let preferring = preferring(&domain);
        for (request, status) in [
            (Request::post(URL).body(Body::default()).unwrap(), 401),
            (signed(&preferring, b"pay", Body::from("pax")).0, 400),
            (signed(&preferring, b"pay", Body::from("pay")).0, 403),
            (signed(&demanding(&domain), b"pay", Body::from("pay")).0, 501),
        ] {
            let response = service.clone().oneshot(request).await.unwrap();
            assert!(response.headers().contains_key("x-made"));
            assert_eq!(text(response).await, (answered.unwrap_or(status), "no".to_owned()));
        }
    }
}
