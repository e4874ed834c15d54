//! Names that the agent sends.

use wimse_core::TrustDomain;

/// The trust domain of this SPIFFE ID, if it is one. A bare name would be a trust domain of another scheme.
pub(super) fn domain(name: &str) -> Option<TrustDomain> {
    TrustDomain::parse(name).ok().filter(|domain| domain.scheme() == "spiffe" && domain.as_str() == name)
}

/// What the agent said, fit for a log.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
