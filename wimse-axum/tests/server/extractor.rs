//! The caller as a handler's argument: required, optional, anonymous, refused.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{Audience, Revision, SignOptions};

use crate::fixture::{BASE, Server, clients, domain, optional, required, signed, signed_for, verifier};

const WIT: &str = "workload-identity-token";

fn app(domain: &TestDomain) -> Router {
    Router::new()
        .route("/required", get(required))
        .route("/optional", get(optional))
        .layer(wimse_axum::authenticate_optional(verifier(domain)))
}

// The identity in the handler: DarrenBaldwin07/clerk-rs#68, tokio-rs/axum#795.
#[tokio::test]
async fn wit_38_id_25_the_handler_gets_the_validated_caller_required_or_optional() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let server = Server::start(app(&domain)).await;
    for client in clients() {
        for path in ["/required", "/optional"] {
            let reply = client.send(signed(&caller, server.get(path))).await;
            assert_eq!(reply.ok(), "wimse://example.com/frontend", "{path}");
        }
    }
}

// Missing is none, and a 401 where a caller is needed: tokio-rs/axum#1883, #3665, #3182.
#[tokio::test]
async fn err_04_wpt_41_anonymous_is_none_as_an_option_and_401_where_a_caller_is_required() {
    let server = Server::start(app(&domain())).await;
    // WPT-35: somebody else's credentials in Authorization say nothing about the workload.
    let strangers =
        [None, Some("Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln"), Some("Basic dTpw"), Some("WPTX token")];
    for client in clients() {
        for authorization in strangers {
            let request = |path| {
                let mut request = server.get(path);
                if let Some(value) = authorization {
                    let value = HeaderValue::from_static(value);
                    request.headers_mut().insert(AUTHORIZATION, value);
                }
                request
            };
            assert_eq!(client.send(request("/optional")).await.ok(), "nobody");
            let refused = client.send(request("/required")).await;
            refused.assert_refused(401, "credentials_missing");
        }
    }
}

#[tokio::test]
async fn wit_21_without_the_option_a_request_without_credentials_reaches_no_handler() {
    let domain = domain();
    let app =
        Router::new().route("/optional", get(optional)).layer(wimse_axum::authenticate(verifier(&domain)));
    let server = Server::start(app).await;
    for client in clients() {
        let refused = client.send(server.get("/optional")).await;
        refused.assert_refused(401, "credentials_missing");
    }
}

/// Who calls in the table of invalid credentials.
struct Cast {
    frontend: TestWorkload,
    backend: TestWorkload,
    impostor: TestWorkload,
    stranger: TestWorkload,
}

type Spoil = fn(&Cast, Request<Body>) -> Request<Body>;

const INVALID: [(&str, Spoil, u16); 13] = [
    ("proof_missing", without_proof, 401),
    ("proof_missing", with_a_bearer_token_instead, 401),
    ("wit_missing", |c, r| without(signed(&c.frontend, r), WIT), 401),
    ("wit_repeated", |c, r| with_another(r, c, WIT, c.frontend.token()), 401),
    ("proof_repeated", |c, r| with_another(r, c, "authorization", "Bearer x"), 401),
    ("proof_malformed", |c, r| with(signed(&c.frontend, r), "authorization", b"WPT"), 401),
    // No panic on hostile field values: junkurihara/httpsig-rs#29, cloudflare/web-bot-auth#114.
    ("wit_malformed", |c, r| with(signed(&c.frontend, r), WIT, b"\xff\xfe"), 401),
    ("proof_malformed", |c, r| with(signed(&c.frontend, r), "authorization", b"WPT \xff"), 401),
    ("proof_wit_mismatch", |c, r| with(signed(&c.frontend, r), WIT, c.backend.token().as_bytes()), 401),
    ("wit_signature", |c, r| signed(&c.impostor, r), 401),
    ("trust_domain_unknown", |c, r| signed(&c.stranger, r), 401),
    ("audience_mismatch", |c, r| signed_for(&c.frontend, "https://other.example.com/", r), 401),
    ("revision_not_accepted", of_the_older_revision, 401),
];

// Invalid is refused even where missing would pass: tokio-rs/axum#1883, cduvray/jwt-authorizer#16, #31.
#[tokio::test]
async fn wit_22_wpt_04_err_04_invalid_credentials_are_refused_where_none_would_pass() {
    let domain = domain();
    let cast = Cast {
        frontend: domain.workload("/frontend"),
        backend: domain.workload("/backend"),
        impostor: TestDomain::new("example.com").workload("/frontend"),
        stranger: TestDomain::new("elsewhere.example").workload("/frontend"),
    };
    let server = Server::start(app(&domain)).await;
    for client in clients() {
        for (reason, spoil, status) in INVALID {
            for path in ["/required", "/optional"] {
                let reply = client.send(spoil(&cast, server.get(path))).await;
                reply.assert_refused(status, reason);
            }
        }
    }
}

fn without_proof(cast: &Cast, request: Request<Body>) -> Request<Body> {
    without(signed(&cast.frontend, request), "authorization")
}

fn with_a_bearer_token_instead(cast: &Cast, request: Request<Body>) -> Request<Body> {
    let token = ["Bearer ", cast.frontend.token()].concat();
    with(signed(&cast.frontend, request), "authorization", token.as_bytes())
}

fn of_the_older_revision(cast: &Cast, mut request: Request<Body>) -> Request<Body> {
    let signer = cast.frontend.signer().revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let options = SignOptions::default().audience(Audience::base_url(BASE).unwrap());
    let _ = signer.sign_request(&mut request, None, &options).unwrap();
    request
}

fn without(mut request: Request<Body>, field: &'static str) -> Request<Body> {
    request.headers_mut().remove(field).unwrap();
    request
}

fn with(mut request: Request<Body>, field: &'static str, value: &[u8]) -> Request<Body> {
    let value = HeaderValue::from_bytes(value).unwrap();
    request.headers_mut().insert(field, value);
    request
}

fn with_another(request: Request<Body>, cast: &Cast, field: &'static str, value: &str) -> Request<Body> {
    let mut request = signed(&cast.frontend, request);
    request.headers_mut().append(field, value.parse().unwrap());
    request
}
