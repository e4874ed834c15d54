//! Renewal: a new key each time, on the right evidence, without a moment without a credential.

use std::time::{Duration, Instant};

use wimse_core::jose::Algorithm;
use wimse_core::{CredentialSource, WorkloadId};

use crate::identity::{JOIN_TOKEN, PLATFORM_JWT, Running, SUBJECT, builder, eventually, has_one};

#[tokio::test]
async fn key_04_each_token_is_for_a_new_key_and_a_join_token_is_used_once() {
    let server = Running::start_at("127.0.0.1:0", 3, 1).await;
    let mut source =
        server.builder().expect_subject(WorkloadId::parse(SUBJECT).unwrap()).build().unwrap().start();
    let credentials = source.credentials();
    source.handle().ready(Duration::from_secs(5)).await.unwrap();
    let first = credentials.current().unwrap();
    assert_eq!(first.subject().as_str(), SUBJECT);

    let mut handle = source.handle().clone();
    let started = Instant::now();
    handle.updated().await;
    while server.issued().len() < 4 {
        assert!(has_one(&credentials), "a moment without a credential");
        assert!(started.elapsed() < Duration::from_secs(20), "not renewed: {:?}", handle.health());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let issued = server.issued();
    let kinds: Vec<_> = issued.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds[..4], ["join_token", "credential", "credential", "credential"]);
    for (i, (_, key)) in issued.iter().enumerate() {
        assert!(issued[..i].iter().all(|(_, other)| !other.same_key(key)), "key {i} is not new");
    }
    // Two thirds of three seconds less one, a tenth more or less: three renewals take no less than 3.6 s.
    assert!(started.elapsed() >= Duration::from_millis(3500), "{:?}", started.elapsed());
    assert!(source.handle().is_healthy());

    source = source.clone();
    source.handle().stop();
    eventually("it stops", || !source.handle().is_healthy()).await;
    let stopped = server.issued().len();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(server.issued().len(), stopped, "renewed after its end");
}

#[tokio::test]
async fn evidence_of_the_platform_is_read_anew_for_each_token() {
    let server = Running::start(2).await;
    let file = std::env::temp_dir().join(format!("wimse-jwt-{}", std::process::id()));
    std::fs::write(&file, format!("{PLATFORM_JWT}\n")).unwrap();
    let client = builder(&server.base).service_account_jwt_file(&file).build().unwrap();
    let source = client.start();
    source.handle().ready(Duration::from_secs(5)).await.unwrap();

    *server.state.platform_jwt.lock().unwrap() = "rotated.jwt".to_owned();
    std::fs::write(&file, "rotated.jwt").unwrap();
    eventually("renewed", || server.issued().len() >= 2).await;
    assert!(server.issued().iter().all(|(kind, _)| *kind == "service_account_jwt"));
    assert!(source.handle().health().last_error.is_none());

    std::fs::remove_file(&file).unwrap();
    eventually("the file is missed", || {
        source.handle().health().last_error.is_some_and(|error| error.reason() == "evidence_unavailable")
    })
    .await;
    assert!(!source.handle().is_healthy());
}

#[tokio::test]
async fn keys_of_every_algorithm_are_made_proven_and_named() {
    let server = Running::start(60).await;
    for algorithm in
        [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Ed25519, Algorithm::Ps256]
    {
        let credential = server.builder().algorithm(algorithm).build().unwrap().obtain().await.unwrap();
        assert_eq!(credential.subject().as_str(), SUBJECT);
        assert_eq!(server.issued().last().unwrap().1.alg(), Some(algorithm));
    }
}

#[tokio::test]
async fn evidence_is_never_shown() {
    let server = Running::start_at("127.0.0.1:0", 60, 0).await;
    let client = server.builder().build().unwrap();
    let refused = client.obtain().await.unwrap_err();
    assert_eq!(refused.reason(), "evidence_refused");
    let source = client.clone().start();
    eventually("refused", || source.handle().health().last_error.is_some()).await;
    for shown in [format!("{client:?}"), format!("{source:?}"), format!("{refused:?} {refused}")] {
        assert!(!shown.contains(JOIN_TOKEN), "{shown}");
    }
}
