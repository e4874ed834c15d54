//! What is wrong is named: the path of the key and a stable reason.

mod client;
mod features;
mod reading;
mod server;

use wimse_config::ConfigError;

use crate::fixture::{changed, start};

/// Other lines than those of the sound configuration, the path of the error, and its reason.
type Row = (&'static [(&'static str, &'static str)], &'static str, &'static str);

/// A source that is tested is the only one of its kind.
fn text(changes: &[(&str, &str)]) -> String {
    let mut changes = changes.to_vec();
    if changes.iter().any(|(key, _)| key.starts_with("identity.server")) {
        changes.extend([("identity.file.token", ""), ("identity.file.key", "")]);
    }
    if changes.iter().any(|(key, value)| *key == "identity.spiffe" && value.len() > 3) {
        changes.extend([("identity.file.token", ""), ("identity.file.key", "")]);
    }
    if changes.iter().any(|(key, _)| key.starts_with("server.replay.redis")) {
        changes.push(("server.replay.memory", ""));
    }
    changed(&changes)
}

fn check(rows: &[Row]) {
    for (changes, path, reason) in rows {
        let text = text(changes);
        let error: ConfigError = match start(&text) {
            Ok(_) => panic!("it started:\n{text}"),
            Err(error) => error,
        };
        assert_eq!((error.path(), error.reason()), (*path, *reason), "{error}\n{text}");
        assert_eq!(error.to_string(), format!("{path}: {}", error.message()));
        if *reason == "missing" {
            assert!(error.message().len() > "missing: ".len(), "it does not say what to write: {error}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read() {
    check(reading::READING);
}

#[tokio::test]
async fn amb_13_a_server_that_is_undecided_or_wrong() {
    check(server::SERVER);
}

#[tokio::test]
async fn a_client_that_is_undecided_or_wrong() {
    check(client::CLIENT);
}

#[cfg(feature = "jwks")]
#[tokio::test]
async fn ta_02_jwks_that_cannot_be_used() {
    check(features::JWKS);
}

#[cfg(feature = "server")]
#[tokio::test]
async fn an_identity_server_that_cannot_be_used() {
    check(features::IDENTITY_SERVER);
}

#[cfg(feature = "spiffe")]
#[tokio::test]
async fn a_workload_api_that_cannot_be_used() {
    check(features::SPIFFE);
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_redis_that_cannot_be_used() {
    check(features::REDIS);
}

#[tokio::test]
async fn what_needs_a_feature_says_which() {
    check(features::OFF);
    for (changes, _, _) in features::OFF {
        assert!(start(&text(changes)).unwrap_err().message().contains("feature `"));
    }
}

#[tokio::test]
async fn errors_say_what_to_write() {
    for (changes, expected) in [
        (("server.replay.memory", ""), "server.replay: missing: write `memory`"),
        (("server.audiences.base_urls", ""), "server.audiences: missing: write `audiences.base_urls`"),
        (("server.limits.leeway", "\"5 min\""), "as in \"60s\""),
        (("client.proof", "\"jwt\""), "is none of \"wpt\", \"http-signature\""),
        (("server.bodylimit", "1"), "`body_limit`"),
    ] {
        let error = start(&changed(&[changes])).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
