//! A proof token and a signature in one message: each must be valid, and the signature covers the token (AMB-18).

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use http::header::{AUTHORIZATION, HeaderValue};
use wimse_axum::Workload;
use wimse_core::httpsig::profile::RequestSignature;
use wimse_core::testing::TestWorkload;
use wimse_core::{Clock, Proof, Revision, SystemClock, UnixTime};

use crate::fixture::{CALLER, World};
use crate::sockets::{BASE, Client, Server, clients, copy, signed as with_proof_token, verifier_with};

/// Names the caller and its proofs, the most significant first.
async fn proofs(Workload(caller): Workload) -> String {
    let proofs: Vec<_> = caller.authentications().map(|by| by.proof().as_str()).collect();
    format!("{} by {}", caller.id(), proofs.join(", "))
}

async fn start(world: &World, proofs_taken: &[Proof]) -> Server {
    let verifier = verifier_with(&world.domain, |builder| builder.proofs(proofs_taken.iter().copied()));
    let layer = wimse_axum::authenticate(verifier).sign_responses(world.own());
    Server::start(Router::new().route("/orders", any(proofs)).layer(layer)).await
}

/// Adds a signature that covers whatever the request has, a proof token included.
fn sign_over(caller: &TestWorkload, request: &mut Request, now: UnixTime) {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let signature = RequestSignature {
        credential: caller.credential(),
        audience: &format!("{BASE}{}", uri.path()),
        sign_response: false,
        context: &[],
        revision: Revision::default(),
        now,
        lifetime: Duration::from_secs(60),
    };
    signature.apply(&method, &uri, request.headers_mut(), b"").unwrap();
}

fn twofold(world: &World, server: &Server) -> Request {
    let mut request = with_proof_token(&world.caller, server.get("/orders"));
    sign_over(&world.caller, &mut request, SystemClock.now());
    request
}

const TAKEN: [&[Proof]; 3] = [&[Proof::Wpt, Proof::HttpSignature], &[Proof::Wpt], &[Proof::HttpSignature]];

fn status(taken: &[Proof]) -> u16 {
    if taken.contains(&Proof::Wpt) { 401 } else { 400 }
}

#[tokio::test]
async fn amb_18_both_proofs_are_accepted_where_either_is() {
    let world = World::new();
    for taken in TAKEN {
        let server = start(&world, taken).await;
        for client in clients() {
            let reply = client.send(twofold(&world, &server)).await;
            assert_eq!(reply.ok(), format!("{CALLER} by http-signature, wpt"), "{taken:?}");
        }
    }
}

type Spoil = fn(&World, &Server) -> Request;

/// Something of the request is not as it must be, though one of the proofs may be.
const SPOILT: [(&str, Spoil); 6] = [
    ("component_not_covered", |world, server| {
        let mut request = world.signed(server.get("/orders"), b"");
        let token = with_proof_token(&world.caller, server.get("/orders"));
        request.headers_mut().insert(AUTHORIZATION, token.headers()[AUTHORIZATION].clone());
        request
    }),
    ("proof_signature", |world, server| {
        let mut request = twofold(world, server);
        let token = with_proof_token(&world.caller, server.get("/orders"));
        request.headers_mut().insert(AUTHORIZATION, token.headers()[AUTHORIZATION].clone());
        request
    }),
    ("component_unresolved", |world, server| {
        let mut request = twofold(world, server);
        request.headers_mut().remove(AUTHORIZATION);
        request
    }),
    ("proof_malformed", |world, server| {
        let mut request = server.get("/orders");
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("WPT no.to.ken"));
        sign_over(&world.caller, &mut request, SystemClock.now());
        request
    }),
    // Signed by the caller, but for a token of another workload.
    ("proof_wit_mismatch", |world, server| {
        let other = world.domain.workload("/stranger");
        let mut request = with_proof_token(&other, server.get("/orders"));
        sign_over(&world.caller, &mut request, SystemClock.now());
        request
    }),
    ("proof_expired", |world, server| {
        let mut request = with_proof_token(&world.caller, server.get("/orders"));
        sign_over(&world.caller, &mut request, UnixTime::from_secs(SystemClock.now().as_secs() - 500));
        request
    }),
];

#[tokio::test]
async fn amb_18_hsq_07_if_one_of_both_proofs_is_not_valid_the_message_is_refused() {
    let world = World::new();
    for taken in TAKEN {
        let server = start(&world, taken).await;
        for client in clients() {
            for (reason, spoil) in SPOILT {
                // Without its token the message has a signature alone.
                let (status, reason) = match (reason, taken) {
                    ("component_unresolved", [Proof::Wpt]) => (401, "proof_not_accepted"),
                    ("component_unresolved", _) => (400, reason),
                    _ => (status(taken), reason),
                };
                let refused = client.send(spoil(&world, &server)).await;
                assert_eq!(refused.status, status, "{reason}, {taken:?}");
                refused.assert_refused(status, reason);
            }
        }
    }
}

async fn assert_replayed(client: &Client, request: Request) {
    client.send(request).await.assert_refused(401, "replayed");
}

#[tokio::test]
async fn amb_18_amb_31_both_proofs_are_used_up() {
    let world = World::new();
    let server = start(&world, TAKEN[0]).await;
    for client in clients() {
        let request = twofold(&world, &server);
        client.send(copy(&request)).await.ok();
        assert_replayed(&client, copy(&request)).await;
        let mut token_alone = copy(&request);
        for field in ["signature", "signature-input"] {
            token_alone.headers_mut().remove(field);
        }
        assert_replayed(&client, token_alone).await;
        // The same token under a new signature.
        let mut signed_again = copy(&request);
        sign_over(&world.caller, &mut signed_again, SystemClock.now());
        assert_replayed(&client, signed_again).await;

        // A token that was used alone does not pass in the company of a signature.
        let alone = with_proof_token(&world.caller, server.get("/orders"));
        client.send(copy(&alone)).await.ok();
        let mut accompanied = alone;
        sign_over(&world.caller, &mut accompanied, SystemClock.now());
        assert_replayed(&client, accompanied).await;
    }
}

/// Somebody else's token in `Authorization` is no proof, and covered like any other.
#[tokio::test]
async fn hsq_07_a_bearer_token_beside_a_signature_is_covered_by_it() {
    let world = World::new();
    let server = start(&world, TAKEN[0]).await;
    for client in clients() {
        let bearer = HeaderValue::from_static("Bearer x");
        let mut request = server.get("/orders");
        request.headers_mut().insert(AUTHORIZATION, bearer.clone());
        let request = world.signed(request, b"");
        let mut other = copy(&request);
        other.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer y"));
        client.send(other).await.assert_refused(400, "proof_signature");
        assert_eq!(client.send(request).await.ok(), format!("{CALLER} by http-signature"));

        let mut added = world.signed(server.get("/orders"), b"");
        added.headers_mut().insert(AUTHORIZATION, bearer);
        client.send(added).await.assert_refused(400, "component_not_covered");
    }
}
