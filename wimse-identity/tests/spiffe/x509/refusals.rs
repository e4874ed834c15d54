//! What makes an identity unusable: the last good one stays, and the source says why.

use std::time::Duration;

use rcgen::{BasicConstraints, IsCa, KeyPair, KeyUsagePurpose, SanType};
use wimse_core::{Clock, SystemClock};
use wimse_identity::spiffe::SpiffeX509;

use super::issuing::{Authority, uri};
use super::{FOREIGN, OWN, builder, id, leaf, trusted};
use crate::agent::{Agent, X509svid, eventually};
use crate::credential::{READY, reason};

/// What is wrong, an SVID of which that is true, the reason and a part of the text that it is refused with.
type Case = (&'static str, X509svid, &'static str, &'static str);

fn says(source: &SpiffeX509) -> String {
    source.handle().health().last_error.map_or_else(String::new, |error| error.to_string())
}

fn table(authority: &Authority) -> Vec<Case> {
    let with = |change: &dyn Fn(&mut X509svid)| {
        let mut svid = authority.svid("/a");
        change(&mut svid);
        svid
    };
    let name = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let past = SystemClock.now().minus(Duration::from_secs(60));
    let other = authority.svid("/b").x509_svid;
    let other_key = authority.svid("/a").x509_svid_key;
    let intermediate = authority.intermediate().bundle();
    let ca = IsCa::Ca(BasicConstraints::Unconstrained);
    vec![
        (
            "not DER",
            with(&|s| s.x509_svid = b"certificate".to_vec()),
            "svid_malformed",
            "failed parsing X.509",
        ),
        (
            "cut short",
            with(&|s| s.x509_svid.truncate(s.x509_svid.len() - 1)),
            "svid_malformed",
            "failed parsing X.509",
        ),
        ("something behind it", with(&|s| s.x509_svid.push(0)), "svid_malformed", "failed parsing X.509"),
        ("a key that is none", with(&|s| s.x509_svid_key = b"key".to_vec()), "svid_malformed", "PKCS#8"),
        (
            "the key of another",
            with(&|s| s.x509_svid_key = other_key.clone()),
            "svid_malformed",
            "not that of the certificate",
        ),
        (
            "the certificate of another",
            with(&|s| s.x509_svid = other.clone()),
            "svid_malformed",
            "that of spiffe://example.org/b",
        ),
        (
            "two URIs",
            authority.svid_with("/a", |p| p.subject_alt_names.push(uri("spiffe://example.org/b"))),
            "svid_malformed",
            "multiple URI",
        ),
        (
            "another URI besides",
            authority.svid_with("/a", |p| p.subject_alt_names.push(uri("https://example.org/a"))),
            "svid_malformed",
            "multiple URI",
        ),
        (
            "no URI",
            authority.svid_with("/a", |p| p.subject_alt_names = vec![name("example.org")]),
            "svid_malformed",
            "missing SPIFFE ID",
        ),
        (
            "the ID of a trust domain",
            authority.svid_with("/a", |p| p.subject_alt_names = vec![uri(OWN)]),
            "svid_malformed",
            "non-root path",
        ),
        ("a CA", authority.svid_with("/a", |p| p.is_ca = ca), "svid_malformed", "CA flag"),
        (
            "a key that may sign certificates",
            authority.svid_with("/a", |p| p.key_usages.push(KeyUsagePurpose::KeyCertSign)),
            "svid_malformed",
            "keyCertSign",
        ),
        (
            "a key that may not sign",
            authority.svid_with("/a", |p| p.key_usages = vec![KeyUsagePurpose::KeyAgreement]),
            "svid_malformed",
            "digitalSignature",
        ),
        (
            "a chain through one that is no CA",
            with(&|s| s.x509_svid.extend(other.clone())),
            "svid_malformed",
            "signing certificate must have CA",
        ),
        (
            "too many certificates",
            with(&|s| s.x509_svid.extend(intermediate.repeat(16))),
            "svid_malformed",
            "too many",
        ),
        ("too long a chain", with(&|s| s.x509_svid.extend(vec![0; 64 * 1024])), "svid_malformed", "too long"),
        (
            "too long a key",
            with(&|s| s.x509_svid_key.extend(vec![0; 16 * 1024])),
            "svid_malformed",
            "too long",
        ),
        ("too long a hint", with(&|s| s.hint = "x".repeat(1025)), "svid_malformed", "too long"),
        ("expired", authority.svid_until("/a", past), "svid_expired", "expired already"),
        ("no SPIFFE ID", with(&|s| s.spiffe_id.clear()), "message_malformed", "without SPIFFE ID"),
        ("no certificate", with(&|s| s.x509_svid.clear()), "message_malformed", "certificates"),
        ("no key", with(&|s| s.x509_svid_key.clear()), "message_malformed", "key"),
        ("no bundle", with(&|s| s.bundle.clear()), "message_malformed", "bundle"),
    ]
}

#[tokio::test]
async fn wic_01_wic_02_wic_29_what_is_malformed_or_does_not_fit_never_replaces_a_good_one() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let good = authority.svid("/a");
    agent.says_x509([good.clone()]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    for (what, bad, expected, text) in table(&authority) {
        agent.says_x509([bad]);
        eventually(what, || reason(source.handle()) == Some(expected)).await;
        assert!(says(&source).contains(text), "{what}: {}", says(&source));
        assert_eq!(leaf(&source).as_ref(), Some(&good.x509_svid), "{what}");
        assert!(source.handle().health().age.is_some() && !source.handle().is_healthy(), "{what}");
        agent.says_x509([good.clone()]);
        eventually("good again", || source.handle().is_healthy()).await;
    }
    agent.says_x509([]);
    eventually("nothing is malformed", || reason(source.handle()) == Some("message_malformed")).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(reason(source.handle()), Some("message_malformed"), "forgotten while it lasts");
    assert_eq!(leaf(&source).as_ref(), Some(&good.x509_svid));
}

#[tokio::test]
async fn wic_01_wic_02_wic_29_what_is_malformed_at_first_is_never_offered() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let source = builder(&agent).start().unwrap();
    for (what, bad, expected, text) in table(&authority) {
        agent.says_x509([bad]);
        eventually(what, || reason(source.handle()) == Some(expected)).await;
        assert!(says(&source).contains(text), "{what}: {}", says(&source));
        assert!(source.snapshot().is_none() && source.handle().health().age.is_none(), "{what}");
        // Says something else, so that the next reason is news.
        agent.says_x509(vec![authority.svid("/a"); 101]);
        eventually("too many", || reason(source.handle()) == Some("message_too_large")).await;
    }
    agent.says_x509([authority.svid("/a")]);
    source.handle().ready(READY).await.unwrap();
}

#[tokio::test]
async fn key_02_an_unusable_identity_of_another_name_ends_the_one_before() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let good = authority.svid("/a");
    let mut other = authority.svid("/b");
    other.x509_svid_key = KeyPair::generate().unwrap().serialize_der();
    let mut foreign = Authority::new(FOREIGN).svid("/a");
    foreign.x509_svid_key = other.x509_svid_key.clone();
    agent.says_x509([good.clone()]);
    let source = builder(&agent).start().unwrap();
    for other in [other, foreign] {
        agent.says_x509([good.clone()]);
        eventually("good", || source.handle().is_healthy() && id(&source).is_some()).await;
        agent.says_x509([other]);
        eventually("withdrawn", || source.snapshot().is_none()).await;
        eventually("and says so", || reason(source.handle()) == Some("svid_malformed")).await;
        assert_eq!(source.handle().health().age, None);
    }
}

#[tokio::test]
async fn a_message_out_of_all_proportion_changes_nothing() {
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let (good, next) = (authority.svid("/a"), authority.svid("/a"));
    agent.says_x509([good.clone()]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    let names: Vec<_> = (0..1001).map(|i| format!("spiffe://d{i}.example")).collect();
    let mut long = next.clone();
    long.x509_svid_key = vec![0; 4 * 1024 * 1024];
    let table: [(Vec<X509svid>, &[String]); 3] =
        [(vec![next.clone(); 101], &[]), (vec![next.clone()], &names), (vec![long], &[])];
    for (svids, names) in table {
        agent.says_x509_and(svids, names.iter().map(|name| (name.as_str(), Vec::new())));
        eventually("refused", || reason(source.handle()) == Some("message_too_large")).await;
        assert_eq!(leaf(&source).as_ref(), Some(&good.x509_svid));
        agent.says_x509([good.clone()]);
        eventually("good again", || source.handle().is_healthy()).await;
    }
    agent.says_x509_and([next.clone()], names[1..].iter().map(|name| (name.as_str(), Vec::new())));
    eventually("just not too many", || leaf(&source).as_ref() == Some(&next.x509_svid)).await;
    assert_eq!(trusted(&source, OWN), authority.bundle());
}
