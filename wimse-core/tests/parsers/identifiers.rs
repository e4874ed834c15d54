//! Workload identifiers and trust domains.

use proptest::prelude::*;
use wimse_core::identifier::{IdentifierError, MAX_LEN, Schemes};
use wimse_core::{TrustDomain, WorkloadId};

use crate::change;

/// The canonical form as its grammar says it (identifier draft §4.4 with pull request 99; SPIFFE-ID §2), written
/// down a second time to hold the parser against.
fn is_canonical(text: &str) -> bool {
    let (authority_and_path, spiffe) = match (text.strip_prefix("wimse://"), text.strip_prefix("spiffe://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => return false,
    };
    let mut parts = authority_and_path.split('/');
    let domain = parts.next().unwrap_or_default();
    let segments: Vec<&str> = parts.collect();
    let octet_of_path = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b) || b == b'~' && !spiffe;
    text.len() <= 2048
        && !domain.is_empty()
        && domain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && domain.parse::<std::net::Ipv4Addr>().is_err()
        && if spiffe { domain.len() <= 255 } else { !domain.ends_with('.') }
        && !segments.is_empty()
        && segments.iter().all(|s| !matches!(*s, "" | "." | "..") && s.bytes().all(octet_of_path))
}

fn promises_of(id: &WorkloadId, text: &str) {
    assert_eq!(id.as_str(), text);
    assert_eq!(WorkloadId::parse(text).as_ref(), Ok(id));
    assert_eq!(text.parse::<WorkloadId>().as_ref(), Ok(id));
    assert_eq!(WorkloadId::try_from(text.to_owned()).as_ref(), Ok(id));
    let json = serde_json::to_string(id).unwrap();
    assert_eq!(&serde_json::from_str::<WorkloadId>(&json).unwrap(), id);
    assert_eq!(&serde_json::from_value::<WorkloadId>(text.into()).unwrap(), id);

    let domain = id.trust_domain();
    assert_eq!(format!("{}://{}{}", id.scheme(), domain.name(), id.path()), text);
    assert_eq!(format!("{}{}", domain.as_str(), id.path()), text);
    assert_eq!(id.segments().fold(String::new(), |path, s| path + "/" + s), id.path());
    assert_eq!((domain.scheme(), id.to_string().as_str()), (id.scheme(), text));
    promises_of_domain(&domain);
}

fn promises_of_domain(domain: &TrustDomain) {
    let text = domain.as_str();
    assert_eq!(TrustDomain::parse(text).as_ref(), Ok(domain));
    let json = serde_json::to_string(domain).unwrap();
    assert_eq!(&serde_json::from_str::<TrustDomain>(&json).unwrap(), domain);
    assert_eq!(format!("{}://{}", domain.scheme(), domain.name()), text);
    assert!(is_canonical(&format!("{text}/x")), "{text}");
    if domain.scheme() == "wimse" {
        assert_eq!(TrustDomain::parse(domain.name()).as_ref(), Ok(domain));
    }
}

/// Holds one text against the grammar; the parser must say the same.
fn judge(text: &str) {
    match WorkloadId::parse(text) {
        Ok(id) => {
            assert!(is_canonical(text), "{text:?} was accepted");
            promises_of(&id, text);
        }
        Err(error) => {
            assert!(!is_canonical(text), "{text:?} was refused: {error}");
            assert!(!error.reason().is_empty() && !error.to_string().is_empty());
            assert!(serde_json::from_value::<WorkloadId>(text.into()).is_err());
        }
    }
}

fn sound() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["wimse", "spiffe"]);
    (scheme, "[a-z0-9_-]{1,8}(\\.[a-z0-9_-]{1,8}){0,3}", prop::collection::vec("[A-Za-z0-9._-]{1,12}", 1..6))
        .prop_map(|(scheme, domain, segments)| format!("{scheme}://{domain}/{}", segments.join("/")))
        .prop_filter("dot segments and addresses", |text| is_canonical(text))
}

fn close_to_sound() -> impl Strategy<Value = String> {
    "(wimse|spiffe|Wimse|acme|wimse\\+x|)(://|:/|:|//|)[a-zA-Z0-9._~%@:?#\\[\\]*-]{0,14}(/[A-Za-z0-9._~%@:?#*-]{0,6}){0,4}"
}

proptest! {
    #[test]
    fn id_22_id_29_arbitrary_text_is_judged_as_the_grammar_does(text in ".{0,100}") {
        judge(&text);
        let _ = TrustDomain::parse(&text).map(|domain| promises_of_domain(&domain));
    }

    #[test]
    fn id_22_arbitrary_octets_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..100)) {
        judge(&String::from_utf8_lossy(&octets));
        prop_assert!(serde_json::from_slice::<WorkloadId>(&octets).is_err());
    }

    #[test]
    fn id_29_text_that_looks_like_an_identifier_is_judged_as_the_grammar_does(text in close_to_sound()) {
        judge(&text);
        let _ = TrustDomain::parse(&text).map(|domain| promises_of_domain(&domain));
    }

    #[test]
    fn id_28_id_35_sound_identifiers_are_accepted_and_equal_only_to_themselves(a in sound(), b in sound()) {
        judge(&a);
        let (first, second) = (WorkloadId::parse(&a).unwrap(), WorkloadId::parse(&b).unwrap());
        prop_assert_eq!(first == second, a == b);
        prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        let same_domain = a.split('/').take(3).eq(b.split('/').take(3));
        prop_assert_eq!(first.trust_domain() == second.trust_domain(), same_domain);
    }

    #[test]
    fn id_13_id_35_an_altered_identifier_is_refused_or_another_one(text in sound(), change in change()) {
        let altered = change.apply(&text);
        judge(&altered);
        if let Ok(id) = WorkloadId::parse(&altered) {
            prop_assert_eq!(id == WorkloadId::parse(&text).unwrap(), altered == text);
        }
    }

    #[test]
    fn id_09_a_registered_scheme_never_loosens_the_rules_for_all(text in close_to_sound(), change in change()) {
        let schemes = Schemes::default().register("acme", |_| true).unwrap();
        for text in [&text, &change.apply(&format!("acme://corp.example/{text}"))] {
            let Ok(id) = schemes.parse(text) else { continue };
            prop_assert_eq!(id.as_str(), text);
            prop_assert_eq!(&schemes.parse(text).unwrap(), &id);
            let rest = text.split_once("://").unwrap().1;
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            prop_assert!(!authority.is_empty() && !authority.contains(['@', ':', '[']), "{}", text);
            prop_assert!(!rest.contains(['?', '#']) && text.is_ascii() && !text.contains(' '), "{}", text);
            let domain = id.trust_domain();
            prop_assert_eq!((domain.name(), id.path()), (authority, path));
            prop_assert_eq!(WorkloadId::parse(text).is_ok(), id.scheme() != "acme");
        }
    }
}

#[test]
fn id_07_id_24_id_37_id_39_lengths_are_bounded_to_the_octet() {
    let filled = |prefix: &str, total: usize| format!("{prefix}{}", "a".repeat(total - prefix.len()));
    for scheme in ["wimse", "spiffe"] {
        let prefix = format!("{scheme}://example.com/");
        judge(&filled(&prefix, MAX_LEN));
        assert!(WorkloadId::parse(&filled(&prefix, MAX_LEN)).is_ok());
        for length in [MAX_LEN + 1, 4 * MAX_LEN, 2_000_000] {
            assert_eq!(WorkloadId::parse(&filled(&prefix, length)), Err(IdentifierError::TooLong));
        }
    }
    let domain =
        |scheme: &str, length: usize| TrustDomain::parse(&format!("{scheme}://{}", "a".repeat(length)));
    assert!(domain("spiffe", 255).is_ok() && domain("wimse", 256).is_ok());
    assert_eq!(domain("spiffe", 256), Err(IdentifierError::TrustDomainTooLong));
}
