//! The trust domains, checked before anything is started.

use std::collections::HashSet;

use wimse_core::jose::JwkSet;
use wimse_core::trust::TrustError;
use wimse_core::{TrustAnchors, TrustDomain};

use crate::ConfigError;
use crate::config::{TrustConfig, TrustedDomain};

/// A trust domain whose configuration is sound.
#[cfg_attr(
    not(any(feature = "file", feature = "jwks", feature = "spiffe")),
    expect(dead_code, reason = "there are no sources")
)]
pub(super) struct Checked<'c> {
    /// Its place in the list.
    #[cfg_attr(
        all(feature = "file", not(any(feature = "jwks", feature = "spiffe"))),
        expect(dead_code, reason = "files are never refused for their place")
    )]
    pub(super) index: usize,
    pub(super) name: &'c TrustDomain,
    pub(super) config: &'c TrustedDomain,
}

pub(super) fn at(index: usize, key: &str) -> String {
    format!("trust.domains[{index}].{key}")
}

pub(super) fn check(config: &TrustConfig) -> Result<Vec<Checked<'_>>, ConfigError> {
    let mut names = HashSet::new();
    let mut all = Vec::new();
    for (index, domain) in config.domains.iter().enumerate() {
        let name = domain.name.as_deref().ok_or_else(|| {
            ConfigError::missing(at(index, "name"), "write the trust domain, such as \"example.com\"")
        })?;
        if !names.insert(name.clone()) {
            let message = format!("{} was given before", name.as_str());
            return Err(ConfigError::new(at(index, "name"), "duplicate", message));
        }
        options(index, name, domain)?;
        source(index, name, domain, config)?;
        all.push(Checked { index, name, config: domain });
    }
    Ok(all)
}

/// Everything that does not depend on the keys.
fn options(index: usize, name: &TrustDomain, domain: &TrustedDomain) -> Result<(), ConfigError> {
    let without_keys = |domain: &TrustedDomain| {
        TrustAnchors::new().withdrawn_domain(name.as_str(), domain.anchors(JwkSet::default()))
    };
    let Err(error) = without_keys(domain) else { return Ok(()) };
    let key = match error {
        TrustError::NoAlgorithm => {
            let any_proof = TrustedDomain { proof_algorithms: None, ..domain.clone() };
            if without_keys(&any_proof).is_ok() { "proof_algorithms" } else { "algorithms" }
        }
        TrustError::NoIssuer => "issuers",
        TrustError::NotSpiffe => "profile",
        _ => "name",
    };
    Err(ConfigError::new(at(index, key), error.reason(), error.to_string()))
}

/// Where the keys come from.
fn source(
    index: usize,
    name: &TrustDomain,
    domain: &TrustedDomain,
    config: &TrustConfig,
) -> Result<(), ConfigError> {
    if domain.root_certificates.is_some() && domain.jwks.is_none() {
        let message = "root certificates are for a domain with `jwks`";
        return Err(ConfigError::conflict(at(index, "root_certificates"), message));
    }
    // The agent decides which domains it hands out. Its keys would take the place of those that are named here.
    if config.spiffe.is_some() && name.scheme() == "spiffe" {
        for (key, given) in [("file", domain.file.is_some()), ("jwks", domain.jwks.is_some())] {
            if given {
                let message = "the Workload API of `trust.spiffe` may replace these keys: write `spiffe = true`, or leave \
                               `trust.spiffe` out";
                return Err(ConfigError::conflict(at(index, key), message));
            }
        }
    }
    match (&domain.file, &domain.jwks, domain.spiffe) {
        (Some(_), None, false) if !cfg!(feature = "file") => {
            Err(ConfigError::feature_off(at(index, "file"), "file"))
        }
        (None, Some(_), false) if !cfg!(feature = "jwks") => {
            Err(ConfigError::feature_off(at(index, "jwks"), "jwks"))
        }
        (None, None, true) if name.scheme() != "spiffe" => {
            let message = "the Workload API knows `spiffe` trust domains alone: write \"spiffe://…\"";
            Err(ConfigError::new(at(index, "name"), "invalid_identifier", message))
        }
        (None, None, true) if config.spiffe.is_none() => Err(ConfigError::missing(
            "trust.spiffe",
            "an empty section will do: a domain gets its keys from there",
        )),
        (Some(_), None, false) | (None, Some(_), false) | (None, None, true) => Ok(()),
        (None, None, false) => {
            let message =
                "write one of `file`, `jwks` and `spiffe = true`: where the issuer's keys come from";
            Err(ConfigError::missing(format!("trust.domains[{index}]"), message))
        }
        _ => {
            let message = "write one of `file`, `jwks` and `spiffe`, not several";
            Err(ConfigError::conflict(format!("trust.domains[{index}]"), message))
        }
    }
}
