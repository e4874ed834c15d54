//! Agents that are away, too old, not ready, or somewhere else; and the end of a source.

use std::time::Duration;

use tonic::Code;
use wimse_identity::spiffe::SpiffeX509;

use super::issuing::Authority;
use super::{OWN, builder, id, leaf};
use crate::agent::{Agent, eventually};
use crate::credential::{READY, reason};

#[tokio::test]
async fn unimplemented_and_permission_denied_are_told_apart() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    agent.refuses(Code::PermissionDenied);
    let source = builder(&agent).start().unwrap();
    let error = source.handle().ready(Duration::from_millis(500)).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "permission_denied");
    assert!(agent.calls() > 1, "asked again");

    agent.says_x509([authority.svid("/a")]);
    source.handle().ready(READY).await.unwrap();
    agent.refuses(Code::Unimplemented);
    eventually("unimplemented", || reason(source.handle()) == Some("unimplemented")).await;
    let text = source.handle().health().last_error.unwrap().to_string();
    assert!(text.contains("X.509-SVIDs"), "{text}");
    assert!(source.snapshot().is_some(), "it takes nothing away");
    let calls = agent.calls();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(agent.calls(), calls, "and is not asked again soon");
}

#[tokio::test]
async fn an_agent_that_is_killed_costs_nothing_and_is_found_again() {
    let (mut agent, authority) = (Agent::start(), Authority::new(OWN));
    let first = authority.svid("/a");
    agent.says_x509([first.clone()]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    for _ in 0..3 {
        agent.stop();
        eventually("noticed", || !source.handle().is_healthy()).await;
        assert_eq!(leaf(&source).as_ref(), Some(&first.x509_svid));
        agent.restart();
        eventually("found again", || source.handle().is_healthy()).await;
    }
    agent.stop();
    agent.says_x509([authority.svid("/b")]);
    agent.restart();
    eventually("followed again", || id(&source).as_deref() == Some("spiffe://example.org/b")).await;
}

#[tokio::test]
async fn the_last_clone_ends_the_stream() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    agent.says_x509([authority.svid("/a")]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    let (clone, handle) = (source.clone(), source.handle().clone());
    drop(source);
    drop(handle);
    agent.says_x509([authority.svid("/b")]);
    eventually("one is left", || id(&clone).as_deref() == Some("spiffe://example.org/b")).await;
    assert_eq!(agent.state.x509.receiver_count(), 1);
    drop(clone);
    eventually("over", || agent.state.x509.receiver_count() == 0).await;
    let calls = agent.calls();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(agent.calls(), calls, "called after its end");
}

#[tokio::test]
async fn an_endpoint_may_be_an_address_of_this_host() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    agent.says_x509([authority.svid("/a")]);
    let source = SpiffeX509::builder().endpoint(agent.listen_on_tcp().await).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    assert_eq!(id(&source).as_deref(), Some("spiffe://example.org/a"));
}
