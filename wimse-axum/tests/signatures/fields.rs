//! Fields as no client library sends them: what names a hop, what is there twice, what is spelt otherwise.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::routing::any;
use wimse_axum::Workload;

use crate::fixture::{CALLER, World, post};
use crate::raw;
use crate::sockets::Server;
use crate::watching::Runs;

const CONTENT: &[u8] = b"apples";

async fn start(world: &World) -> (Server, Runs) {
    let runs = Runs::default();
    let handler = {
        let runs = runs.clone();
        async move |Workload(caller): Workload, content: Bytes| {
            runs.note();
            format!("{} sent {}", caller.id(), content.len())
        }
    };
    let app = Router::new().route("/orders", any(handler)).layer(world.signing());
    (Server::start(app).await, runs)
}

fn request(world: &World, server: &Server) -> Request {
    world.signed(post(server, "/orders", CONTENT), CONTENT)
}

/// A whole request.
fn message(head: &str) -> Vec<u8> {
    [raw::with(head, "content-length: 6").as_bytes(), CONTENT].concat()
}

/// It tells intermediaries to take the fields off. A server that is spoken to directly has them, and they are valid: the
/// field is about connections, and not covered.
#[tokio::test]
async fn hsq_09_credentials_that_are_declared_to_be_for_the_connection_are_accepted_where_they_arrive() {
    let world = World::new();
    let (server, runs) = start(&world).await;
    for options in
        ["Signature, Workload-Identity-Token", "close, signature-input, signature", "content-digest, close"]
    {
        let head = raw::head(&request(&world, &server), "/orders");
        let head = head.replace("connection: close", &format!("connection: {options}\r\nconnection: close"));
        let reply = raw::exchange(&server, &message(&head)).await;
        assert_eq!(reply.ok(), format!("{CALLER} sent 6"), "{options}");
        assert_eq!(runs.take(), 1);
    }
}

/// What is left when an intermediary does as it is told.
#[tokio::test]
async fn hsq_06_hsq_09_credentials_that_were_taken_off_on_the_way_are_refused() {
    let world = World::new();
    let (server, runs) = start(&world).await;
    for (fields, reason) in [
        (&["signature", "workload-identity-token"][..], "wit_missing"),
        (&["signature"], "proof_malformed"),
        (&["signature", "signature-input"], "proof_missing"),
        (&["signature", "signature-input", "workload-identity-token"], "credentials_missing"),
        (&["workload-identity-token"], "wit_missing"),
        (&["content-digest"], "component_unresolved"),
    ] {
        let mut request = request(&world, &server);
        for field in fields {
            request.headers_mut().remove(*field);
        }
        let reply = raw::exchange(&server, &message(&raw::head(&request, "/orders"))).await;
        reply.assert_refused(400, reason);
    }
    assert_eq!(runs.count(), 0);
}

#[tokio::test]
async fn amb_17_hsq_23_hsq_40_fields_that_are_there_twice_are_refused() {
    let world = World::new();
    let (server, runs) = start(&world).await;
    let stranger = world.domain.workload("/stranger");
    let other = request(&world, &server);
    let value = |name: &str| other.headers()[name].to_str().unwrap().to_owned();
    let cases = [
        (format!("workload-identity-token: {}", stranger.token()), "wit_repeated"),
        (format!("workload-identity-token: {}", world.caller.token()), "wit_repeated"),
        (format!("signature: {}", value("signature")), "proof_malformed"),
        (format!("signature-input: {}", value("signature-input")), "proof_malformed"),
        (format!("content-digest: {}", value("content-digest")), "digest_malformed"),
        ("authorization: Bearer x\r\nauthorization: Bearer y".to_owned(), "proof_repeated"),
        (
            format!(
                "signature-input: {}\r\nsignature: {}",
                value("signature-input").replacen("wimse=", "other=", 1),
                value("signature").replacen("wimse=", "other=", 1)
            ),
            "proof_repeated",
        ),
    ];
    for (field, reason) in cases {
        let head = raw::with(&raw::head(&request(&world, &server), "/orders"), &field);
        raw::exchange(&server, &message(&head)).await.assert_refused(400, reason);
    }
    // Joined by a proxy.
    let head = raw::head(&request(&world, &server), "/orders");
    let joined = head.replace(world.caller.token(), &format!("{0}, {0}", world.caller.token()));
    raw::exchange(&server, &message(&joined)).await.assert_refused(400, "wit_malformed");
    assert_eq!(runs.count(), 0);
}

#[tokio::test]
async fn hsq_09_hsq_40_names_are_compared_without_case_and_underscores_are_no_hyphens() {
    let world = World::new();
    let (server, runs) = start(&world).await;
    let head = raw::head(&request(&world, &server), "/orders");
    let capitals = head
        .replace("workload-identity-token:", "Workload-Identity-TOKEN:")
        .replace("signature-input:", "SIGNATURE-Input:   ")
        .replace("content-digest:", "Content-Digest:\t");
    assert_eq!(raw::exchange(&server, &message(&capitals)).await.ok(), format!("{CALLER} sent 6"));
    assert_eq!(runs.take(), 1);

    for name in ["workload-identity-token", "signature-input"] {
        let head = raw::head(&request(&world, &server), "/orders").replace(name, &name.replace('-', "_"));
        let refused = raw::exchange(&server, &message(&head)).await;
        let reason = if name == "signature-input" { "proof_missing" } else { "wit_missing" };
        refused.assert_refused(400, reason);
    }
    assert_eq!(runs.count(), 0);
}
