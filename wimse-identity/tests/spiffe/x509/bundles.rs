//! Bundles of the workload's own trust domain and of foreign ones: what changes them, and what does not.

use std::time::Duration;

use wimse_core::TrustDomain;

use super::issuing::Authority;
use super::{FOREIGN, OWN, builder, leaf, trusted};
use crate::agent::{Agent, eventually};
use crate::credential::{READY, reason};

#[tokio::test]
async fn ta_04_ta_07_each_domain_has_its_own_authorities_and_several_if_it_likes() {
    let (agent, own, next) = (Agent::start(), Authority::new(OWN), Authority::new(OWN));
    let foreign = Authority::new(FOREIGN);
    let mut svid = own.svid("/a");
    svid.bundle = [own.bundle(), next.bundle()].concat();
    agent.says_x509_and([svid], [(FOREIGN, foreign.bundle())]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();

    let now = source.snapshot().unwrap();
    let domain = |name| TrustDomain::parse(name).unwrap();
    let listed: Vec<_> = now.bundles().iter().map(|(domain, all)| (domain.to_string(), all.len())).collect();
    assert_eq!(listed, [(FOREIGN.to_owned(), 1), (OWN.to_owned(), 2)]);
    let authorities = now.bundles().authorities(&domain(OWN));
    assert_eq!((authorities[0].to_vec(), authorities[1].to_vec()), (own.bundle(), next.bundle()));
    assert_eq!(trusted(&source, FOREIGN), foreign.bundle());
    for stranger in ["spiffe://other.example", "wimse://example.org"] {
        assert!(now.bundles().authorities(&domain(stranger)).is_empty(), "{stranger}");
    }
}

#[tokio::test]
async fn ta_07_an_identity_in_another_domain_brings_that_domains_authorities() {
    let (agent, own, foreign) = (Agent::start(), Authority::new(OWN), Authority::new(FOREIGN));
    agent.says_x509([own.svid("/a"), foreign.svid("/a")]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    assert_eq!(trusted(&source, OWN), own.bundle());
    assert_eq!(trusted(&source, FOREIGN), foreign.bundle());
}

#[tokio::test]
async fn ta_11_redacted_authorities_and_domains_are_gone_with_the_message() {
    let (agent, own, foreign) = (Agent::start(), Authority::new(OWN), Authority::new(FOREIGN));
    let next = Authority::new(OWN);
    let svid = own.svid("/a");
    agent.says_x509_and([svid.clone()], [(FOREIGN, foreign.bundle())]);
    let source = builder(&agent).start().unwrap();
    let mut handle = source.handle().clone();
    handle.updated().await;

    let mut renewed = svid.clone();
    renewed.bundle = next.bundle();
    agent.says_x509_and([renewed.clone()], [(FOREIGN, foreign.bundle())]);
    tokio::time::timeout(READY, handle.updated()).await.unwrap();
    assert_eq!(trusted(&source, OWN), next.bundle());

    // A domain may take back all of its authorities, and then have others.
    agent.says_x509_and([renewed.clone()], [(FOREIGN, Vec::new())]);
    tokio::time::timeout(READY, handle.updated()).await.unwrap();
    assert_eq!((trusted(&source, FOREIGN), reason(&handle)), (Vec::new(), None));
    agent.says_x509_and([renewed.clone()], [(FOREIGN, foreign.bundle())]);
    tokio::time::timeout(READY, handle.updated()).await.unwrap();
    assert_eq!(trusted(&source, FOREIGN), foreign.bundle());

    agent.says_x509([renewed]);
    tokio::time::timeout(READY, handle.updated()).await.unwrap();
    assert!(trusted(&source, FOREIGN).is_empty());
    assert_eq!(leaf(&source), Some(svid.x509_svid));
}

#[tokio::test]
async fn ta_08_a_malformed_foreign_bundle_keeps_the_last_good_one_and_holds_up_nothing_else() {
    let (agent, own, foreign) = (Agent::start(), Authority::new(OWN), Authority::new(FOREIGN));
    agent.says_x509_and([own.svid("/a")], [(FOREIGN, foreign.bundle())]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();

    let mut short = foreign.bundle();
    short.pop();
    let workload = [foreign.bundle(), foreign.svid("/a").x509_svid].concat();
    let table = [
        (b"bundle".to_vec(), "failed parsing X.509"),
        (short, "failed parsing X.509"),
        (workload, "not a CA's"),
        (vec![0; 1024 * 1024 + 1], "too long"),
        (foreign.bundle().repeat(257), "too many"),
    ];
    for (bad, text) in table {
        let svid = own.svid("/a");
        agent.says_x509_and([svid.clone()], [(FOREIGN, bad)]);
        eventually("rotated", || leaf(&source).as_ref() == Some(&svid.x509_svid)).await;
        eventually("it says so", || reason(source.handle()) == Some("bundle_malformed")).await;
        let error = source.handle().health().last_error.unwrap().to_string();
        assert!(error.contains(FOREIGN) && error.contains(text), "{error}");
        assert_eq!(trusted(&source, FOREIGN), foreign.bundle());
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(reason(source.handle()), Some("bundle_malformed"), "forgotten while it lasts");
        agent.says_x509_and([svid], [(FOREIGN, foreign.bundle())]);
        eventually("good again", || source.handle().is_healthy()).await;
    }
}

#[tokio::test]
async fn ta_07_only_names_of_spiffe_domains_are_names_and_nobody_speaks_for_the_own_one() {
    let (agent, own, foreign) = (Agent::start(), Authority::new(OWN), Authority::new(FOREIGN));
    let svid = own.svid("/a");
    agent.says_x509([svid.clone()]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    for name in ["elsewhere.example", "wimse://elsewhere.example", "spiffe://elsewhere.example/", "", OWN] {
        agent.says_x509_and([svid.clone()], [(name, foreign.bundle())]);
        eventually(name, || reason(source.handle()) == Some("bundle_malformed")).await;
        let now = source.snapshot().unwrap();
        assert_eq!(now.bundles().iter().count(), 1, "{name}");
        assert_eq!(trusted(&source, OWN), own.bundle(), "{name}");
        agent.says_x509([svid.clone()]);
        eventually("good again", || source.handle().is_healthy()).await;
    }
}

#[tokio::test]
async fn an_identity_without_usable_authorities_of_its_domain_is_not_offered() {
    let (agent, own) = (Agent::start(), Authority::new(OWN));
    let good = own.svid("/a");
    let mut bad = good.clone();
    bad.bundle = b"bundle".to_vec();
    agent.says_x509([bad.clone()]);
    let source = builder(&agent).start().unwrap();
    eventually("it says so", || reason(source.handle()) == Some("bundle_malformed")).await;
    assert!(source.snapshot().is_none() && source.handle().health().age.is_none());

    agent.says_x509([good]);
    source.handle().ready(READY).await.unwrap();
    agent.says_x509([bad]);
    eventually("it says so", || reason(source.handle()) == Some("bundle_malformed")).await;
    assert_eq!(trusted(&source, OWN), own.bundle(), "the last good one");
}

#[tokio::test]
async fn ta_08_bundles_of_an_agent_that_is_away_are_used_for_a_while_and_then_not() {
    let (mut agent, own, foreign) = (Agent::start(), Authority::new(OWN), Authority::new(FOREIGN));
    agent.says_x509_and([own.svid("/a")], [(FOREIGN, foreign.bundle())]);
    let source = builder(&agent).stale_limit(Duration::from_secs(3)).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert!(source.snapshot().is_some(), "confirmed by the stream that is open");
    assert!(source.handle().health().age.unwrap() < Duration::from_secs(3));

    // What is malformed grows old while the rest is confirmed.
    agent.says_x509_and([own.svid("/a")], [(FOREIGN, b"bundle".to_vec())]);
    eventually("stale", || reason(source.handle()) == Some("bundle_stale")).await;
    assert!(trusted(&source, FOREIGN).is_empty());
    assert_eq!(trusted(&source, OWN), own.bundle());

    agent.stop();
    eventually("noticed", || reason(source.handle()) == Some("agent_unavailable")).await;
    assert!(source.snapshot().is_some());
    eventually("closed", || source.snapshot().is_none()).await;
    assert_eq!(source.handle().health().age, None);
    agent.says_x509([own.svid("/a")]);
    agent.restart();
    source.handle().ready(READY).await.unwrap();
    assert!(source.snapshot().is_some());
}
