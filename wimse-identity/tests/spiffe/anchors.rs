//! Bundles of several domains: what they change, what changes nothing, and their withdrawal.

use std::time::Duration;

use serde_json::json;
use tonic::Code;
use wimse_core::jose::{Algorithm, JwkSet};
use wimse_core::testing::{TestDomain, TestWorkload};
use wimse_core::{Audiences, DomainAnchors, MemoryReplayCache, TrustAnchors, TrustStore, Verifier};
use wimse_identity::spiffe::{SpiffeAnchors, SpiffeAnchorsBuilder};

use crate::agent::{Agent, eventually};
use crate::credential::{READY, reason};

const OWN: &str = "spiffe://example.org";
const FOREIGN: &str = "spiffe://elsewhere.example";

fn builder(agent: &Agent) -> SpiffeAnchorsBuilder {
    SpiffeAnchors::builder()
        .endpoint(&agent.endpoint)
        .backoff(Duration::from_millis(50), Duration::from_millis(200))
}

struct Service(Verifier);

impl Service {
    fn trusting(store: &TrustStore) -> Self {
        let verifier = Verifier::builder()
            .trust_anchors(store)
            .audiences(Audiences::base_url("https://orders.example.com"))
            .replay_cache(MemoryReplayCache::with_capacity(1000))
            .build();
        Self(verifier.unwrap())
    }

    /// What a call of this workload comes to.
    async fn answers(&self, caller: &TestWorkload) -> String {
        let mut request = http::Request::get("https://orders.example.com/orders").body(()).unwrap();
        caller.sign(&mut request);
        let outcome = self.0.verify(&request).await;
        outcome.map_or_else(|refused| refused.reason().code().to_owned(), |_| "accepted".to_owned())
    }

    async fn comes_to_answer(&self, caller: &TestWorkload, expected: &str) {
        for _ in 0..500 {
            if self.answers(caller).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} instead of {expected}", self.answers(caller).await);
    }
}

#[tokio::test]
async fn ta_07_ta_11_a_redacted_key_and_a_redacted_domain_are_refused_at_once() {
    let agent = Agent::start();
    let (own, foreign) = (TestDomain::new(OWN), TestDomain::new(FOREIGN));
    let (caller, stranger) = (own.workload("/a"), foreign.workload("/a"));
    agent.says_bundles([(OWN, own.jwk_set().to_string()), (FOREIGN, foreign.jwk_set().to_string())]);
    let source = builder(&agent).start().unwrap();
    let service = Service::trusting(source.trust_store());
    assert_eq!(service.answers(&caller).await, "anchors_not_loaded");
    let mut handle = source.handle().clone();
    handle.updated().await;
    assert_eq!(service.answers(&caller).await, "accepted");
    assert_eq!(service.answers(&stranger).await, "accepted");

    // Both tokens are remembered by now. One key changes, which the name of the key does not show.
    let renewed = own.with_new_issuer_key();
    agent.says_bundles([(OWN, renewed.jwk_set().to_string()), (FOREIGN, foreign.jwk_set().to_string())]);
    handle.updated().await;
    assert_eq!(service.answers(&caller).await, "wit_signature");
    assert_eq!(service.answers(&renewed.workload("/a")).await, "accepted");
    assert_eq!(service.answers(&stranger).await, "accepted");

    // A domain's keys never count for another.
    agent.says_bundles([(OWN, foreign.jwk_set().to_string())]);
    handle.updated().await;
    assert_eq!(service.answers(&renewed.workload("/a")).await, "wit_signature");
    assert_eq!(service.answers(&stranger).await, "trust_domain_unknown");

    agent.refuses(Code::PermissionDenied);
    service.comes_to_answer(&caller, "trust_domain_unknown").await;
    assert_eq!((handle.health().age, reason(&handle)), (None, Some("permission_denied")));
    agent.says_bundles([(OWN, own.jwk_set().to_string())]);
    service.comes_to_answer(&caller, "accepted").await;
    eventually("healthy", || handle.is_healthy()).await;
}

#[tokio::test]
async fn ta_09_only_keys_for_wit_svids_count_and_none_refuses_all() {
    let agent = Agent::start();
    let own = TestDomain::new(OWN);
    let caller = own.workload("/a");
    let bundle = |change: fn(&mut serde_json::Map<String, serde_json::Value>)| {
        let mut set: serde_json::Value = serde_json::from_str(&own.jwk_set().to_string()).unwrap();
        change(set["keys"][0].as_object_mut().unwrap());
        set["spiffe_sequence"] = json!(7);
        set["spiffe_refresh_hint"] = json!(300);
        set.to_string()
    };
    agent.says_bundles([(OWN, bundle(|_| ()))]);
    let source = builder(&agent).start().unwrap();
    let service = Service::trusting(source.trust_store());
    let mut handle = source.handle().clone();
    handle.updated().await;
    assert_eq!(service.answers(&caller).await, "accepted");
    for change in [
        |key: &mut serde_json::Map<_, _>| drop(key.remove("use")),
        |key: &mut serde_json::Map<_, _>| drop(key.insert("use".into(), json!("jwt-svid"))),
        |key: &mut serde_json::Map<_, _>| drop(key.insert("kty".into(), json!("unknown"))),
    ] {
        agent.says_bundles([(OWN, bundle(change))]);
        service.comes_to_answer(&caller, "wit_key_unknown").await;
        assert_eq!(reason(&handle), None);
        agent.says_bundles([(OWN, bundle(|_| ()))]);
        service.comes_to_answer(&caller, "accepted").await;
    }
}

#[tokio::test]
async fn ta_10_a_malformed_bundle_keeps_the_last_good_one_and_holds_up_no_other() {
    let agent = Agent::start();
    let (own, foreign) = (TestDomain::new(OWN), TestDomain::new(FOREIGN));
    let (caller, stranger) = (own.workload("/a"), foreign.workload("/a"));
    let good = || own.jwk_set().to_string();
    agent.says_bundles([(OWN, good())]);
    let source = builder(&agent).start().unwrap();
    let service = Service::trusting(source.trust_store());
    source.handle().ready(READY).await.unwrap();

    let mut twice: serde_json::Value = serde_json::from_str(&good()).unwrap();
    let key = own.with_new_issuer_key().jwk_set();
    let key: serde_json::Value = serde_json::from_str(&key.to_string()).unwrap();
    twice["keys"].as_array_mut().unwrap().push(key["keys"][0].clone());
    let mut unnamed: serde_json::Value = serde_json::from_str(&good()).unwrap();
    unnamed["keys"][0].as_object_mut().unwrap().remove("kid");
    let mut private: serde_json::Value = serde_json::from_str(&good()).unwrap();
    private["keys"][0]["d"] = json!("AAAA");
    for bad in
        [twice.to_string(), unnamed.to_string(), private.to_string(), "{".into(), String::new(), "{}".into()]
    {
        agent.says_bundles([(OWN, bad.clone()), (FOREIGN, foreign.jwk_set().to_string())]);
        service.comes_to_answer(&stranger, "accepted").await;
        eventually("it says so", || reason(source.handle()) == Some("bundle_malformed")).await;
        assert_eq!(service.answers(&caller).await, "accepted", "{bad}");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(reason(source.handle()), Some("bundle_malformed"), "forgotten while it lasts");
        agent.says_bundles([(OWN, good())]);
        eventually("good again", || source.handle().is_healthy()).await;
        assert_eq!(service.answers(&stranger).await, "trust_domain_unknown");
    }
    agent.says_bundles([]);
    eventually("nothing is malformed", || reason(source.handle()) == Some("message_malformed")).await;
    assert_eq!(service.answers(&caller).await, "accepted");
}

#[tokio::test]
async fn only_names_of_spiffe_domains_are_names_and_other_sources_domains_stay() {
    let agent = Agent::start();
    let (own, wimse) = (TestDomain::new(OWN), TestDomain::new("example.com"));
    let store = TrustStore::new(wimse.trust_anchors());
    let source = builder(&agent).trust_store(&store).start().unwrap();
    let service = Service::trusting(&store);
    for name in ["example.com", "wimse://example.com", "spiffe://example.org/", "spiffe://example.org/a", ""]
    {
        agent.says_bundles([(name, own.jwk_set().to_string()), (OWN, own.jwk_set().to_string())]);
        eventually(name, || reason(source.handle()) == Some("bundle_malformed")).await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(reason(source.handle()), Some("bundle_malformed"), "forgotten while it lasts");
        service.comes_to_answer(&own.workload("/a"), "accepted").await;
        assert_eq!(service.answers(&wimse.workload("/a")).await, "accepted", "{name}");
        agent.says_bundles([(OWN, own.jwk_set().to_string())]);
        eventually("good again", || source.handle().is_healthy()).await;
    }
    agent.refuses(Code::PermissionDenied);
    service.comes_to_answer(&own.workload("/a"), "trust_domain_unknown").await;
    assert_eq!(service.answers(&wimse.workload("/a")).await, "accepted");
}

#[tokio::test]
async fn what_is_configured_for_a_domain_outlives_its_keys() {
    let agent = Agent::start();
    let own = TestDomain::new(OWN);
    let narrow = DomainAnchors::new(JwkSet::default()).proof_algorithms([Algorithm::Es384]);
    let store = TrustStore::new(TrustAnchors::new().withdrawn_domain(OWN, narrow).unwrap());
    let _source = builder(&agent).trust_store(&store).start().unwrap();
    let service = Service::trusting(&store);
    let es384 = own.workload_with("/a", Algorithm::Es384, |request| request);
    for _ in 0..2 {
        agent.says_bundles([(OWN, own.jwk_set().to_string())]);
        service.comes_to_answer(&es384, "accepted").await;
        assert_eq!(service.answers(&own.workload("/a")).await, "wit_confirmation");
        agent.says_bundles([(FOREIGN, own.jwk_set().to_string())]);
        service.comes_to_answer(&es384, "wit_key_unknown").await;
    }
}

#[tokio::test]
async fn ta_08_bundles_of_an_agent_that_is_away_are_used_for_a_while_and_then_not() {
    let mut agent = Agent::start();
    let own = TestDomain::new(OWN);
    let caller = own.workload("/a");
    agent.says_bundles([(OWN, own.jwk_set().to_string())]);
    let source = builder(&agent).stale_limit(Duration::from_secs(3)).start().unwrap();
    let service = Service::trusting(source.trust_store());
    source.handle().ready(READY).await.unwrap();
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert_eq!(service.answers(&caller).await, "accepted", "confirmed by the stream that is open");
    assert!(source.handle().health().age.unwrap() < Duration::from_secs(3));

    agent.stop();
    eventually("noticed", || reason(source.handle()) == Some("agent_unavailable")).await;
    assert_eq!(service.answers(&caller).await, "accepted");
    service.comes_to_answer(&caller, "trust_domain_unknown").await;
    assert_eq!(source.handle().health().age, None);
    agent.restart();
    service.comes_to_answer(&caller, "accepted").await;
}
