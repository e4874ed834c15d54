//! Neither `Debug` nor an error shows a secret.

use serde::Deserialize;
use wimse_config::{Config, ConfigError, from_toml, read};

use crate::fixture::{changed, start};

/// Stands for every secret, wherever somebody writes it.
const SECRET: &str = "hunter2";

/// Rows whose value holds the secret, in the right place and in wrong ones.
const MISPLACED: &[(&str, &str)] = &[
    ("server.replay", r#""redis://:hunter2@cache""#),
    ("server.replay.redis", r#""redis://:hunter2@cache""#),
    ("server.replay.redis.url", r#""redis://:hunter2@cache""#),
    ("server.replay.redis.url", r#""redis://user:hunter2@cache/0""#),
    ("server.replay.redis.url", r#""redis://a redis://:hunter2@b""#),
    ("server.replay.redis.url", r#""redis+unix:///run/redis.sock?pass=hunter2""#),
    ("server.replay.redis.url", r#""hunter2""#),
    ("server.replay.redis.url", r#"["redis://:hunter2@cache"]"#),
    ("server.replay.redis.cluster", r#""hunter2""#),
    ("server.body_limit", r#""hunter2""#),
    ("server.context_tokens", r#""hunter2""#),
    ("trust.jwks.proxy.url", r#""http://user:hunter2@proxy""#),
    ("trust.jwks.proxy", r#""http://user:hunter2@proxy""#),
    ("trust.domains", r#"[{ name = "example.com", jwks = "https://user:hunter2@issuer" }]"#),
    ("identity.server.base_url", r#""https://user:hunter2@identity""#),
    ("identity.server", r#""hunter2""#),
];

fn shows_nothing(error: &ConfigError, row: &str) {
    let text = format!("{error} {error:?}");
    assert!(!text.contains(SECRET), "{row}: {text}");
}

#[tokio::test]
async fn no_error_repeats_a_secret() {
    for (key, value) in MISPLACED {
        let text = changed(&[("server.replay.memory", ""), (key, value)]);
        shows_nothing(&start(&text).unwrap_err(), &text);
        // The same through another format, whose errors are its own.
        let json = serde_json::to_string(&toml_value(&text)).unwrap();
        let read: Result<Config, _> = read(&mut serde_json::Deserializer::from_str(&json));
        shows_nothing(&read.unwrap_err(), &json);
    }
}

#[test]
fn no_syntax_error_shows_its_line() {
    for text in
        ["server.replay.redis.url = \"redis://:hunter2@cache", "hunter2", "url = redis://:hunter2@cache"]
    {
        let error = from_toml::<Config>(text).unwrap_err();
        assert_eq!((error.path(), error.reason()), (".", "syntax"), "{error}");
        shows_nothing(&error, text);
    }
}

#[test]
fn debug_shows_where_secrets_are_and_not_what_they_are() {
    let text = changed(&[
        ("server.replay.memory", ""),
        ("server.replay.redis.url", r#""redis://user@cache.internal/0""#),
        (
            "trust.domains",
            r#"[{ name = "example.com", jwks = "https://issuer.example/keys?token=hunter2" }]"#,
        ),
        ("trust.jwks.proxy.url", r#""http://hunter2@proxy.internal:3128""#),
    ]);
    let config: Config = from_toml(&text).unwrap();
    let shown = format!("{config:?} {:?}", config.starter());
    assert!(!shown.contains(SECRET), "{shown}");
    for host in ["redis://cache.internal/…", "https://issuer.example/…", "http://proxy.internal/…"] {
        assert!(shown.contains(host), "{host}: {shown}");
    }
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn what_files_hold_is_never_shown() {
    let folder = crate::fixture::Folder::full();
    for (text, reason) in [
        ("hunter2", "invalid_url"),
        ("redis://:hunter2@cache redis://:hunter2@other", "invalid_url"),
        ("ftp://:hunter2@cache", "invalid_url"),
        (" \n", "empty"),
    ] {
        folder.write("redis.url", text);
        let config: Config = from_toml(&changed(&[
            ("server.replay.memory", ""),
            ("server.replay.redis.url_file", r#""redis.url""#),
        ]))
        .unwrap();
        let error = config.starter().base_dir(folder.path()).start().unwrap_err();
        assert_eq!((error.path(), error.reason()), ("server.replay.redis.url_file", reason), "{error}");
        shows_nothing(&error, text);
    }
    folder.write("redis.url", "redis://:hunter2@127.0.0.1:1\n");
    let running = folder
        .start(&changed(&[("server.replay.memory", ""), ("server.replay.redis.url_file", r#""redis.url""#)]));
    let error = running.ready(std::time::Duration::from_millis(300)).await.unwrap_err();
    let shown = format!("{running:?} {error} {error:?}");
    assert!(!shown.contains(SECRET), "{shown}");
}

/// The same configuration as a value of another format.
fn toml_value(text: &str) -> serde_json::Value {
    let tables = toml::Deserializer::parse(text).unwrap();
    serde_json::Value::deserialize(tables).unwrap()
}
