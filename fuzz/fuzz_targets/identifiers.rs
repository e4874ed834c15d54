#![no_main]
//! Identifiers and trust domains: accepted are exactly the canonical ones, they print as they were read, and a policy that
//! names one lets no other in.

use libfuzzer_sys::fuzz_target;
use wimse_core::identifier::Schemes;
use wimse_core::{TrustDomain, WorkloadId, policy};
use wimse_fuzz::timed;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    timed(|| {
        let id = WorkloadId::parse(text);
        assert_eq!(id.is_ok(), canonical(text), "{text:?}: {id:?}");
        if let Ok(id) = &id {
            identifier(text, id);
        }
        if let Ok(domain) = TrustDomain::parse(text) {
            let again = TrustDomain::parse(domain.as_str()).unwrap();
            assert_eq!(domain, again);
            assert!(domain.as_str() == text || domain.as_str() == format!("wimse://{text}"));
            assert!(domain.as_str().len() > 2046 || canonical(&format!("{domain}/x")));
            assert!(!canonical(domain.as_str()));
        }
        let any = Schemes::default().register("acme", |_| true).unwrap();
        if let Ok(id) = any.parse(text) {
            assert_eq!(id.as_str(), text);
            assert_eq!(any.parse_trust_domain(id.trust_domain().as_str()), Ok(id.trust_domain()));
            assert!(id.scheme() == "acme" || canonical(text));
        }
        if let Ok(pattern) = policy::pattern(text) {
            let wild = text.split('/').any(|segment| segment == "*" || segment == "**");
            assert!(wild || pattern.allows(&WorkloadId::parse(text).unwrap()));
        }
    });
});

fn identifier(text: &str, id: &WorkloadId) {
    assert_eq!(id.as_str(), text);
    assert_eq!(format!("{}{}", id.trust_domain(), id.path()), text);
    assert_eq!(TrustDomain::parse(id.trust_domain().as_str()), Ok(id.trust_domain()));
    assert_eq!(id.segments().map(|segment| format!("/{segment}")).collect::<String>(), id.path());
    let json = serde_json::to_string(id).unwrap();
    assert_eq!(serde_json::from_str::<WorkloadId>(&json).unwrap(), *id);
    let rule = policy::exact([text]).unwrap().or(policy::pattern(text).unwrap());
    assert!(rule.allows(id));
    for other in [format!("{text}x"), format!("{text}/x")] {
        assert!(WorkloadId::parse(&other).map_or(true, |other| !rule.allows(&other)), "{other}");
    }
}

/// The canonical form, from its description.
fn canonical(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let Some((domain, path)) = rest.split_once('/') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c) || scheme == "wimse" && c == '~';
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    let octet = |part: &str| {
        part.len() <= 3
            && part.chars().all(|c| c.is_ascii_digit())
            && part.parse::<u32>().is_ok_and(|number| number < 256 && part == number.to_string())
    };
    let address = domain.split('.').count() == 4 && domain.split('.').all(octet);
    let segment = |segment: &str| {
        !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(plain)
    };
    text.len() <= 2048
        && matches!(scheme, "wimse" | "spiffe")
        && !domain.is_empty()
        && domain.chars().all(lower)
        && !address
        && !(scheme == "wimse" && domain.ends_with('.'))
        && !(scheme == "spiffe" && domain.len() > 255)
        && path.split('/').all(segment)
}
