//! Which identity is offered, until when, and what replaces or ends it.

use std::time::Duration;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
use tonic::Code;
use wimse_core::{Clock, SystemClock, WorkloadId};
use wimse_identity::spiffe::{BuildError, SpiffeX509, SpiffeX509Builder};

use super::issuing::Authority;
use super::{OWN, builder, id, leaf, trusted};
use crate::agent::{Agent, eventually};
use crate::common::ShiftedClock;
use crate::credential::{READY, reason};

#[tokio::test]
async fn the_first_identity_the_one_asked_for_or_the_one_with_the_hint() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let (a, mut b, mut c) = (authority.svid("/a"), authority.svid("/b"), authority.svid("/c"));
    b.hint = "internal".to_owned();
    c.hint = "internal".to_owned();
    agent.says_x509([a, b, c]);
    let c = WorkloadId::parse("spiffe://example.org/c").unwrap();
    let table: [(SpiffeX509Builder, &str, Option<&str>); 3] = [
        (builder(&agent), "spiffe://example.org/a", None),
        (builder(&agent).hint("internal"), "spiffe://example.org/b", Some("internal")),
        (builder(&agent).spiffe_id(c), "spiffe://example.org/c", Some("internal")),
    ];
    for (builder, expected, hint) in table {
        let source = builder.start().unwrap();
        assert!(source.snapshot().is_none(), "before the agent said anything");
        source.handle().ready(READY).await.unwrap();
        let now = source.snapshot().unwrap();
        assert_eq!((now.svid().id().as_str(), now.svid().hint()), (expected, hint));
        assert!(source.handle().is_healthy());
    }
}

#[tokio::test]
async fn all_of_an_identity_is_there_whatever_kind_its_key_is_of() {
    let (agent, root) = (Agent::start(), Authority::new(OWN));
    let authority = root.intermediate();
    let source = builder(&agent).start().unwrap();
    let mut handle = source.handle().clone();
    for kind in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519, &PKCS_RSA_SHA256] {
        let key = KeyPair::generate_for(kind).unwrap();
        let mut svid = authority.svid_of(&key, "/a", |_| ());
        let alone = svid.x509_svid.clone();
        svid.x509_svid.extend(authority.bundle());
        svid.bundle = root.bundle();
        agent.says_x509([svid]);
        handle.updated().await;
        let now = source.snapshot().unwrap();
        let chain: Vec<_> = now.svid().certificate_chain().iter().map(|der| der.to_vec()).collect();
        assert_eq!(chain, [alone, authority.bundle()]);
        assert_eq!(now.svid().private_key().secret_pkcs8_der(), key.serialize_der());
        assert_eq!(trusted(&source, OWN), root.bundle());
        assert_eq!(reason(&handle), None);
    }
}

#[tokio::test]
async fn key_04_each_message_replaces_the_identity_and_the_same_one_is_nothing_new() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let first = authority.svid("/a");
    agent.says_x509([first.clone()]);
    let source = builder(&agent).start().unwrap();
    let mut handle = source.handle().clone();
    handle.updated().await;
    assert_eq!(leaf(&source), Some(first.x509_svid.clone()));
    let held = source.snapshot().unwrap();

    agent.says_x509([first.clone()]);
    tokio::time::timeout(Duration::from_millis(300), handle.updated()).await.unwrap_err();
    let second = authority.svid("/a");
    agent.says_x509([second.clone()]);
    tokio::time::timeout(READY, handle.updated()).await.unwrap();
    assert_eq!(leaf(&source), Some(second.x509_svid));
    assert_eq!(held.svid().private_key().secret_pkcs8_der(), first.x509_svid_key, "those in use stay");
    assert_eq!(agent.calls(), 1, "one stream is enough");
}

#[tokio::test]
async fn withdrawal_closes_and_a_new_grant_opens() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let a = WorkloadId::parse("spiffe://example.org/a").unwrap();
    let source = builder(&agent).spiffe_id(a).start().unwrap();
    let says = |path| agent.says_x509([authority.svid(path)]);
    says("/a");
    source.handle().ready(READY).await.unwrap();

    says("/b");
    eventually("redacted", || source.snapshot().is_none()).await;
    assert_eq!(reason(source.handle()), Some("svid_withdrawn"));
    assert_eq!(source.handle().health().age, None);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(source.handle().health().age, None, "nothing is not confirmed");

    says("/a");
    eventually("granted", || source.snapshot().is_some()).await;
    agent.refuses(Code::PermissionDenied);
    eventually("denied", || source.snapshot().is_none()).await;
    assert_eq!((source.handle().health().age, reason(source.handle())), (None, Some("permission_denied")));
    says("/a");
    eventually("granted again", || source.handle().is_healthy() && source.snapshot().is_some()).await;
}

#[tokio::test]
async fn key_03_an_identity_that_is_not_renewed_is_withdrawn() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let soon = SystemClock.now().plus(Duration::from_secs(2));
    agent.says_x509([authority.svid_until("/a", soon)]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    assert_eq!(source.snapshot().unwrap().svid().not_after(), soon);
    eventually("expired", || source.handle().health().age.is_none()).await;
    assert!(SystemClock.now() >= soon && source.snapshot().is_none());
    assert_eq!(reason(source.handle()), Some("credential_expired"));
    agent.says_x509([authority.svid("/a")]);
    eventually("renewed at last", || id(&source).is_some()).await;
}

#[tokio::test]
async fn key_03_a_reader_gets_nothing_expired_even_of_a_source_that_was_stopped() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let clock = ShiftedClock::default();
    agent.says_x509([authority.svid_until("/a", SystemClock.now().plus(Duration::from_secs(600)))]);
    let source = builder(&agent).clock(clock.clone()).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    source.handle().stop();
    clock.shift(590);
    assert!(source.snapshot().is_some());
    clock.shift(601);
    assert!(source.snapshot().is_none());
}

#[test]
fn a_missing_or_impossible_decision_is_named() {
    let build = |builder: SpiffeX509Builder| builder.start().err();
    let new = SpiffeX509::builder;
    assert_eq!(build(new()), Some(BuildError::EndpointMissing), "SPIFFE_ENDPOINT_SOCKET is set");
    assert_eq!(build(new().endpoint("tcp://192.0.2.1:8000")), Some(BuildError::EndpointBeyondHost));
    let agent = || new().endpoint("unix:///run/agent.sock");
    let wimse = WorkloadId::parse("wimse://example.org/a").unwrap();
    assert_eq!(build(agent().spiffe_id(wimse)), Some(BuildError::NotSpiffe));
    assert_eq!(build(agent().backoff(Duration::ZERO, READY)), Some(BuildError::Backoff));
    assert_eq!(build(agent().stale_limit(Duration::ZERO)), Some(BuildError::StaleLimit));
}
