//! A configuration that cannot work is refused at once, by name.

use std::time::Duration;

use wimse_core::DomainAnchors;
use wimse_core::jose::Algorithm;
use wimse_identity::file::{FileAnchors, FileCredential};

#[tokio::test]
async fn what_is_missing_is_named() {
    let short = Duration::from_millis(99);
    let pair = || FileCredential::builder().token("t").key("k");
    for (error, expected) in [
        (FileCredential::builder().key("k").start().unwrap_err(), "no token file"),
        (FileCredential::builder().token("t").start().unwrap_err(), "no key file"),
        (pair().poll_interval(short).start().unwrap_err(), "poll interval"),
        (pair().max_size(0).start().unwrap_err(), "1 MiB"),
        (pair().max_size((1 << 20) + 1).start().unwrap_err(), "1 MiB"),
        (pair().token("").start().unwrap_err(), "path"),
    ] {
        assert!(error.to_string().contains(expected), "{error}");
    }

    let one = || FileAnchors::builder().domain("example.com", "a");
    for (error, expected) in [
        (FileAnchors::builder().start().unwrap_err(), "no trust domains"),
        (one().domain("wimse://example.com", "b").start().unwrap_err(), "twice"),
        (one().domain("Not a domain", "b").start().unwrap_err(), "Not a domain"),
        (
            one()
                .domain_with("b.example", "b", |keys| DomainAnchors::new(keys).algorithms([]))
                .start()
                .unwrap_err(),
            "no algorithm",
        ),
        (
            one()
                .domain_with("spiffe://b.example", "b", |keys| {
                    DomainAnchors::new(keys).algorithms([Algorithm::Ed25519])
                })
                .start()
                .unwrap_err(),
            "no algorithm",
        ),
        (one().poll_interval(short).start().unwrap_err(), "poll interval"),
        (one().max_size(1 << 21).start().unwrap_err(), "1 MiB"),
    ] {
        assert!(error.to_string().contains(expected), "{error}");
    }
}
