//! Answers and servers that are not believed.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::common::{Issuer, eventually, set, verdict, verifier};
use crate::fixture::{DOMAIN, SECOND, World};
use crate::server::{Authority, End, Reply, Server};

/// The answer fails for this reason, the keys stay, and the next good answer is used.
async fn refused(reply: Reply, reason: &'static str) {
    let mut world = World::new().await;
    world.issuer = Issuer::new("example.com", "good");
    world.server.always(Reply::ok(world.issuer.set()));
    let (source, verifier) = world.ready(world.eager().max_size(64 * 1024)).await;
    let what = String::from_utf8_lossy(&reply.body[..reply.body.len().min(80)]).into_owned();
    world.server.always(reply);
    eventually(|| world.log.has("failed")).await;
    let expected = format!("failed jwks {DOMAIN} {reason}");
    assert!(world.log.has(&expected), "{what}: {expected}: {:?}", world.log.all());
    let health = source.handle().health();
    assert!(health.age.is_some());
    assert!(
        !format!("{source:?} {health:?} {}", health.last_error.clone().unwrap()).contains("secret"),
        "the query is shown"
    );
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted", "{what}");

    let next = Issuer::new("example.com", "next");
    world.server.always(Reply::ok(next.set()));
    eventually(|| world.log.count("updated") == 2).await;
    assert_eq!(verdict(&verifier, next.credential()).await, "accepted");
    assert_eq!(verdict(&verifier, world.issuer.credential()).await, "wit_key_unknown");
}

#[tokio::test]
async fn ta_10_every_malformed_set_is_refused_and_the_last_good_one_kept() {
    let (one, two) = (Issuer::new("example.com", "1"), Issuer::new("example.com", "2"));
    let complete = set([&one, &two]);
    let key = |change: &dyn Fn(&mut Value)| {
        let mut set: Value = serde_json::from_str(&complete).unwrap();
        change(&mut set["keys"][0]);
        set.to_string()
    };
    let mut cases = JoinSet::new();
    for (body, reason) in [
        (String::new(), "key_json"),
        ("null".into(), "key_json"),
        ("[]".into(), "key_json"),
        ("<html>".into(), "key_json"),
        ("{}".into(), "key_member"),
        (r#"{"keys":[]}"#.into(), "no_usable_anchor"),
        (r#"{"keys":null}"#.into(), "key_member"),
        (r#"{"keys":{}}"#.into(), "key_member"),
        (r#"{"keys":["a"]}"#.into(), "key_json"),
        (r#"{"keys":[{}]}"#.into(), "no_usable_anchor"),
        (r#"{"keys":[],"keys":[]}"#.into(), "key_json"),
        (r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.into(), "key_private"),
        (complete[..complete.len() / 2].into(), "key_json"),
        (complete[..complete.len() - 1].into(), "key_json"),
        (format!("{complete}{complete}"), "key_json"),
        (format!("\u{feff}{complete}"), "key_json"),
        (set([&one, &one]), "anchor_kid_repeated"),
        (key(&|key| key["d"] = json!("AAAA")), "key_private"),
        (key(&|key| key["x"] = json!("AAAA")), "key_member"),
        (key(&|key| key["y"] = key["x"].clone()), "key_invalid"),
        (key(&|key| key["kid"] = json!(7)), "key_member"),
        (key(&|key| key["alg"] = json!("ES384")), "key_algorithm_mismatch"),
        (complete.replace("wit-svid", "enc"), "no_usable_anchor"),
        (complete.replace("wit-svid", "jwt-svid"), "no_usable_anchor"),
        (complete.replace("\"EC\"", "\"new\""), "no_usable_anchor"),
        (format!(r#"{{"keys":{}1{}}}"#, "[".repeat(9000), "]".repeat(9000)), "key_json"),
    ] {
        cases.spawn(refused(Reply::ok(body), reason));
    }
    cases.spawn(refused(Reply::ok(vec![0xff; 10]), "key_json"));
    let gzip = Reply::ok([0x1f, 0x8b, 8, 0]).header("content-encoding", "gzip");
    cases.spawn(refused(gzip, "key_json"));
    cases.join_all().await;
}

#[tokio::test]
async fn every_other_status_is_a_failure_even_with_good_keys() {
    let mut cases = JoinSet::new();
    for status in [201, 203, 204, 206, 400, 401, 403, 404, 410, 429, 500, 502, 503] {
        let keys = Issuer::new("example.com", "other").set();
        let body = if status == 204 { String::new() } else { keys };
        cases.spawn(refused(Reply { status, ..Reply::ok(body) }, "jwks_status"));
    }
    cases.join_all().await;
}

#[tokio::test]
async fn too_much_is_not_read() {
    let keys = Issuer::new("example.com", "other").set();
    let padded = |size: usize| format!("{keys}{}", " ".repeat(size - keys.len()));
    refused(Reply::ok(padded(64 * 1024 + 1)), "jwks_too_large").await;
    refused(Reply::ok(padded(64 * 1024 + 1)).end(End::Broken), "jwks_too_large").await;

    // Control: exactly the limit is fine.
    let world = World::new().await;
    world.server.always(Reply::ok(padded(64 * 1024)));
    drop(world.ready(world.eager().max_size(64 * 1024)).await);

    // An answer without length and without end is given up early.
    let world = World::new().await;
    world.server.always(Reply::ok(" ".repeat(10_000)).end(End::Never));
    let source = world.eager().max_size(64 * 1024).refresh_bounds(60 * SECOND, 60 * SECOND).start().unwrap();
    let error = source.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "jwks_too_large");
    let sent = world.server.counts().sent.load(Ordering::SeqCst) / world.server.requests();
    assert!(sent < 8 << 20, "{sent}");
}

#[tokio::test]
async fn ta_03_no_redirect_is_followed() {
    let mut cases = JoinSet::new();
    for status in [301, 302, 303, 307, 308] {
        cases.spawn(async move {
            let world = World::new().await;
            let other = Server::start(&world.authority).await;
            other.always(Reply::ok(Issuer::new("example.com", "evil").set()));
            let (_source, verifier) = world.ready(world.eager()).await;
            for location in [other.url(), world.server.url(), "/elsewhere".into()] {
                let before = world.log.count("jwks_redirect");
                world.server.always(Reply::status(status).header("location", location));
                eventually(|| world.log.count("jwks_redirect") > before).await;
            }
            assert_eq!(other.requests(), 0);
            assert_eq!(verdict(&verifier, world.issuer.credential()).await, "accepted");
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn ta_02_a_server_that_is_not_the_one_is_not_believed() {
    let world = World::new().await;
    let other = Authority::new();
    let wrong_ca = Server::start(&other).await;
    let wrong_name = Server::named(&world.authority, "issuer.example.com").await;
    let no_tls = Server::plaintext().await;
    let keys = Reply::ok(Issuer::new("example.com", "evil").set());
    for (server, url) in [
        (&wrong_ca, wrong_ca.url()),
        (&wrong_name, wrong_name.url()),
        (&no_tls, no_tls.url().replace("http:", "https:")),
    ] {
        server.always(keys.clone());
        let source = world.builder().domain("example.com", &url).start().unwrap();
        let error = source.handle().ready(SECOND).await.unwrap_err();
        assert_eq!(error.last_error().unwrap().reason(), "jwks_unreachable", "{url}");
        assert_eq!(server.requests(), 0);
        assert!(source.trust_store().anchors().is_none());
    }
    // The roots of the system do not count beside those that were given, nor the other way round.
    let source = wimse_identity::jwks::JwksAnchors::builder()
        .domain("example.com", world.server.url())
        .start()
        .unwrap();
    let error = source.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "jwks_unreachable");
    assert_eq!(world.server.requests(), 0);
}

#[tokio::test]
async fn plain_http_is_for_the_loopback_and_only_by_choice() {
    let server = Server::plaintext().await;
    let issuer = Issuer::new("example.com", "k");
    server.always(Reply::ok(issuer.set()));
    let builder = || wimse_identity::jwks::JwksAnchors::builder().domain("example.com", server.url());
    assert!(builder().start().unwrap_err().to_string().contains("https"));
    let source = builder().allow_plaintext_loopback().start().unwrap();
    source.handle().ready(5 * SECOND).await.unwrap();
    assert_eq!(verdict(&verifier(source.trust_store()), issuer.credential()).await, "accepted");
}
