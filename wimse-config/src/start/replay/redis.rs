//! `[server.replay.redis]` becomes a memory that all replicas share.

use std::sync::Arc;

use wimse_core::Limits;
use wimse_redis::{BuildError, RedisReplayCache};

use crate::config::RedisConfig;
use crate::start::material::Indirect;
use crate::{ConfigError, Starter};

/// The section that this is about.
pub(super) const AT: &str = "server.replay.redis";

pub(super) fn start(
    starter: &Starter<'_>,
    config: &RedisConfig,
    limits: &Limits,
) -> Result<RedisReplayCache, ConfigError> {
    let location = Indirect {
        at: AT,
        url: config.url.as_ref(),
        env: config.url_env.as_deref(),
        file: config.url_file.as_deref(),
    };
    let text = location.text(starter)?;
    let mut urls = text.split_ascii_whitespace();
    let mut builder = RedisReplayCache::builder(urls.next().unwrap_or_default()).limits(limits);
    let further: Vec<&str> = urls.collect();
    if config.cluster {
        #[cfg(not(feature = "redis-cluster"))]
        return Err(ConfigError::feature_off(at("cluster"), "redis-cluster"));
        #[cfg(feature = "redis-cluster")]
        {
            builder = builder.cluster(further);
        }
    } else if !further.is_empty() {
        let message = "several URLs are for a cluster: write one, or `cluster = true`";
        return Err(ConfigError::new(location.path(), "invalid_url", message));
    }
    builder = certificates(starter, config, builder)?;
    if let Some(prefix) = &config.prefix {
        builder = builder.prefix(prefix);
    }
    if let Some(limit) = config.timeout {
        builder = builder.timeout(limit.0);
    }
    if let Some(tolerance) = config.clock_tolerance {
        builder = builder.clock_tolerance(tolerance.0);
    }
    if config.trust_persistence {
        builder = builder.trust_persistence();
    }
    if config.allow_new_memory {
        builder = builder.allow_new_memory();
    }
    if let Some(at_most) = config.allow_local_fallback {
        builder = builder.allow_local_fallback(at_most.0);
    }
    if let Some(observer) = &starter.store_observer {
        builder = builder.observer(Arc::clone(observer));
    }
    builder.build().map_err(|error| fault(error, config, &location.path()))
}

#[cfg(feature = "redis-tls")]
fn certificates(
    starter: &Starter<'_>,
    config: &RedisConfig,
    mut builder: wimse_redis::RedisReplayCacheBuilder,
) -> Result<wimse_redis::RedisReplayCacheBuilder, ConfigError> {
    if let Some(pem) = starter.read_optional(|| at("root_certificates"), config.root_certificates.as_ref())? {
        builder = builder.root_certificates(pem);
    }
    match (&config.client_certificate, &config.client_key) {
        (None, None) => Ok(builder),
        (Some(chain), Some(key)) => {
            let chain = starter.read(at("client_certificate"), chain)?;
            Ok(builder.client_certificate(chain, starter.read(at("client_key"), key)?))
        }
        (Some(_), None) => Err(ConfigError::missing(at("client_key"), "the key of the client's certificate")),
        (None, Some(_)) => {
            Err(ConfigError::missing(at("client_certificate"), "the certificate of the client's key"))
        }
    }
}

#[cfg(not(feature = "redis-tls"))]
fn certificates(
    _: &Starter<'_>,
    config: &RedisConfig,
    builder: wimse_redis::RedisReplayCacheBuilder,
) -> Result<wimse_redis::RedisReplayCacheBuilder, ConfigError> {
    let given = [
        ("root_certificates", &config.root_certificates),
        ("client_certificate", &config.client_certificate),
        ("client_key", &config.client_key),
    ];
    match given.into_iter().find(|(_, path)| path.is_some()) {
        Some((key, _)) => Err(ConfigError::feature_off(at(key), "redis-tls")),
        None => Ok(builder),
    }
}

fn at(key: &str) -> String {
    format!("{AT}.{key}")
}

/// What of the section the builder refused.
fn fault(error: BuildError, config: &RedisConfig, location: &str) -> ConfigError {
    let (path, reason) = match error {
        BuildError::Url => (location.to_owned(), "invalid_url"),
        BuildError::TlsFeature => {
            let message = "the URL asks for TLS, which needs the feature `redis-tls` of wimse-config";
            return ConfigError::new(location, "feature_off", message);
        }
        BuildError::InsecureTls => (location.to_owned(), "insecure_tls"),
        BuildError::Certificates if config.client_certificate.is_some() => {
            (at("client_certificate"), "invalid_certificates")
        }
        BuildError::Certificates if config.root_certificates.is_some() => {
            (at("root_certificates"), "invalid_certificates")
        }
        BuildError::Certificates => (location.to_owned(), "invalid_certificates"),
        BuildError::Prefix => (at("prefix"), "out_of_range"),
        BuildError::Timeout => (at("timeout"), "out_of_range"),
        BuildError::ClockTolerance => (at("clock_tolerance"), "out_of_range"),
        BuildError::Limits => ("server.limits".to_owned(), "out_of_range"),
        BuildError::Fallback => (at("allow_local_fallback"), "out_of_range"),
        BuildError::Runtime => (".".to_owned(), "no_runtime"),
        _ => (AT.to_owned(), "invalid"),
    };
    ConfigError::new(path, reason, error.to_string())
}
