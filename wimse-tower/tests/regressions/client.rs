//! What a client is told about responses, and what its own requests ask for.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use wimse_core::{Callee, Proof, Reason, ResponseError, SignOptions};
use wimse_tower::{AuthenticateLayer, BoxError, MaybeBuffered, SignLayer};

use crate::{URL, caller, demanding, domain, off_the_wire, orders, verifier};

type Body = Full<Bytes>;
type Received = Result<Response<MaybeBuffered<MaybeBuffered<Body>>>, BoxError>;

fn get() -> Request<Body> {
    Request::get(URL).body(Body::default()).unwrap()
}

async fn hello(_: Request<MaybeBuffered<Body>>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::from("done")))
}

/// A response that orders signed, as it leaves the layer.
async fn from_orders() -> Response<MaybeBuffered<MaybeBuffered<Body>>> {
    let domain = domain();
    let service = ServiceBuilder::new()
        .layer(SignLayer::new(demanding(&domain)))
        .map_response(|mut response: Response<MaybeBuffered<Body>>| {
            off_the_wire(response.headers_mut());
            response
        })
        .layer(AuthenticateLayer::new(verifier(&domain)).sign_responses(orders(&domain)))
        .service_fn(hello);
    let received: Received = service.oneshot(get()).await;
    received.unwrap()
}

#[tokio::test]
async fn aud_02_hsq_39_a_verified_response_shows_neither_signature_nor_token() {
    let response = from_orders().await;
    let shown = format!("{:?}", response.headers());
    assert!(shown.contains(response.headers()["content-digest"].to_str().unwrap()), "{shown}");
    for name in ["signature", "workload-identity-token"] {
        assert!(!shown.contains(response.headers()[name].to_str().unwrap()), "{name} in {shown}");
    }
}

/// A cache, or a client that answers by other means, may hand out the extensions of an earlier response.
#[tokio::test]
async fn id_25_hsr_22_a_callee_that_nobody_checked_is_forgotten() {
    let callee = from_orders().await.extensions().get::<Callee>().cloned().unwrap();
    assert_eq!(callee.0.id().path(), "/orders");
    let domain = domain();
    let stale = service_fn(move |_: Request<Body>| {
        let response = Response::builder().extension(callee.clone()).body(Body::from("stale"));
        std::future::ready(Ok::<_, Infallible>(response.unwrap()))
    });
    let checking = caller(&domain, "/frontend").build().unwrap();
    let with_token = domain.workload("/frontend").signer().build().unwrap();
    let unchecking = domain.workload("/frontend").signer().proof(Proof::HttpSignature);
    for signer in [checking, with_token, unchecking.build().unwrap()] {
        for options in [SignOptions::default(), SignOptions::default().skip()] {
            let layer = SignLayer::new(signer.clone()).options(options);
            let response = layer.layer(stale.clone()).oneshot(get()).await.unwrap();
            assert!(response.extensions().get::<Callee>().is_none(), "{signer:?}");
        }
    }
}

#[tokio::test]
async fn hsq_18_hsr_18_what_a_layer_demands_is_not_lost_with_a_requests_own_options() {
    let domain = domain();
    let options = SignOptions::default().require_signed_response(true);
    let layer = SignLayer::new(caller(&domain, "/frontend").build().unwrap()).options(options);
    let unsigned = layer.layer(service_fn(async |request: Request<Body>| {
        assert!(request.extensions().get::<SignOptions>().is_none());
        let sent = request.headers()["signature-input"].clone();
        Ok::<_, Infallible>(Response::builder().header("x-sent", sent).body(Body::default()).unwrap())
    }));
    let own = SignOptions::default;
    for (options, refused) in [
        (None, true),
        (Some(own()), true),
        (Some(own().audience("orders")), true),
        (Some(own().expected_callee(domain.id("/billing"))), true),
        (Some(own().audience("orders").require_signed_response(false)), false),
    ] {
        let mut request = get();
        if let Some(options) = options.clone() {
            request.extensions_mut().insert(options);
        }
        match unsigned.clone().oneshot(request).await {
            Err(error) => {
                assert!(refused, "{options:?}");
                let error = error.downcast::<ResponseError>().unwrap();
                assert_eq!(error.reason(), Reason::ResponseUnsigned);
            }
            Ok(response) => {
                assert!(!refused, "{options:?}");
                let sent = response.headers()["x-sent"].to_str().unwrap();
                assert!(sent.contains(r#"wimse-aud="orders""#), "{sent}");
            }
        }
    }
}
