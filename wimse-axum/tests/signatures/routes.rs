//! One application, several demands: what suffices is decided by route, and so is the status of refusals (AMB-19).

use axum::Router;
use axum::routing::{any, get};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method};
use wimse_core::httpsig::{ACCEPT_SIGNATURE, BaseBuilder, Derived, Limits, Message, SignatureBuilder};
use wimse_core::jose::{Algorithm, SigningKey};
use wimse_core::testing::TestDomain;
use wimse_core::{Proof, Verifier};

use crate::fixture::{CALLER, World, callers, post};
use crate::sockets::{Server, clients, optional, required, signed as with_proof_token, verifier_with};

fn taking(domain: &TestDomain, proofs: &[Proof]) -> Verifier {
    verifier_with(domain, |builder| builder.proofs(proofs.iter().copied()))
}

const TOKEN: &[Proof] = &[Proof::Wpt];
const SIGNATURE: &[Proof] = &[Proof::HttpSignature];
const EITHER: &[Proof] = &[Proof::Wpt, Proof::HttpSignature];

async fn start(world: &World) -> Server {
    let layer = |proofs| wimse_axum::authenticate(taking(&world.domain, proofs));
    let app = Router::new()
        .route("/token", any(required).layer(layer(TOKEN)))
        .route("/signature", any(required).layer(layer(SIGNATURE)))
        .route("/either", any(required).layer(layer(EITHER)));
    Server::start(app).await
}

const ROUTES: [(&str, u16); 3] = [("/token", 401), ("/signature", 400), ("/either", 401)];

#[tokio::test]
async fn amb_19_err_01_to_04_each_route_takes_its_proofs_and_answers_in_its_own_way() {
    let world = World::new();
    let server = start(&world).await;
    for client in clients() {
        for (route, status) in ROUTES {
            let token = client.send(with_proof_token(&world.caller, server.get(route))).await;
            let signature = client.send(world.signed(server.get(route), b"")).await;
            match route {
                "/token" => signature.assert_refused(status, "proof_not_accepted"),
                _ => assert_eq!(signature.ok(), CALLER),
            }
            match route {
                "/signature" => token.assert_refused(status, "proof_not_accepted"),
                _ => assert_eq!(token.ok(), CALLER),
            }
        }
    }
}

#[tokio::test]
async fn amb_19_err_03_err_04_the_status_is_that_of_the_route_and_the_proof_whatever_is_wrong() {
    let world = World::new();
    let server = start(&world).await;
    for client in clients() {
        for (route, status) in ROUTES {
            // A signature alone is answered in its own terms where it would be accepted.
            let signed = if route == "/either" { 400 } else { status };
            let mut no_token = world.signed(server.get(route), b"");
            no_token.headers_mut().remove("workload-identity-token");
            let mut bare = world.signed(server.get(route), b"");
            bare.headers_mut().remove("signature-input");
            let stranger = TestDomain::new("other.example").workload("/frontend");
            let mut cases = vec![
                (server.get(route), status, "credentials_missing"),
                (no_token, signed, "wit_missing"),
                (bare, status, "proof_missing"),
            ];
            if route != "/token" {
                let mut altered = world.signed(server.get(route), b"");
                *altered.method_mut() = Method::PUT;
                cases.push((altered, signed, "proof_signature"));
                cases.push((world.signed(post(&server, route, "x"), b"y"), signed, "digest_mismatch"));
            }
            if route != "/signature" {
                cases.push((with_proof_token(&stranger, server.get(route)), status, "trust_domain_unknown"));
            }
            for (request, status, reason) in cases {
                // The challenge is held against the status.
                let refused = client.send(request).await;
                assert_eq!(refused.status, status, "{route} {reason}");
                refused.assert_refused(status, reason);
                let wanted = refused.headers.contains_key(ACCEPT_SIGNATURE);
                let misses = ["credentials_missing", "proof_missing"].contains(&reason);
                assert_eq!(wanted, misses && route != "/token", "{route} {reason}");
            }
        }
    }
}

#[tokio::test]
async fn amb_19_limits_and_signatures_of_responses_are_set_by_layer() {
    let world = World::new();
    let routes = || Router::new().route("/orders", any(required));
    let app = Router::new()
        .nest("/small", routes().layer(world.layer().body_limit(1)))
        .nest("/large", routes().layer(world.layer().body_limit(10).sign_responses(world.own())))
        .nest("/all", routes().route_layer(world.layer().sign_all_responses(world.own())))
        .route("/public", get(async || "public"));
    let server = Server::start(app).await;
    for client in clients() {
        let send = async |target, content: &'static str| {
            client.send(world.signed(post(&server, target, content), content.as_bytes())).await
        };
        assert_eq!(send("/small/orders", "1").await.ok(), CALLER);
        send("/small/orders", "22").await.assert_refused(413, "content_too_large");
        assert_eq!(send("/large/orders", "22").await.ok(), CALLER);
        assert_eq!(client.send(server.get("/public")).await.ok(), "public");
        for (target, demanded, signed) in [
            ("/large/orders", false, false),
            ("/large/orders", true, true),
            ("/all/orders", false, true),
            ("/all/unknown", true, false),
        ] {
            let signer = world.signer();
            let signer = if demanded { signer.require_signed_responses() } else { signer };
            let checked = world.call(server.get(target), b"", &signer.build().unwrap()).send(&client).await;
            if signed {
                checked.signed()
            } else {
                checked.unsigned()
            };
        }
        let refused = world.demanding(server.get("/small/orders"), b"").send(&client).await;
        refused.unsigned().assert_refused(501, "response_not_signable");
    }
}

#[tokio::test]
async fn amb_19_err_03_anonymous_callers_get_400_where_a_caller_is_needed_and_signatures_alone_count() {
    let world = World::new();
    let layer = wimse_axum::authenticate_optional(world.verifier()).sign_responses(world.own());
    let app = Router::new().route("/required", any(required)).route("/optional", any(optional)).layer(layer);
    let server = Server::start(app).await;
    for client in clients() {
        for authorization in [None, Some("Bearer x"), Some("Basic dTpw")] {
            let stranger = |target| {
                let mut request = post(&server, target, "content that nobody signed");
                if let Some(value) = authorization {
                    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static(value));
                }
                request
            };
            assert_eq!(client.send(stranger("/optional")).await.ok(), "nobody");
            let refused = client.send(stranger("/required")).await;
            refused.assert_refused(400, "credentials_missing");
            assert!(
                refused.headers.contains_key(ACCEPT_SIGNATURE)
                    && !refused.headers.contains_key(WWW_AUTHENTICATE)
            );
        }
        // Invalid is not anonymous.
        for target in ["/required", "/optional"] {
            let altered = world.signed(post(&server, target, "x"), b"y");
            client.send(altered).await.assert_refused(400, "digest_mismatch");
            let token = with_proof_token(&world.caller, server.get(target));
            client.send(token).await.assert_refused(400, "proof_not_accepted");
        }
    }
    for caller in world.callers() {
        for target in ["/required", "/optional"] {
            assert_eq!(caller.signed(post(&server, target, "x")).await.ok(), CALLER);
        }
    }
}

/// Signatures of others say nothing about the workload, neither alone nor beside ours.
#[tokio::test]
async fn hsq_22_hsq_37_signatures_without_the_tag_are_not_looked_at() {
    let world = World::new();
    let layer = wimse_axum::authenticate_optional(world.verifier());
    let app = Router::new().route("/optional", any(optional)).layer(layer);
    let server = Server::start(app).await;
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let by_a_proxy = |request: &mut axum::extract::Request| {
        let builder = SignatureBuilder::new("proxy").cover([Derived::Method]).tag("proxy");
        let signed = builder.sign(&Message::from(&*request), &key, &mut BaseBuilder::new()).unwrap();
        signed.append_to(request.headers_mut(), &Limits::default()).unwrap();
    };
    for client in clients() {
        let mut alone = server.get("/optional");
        by_a_proxy(&mut alone);
        assert_eq!(client.send(alone).await.ok(), "nobody");
        let mut beside = world.signed(server.get("/optional"), b"");
        by_a_proxy(&mut beside);
        assert_eq!(client.send(beside).await.ok(), CALLER);
    }
    for caller in callers(&world.signer().build().unwrap()) {
        let (reply, _) = caller.call(server.get("/optional")).await.unwrap();
        assert_eq!(reply.ok(), CALLER);
    }
}
