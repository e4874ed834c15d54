//! What is behind features.

use super::Row;

#[cfg(feature = "jwks")]
pub(super) const JWKS: &[Row] = &[
    (
        &[("trust.domains", r#"[{ name = "example.com", jwks = "http://issuer.example/keys" }]"#)],
        "trust.domains[0].jwks",
        "plaintext",
    ),
    (
        &[
            ("trust.jwks.allow_plaintext_loopback", "true"),
            (
                "trust.domains",
                r#"[{ name = "a.example", file = "k" }, { name = "b.example", jwks = "http://b.example/" }]"#,
            ),
        ],
        "trust.domains[1].jwks",
        "plaintext",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", jwks = "https://u@issuer.example/keys" }]"#)],
        "trust.domains[0].jwks",
        "invalid_url",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", jwks = "https://issuer.example/#keys" }]"#)],
        "trust.domains[0].jwks",
        "invalid_url",
    ),
    (
        &[("trust.jwks.root_certificates", r#""/no/such/file""#), ("trust.domains", HTTPS)],
        "trust.jwks.root_certificates",
        "file_unreadable",
    ),
    (
        &[("trust.jwks.root_certificates", r#""Cargo.toml""#), ("trust.domains", HTTPS)],
        "trust.jwks.root_certificates",
        "invalid_certificates",
    ),
    (
        &[(
            "trust.domains",
            r#"[{ name = "a.example", jwks = "https://a.example/", root_certificates = "Cargo.toml" }]"#,
        )],
        "trust.domains[0].root_certificates",
        "invalid_certificates",
    ),
    (&[("trust.jwks.proxy", "{ }"), ("trust.domains", HTTPS)], "trust.jwks.proxy.url", "missing"),
    (
        &[("trust.jwks.proxy", r#"{ url = "http://p", url_env = "P" }"#), ("trust.domains", HTTPS)],
        "trust.jwks.proxy",
        "conflict",
    ),
    (
        &[("trust.jwks.proxy.url_env", r#""WIMSE_CONFIG_TEST_NOT_SET""#), ("trust.domains", HTTPS)],
        "trust.jwks.proxy.url_env",
        "env_missing",
    ),
    (
        &[("trust.jwks.refresh_bounds.shortest", r#""1m""#), ("trust.domains", HTTPS)],
        "trust.jwks.refresh_bounds.longest",
        "missing",
    ),
    (
        &[("trust.jwks.refresh_bounds", r#"{ shortest = "2m", longest = "1m" }"#), ("trust.domains", HTTPS)],
        "trust.jwks.refresh_bounds",
        "out_of_range",
    ),
    (
        &[("trust.jwks.cool_down", r#""0s""#), ("trust.domains", HTTPS)],
        "trust.jwks.cool_down",
        "out_of_range",
    ),
    (
        &[("trust.jwks.refresh_interval", r#""31d""#), ("trust.domains", HTTPS)],
        "trust.jwks.refresh_interval",
        "out_of_range",
    ),
    (
        &[("trust.jwks.stale_limit", r#""1m""#), ("trust.domains", HTTPS)],
        "trust.jwks.stale_limit",
        "out_of_range",
    ),
    (&[("trust.jwks.max_size", "0"), ("trust.domains", HTTPS)], "trust.jwks.max_size", "out_of_range"),
];

#[cfg(feature = "jwks")]
const HTTPS: &str = r#"[{ name = "example.com", jwks = "https://issuer.example/keys" }]"#;

#[cfg(feature = "server")]
pub(super) const IDENTITY_SERVER: &[Row] = &[
    (&[("identity.server.join_token_file", r#""t""#)], "identity.server.base_url", "missing"),
    (&[("identity.server.base_url", r#""https://identity.example""#)], "identity.server", "missing"),
    (
        &[(
            "identity.server",
            r#"{ base_url = "https://i.example", join_token_env = "T", join_token_file = "t" }"#,
        )],
        "identity.server",
        "conflict",
    ),
    (
        &[("identity.server", r#"{ base_url = "http://i.example", join_token_file = "t" }"#)],
        "identity.server.base_url",
        "plaintext",
    ),
    (
        &[("identity.server", r#"{ base_url = "https://i.example/?q", join_token_file = "t" }"#)],
        "identity.server.base_url",
        "invalid_url",
    ),
    (
        &[(
            "identity.server",
            r#"{ base_url = "https://i.example", join_token_file = "t", renew_after = 0.9 }"#,
        )],
        "identity.server.renew_after",
        "out_of_range",
    ),
    (
        &[(
            "identity.server",
            r#"{ base_url = "https://i.example", join_token_file = "t", timeout = "0s" }"#,
        )],
        "identity.server.timeout",
        "out_of_range",
    ),
    (
        &[(
            "identity.server",
            r#"{ base_url = "https://i.example", join_token_file = "t", backoff = { first = "1s" } }"#,
        )],
        "identity.server.backoff.longest",
        "missing",
    ),
    (
        &[(
            "identity.server",
            r#"{ base_url = "https://i.example", join_token_file = "t", backoff = { first = "2s", longest = "1s" } }"#,
        )],
        "identity.server.backoff",
        "out_of_range",
    ),
    (
        &[(
            "identity.server",
            r#"{ base_url = "https://i.example", join_token_file = "t", root_certificates = "Cargo.toml" }"#,
        )],
        "identity.server.root_certificates",
        "invalid_certificates",
    ),
];

#[cfg(feature = "spiffe")]
pub(super) const SPIFFE: &[Row] = &[
    (&[("trust.spiffe.endpoint", r#""/run/agent.sock""#)], "trust.spiffe.endpoint", "invalid_url"),
    (&[("trust.spiffe.endpoint", r#""tcp://10.0.0.1:8000""#)], "trust.spiffe.endpoint", "plaintext"),
    (
        &[
            ("trust.domains", r#"[{ name = "spiffe://a.example", file = "k" }]"#),
            ("trust.spiffe.endpoint", r#""unix:///run/a.sock""#),
        ],
        "trust.domains[0].file",
        "conflict",
    ),
    (
        &[("trust.spiffe", r#"{ endpoint = "unix:///run/a.sock", stale_limit = "0s" }"#)],
        "trust.spiffe.stale_limit",
        "out_of_range",
    ),
    (
        &[("identity.spiffe", r#"{ endpoint = "unix:///run/a.sock", spiffe_id = "wimse://example.com/a" }"#)],
        "identity.spiffe.spiffe_id",
        "invalid_identifier",
    ),
    (
        &[(
            "identity.spiffe",
            r#"{ endpoint = "unix:///run/a.sock", hint = "a", spiffe_id = "spiffe://example.com/a" }"#,
        )],
        "identity.spiffe.hint",
        "conflict",
    ),
    (
        &[(
            "identity.spiffe",
            r#"{ endpoint = "unix:///run/a.sock", backoff = { first = "0s", longest = "1s" } }"#,
        )],
        "identity.spiffe.backoff",
        "out_of_range",
    ),
];

#[cfg(feature = "redis")]
pub(super) const REDIS: &[Row] = &[
    (&[("server.replay.redis", "{ }")], "server.replay.redis.url", "missing"),
    (
        &[("server.replay.redis", r#"{ url = "redis://a", url_file = "b" }"#)],
        "server.replay.redis",
        "conflict",
    ),
    (&[("server.replay.redis.url", r#""http://cache""#)], "server.replay.redis.url", "invalid_url"),
    (
        &[("server.replay.redis.url_file", r#""/no/such/file""#)],
        "server.replay.redis.url_file",
        "file_unreadable",
    ),
    (
        &[("server.replay.redis.url_env", r#""WIMSE_CONFIG_TEST_NOT_SET""#)],
        "server.replay.redis.url_env",
        "env_missing",
    ),
    (
        &[("server.replay.redis", r#"{ url = "redis://a", prefix = "{}" }"#)],
        "server.replay.redis.prefix",
        "out_of_range",
    ),
    (
        &[("server.replay.redis", r#"{ url = "redis://a", timeout = "6s" }"#)],
        "server.replay.redis.timeout",
        "out_of_range",
    ),
    (
        &[("server.replay.redis", r#"{ url = "redis://a", clock_tolerance = "2m" }"#)],
        "server.replay.redis.clock_tolerance",
        "out_of_range",
    ),
    (
        &[("server.replay.redis", r#"{ url = "redis://a", allow_local_fallback = "0s" }"#)],
        "server.replay.redis.allow_local_fallback",
        "out_of_range",
    ),
    (
        &[("server.replay.redis", r#"{ url = "redis://a" }"#), ("server.limits.wpt_remaining", r#""400d""#)],
        "server.limits",
        "out_of_range",
    ),
    (
        &[("server.replay.redis", r#"{ url = "redis://a" }"#), ("server.replay.allow_replay", "true")],
        "server.replay.allow_replay",
        "conflict",
    ),
];

/// Sections of features that are off.
pub(super) const OFF: &[Row] = &[
    #[cfg(not(feature = "jwks"))]
    (
        &[("trust.domains", r#"[{ name = "example.com", jwks = "https://issuer.example/keys" }]"#)],
        "trust.domains[0].jwks",
        "feature_off",
    ),
    #[cfg(not(feature = "server"))]
    (
        &[("identity.file.token", ""), ("identity.file.key", ""), ("identity.server", "{ }")],
        "identity.server",
        "feature_off",
    ),
    #[cfg(not(feature = "spiffe"))]
    (
        &[("identity.file.token", ""), ("identity.file.key", ""), ("identity.spiffe", "{ }")],
        "identity.spiffe",
        "feature_off",
    ),
    #[cfg(not(feature = "spiffe"))]
    (&[("trust.spiffe", "{ }")], "trust.spiffe", "feature_off"),
    #[cfg(not(feature = "redis"))]
    (&[("server.replay.redis.url", r#""redis://cache""#)], "server.replay.redis", "feature_off"),
    #[cfg(all(feature = "redis", not(feature = "redis-cluster")))]
    (
        &[("server.replay.redis", r#"{ url = "redis://cache", cluster = true }"#)],
        "server.replay.redis.cluster",
        "feature_off",
    ),
    #[cfg(all(feature = "redis", not(feature = "redis-tls")))]
    (&[("server.replay.redis.url", r#""rediss://cache""#)], "server.replay.redis.url", "feature_off"),
];
