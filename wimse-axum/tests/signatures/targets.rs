//! The signature covers path and query as they were sent, wherever the layer is and whatever form the target has (AMB-32).

use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::routing::get;
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use wimse_axum::{AuthenticateLayer, Workload};
use wimse_core::{Audience, Audiences, Proof, SignOptions};

use crate::fixture::World;
use crate::raw;
use crate::sockets::{Reply, Server, clients, copy};

/// Answers with the path that the router left, and with the target as it was sent.
async fn targets(_: Workload, stripped: Uri, OriginalUri(original): OriginalUri) -> String {
    let query = original.query().map_or("none".to_owned(), |query| format!("{query:?}"));
    format!("{} of {}, query {query}", stripped.path(), original.path())
}

/// Takes the audience `orders`, so that nothing but the signature says which target is meant.
fn layer(world: &World) -> AuthenticateLayer {
    let verifier = world.domain.verifier(Audiences::exact(["orders"])).proofs([Proof::HttpSignature]);
    wimse_axum::authenticate(verifier.build().unwrap())
}

async fn anywhere(world: &World) -> Server {
    Server::start(Router::new().fallback(targets).layer(layer(world))).await
}

fn signed(world: &World, mut request: Request) -> Request {
    world.caller.sign_content(&mut request, b"", &SignOptions::default().audience(Audience::fixed("orders")));
    request
}

/// What was signed for `from`, sent to `to`.
fn moved(world: &World, server: &Server, from: &str, to: &str) -> Request {
    let mut request = signed(world, server.get(from));
    *request.uri_mut() = server.get(to).uri().clone();
    request
}

#[tokio::test]
async fn hsq_02_amb_32_under_two_nests_the_path_that_was_sent_is_the_one_that_is_signed() {
    let world = World::new();
    let orders = || Router::new().route("/orders/{id}", get(targets));
    let nest = |inner| Router::new().nest("/api", Router::new().nest("/v1", inner));
    for (place, app) in [
        ("innermost", nest(orders().layer(layer(&world)))),
        ("innermost route_layer", nest(orders().route_layer(layer(&world)))),
        ("between", Router::new().nest("/api", Router::new().nest("/v1", orders()).layer(layer(&world)))),
        ("outermost", nest(orders()).layer(layer(&world))),
        (
            "in a service",
            Router::new().nest_service("/api", Router::new().nest("/v1", orders()).layer(layer(&world))),
        ),
    ] {
        let server = Server::start(app).await;
        for client in clients() {
            let sent = "/api/v1/orders/7?page=2";
            let reply = client.send(signed(&world, server.get(sent))).await;
            assert_eq!(reply.ok(), "/orders/7 of /api/v1/orders/7, query \"page=2\"", "{place}");
            for stripped in ["/orders/7?page=2", "/v1/orders/7?page=2", "/api/v1/orders/7"] {
                let refused = client.send(moved(&world, &server, stripped, sent)).await;
                assert_eq!(refused.status, 400, "{stripped}, layer {place}");
                refused.assert_refused(400, "proof_signature");
            }
        }
    }
}

/// Octets that are another target must not be covered by the same signature, however alike they look.
#[tokio::test]
async fn hsq_02_hsq_03_amb_32_targets_are_compared_octet_by_octet() {
    let world = World::new();
    let server = anywhere(&world).await;
    for client in clients() {
        for (target, others) in [
            ("/a%2Fb", ["/a/b", "/a%2fb", "/a%252Fb"]),
            ("/%7Ea?b=%7E", ["/~a?b=%7E", "/%7Ea?b=~", "/%7ea?b=%7E"]),
            ("//x", ["/x", "///x", "//x/"]),
            ("//x.example/y", ["/x.example/y", "/y", "//X.example/y"]),
            ("/a/../b/./c", ["/b/c", "/a/../b/c", "/b/./c"]),
            ("/x?", ["/x??", "/x?=", "/x?%20"]),
            ("/x?a=1&b=2", ["/x?b=2&a=1", "/x?a=1&b=2&", "/x?a=1;b=2"]),
            ("/x?a+b", ["/x?a%20b", "/x?a%2Bb", "/x"]),
        ] {
            let reply = client.send(signed(&world, server.get(target))).await;
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert!(reply.ok().starts_with(&format!("{path} of {path}, query ")), "{reply:?}");
            assert!(reply.ok().contains(query));
            for other in others {
                client
                    .send(moved(&world, &server, target, other))
                    .await
                    .assert_refused(400, "proof_signature");
                client
                    .send(moved(&world, &server, other, target))
                    .await
                    .assert_refused(400, "proof_signature");
            }
        }
    }
}

/// RFC 9421 §2.2.7: `?` is the value of both.
#[tokio::test]
async fn hsq_03_an_empty_query_and_none_are_the_same_to_the_signature() {
    let world = World::new();
    let server = anywhere(&world).await;
    for client in clients() {
        let sent = client.send(moved(&world, &server, "/x", "/x?")).await;
        assert_eq!(sent.ok(), "/x of /x, query \"\"");
        let sent = client.send(moved(&world, &server, "/x?", "/x")).await;
        assert_eq!(sent.ok(), "/x of /x, query none");
    }
}

#[tokio::test]
async fn amb_32_an_absolute_target_is_the_same_as_its_path_and_an_empty_path_is_a_slash() {
    let world = World::new();
    let server = anywhere(&world).await;
    for (signed_for, sent, seen) in [
        ("/x?q=1", "/x?q=1", "/x of /x, query \"q=1\""),
        ("/x?q=1", "http://orders.example.com/x?q=1", "/x of /x, query \"q=1\""),
        ("/x", "https://user@OTHER.example:99/x", "/x of /x, query none"),
        ("//x", "http://orders.example.com//x", "//x of //x, query none"),
        ("/a%2Fb", "http://orders.example.com/a%2Fb", "/a%2Fb of /a%2Fb, query none"),
        ("/", "http://orders.example.com", "/ of /, query none"),
        ("/?x", "http://orders.example.com?x", "/ of /, query \"x\""),
        ("/x", "/x?", "/x of /x, query \"\""),
        // Nobody sends one, and nobody gets to see it.
        ("/x?q", "/x?q#fragment", "/x of /x, query \"q\""),
    ] {
        let request = signed(&world, server.get(signed_for));
        let reply = raw::exchange(&server, raw::head(&request, sent).as_bytes()).await;
        assert_eq!(reply.ok(), seen, "{sent}");
    }
    for (signed_for, sent) in [
        ("/x", "http://orders.example.com/y"),
        ("/x", "http://orders.example.com/x/"),
        ("//orders.example.com/x", "http://orders.example.com/x"),
        ("/", "http://orders.example.com?x"),
    ] {
        let request = signed(&world, server.get(signed_for));
        let refused = raw::exchange(&server, raw::head(&request, sent).as_bytes()).await;
        refused.assert_refused(400, "proof_signature");
    }
}

/// With credentials that would do elsewhere.
#[tokio::test]
async fn amb_32_connect_and_options_for_the_whole_server_are_refused() {
    let world = World::new();
    let server = anywhere(&world).await;
    for (method, target) in [
        ("OPTIONS", "*"),
        ("CONNECT", "orders.example.com:443"),
        ("CONNECT", "/"),
        ("CONNECT", "http://orders.example.com/"),
    ] {
        let request = signed(&world, server.get("/"));
        let head = raw::head(&request, target).replacen("GET", method, 1);
        let refused = raw::exchange(&server, head.as_bytes()).await;
        refused.assert_refused(400, "request_target");
    }

    let authority = server.get("/").uri().authority().unwrap().clone();
    let mut star = Uri::from_static("*").into_parts();
    (star.scheme, star.authority) = (Some(Scheme::HTTP), Some(authority.clone()));
    star.path_and_query = Some(PathAndQuery::from_static("*"));
    for (method, target) in [
        (Method::OPTIONS, Uri::from_parts(star).unwrap()),
        (Method::CONNECT, authority.as_str().parse().unwrap()),
    ] {
        let mut request = copy(&signed(&world, server.get("/")));
        (*request.method_mut(), *request.uri_mut()) = (method, target);
        *request.version_mut() = Version::HTTP_2;
        let stream = TokioIo::new(raw::connect(&server).await);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let refused = Reply::of(sender.send_request(request).await.unwrap()).await;
        refused.assert_refused(400, "request_target");
    }
}

/// Octets that are no URI: refused by whoever sees them first, and no handler is run.
#[tokio::test]
async fn amb_32_targets_outside_of_ascii_are_refused() {
    let world = World::new();
    let server = anywhere(&world).await;
    let request = signed(&world, server.get("/caf%C3%A9"));
    for target in ["/café", "/x?é", "/x y", "/x\\y", "x"] {
        let refused = raw::exchange(&server, raw::head(&request, target).as_bytes()).await;
        assert!(refused.0.starts_with("HTTP/1.1 400 "), "{target}: {refused:?}");
    }
}
