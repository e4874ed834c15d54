//! Clients and identities that are undecided or wrong.

use super::Row;

pub(super) const CLIENT: &[Row] = &[
    (&[("identity.file.token", ""), ("identity.file.key", "")], "identity", "missing"),
    (&[("identity.file.token", ""), ("identity.file.key", ""), ("identity", "{ }")], "identity", "missing"),
    (&[("identity.spiffe", "{ }")], "identity", "conflict"),
    (&[("identity.file.token", "")], "identity.file.token", "missing"),
    (&[("identity.file.key", "")], "identity.file.key", "missing"),
    (&[("identity.file.poll_interval", r#""99ms""#)], "identity.file.poll_interval", "out_of_range"),
    (&[("identity.file.max_size", "2000000")], "identity.file.max_size", "out_of_range"),
    (&[("client.proof_lifetime", r#""0s""#)], "client.proof_lifetime", "out_of_range"),
    (&[("client.limits.leeway", r#""1h""#)], "client.limits.leeway", "out_of_range"),
    (&[("client.context_tokens", r#"["not a field"]"#)], "client.context_tokens", "invalid_field"),
    (&[("client.audience", "{ }")], "client.audience", "missing"),
    (&[("client.audience", r#"{ fixed = "a", callee_identifier = true }"#)], "client.audience", "conflict"),
    (&[("client.audience.base_url", r#""orders""#)], "client.audience.base_url", "invalid_audience"),
    (&[("client.audience.fixed", r#""""#)], "client.audience.fixed", "invalid_audience"),
    (&[("client.require_signed_responses", "true")], "client.proof", "conflict"),
    (
        &[("client.require_signed_responses", "true"), ("client.prefer_signed_responses", "true")],
        "client.prefer_signed_responses",
        "conflict",
    ),
    (
        &[("client.require_signed_responses", "true"), ("client.proof", r#""http-signature""#)],
        "client.callees",
        "missing",
    ),
    (
        &[
            ("client.prefer_signed_responses", "true"),
            ("client.proof", r#""http-signature""#),
            ("trust.domains", ""),
            ("server.replay.memory", ""),
            ("server.audiences.base_urls", ""),
        ],
        "trust",
        "missing",
    ),
    (
        &[("client.callees", r#"[{ workload = "wimse://example.com/a" }]"#)],
        "client.callees[0].name",
        "missing",
    ),
    (&[("client.callees", r#"[{ name = "a.example" }]"#)], "client.callees[0].workload", "missing"),
    (
        &[("client.callees", r#"[{ name = "https://a.example", trust_domain = "example.com" }]"#)],
        "client.callees[0].name",
        "invalid_name",
    ),
    (
        &[("client.callees", r#"[{ name = "a.example:443", trust_domain = "example.com" }]"#)],
        "client.callees[0].name",
        "invalid_name",
    ),
    (
        &[(
            "client.callees",
            r#"[{ name = "a.example", trust_domain = "example.com" }, { name = "A.example", trust_domain = "b.example" }]"#,
        )],
        "client.callees[1].name",
        "duplicate",
    ),
    (
        &[(
            "client.callees",
            r#"[{ name = "a.example", trust_domain = "b.example", workload = "wimse://b.example/a" }]"#,
        )],
        "client.callees[0].trust_domain",
        "conflict",
    ),
    (
        &[("server.replay.memory", ""), ("server.audiences.base_urls", ""), ("client.proof", "")],
        ".",
        "missing",
    ),
];
