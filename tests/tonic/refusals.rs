//! Refusals of a server that takes HTTP signatures, as the client of a call sees them.

use tonic::Code;
use wimse::{CalleeMap, SignOptions};

use crate::chat::ChatClient;
use crate::fixture::{connect, demanding, domain, over, own_signer, serve, serve_with, signature, strict};
use crate::signatures::response_error;

#[tokio::test]
async fn hsq_11_content_over_the_servers_limit_is_resource_exhausted() {
    let domain = domain();
    let base = serve_with(&domain, |layer| layer.body_limit(20)).await;
    let mut client = ChatClient::new(over(&base, signature(&domain, &base), SignOptions::default()).await);
    assert!(client.join(&["two"]).await.is_ok());
    let status = client.join(&["more apples than that"]).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "content_too_large"));
}

#[tokio::test]
async fn hsr_04_hsr_05_a_response_that_cannot_be_signed_is_unimplemented() {
    let domain = domain();
    let own = own_signer(&domain);
    let unable = serve_with(&domain, |layer| layer.sign_responses(own).response_limit(20)).await;
    let mut client = ChatClient::new(strict(&domain, &unable).await);
    assert!(client.join(&["two"]).await.is_ok());
    // The refusal itself is small, and signed.
    let status = client.join(&["more apples than that"]).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unimplemented, "response_not_signable"));

    // A server that signs everything refuses a proof to which nothing can be tied.
    let own = own_signer(&domain);
    let always = serve_with(&domain, |layer| layer.sign_all_responses(own)).await;
    let token = SignOptions::default().proof(wimse::Proof::Wpt);
    let channel = over(&always, signature(&domain, &always), token).await;
    let status = ChatClient::new(channel).join(&["two"]).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unimplemented, "response_not_signable"));
}

#[tokio::test]
async fn err_03_a_refused_caller_is_unauthenticated() {
    let domain = domain();
    let base = serve(&domain).await;
    let status = ChatClient::new(connect(&base).await).join(&["two"]).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "credentials_missing"));

    let stranger = wimse::testing::TestDomain::new("elsewhere.example");
    let channel = over(&base, signature(&stranger, &base), SignOptions::default()).await;
    let status = ChatClient::new(channel).join(&["two"]).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "trust_domain_unknown"));

    let channel = over(&base, signature(&domain, "http://elsewhere.example"), SignOptions::default()).await;
    let status = ChatClient::new(channel).join(&["two"]).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "audience_mismatch"));
}

/// Whoever demands a signature does not learn from an unsigned refusal what it says.
#[tokio::test]
async fn hsr_18_amb_11_an_unsigned_refusal_is_no_status_of_the_callees() {
    let domain = domain();
    let base = serve(&domain).await;
    let signer = signature(&domain, "http://elsewhere.example").response_anchors(domain.trust_anchors());
    let channel = over(&base, signer.expected_callees(CalleeMap::new()), demanding(&domain)).await;
    let status = ChatClient::new(channel).join(&["two"]).await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown);
    let error = response_error(&status);
    assert_eq!((error.unauthenticated_status().as_u16(), error.reason().code()), (400, "response_unsigned"));
}
