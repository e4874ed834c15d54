//! Context tokens: covered where the middleware sees them, refused by the callee where it does not.

use http::{HeaderMap, HeaderName, HeaderValue};
use wimse_core::Reason;

use crate::fixture::{Service, Wire, client_with_defaults, clients, domain, refused, signer, through};

const USER: &str = "x-user-token";

#[tokio::test]
async fn wpt_24_wpt_26_context_tokens_of_the_request_are_covered() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start_with(&domain, [], |builder| builder.context_tokens([USER])).await;
    for (_, client) in clients() {
        let client = through(client, signer(&caller).context_tokens([USER]));
        let request = client.get(service.url("/orders"));
        let response = request.header("Txn-Token", "t.x.n").header(USER, "alice").send().await;
        assert_eq!(response.unwrap().status(), 200);
        let peer = service.take_one().verdict.unwrap();
        assert_eq!(peer.context().txn_token().unwrap(), "t.x.n");
        assert_eq!(peer.context().get(USER).unwrap(), "alice");
    }
}

#[tokio::test]
async fn wpt_29_amb_17_a_repeated_context_token_cannot_be_covered_and_is_not_sent() {
    let domain = domain();
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(signer(&domain.workload("/frontend")).context_tokens([USER]));
    for field in ["txn-token", USER] {
        let request = client.get(service.url("/orders")).header(field, "one").header(field, "two");
        assert_eq!(refused(request.send().await).reason(), "field_repeated");
    }
    assert_eq!(wire.requests(), 0);
}

/// The sentence of the README: reqwest adds default headers below every middleware.
#[tokio::test]
async fn wpt_25_wpt_30_context_tokens_among_the_default_headers_escape_signing_and_are_refused() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start_with(&domain, [], |builder| builder.context_tokens([USER])).await;
    for (field, reason) in [(USER, Reason::ContextTokenNotCovered), ("txn-token", Reason::TxnToken)] {
        let name = HeaderName::from_static(field);
        let defaults = HeaderMap::from_iter([(name, HeaderValue::from_static("token"))]);
        let client = client_with_defaults(defaults);
        let client = through(client, signer(&caller).context_tokens([USER]));
        let response = client.get(service.url("/orders")).send().await.unwrap();
        assert_eq!(response.status(), 401);
        let seen = service.take_one();
        assert_eq!(seen.only(field), "token");
        assert_eq!(seen.refusal(), reason);

        // Set on the request it is covered, and reqwest leaves it alone.
        let response = client.get(service.url("/orders")).header(field, "own").send().await;
        assert_eq!(response.unwrap().status(), 200);
        assert_eq!(service.take_one().only(field), "own");
    }
}

#[tokio::test]
async fn wpt_03_default_headers_cannot_displace_token_or_proof() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    let defaults = ["authorization", "workload-identity-token"]
        .map(|field| (HeaderName::from_static(field), HeaderValue::from_static("default")));
    let client = client_with_defaults(HeaderMap::from_iter(defaults));
    let client = through(client, signer(&caller));
    let response = client.get(service.url("/orders")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(service.take_one().only("workload-identity-token"), caller.token());
}
