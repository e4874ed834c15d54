//! Servers and trust domains that are undecided or wrong.

use super::Row;

pub(super) const SERVER: &[Row] = &[
    (&[("server.replay.memory", "")], "server.replay", "missing"),
    (&[("server.replay.memory", ""), ("server.replay", "{ }")], "server.replay", "missing"),
    (&[("server.replay.memory", ""), ("server.replay.allow_replay", "false")], "server.replay", "missing"),
    (&[("server.replay.allow_replay", "true")], "server.replay.allow_replay", "conflict"),
    (&[("server.replay.memory", "{ capacity = 0 }")], "server.replay.memory.capacity", "out_of_range"),
    (&[("server.audiences.base_urls", "")], "server.audiences", "missing"),
    (&[("server.audiences.base_urls", "[]")], "server.audiences", "missing"),
    (
        &[("server.audiences.base_urls", r#"["https://a.example", "orders"]"#)],
        "server.audiences.base_urls[1]",
        "invalid_audience",
    ),
    (
        &[("server.audiences.base_urls", r#"["https://a.example/?q"]"#)],
        "server.audiences.base_urls[0]",
        "invalid_audience",
    ),
    (&[("server.audiences.exact", r#"["orders", ""]"#)], "server.audiences.exact[1]", "invalid_audience"),
    (&[("server.proofs", "[]")], "server.proofs", "missing"),
    (&[("server.limits.leeway", r#""3m""#)], "server.limits.leeway", "out_of_range"),
    (&[("server.limits.signature_window", r#""11m""#)], "server.limits.signature_window", "out_of_range"),
    (&[("server.context_tokens", r#"["Authorization"]"#)], "server.context_tokens", "invalid_field"),
    (&[("server.response_lifetime", r#""30s""#)], "server.response_lifetime", "conflict"),
    (
        &[("server.sign_responses", r#""always""#), ("server.allow_anonymous", "true")],
        "server.allow_anonymous",
        "conflict",
    ),
    (
        &[("server.sign_responses", r#""always""#), ("server.response_lifetime", r#""1h""#)],
        "server.response_lifetime",
        "out_of_range",
    ),
    (
        &[
            ("server.sign_responses", r#""always""#),
            ("identity.file.token", ""),
            ("identity.file.key", ""),
            ("client.proof", ""),
        ],
        "identity",
        "missing",
    ),
    (&[("trust.domains", "")], "trust", "missing"),
    (&[("trust.domains", "[]")], "trust.domains", "missing"),
    (&[("trust.cached_tokens", "0")], "trust.cached_tokens", "out_of_range"),
    (&[("trust.domains", r#"[{ file = "k" }]"#)], "trust.domains[0].name", "missing"),
    (&[("trust.domains", r#"[{ name = "example.com" }]"#)], "trust.domains[0]", "missing"),
    (
        &[("trust.domains", r#"[{ name = "example.com", file = "k", spiffe = true }]"#)],
        "trust.domains[0]",
        "conflict",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", file = "k", root_certificates = "r" }]"#)],
        "trust.domains[0].root_certificates",
        "conflict",
    ),
    (
        &[(
            "trust.domains",
            r#"[{ name = "a.example", file = "k" }, { name = "wimse://a.example", file = "l" }]"#,
        )],
        "trust.domains[1].name",
        "duplicate",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", file = "k", algorithms = [] }]"#)],
        "trust.domains[0].algorithms",
        "no_algorithm_allowed",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", file = "k", proof_algorithms = [] }]"#)],
        "trust.domains[0].proof_algorithms",
        "no_algorithm_allowed",
    ),
    (
        &[("trust.domains", r#"[{ name = "spiffe://a.example", file = "k", algorithms = ["Ed25519"] }]"#)],
        "trust.domains[0].algorithms",
        "no_algorithm_allowed",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", file = "k", issuers = [] }]"#)],
        "trust.domains[0].issuers",
        "no_issuer_allowed",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", file = "k", profile = "wit-svid" }]"#)],
        "trust.domains[0].profile",
        "wit_svid_needs_spiffe",
    ),
    (
        &[("trust.domains", r#"[{ name = "example.com", spiffe = true }]"#)],
        "trust.domains[0].name",
        "invalid_identifier",
    ),
    (&[("trust.domains", r#"[{ name = "spiffe://a.example", spiffe = true }]"#)], "trust.spiffe", "missing"),
    (&[("trust.file.poll_interval", r#""1ms""#)], "trust.file.poll_interval", "out_of_range"),
    (&[("trust.file.max_size", "0")], "trust.file.max_size", "out_of_range"),
];
