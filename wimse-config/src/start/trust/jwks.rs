//! The domains with a `jwks` URL.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wimse_core::TrustStore;
use wimse_identity::jwks::{BuildError, JwksAnchors, JwksAnchorsBuilder};

use super::domains::{Checked, at};
use crate::config::{JwksTrust, TrustConfig};
use crate::source::Source;
use crate::{ConfigError, Parsed, Starter};

const AT: &str = "trust.jwks";

pub(super) fn start(
    starter: &Starter<'_>,
    config: &TrustConfig,
    domains: &[Checked<'_>],
    store: &TrustStore,
    sources: &mut Vec<Source>,
) -> Result<(), ConfigError> {
    // One source for each set of root certificates.
    let mut groups: BTreeMap<Option<&PathBuf>, Vec<&Checked<'_>>> = BTreeMap::new();
    for domain in domains.iter().filter(|domain| domain.config.jwks.is_some()) {
        groups.entry(domain.config.root_certificates.as_ref()).or_default().push(domain);
    }
    for (own_roots, domains) in groups {
        let first = domains.first().map(|domain| domain.index).unwrap_or_default();
        let (roots, roots_at) = match own_roots {
            Some(path) => (Some(path), at(first, "root_certificates")),
            None => (config.jwks.root_certificates.as_ref(), format!("{AT}.root_certificates")),
        };
        let mut builder = settings(starter, &config.jwks)?
            .trust_store(store)
            .observer(Arc::clone(&starter.source_observer));
        if let Some(pem) = starter.read_optional(|| roots_at.clone(), roots)? {
            builder = builder.root_certificates(pem);
        }
        for domain in &domains {
            if let Some(url) = &domain.config.jwks {
                let options = domain.config.clone();
                let anchors = move |keys| options.anchors(keys);
                builder = builder.domain_with(domain.name.as_str(), url.as_str(), anchors);
            }
        }
        let source = builder.start().map_err(|error| fault(&error, &config.jwks, &domains, roots_at))?;
        sources.push(Source::task(AT, source.handle()));
    }
    Ok(())
}

fn settings(starter: &Starter<'_>, config: &JwksTrust) -> Result<JwksAnchorsBuilder, ConfigError> {
    let mut builder = JwksAnchors::builder();
    if let Some(proxy) = starter.proxy(&format!("{AT}.proxy"), config.proxy.as_ref())? {
        builder = builder.proxy(proxy);
    }
    if config.allow_plaintext_loopback {
        builder = builder.allow_plaintext_loopback();
    }
    if let Some(bounds) = &config.refresh_bounds {
        let missing = |key| ConfigError::missing(format!("{AT}.refresh_bounds.{key}"), "write both bounds");
        let shortest = bounds.shortest.ok_or_else(|| missing("shortest"))?;
        builder = builder.refresh_bounds(shortest.0, bounds.longest.ok_or_else(|| missing("longest"))?.0);
    }
    if let Some(interval) = config.refresh_interval {
        builder = builder.refresh_interval(interval.0);
    }
    if let Some(pause) = config.cool_down {
        builder = builder.cool_down(pause.0);
    }
    if let Some(limit) = config.stale_limit {
        builder = builder.stale_limit(limit.0);
    }
    if let Some(limit) = config.timeout {
        builder = builder.timeout(limit.0);
    }
    if let Some(octets) = config.max_size {
        builder = builder.max_size(octets);
    }
    Ok(builder)
}

/// What the builder refused.
fn fault(error: &BuildError, config: &JwksTrust, domains: &[&Checked<'_>], roots_at: String) -> ConfigError {
    let url_of = |name: &str| {
        let domain = domains.iter().find(|domain| domain.name.as_str() == name);
        domain.map_or_else(|| "trust.domains".to_owned(), |domain| at(domain.index, "jwks"))
    };
    let (path, reason) = match error {
        BuildError::Url(name) => (url_of(name), "invalid_url"),
        BuildError::Plaintext(name) => (url_of(name), "plaintext"),
        BuildError::RootCertificates => (roots_at, "invalid_certificates"),
        BuildError::Proxy => (format!("{AT}.proxy"), "invalid_url"),
        BuildError::Intervals => (interval_at(config), "out_of_range"),
        BuildError::StaleLimit => (format!("{AT}.stale_limit"), "out_of_range"),
        BuildError::MaxSize => (format!("{AT}.max_size"), "out_of_range"),
        BuildError::Client(_) => (roots_at, "tls_unavailable"),
        _ => ("trust.domains".to_owned(), "invalid"),
    };
    ConfigError::new(path, reason, error.to_string())
}

/// Which of the durations the builder means: one that is zero, else the longest.
fn interval_at(config: &JwksTrust) -> String {
    let bounds = config.refresh_bounds.as_ref();
    let given: Vec<(&str, Duration)> = [
        ("refresh_bounds.shortest", bounds.and_then(|bounds| bounds.shortest)),
        ("refresh_bounds.longest", bounds.and_then(|bounds| bounds.longest)),
        ("refresh_interval", config.refresh_interval),
        ("cool_down", config.cool_down),
        ("stale_limit", config.stale_limit),
        ("timeout", config.timeout),
    ]
    .into_iter()
    .filter_map(|(key, time): (_, Option<Parsed<Duration>>)| Some((key, time?.0)))
    .collect();
    let zero = given.iter().find(|(_, time)| time.is_zero());
    let reversed =
        bounds.is_some_and(|bounds| bounds.shortest.map(|time| time.0) > bounds.longest.map(|time| time.0));
    if zero.is_none() && reversed {
        return format!("{AT}.refresh_bounds");
    }
    match zero.or_else(|| given.iter().max_by_key(|(_, time)| *time)) {
        Some((key, _)) => format!("{AT}.{key}"),
        None => AT.to_owned(),
    }
}
