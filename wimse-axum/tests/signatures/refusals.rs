//! Which errors are signed: whatever comes from inside the layer. Its own refusals are not, since a copy of somebody's request
//! would be enough to get one.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post as on_post};
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use serde_json::Value;
use wimse_axum::Workload;
use wimse_core::{Rejection, policy};

use crate::fixture::{Call, World, post};
use crate::sockets::{Reply, Server, clients, copy, required};

/// Shows what an outer layer finds in the extensions of a response.
async fn reveal(mut response: Response) -> Response {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        let reason = HeaderValue::from_static(rejection.reason().code());
        response.headers_mut().insert("x-reason", reason);
    }
    response
}

fn revealed(reply: &Reply) -> Option<&str> {
    reply.headers.get("x-reason").map(|value| value.to_str().unwrap())
}

async fn typed(_: Workload, Json(order): Json<Value>) -> Json<Value> {
    Json(order)
}

async fn counted(_: Workload, Json(order): Json<Vec<u8>>) -> Json<usize> {
    Json(order.len())
}

async fn start(world: &World) -> Server {
    let nobody = policy::exact(["wimse://example.com/nobody"]).unwrap();
    let app = Router::new()
        .route("/orders", get(required))
        .route("/typed", on_post(typed))
        .route("/counted", on_post(counted))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/closed", get(required).layer(wimse_axum::authorize(nobody)))
        .layer(world.signing().body_limit(1000))
        .layer(map_response(reveal));
    Server::start(app).await
}

fn json(server: &Server, target: &str, content: &'static str) -> Request {
    let mut request = post(server, target, content);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

#[tokio::test]
async fn hsr_02_errors_of_the_application_are_signed() {
    let world = World::new();
    let server = start(&world).await;
    for caller in world.callers() {
        for (request, status) in [
            (server.get("/unknown"), 404),
            (server.request(Method::DELETE, "/orders"), 405),
            (json(&server, "/typed", "{"), 400),
            (json(&server, "/counted", "{}"), 422),
            (post(&server, "/typed", "{}"), 415),
            (server.get("/broken"), 500),
        ] {
            let reply = caller.signed(request).await;
            assert_eq!(reply.status, status);
            assert_eq!(revealed(&reply), None);
        }
        assert_eq!(caller.signed(json(&server, "/counted", "[1,2]")).await.ok(), "2");
    }
}

#[tokio::test]
async fn hsr_02_err_06_refusals_by_authorization_are_signed() {
    let world = World::new();
    let server = start(&world).await;
    for caller in world.callers() {
        let refused = caller.signed(server.get("/closed")).await;
        refused.assert_refused(403, "caller_not_allowed");
        assert_eq!(revealed(&refused), Some("caller_not_allowed"));
    }
}

/// Who has the head of a request can send it again, with this content or that, before or after the caller does. What comes
/// of that must not be tied to the caller's nonce.
#[tokio::test]
async fn hsr_16_err_06_a_copy_of_a_request_gets_nothing_signed_and_does_not_disturb_the_request() {
    let world = World::new();
    let server = start(&world).await;
    for client in clients() {
        let content = "{}";
        let call = world.demanding(json(&server, "/typed", content), content.as_bytes());
        let again = |body: Body| copy(&call.request).map(|_| body);
        for (body, status, reason) in [
            (Body::from("[]"), 400, "digest_mismatch"),
            (Body::empty(), 400, "digest_mismatch"),
            (Body::from(vec![b' '; 1001]), 413, "content_too_large"),
        ] {
            let refused =
                world.demanding(json(&server, "/typed", content), b"").altered(|r| *r = again(body));
            let refused = refused.send(&client).await;
            refused.unsigned().assert_refused(status, reason);
            assert_eq!(revealed(&refused.reply), Some(reason));
        }
        let late = again(Body::from(content));
        assert_eq!(call.send(&client).await.signed().ok(), content);
        let refused = world.demanding(json(&server, "/typed", content), b"").altered(|r| *r = late);
        let refused = refused.send(&client).await;
        refused.unsigned().assert_refused(400, "replayed");
        assert_eq!(revealed(&refused.reply), Some("replayed"));
    }
}

fn without(field: &'static str) -> impl Fn(Call) -> Call {
    move |call| {
        call.altered(|request| {
            request.headers_mut().remove(field);
        })
    }
}

#[tokio::test]
async fn hsr_02_err_03_a_request_whose_own_signature_is_not_valid_gets_no_signature() {
    let world = World::new();
    let server = start(&world).await;
    let stranger = crate::sockets::domain().workload("/frontend");
    type Spoil<'a> = (&'a str, &'a dyn Fn(Call) -> Call);
    let spoils: [Spoil<'_>; 7] = [
        ("credentials_missing", &|call| call.altered(|request| request.headers_mut().clear())),
        ("proof_missing", &without("signature-input")),
        ("proof_malformed", &without("signature")),
        ("wit_missing", &without("workload-identity-token")),
        ("audience_mismatch", &|call| call.altered(|r| *r.uri_mut() = server.get("/closed").uri().clone())),
        ("proof_signature", &|call| call.altered(|r| *r.method_mut() = Method::HEAD)),
        ("wit_signature", &|call| {
            call.altered(|request| {
                let token = stranger.token().parse().unwrap();
                request.headers_mut().insert("workload-identity-token", token);
            })
        }),
    ];
    for client in clients() {
        for (reason, spoil) in spoils {
            let checked = spoil(world.demanding(server.get("/orders"), b"")).send(&client).await;
            let reply = checked.unsigned();
            assert_eq!((reply.status.as_u16(), revealed(reply)), (400, Some(reason)));
        }
    }
}

fn teapot(rejection: &Rejection) -> http::Response<Bytes> {
    let mut response = http::Response::new(format!("no: {}", rejection.reason()).into());
    *response.status_mut() = StatusCode::IM_A_TEAPOT;
    response
}

/// A response that forgets its status.
fn fine(rejection: &Rejection) -> http::Response<Bytes> {
    http::Response::new(format!("no: {}", rejection.reason()).into())
}

#[tokio::test]
async fn err_06_hsr_04_a_response_of_ones_own_is_no_success_and_is_signed_where_the_error_is() {
    let world = World::new();
    type Respond = fn(&Rejection) -> http::Response<Bytes>;
    for (respond, status) in [(teapot as Respond, [418, 418]), (fine, [400, 501])] {
        let layer = world.signing().response_limit(1).on_rejection(respond);
        let app = Router::new().route("/typed", on_post(typed)).layer(layer).layer(map_response(reveal));
        let server = Server::start(app).await;
        for client in clients() {
            let checked = world.demanding(json(&server, "/typed", "{}"), b"[]").send(&client).await;
            let reply = checked.unsigned();
            assert_eq!((reply.status.as_u16(), &reply.body[..]), (status[0], &b"no: digest_mismatch"[..]));
            assert_eq!(revealed(reply), Some("digest_mismatch"));

            let checked = world.demanding(json(&server, "/typed", "{}"), b"{}").send(&client).await;
            let reply = checked.signed();
            assert_eq!(
                (reply.status.as_u16(), &reply.body[..]),
                (status[1], &b"no: response_not_signable"[..])
            );
            assert_eq!(revealed(reply), Some("response_not_signable"));
        }
    }
}
