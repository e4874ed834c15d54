//! Agents that are away, too old, not ready, or somewhere else.

use std::time::Duration;

use tonic::Code;
use wimse_core::CredentialSource;
use wimse_core::testing::TestDomain;
use wimse_identity::spiffe::SpiffeCredential;

use crate::agent::{Agent, eventually};
use crate::credential::{READY, builder, reason, subject};
use crate::svid::svid;

#[tokio::test]
async fn unimplemented_is_not_asked_again_soon_and_takes_nothing_away() {
    for code in [Code::Unimplemented, Code::InvalidArgument] {
        let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
        agent.says_svids([svid(&domain, "/a")]);
        let source = builder(&agent).start().unwrap();
        source.handle().ready(READY).await.unwrap();
        agent.refuses(code);
        let expected = if code == Code::Unimplemented { "unimplemented" } else { "invalid_argument" };
        eventually(expected, || reason(source.handle()) == Some(expected)).await;
        let calls = agent.calls();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(agent.calls(), calls, "{code:?} was asked again");
        assert!(subject(&source).is_some());
    }
}

#[tokio::test]
async fn permission_denied_and_unavailable_are_asked_again_and_told_apart() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    agent.refuses(Code::PermissionDenied);
    let source = builder(&agent).start().unwrap();
    let error = source.handle().ready(Duration::from_millis(500)).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "permission_denied");
    assert!(error.to_string().contains("registration"), "{error}");

    agent.refuses(Code::Unavailable);
    eventually("unavailable", || reason(source.handle()) == Some("agent_unavailable")).await;
    assert!(agent.calls() > 2);
    agent.says_svids([svid(&domain, "/a")]);
    source.handle().ready(READY).await.unwrap();
    assert!(source.handle().is_healthy());
}

#[tokio::test]
async fn an_agent_that_breaks_off_costs_nothing_and_is_found_again() {
    let (mut agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    agent.says_svids([svid(&domain, "/a")]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    let before = source.credentials().current().unwrap();
    for _ in 0..3 {
        agent.stop();
        eventually("noticed", || !source.handle().is_healthy()).await;
        assert!(subject(&source).is_some());
        agent.restart();
        eventually("found again", || source.handle().is_healthy()).await;
    }
    agent.says_svids([svid(&domain, "/b")]);
    eventually("followed again", || subject(&source).as_deref() == Some("spiffe://example.org/b")).await;
    assert_eq!(before.subject().as_str(), "spiffe://example.org/a");

    source.handle().stop();
    let calls = agent.calls();
    agent.stop();
    agent.restart();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(agent.calls(), calls, "called after its end");
}

#[tokio::test]
async fn a_message_that_is_too_large_changes_nothing() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    agent.says_svids([svid(&domain, "/a")]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    let mut long = svid(&domain, "/b");
    long.hint = "x".repeat(4 * 1024 * 1024);
    agent.says_svids([long]);
    eventually("refused", || reason(source.handle()) == Some("message_too_large")).await;
    assert_eq!(subject(&source).as_deref(), Some("spiffe://example.org/a"));
}

#[tokio::test]
async fn an_endpoint_may_be_an_address_of_this_host() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    agent.says_svids([svid(&domain, "/a")]);
    let source = SpiffeCredential::builder().endpoint(agent.listen_on_tcp().await).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    assert_eq!(subject(&source).as_deref(), Some("spiffe://example.org/a"));
}
