//! gRPC statuses, which follow content in trailers or come with the head, and what the signature says of them: nothing.

use http::HeaderValue;
use http_body_util::BodyExt;
use tonic::Code;
use tonic::body::Body;

use crate::chat::ChatClient;
use crate::fixture::{Meddle, ORDERS, domain, own_signer, serve, serve_behind, strict};
use crate::signatures::response_error;

#[tokio::test]
async fn hsr_13_the_status_in_the_trailers_of_a_signed_response_survives() {
    let domain = domain();
    let base = serve(&domain).await;
    let mut client = ChatClient::new(strict(&domain, &base).await);
    let (before, end) = client.breaks("two").await.unwrap();
    assert_eq!(before, ["two"]);
    let status = end.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "no more apples"));
    // Without content the status is among the header fields.
    let status = client.fails().await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "no apples"));
    assert!(status.metadata().get("signature-input").is_some());
    assert_eq!(client.join(&["two"]).await.unwrap().callee.as_deref(), Some(ORDERS));
}

/// Somebody on the way says that all is well, or that nothing is.
fn well(response: http::Response<Body>) -> http::Response<Body> {
    say(response, "0")
}

fn denied(response: http::Response<Body>) -> http::Response<Body> {
    say(response, "7")
}

fn say(mut response: http::Response<Body>, status: &'static str) -> http::Response<Body> {
    let status = HeaderValue::from_static(status);
    if let Some(said) = response.headers_mut().get_mut("grpc-status") {
        *said = status.clone();
    }
    response.map(|body| {
        Body::new(body.map_frame(move |mut frame| {
            if let Some(said) = frame.trailers_mut().and_then(|trailers| trailers.get_mut("grpc-status")) {
                *said = status.clone();
            }
            frame
        }))
    })
}

/// A limit of the profile (http-signature §3): neither trailers nor `grpc-status` are covered, so that the messages of a
/// signed response are authenticated, and how the call ended is not. TLS has to protect that.
#[tokio::test]
async fn hsr_07_hsr_11_a_grpc_status_can_be_changed_unnoticed() {
    let domain = domain();
    let own = own_signer(&domain);
    let base = serve_behind(&domain, |layer| layer.sign_responses(own), well).await;
    let mut client = ChatClient::new(strict(&domain, &base).await);
    let (before, end) = client.breaks("two").await.unwrap();
    assert_eq!((before, end.is_ok()), (vec!["two".to_owned()], true));
    assert_eq!(client.fails().await.unwrap_err().message(), "Missing response message.");

    let own = own_signer(&domain);
    let base = serve_behind(&domain, |layer| layer.sign_responses(own), denied).await;
    let mut client = ChatClient::new(strict(&domain, &base).await);
    assert_eq!(client.join(&["two"]).await.unwrap_err().code(), Code::PermissionDenied);
}

/// Control for the test above: what is covered cannot.
#[tokio::test]
async fn hsr_07_hsr_13_the_messages_and_the_http_status_cannot() {
    let domain = domain();
    let meddlers: [(Meddle, &str); 2] = [
        (
            |response| {
                response.map(|body| {
                    Body::new(body.map_frame(|frame| {
                        frame.map_data(|data| {
                            let mut data = data.to_vec();
                            data.last_mut().into_iter().for_each(|last| *last ^= 1);
                            data.into()
                        })
                    }))
                })
            },
            "digest_mismatch",
        ),
        (
            |mut response| {
                *response.status_mut() = http::StatusCode::ACCEPTED;
                response
            },
            "proof_signature",
        ),
    ];
    for (meddle, reason) in meddlers {
        let own = own_signer(&domain);
        let base = serve_behind(&domain, |layer| layer.sign_responses(own), meddle).await;
        let status = ChatClient::new(strict(&domain, &base).await).join(&["two"]).await.unwrap_err();
        assert_eq!(response_error(&status).reason().code(), reason);
    }
}
