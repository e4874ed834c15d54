//! Trust domains in files: keys that come and go, domains that are apart, sets that are not what they should be.

use std::fs;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use wimse_core::identifier::Schemes;
use wimse_core::jose::Algorithm;
use wimse_core::{DomainAnchors, TrustAnchors, TrustStore};
use wimse_identity::file::{FileAnchors, FileAnchorsBuilder};

use crate::common::{Issuer, Log, eventually, ms, set, verdict, verifier};

const SECOND: Duration = Duration::from_secs(1);

struct Anchors {
    dir: TempDir,
    log: Log,
}

impl Anchors {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), log: Log::default() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// Replaces a file at once.
    fn publish(&self, name: &str, text: &str) {
        fs::write(self.path("new"), text).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    fn builder(&self) -> FileAnchorsBuilder {
        FileAnchors::builder().poll_interval(300 * SECOND).observer(self.log.clone())
    }

    async fn updates(&self, domain: &str, count: usize) {
        eventually(|| self.log.count(&format!("updated file anchors {domain}")) == count).await;
    }
}

#[tokio::test]
async fn ta_04_ta_08_keys_rotate_and_a_removed_key_ends_with_the_next_update_remembered_tokens_included() {
    let anchors = Anchors::new();
    let (old, new) = (Issuer::new("example.com", "old"), Issuer::new("example.com", "new"));
    let store = TrustStore::pending();
    let verifier = verifier(&store);
    assert_eq!(verdict(&verifier, old.credential()).await, "anchors_not_loaded");
    let source =
        anchors.builder().domain("example.com", anchors.path("a")).trust_store(&store).start().unwrap();
    anchors.publish("a", &set([&old]));
    source.handle().ready(5 * SECOND).await.unwrap();
    let remembered = old.credential();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    assert_eq!(verdict(&verifier, new.credential()).await, "wit_key_unknown");

    anchors.publish("a", &set([&old, &new]));
    anchors.updates("wimse://example.com", 2).await;
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    assert_eq!(verdict(&verifier, new.credential()).await, "accepted");

    anchors.publish("a", &set([&new]));
    anchors.updates("wimse://example.com", 3).await;
    assert_eq!(verdict(&verifier, remembered).await, "wit_key_unknown");
    assert_eq!(verdict(&verifier, new.credential()).await, "accepted");

    // Another order, or a comment: the same keys. The tokens that were validated stay so.
    let before = format!("{store:?}");
    anchors.publish("a", &format!(" {} ", set([&new])));
    ms(500).await;
    assert_eq!(format!("{store:?}"), before);
    assert!(before.contains("validated: Some(1)"), "{before}");
}

#[tokio::test]
async fn ta_01_ta_07_domains_have_their_own_keys_algorithms_and_issuers_also_after_keys_changed() {
    let anchors = Anchors::new();
    let (ours, theirs) = (Issuer::new("example.com", "k"), Issuer::new("spiffe://partner.example", "k"));
    let mut named = theirs.clone();
    named.wits = named.wits.issuer("https://issuer.partner.example");
    anchors.publish("a", &set([&ours]));
    anchors.publish("b", &set([&theirs]));
    let source = anchors
        .builder()
        .domain_with("example.com", anchors.path("a"), |keys| {
            DomainAnchors::new(keys).proof_algorithms([Algorithm::Ed25519])
        })
        .domain_with("spiffe://partner.example", anchors.path("b"), |keys| {
            DomainAnchors::new(keys).issuers(["https://issuer.partner.example"])
        })
        .start()
        .unwrap();
    source.handle().ready(5 * SECOND).await.unwrap();
    let verifier = verifier(source.trust_store());
    let check = async |ours: &Issuer, theirs: &Issuer, named: &Issuer| {
        // The workload's key is ES256, which this domain does not allow.
        assert_eq!(verdict(&verifier, ours.credential()).await, "wit_confirmation");
        assert_eq!(verdict(&verifier, theirs.credential()).await, "wit_issuer");
        assert_eq!(verdict(&verifier, named.credential()).await, "accepted");
    };
    check(&ours, &theirs, &named).await;

    let (ours2, theirs2) = (Issuer::new("example.com", "n"), Issuer::new("spiffe://partner.example", "n"));
    let mut named2 = theirs2.clone();
    named2.wits = named2.wits.issuer("https://issuer.partner.example");
    anchors.publish("a", &set([&ours2]));
    anchors.publish("b", &set([&theirs2]));
    anchors.updates("wimse://example.com", 2).await;
    anchors.updates("spiffe://partner.example", 2).await;
    check(&ours2, &theirs2, &named2).await;
    assert_eq!(verdict(&verifier, named.credential()).await, "wit_key_unknown");

    // One domain's key never speaks for the other.
    let mut crossed = Issuer::new("example.com", "n");
    (crossed.key, crossed.wits) = (theirs2.key.clone(), theirs2.wits.clone());
    assert_eq!(verdict(&verifier, crossed.credential()).await, "wit_signature");
}

#[tokio::test]
async fn ta_09_ta_10_only_a_complete_and_sound_set_replaces_the_keys() {
    let good = Issuer::new("spiffe://example.org", "good");
    let other = Issuer::new("spiffe://example.org", "other");
    let complete = set([&good, &other]);
    let key = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut set: serde_json::Value = serde_json::from_str(&set([&other])).unwrap();
        change(&mut set["keys"][0]);
        set.to_string()
    };
    let mut cases = tokio::task::JoinSet::new();
    for (text, reason) in [
        (String::new(), "key_json"),
        ("null".into(), "key_json"),
        ("{}".into(), "key_member"),
        (complete[..complete.len() - 1].into(), "key_json"),
        (complete[..complete.len() / 2].into(), "key_json"),
        (format!("{complete}{complete}"), "key_json"),
        (r#"{"keys":{}}"#.into(), "key_member"),
        (r#"{"keys":[1]}"#.into(), "key_json"),
        (r#"{"keys":[],"keys":[]}"#.into(), "key_json"),
        (set([&other, &other]), "anchor_kid_repeated"),
        (key(&|key| key["kid"] = json!(null)), "key_member"),
        (key(&|key| drop(key.as_object_mut().unwrap().remove("kid"))), "anchor_kid_missing"),
        (key(&|key| key["d"] = json!("AAAA")), "key_private"),
        (key(&|key| key["x"] = json!("AAAA")), "key_member"),
        (key(&|key| key["y"] = key["x"].clone()), "key_invalid"),
        (format!(r#"{{"keys":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000)), "key_json"),
        (" ".repeat(3000), "file_too_large"),
    ] {
        cases.spawn(one_refused(text, reason, good.clone(), other.clone()));
    }
    cases.join_all().await;
}

async fn one_refused(text: String, reason: &str, good: Issuer, other: Issuer) {
    let anchors = Anchors::new();
    anchors.publish("a", &set([&good]));
    let source = anchors.builder().max_size(2048 + 10_000 * usize::from(text.contains("[[")));
    let source = source.domain("spiffe://example.org", anchors.path("a")).start().unwrap();
    source.handle().ready(5 * SECOND).await.unwrap();
    let verifier = verifier(source.trust_store());
    anchors.publish("a", &text);
    let expected = format!("failed file anchors spiffe://example.org {reason}");
    eventually(|| anchors.log.has("failed")).await;
    assert!(anchors.log.has(&expected), "{expected}: {:?}", anchors.log.all());
    assert_eq!(verdict(&verifier, good.credential()).await, "accepted", "{text}");
    assert!(!source.handle().is_healthy() && source.handle().health().age.is_some());
    anchors.publish("a", &set([&good, &other]));
    anchors.updates("spiffe://example.org", 2).await;
    assert_eq!(verdict(&verifier, other.credential()).await, "accepted");
    assert!(source.handle().is_healthy());
}

#[tokio::test]
async fn a_deleted_file_changes_nothing() {
    let anchors = Anchors::new();
    let issuer = Issuer::new("example.com", "k");
    anchors.publish("a", &set([&issuer]));
    let source = anchors.builder().domain("example.com", anchors.path("a")).start().unwrap();
    source.handle().ready(5 * SECOND).await.unwrap();
    fs::remove_file(anchors.path("a")).unwrap();
    eventually(|| anchors.log.has("failed file anchors wimse://example.com file_missing")).await;
    assert_eq!(verdict(&verifier(source.trust_store()), issuer.credential()).await, "accepted");
}

#[tokio::test]
async fn ta_09_ta_11_a_set_without_usable_keys_closes_the_domain_until_there_are_some() {
    let (ours, theirs) = (Issuer::new("spiffe://example.org", "k"), Issuer::new("partner.example", "k"));
    let foreign = set([&ours]).replace("wit-svid", "jwt-svid");
    for empty in [r#"{"keys":[]}"#, &foreign] {
        let anchors = Anchors::new();
        anchors.publish("a", &set([&ours]));
        anchors.publish("b", &set([&theirs]));
        let builder = anchors.builder().domain("spiffe://example.org", anchors.path("a"));
        let source = builder.domain("partner.example", anchors.path("b")).start().unwrap();
        source.handle().ready(5 * SECOND).await.unwrap();
        let verifier = verifier(source.trust_store());
        assert_eq!(verdict(&verifier, ours.credential()).await, "accepted");
        anchors.publish("a", empty);
        eventually(|| anchors.log.has("withdrawn file anchors spiffe://example.org no_usable_anchor")).await;
        assert_eq!(verdict(&verifier, ours.credential()).await, "wit_key_unknown");
        assert_eq!(verdict(&verifier, theirs.credential()).await, "accepted");
        assert!(!source.handle().is_healthy());
        anchors.publish("a", &set([&ours]));
        anchors.updates("spiffe://example.org", 2).await;
        assert_eq!(verdict(&verifier, ours.credential()).await, "accepted");
        assert!(source.handle().is_healthy());
    }
}

#[tokio::test]
async fn the_source_is_as_well_as_the_worst_of_its_domains() {
    let anchors = Anchors::new();
    let issuer = Issuer::new("example.com", "k");
    anchors.publish("a", &set([&issuer]));
    let builder = anchors.builder().domain("example.com", anchors.path("a"));
    let source = builder.domain("partner.example", anchors.path("b")).start().unwrap();
    let mut handle = source.handle().clone();
    handle.updated().await;
    assert_eq!(verdict(&verifier(source.trust_store()), issuer.credential()).await, "accepted");
    let waiting = source.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(waiting.last_error().unwrap().reason(), "file_missing");
    anchors.publish("b", &set([&Issuer::new("partner.example", "k")]));
    source.handle().ready(5 * SECOND).await.unwrap();
    assert!(source.handle().is_healthy());

    fs::write(anchors.path("b"), "{").unwrap();
    eventually(|| !source.handle().is_healthy()).await;
    // News of one domain do not hide the trouble of another.
    anchors.publish("a", &set([&Issuer::new("example.com", "n")]));
    anchors.updates("wimse://example.com", 2).await;
    ms(300).await;
    assert!(!source.handle().is_healthy());
    assert_eq!(source.handle().health().last_error.unwrap().reason(), "key_json");
}

#[tokio::test]
async fn ta_08_a_domain_that_is_taken_out_stays_out_until_it_is_put_in_again() {
    let anchors = Anchors::new();
    let (ours, theirs) = (Issuer::new("example.com", "k"), Issuer::new("partner.example", "k"));
    anchors.publish("a", &set([&ours]));
    anchors.publish("b", &set([&theirs]));
    let builder = anchors.builder().domain("example.com", anchors.path("a")).poll_interval(SECOND / 5);
    let source = builder.domain("partner.example", anchors.path("b")).start().unwrap();
    source.handle().ready(5 * SECOND).await.unwrap();
    let store = source.trust_store();
    let verifier = verifier(store);
    let remembered = theirs.credential();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "accepted");
    store.remove_domain("partner.example").unwrap();
    assert_eq!(verdict(&verifier, remembered.clone()).await, "trust_domain_unknown");
    anchors.publish("b", &set([&theirs, &Issuer::new("partner.example", "n")]));
    ms(700).await;
    assert_eq!(verdict(&verifier, remembered.clone()).await, "trust_domain_unknown");
    assert_eq!(verdict(&verifier, ours.credential()).await, "accepted");
    assert!(source.handle().is_healthy(), "nobody is to worry about it");

    store.replace_domain("partner.example", wimse_core::jose::JwkSet::default()).unwrap();
    anchors.updates("wimse://partner.example", 2).await;
    assert_eq!(verdict(&verifier, remembered).await, "accepted");
}

#[tokio::test]
async fn id_09_domains_of_registered_schemes_and_what_the_store_had_before() {
    let anchors = Anchors::new();
    let (own, other) = (Issuer::new("example.com", "k"), Issuer::new("other.example", "k"));
    anchors.publish("a", &set([&own]));
    let schemes = Schemes::default().register("acme", |_| true).unwrap();
    let before = TrustAnchors::new().schemes(schemes);
    let before = before.domain("other.example", wimse_core::jose::JwkSet::from(other.jwk())).unwrap();
    let store = TrustStore::new(before);
    let builder = anchors.builder().trust_store(&store).domain("example.com", anchors.path("a"));
    let source = builder.domain("acme://corp.example", anchors.path("a")).start().unwrap();
    source.handle().ready(5 * SECOND).await.unwrap();
    let mut domains: Vec<_> = store.anchors().unwrap().domains().map(|d| d.as_str().to_owned()).collect();
    domains.sort();
    assert_eq!(domains, ["acme://corp.example", "wimse://example.com", "wimse://other.example"]);
    let verifier = verifier(&store);
    assert_eq!(verdict(&verifier, own.credential()).await, "accepted");
    assert_eq!(verdict(&verifier, other.credential()).await, "accepted");
}
