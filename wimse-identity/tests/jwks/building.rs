//! A configuration that cannot work is refused at once, by name.

use std::time::Duration;

use wimse_core::DomainAnchors;
use wimse_identity::jwks::{JwksAnchors, JwksAnchorsBuilder};

use crate::fixture::SECOND;

fn with(url: &str) -> JwksAnchorsBuilder {
    JwksAnchors::builder().domain("example.com", url)
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let one = || with("https://issuer.example.com/keys");
    let same = "https://issuer.example.com/other";
    for (builder, expected) in [
        (JwksAnchors::builder(), "no trust domains"),
        (one().domain("wimse://example.com", same), "twice"),
        (one().domain("Not a domain", same), "Not a domain"),
        (one().domain_with("b.example", same, |keys| DomainAnchors::new(keys).issuers([""; 0])), "issuer"),
        (one().root_certificates(""), "root certificate"),
        (
            one().root_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
            "certificate",
        ),
        (one().proxy("::"), "proxy"),
        (one().max_size(0), "1 MiB"),
        (one().max_size(1 << 21), "1 MiB"),
        (one().timeout(Duration::ZERO), "zero"),
        (one().cool_down(Duration::ZERO), "zero"),
        (one().refresh_interval(Duration::MAX), "30 days"),
        (one().refresh_bounds(Duration::ZERO, SECOND), "zero"),
        (one().refresh_bounds(2 * SECOND, SECOND), "longest"),
        (one().stale_limit(59 * 60 * SECOND), "stale limit"),
    ] {
        let error = builder.start().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    assert!(!format!("{:?}", with("https://issuer.example.com/secret")).contains("secret"));
    drop(one().start().unwrap());
}

#[tokio::test]
async fn ta_02_only_https_urls_and_by_choice_http_to_the_loopback() {
    for url in [
        "",
        "keys",
        "/keys",
        "https:",
        "https://u@h.example/",
        "https://u:p@h.example/",
        "https://h.example/#f",
    ] {
        assert!(with(url).start().unwrap_err().to_string().contains("absolute URL"), "{url}");
    }
    for url in
        ["http://h.example/", "http://127.0.0.1/", "http://localhost/", "ftp://h.example/", "ws://localhost/"]
    {
        assert!(with(url).start().unwrap_err().to_string().contains("https"), "{url}");
    }
    for (url, passes) in [
        ("http://127.0.0.1/", true),
        ("http://127.9.9.9:81/", true),
        ("http://2130706433/", true),
        ("http://[::1]:81/", true),
        ("http://LocalHost/", true),
        ("http://localhost.evil.test/", false),
        ("http://127.0.0.1.evil.test/", false),
        ("http://evil.test/localhost", false),
        ("http://evil.test\\@localhost/", false),
        ("http://0.0.0.0/", false),
        ("http://10.0.0.1/", false),
        ("http://[::ffff:127.0.0.1]/", false),
        ("ftp://localhost/", false),
    ] {
        let started = with(url).allow_plaintext_loopback().start();
        assert_eq!(started.is_ok(), passes, "{url}");
    }
}
