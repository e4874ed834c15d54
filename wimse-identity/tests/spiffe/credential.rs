//! Which identity is used, what makes it unusable, and its withdrawal.

use std::time::Duration;

use serde_json::json;
use tonic::Code;
use wimse_core::testing::TestDomain;
use wimse_core::{Clock, CredentialSource, SystemClock, WorkloadId};
use wimse_identity::spiffe::{BuildError, SpiffeCredential, SpiffeCredentialBuilder};

use crate::agent::{Agent, Witsvid, eventually};
use crate::svid::{of, private_jwk, public, svid, svid_until};

pub(crate) const READY: Duration = Duration::from_secs(5);

pub(crate) fn builder(agent: &Agent) -> SpiffeCredentialBuilder {
    SpiffeCredential::builder()
        .endpoint(&agent.endpoint)
        .backoff(Duration::from_millis(50), Duration::from_millis(200))
}

pub(crate) fn subject(source: &SpiffeCredential) -> Option<String> {
    source.credentials().current().ok().map(|credential| credential.subject().to_string())
}

pub(crate) fn reason(handle: &wimse_identity::Handle) -> Option<&'static str> {
    handle.health().last_error.map(|error| error.reason())
}

#[tokio::test]
async fn the_first_identity_the_one_asked_for_or_the_one_with_the_hint() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    let (a, mut b, mut c) = (svid(&domain, "/a"), svid(&domain, "/b"), svid(&domain, "/c"));
    b.hint = "internal".to_owned();
    c.hint = "internal".to_owned();
    agent.says_svids([a, b, c]);
    let id = WorkloadId::parse("spiffe://example.org/c").unwrap();
    let table: [(SpiffeCredentialBuilder, &str); 3] = [
        (builder(&agent), "spiffe://example.org/a"),
        (builder(&agent).hint("internal"), "spiffe://example.org/b"),
        (builder(&agent).spiffe_id(id), "spiffe://example.org/c"),
    ];
    for (builder, expected) in table {
        let source = builder.start().unwrap();
        source.handle().ready(READY).await.unwrap();
        assert_eq!(subject(&source).as_deref(), Some(expected));
        assert!(source.handle().is_healthy());
    }
    assert_eq!(*agent.state.asked_for.lock().unwrap(), ["", "", "spiffe://example.org/c"]);
}

#[tokio::test]
async fn each_message_replaces_the_credential_and_a_key_needs_no_alg() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    let first = svid(&domain, "/a");
    agent.says_svids([first.clone()]);
    let source = builder(&agent).start().unwrap();
    let mut handle = source.handle().clone();
    handle.ready(READY).await.unwrap();
    handle.updated().await;

    // Said once more, it is nothing new.
    agent.says_svids([first]);
    let (mut key, id) = (private_jwk(), domain.id("/a"));
    let token = domain.issuer().issue(&id, &public(&key)).unwrap();
    key.as_object_mut().unwrap().remove("alg");
    agent.says_svids([of(&id, token, &key)]);
    tokio::time::timeout(READY, handle.updated()).await.unwrap();
    assert_eq!(subject(&source).as_deref(), Some("spiffe://example.org/a"));
    assert_eq!(reason(&handle), None);
    assert_eq!(agent.calls(), 1, "one stream is enough");
}

#[tokio::test]
async fn svid_05_svid_06_what_breaks_the_profile_or_does_not_fit_never_replaces_a_good_one() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    let good = svid(&domain, "/a");
    let id = domain.id("/a");
    let past = SystemClock.now().minus(Duration::from_secs(60));
    let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" });
    let edwards = of(&id, domain.issuer().issue(&id, &public(&ed25519)).unwrap(), &ed25519);
    let with = |change: &dyn Fn(&mut Witsvid)| {
        let mut svid = svid(&domain, "/a");
        change(&mut svid);
        svid
    };
    let wimse = TestDomain::new("example.org");
    let foreign = svid(&wimse, "/a");
    let table = [
        ("key of another token", with(&|s| s.wit_svid_key = private_jwk().to_string()), "svid_malformed"),
        ("no private key", with(&|s| s.wit_svid_key = public(&private_jwk()).to_string()), "svid_malformed"),
        ("a key that is none", with(&|s| s.wit_svid_key = "key".to_owned()), "svid_malformed"),
        ("a token that is none", with(&|s| s.wit_svid = "a.b.c".to_owned()), "svid_malformed"),
        ("a key of the Edwards curve", edwards, "svid_malformed"),
        ("expired", svid_until(&domain, "/a", Some(past)), "svid_expired"),
        ("no token", with(&|s| s.wit_svid.clear()), "message_malformed"),
        ("no key", with(&|s| s.wit_svid_key.clear()), "message_malformed"),
        ("no SPIFFE ID", with(&|s| s.spiffe_id.clear()), "message_malformed"),
    ];
    agent.says_svids([good.clone()]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    for (what, bad, expected) in table {
        agent.says_svids([bad]);
        eventually(what, || reason(source.handle()) == Some(expected)).await;
        assert_eq!(subject(&source).as_deref(), Some("spiffe://example.org/a"), "{what}");
        assert!(source.handle().health().age.is_some() && !source.handle().is_healthy(), "{what}");
        agent.says_svids([good.clone()]);
        eventually("good again", || source.handle().is_healthy()).await;
    }
    agent.says_svids([]);
    eventually("nothing is malformed", || reason(source.handle()) == Some("message_malformed")).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(reason(source.handle()), Some("message_malformed"), "forgotten while it lasts");
    assert!(subject(&source).is_some());

    // What is said of another identity cannot be used, and this one is not said any more.
    for other in [foreign, with(&|s| s.spiffe_id = "spiffe://example.org/b".to_owned())] {
        agent.says_svids([good.clone()]);
        eventually("good again", || source.handle().is_healthy()).await;
        agent.says_svids([other]);
        eventually("withdrawn", || subject(&source).is_none()).await;
        assert_eq!(reason(source.handle()), Some("svid_malformed"));
    }
}

#[tokio::test]
async fn withdrawal_closes_and_a_new_grant_opens() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    let source = builder(&agent).spiffe_id(domain.id("/a")).start().unwrap();
    let says = |path| agent.says_svids([svid(&domain, path)]);
    says("/a");
    source.handle().ready(READY).await.unwrap();

    says("/b");
    eventually("redacted", || subject(&source).is_none()).await;
    assert_eq!(reason(source.handle()), Some("svid_withdrawn"));
    assert_eq!(source.handle().health().age, None);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(source.handle().health().age, None, "nothing is not confirmed");

    says("/a");
    eventually("granted", || subject(&source).is_some()).await;
    agent.refuses(Code::PermissionDenied);
    eventually("denied", || subject(&source).is_none()).await;
    assert_eq!(reason(source.handle()), Some("permission_denied"));
    says("/a");
    eventually("granted again", || source.handle().is_healthy()).await;
}

#[tokio::test]
async fn key_03_a_credential_that_is_not_renewed_is_withdrawn() {
    let (agent, domain) = (Agent::start(), TestDomain::new("spiffe://example.org"));
    let soon = SystemClock.now().plus(Duration::from_secs(2));
    agent.says_svids([svid_until(&domain, "/a", Some(soon))]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    eventually("expired", || subject(&source).is_none()).await;
    assert!(SystemClock.now() >= soon);
    assert_eq!(reason(source.handle()), Some("credential_expired"));
    agent.says_svids([svid(&domain, "/a")]);
    eventually("renewed at last", || subject(&source).is_some()).await;
}

#[test]
fn a_missing_or_impossible_decision_is_named() {
    let build = |builder: SpiffeCredentialBuilder| builder.start().err();
    let new = SpiffeCredential::builder;
    assert_eq!(build(new()), Some(BuildError::EndpointMissing), "SPIFFE_ENDPOINT_SOCKET is set");
    assert_eq!(build(new().endpoint("/run/agent.sock")), Some(BuildError::Endpoint));
    assert_eq!(build(new().endpoint("tcp://192.0.2.1:8000")), Some(BuildError::EndpointBeyondHost));
    let agent = || new().endpoint("unix:///run/agent.sock");
    let wimse = WorkloadId::parse("wimse://example.org/a").unwrap();
    assert_eq!(build(agent().spiffe_id(wimse)), Some(BuildError::NotSpiffe));
    assert_eq!(build(agent().backoff(Duration::ZERO, READY)), Some(BuildError::Backoff));
}
