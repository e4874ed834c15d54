//! What cannot work is refused when it is configured.

use std::time::Duration;

use wimse_identity::server::{BuildError, IdentityServer, IdentityServerBuilder};

fn with(base: &str, change: fn(IdentityServerBuilder) -> IdentityServerBuilder) -> Option<BuildError> {
    let builder = IdentityServer::builder(base).join_token(|| Ok::<_, String>(String::new()));
    change(builder).build().err()
}

#[test]
fn a_missing_or_impossible_decision_is_named() {
    let base = "https://identity.example.com";
    assert_eq!(IdentityServer::builder(base).build().err(), Some(BuildError::Evidence));
    assert_eq!(with(base, |b| b), None);
    for (part, expected) in [(0.0, true), (0.9, true), (f64::NAN, true), (0.1, false), (0.8, false)] {
        let built = IdentityServer::builder(base).join_token_file("x").renew_after(part).build();
        assert_eq!(built.err() == Some(BuildError::RenewAfter), expected, "{part}");
    }
    let second = Duration::from_secs(1);
    let zero = IdentityServer::builder(base).join_token_file("x").backoff(Duration::ZERO, second).build();
    assert_eq!(zero.err(), Some(BuildError::Backoff));
    assert_eq!(
        with(base, |b| b.backoff(Duration::from_secs(2), Duration::from_secs(1))),
        Some(BuildError::Backoff)
    );
    assert_eq!(with(base, |b| b.timeout(Duration::ZERO)), Some(BuildError::Timeout));
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let built = IdentityServer::builder(base).join_token_file("x").root_certificates(pem).build();
        assert!(matches!(built.err(), Some(BuildError::RootCertificates | BuildError::Tls)), "{pem:?}");
    }
}

#[test]
fn evidence_travels_over_https_or_stays_on_the_host() {
    let loopback = IdentityServerBuilder::allow_plaintext_loopback;
    for (base, plain, opted_in) in [
        ("https://identity.example.com", None, None),
        ("https://identity.example.com/tenant", None, None),
        ("http://identity.example.com", Some(BuildError::Plaintext), Some(BuildError::Plaintext)),
        ("http://127.0.0.1.example.com", Some(BuildError::Plaintext), Some(BuildError::Plaintext)),
        ("http://10.0.0.1", Some(BuildError::Plaintext), Some(BuildError::Plaintext)),
        ("http://127.0.0.1:8080", Some(BuildError::Plaintext), None),
        ("http://[::1]:8080", Some(BuildError::Plaintext), None),
        ("http://localhost:8080", Some(BuildError::Plaintext), None),
        ("ftp://127.0.0.1", Some(BuildError::BaseUrl), Some(BuildError::BaseUrl)),
        ("https://u:p@identity.example.com", Some(BuildError::BaseUrl), Some(BuildError::BaseUrl)),
        ("https://identity.example.com/?a", Some(BuildError::BaseUrl), Some(BuildError::BaseUrl)),
        ("identity", Some(BuildError::BaseUrl), Some(BuildError::BaseUrl)),
    ] {
        assert_eq!(with(base, |b| b), plain, "{base}");
        assert_eq!(with(base, loopback), opted_in, "{base}");
    }
}
