//! An identity server that is down: the credential serves until it expires, then there is none, and it comes back.

use std::time::Duration;

use wimse_core::{Clock, CredentialSource, SystemClock};

use crate::identity::{Running, eventually, has_one};

#[tokio::test]
async fn key_03_serves_until_expiry_then_says_why_not_and_recovers() {
    let server = Running::start(3).await;
    let source = server.builder().build().unwrap().start();
    let (credentials, address) = (source.credentials(), server.address.clone());
    source.handle().ready(Duration::from_secs(5)).await.unwrap();
    let first = credentials.current().unwrap();
    server.stop().await;

    let health = || source.handle().health();
    eventually("the renewal fails", || health().last_error.is_some()).await;
    assert_eq!(health().last_error.unwrap().reason(), "server_unreachable");
    assert!(health().age.is_some(), "an old credential is still one");
    while has_one(&credentials) {
        // Whatever is handed out has not expired for longer than it takes to notice.
        assert!(SystemClock.now().seconds_since(first.expires_at()) <= 1);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(SystemClock.now() >= first.expires_at(), "withdrawn too early");
    assert_eq!(health().age, None);
    let error = source.handle().ready(Duration::ZERO).await.unwrap_err();
    let shown = error.last_error().unwrap().to_string();
    assert!(shown.contains("server_unreachable") || shown.contains("credential_expired"), "{shown}");

    let server = Running::start_at(&address, 3, u32::MAX).await;
    eventually("a credential again", || has_one(&credentials)).await;
    eventually("healthy again", || source.handle().is_healthy()).await;
    // What was known before is worth nothing at a server with other keys.
    assert_eq!(server.issued()[0].0, "join_token");
}

#[tokio::test]
async fn a_server_that_lost_its_keys_is_shown_the_join_token_again() {
    let server = Running::start(2).await;
    let source = server.builder().build().unwrap().start();
    let credentials = source.credentials();
    source.handle().ready(Duration::from_secs(5)).await.unwrap();
    let address = server.address.clone();
    server.stop().await;

    let server = Running::start_at(&address, 2, u32::MAX).await;
    for _ in 0..100 {
        assert!(has_one(&credentials), "a moment without a credential: {:?}", source.handle().health());
        if server.issued().len() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let kinds: Vec<_> = server.issued().iter().map(|(kind, _)| *kind).take(2).collect();
    assert_eq!(kinds, ["join_token", "credential"]);
}
