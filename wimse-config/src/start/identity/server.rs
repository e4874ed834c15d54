//! `[identity.server]`.

use std::sync::Arc;

use wimse_core::RotatingCredential;
use wimse_identity::server::{BuildError, IdentityServer, IdentityServerBuilder};

use crate::config::ServerIdentity;
use crate::source::Source;
use crate::start::backoff::waits;
use crate::{ConfigError, Starter};

const AT: &str = "identity.server";

pub(super) fn start(
    starter: &Starter<'_>,
    config: &ServerIdentity,
    sources: &mut Vec<Source>,
) -> Result<RotatingCredential, ConfigError> {
    let base = config
        .base_url
        .as_ref()
        .ok_or_else(|| ConfigError::missing(at("base_url"), "the base URL of the identity server"))?;
    let mut builder = IdentityServer::builder(base.as_str())
        .clock(Arc::clone(&starter.clock))
        .observer(Arc::clone(&starter.source_observer));
    builder = evidence(starter, config, builder)?;
    if let Some(algorithm) = config.algorithm {
        builder = builder.algorithm(algorithm.0);
    }
    if let Some(subject) = &config.expect_subject {
        builder = builder.expect_subject(subject.0.clone());
    }
    if let Some(pem) = starter.read_optional(|| at("root_certificates"), config.root_certificates.as_ref())? {
        builder = builder.root_certificates(pem);
    }
    if let Some(proxy) = starter.proxy(&at("proxy"), config.proxy.as_ref())? {
        builder = builder.proxy(proxy);
    }
    if config.allow_plaintext_loopback {
        builder = builder.allow_plaintext_loopback();
    }
    if let Some(limit) = config.timeout {
        builder = builder.timeout(limit.0);
    }
    if let Some(part) = config.renew_after {
        builder = builder.renew_after(part);
    }
    if let Some((first, longest)) = waits(AT, config.backoff.as_ref())? {
        builder = builder.backoff(first, longest);
    }
    let source = builder.start().map_err(fault)?;
    sources.push(Source::task(AT, source.handle()));
    Ok(source.credentials())
}

fn evidence(
    starter: &Starter<'_>,
    config: &ServerIdentity,
    builder: IdentityServerBuilder,
) -> Result<IdentityServerBuilder, ConfigError> {
    match (&config.join_token_file, &config.join_token_env, &config.service_account_jwt_file) {
        (Some(path), None, None) => Ok(builder.join_token_file(starter.path(path))),
        (None, Some(variable), None) => {
            let variable = variable.clone();
            Ok(builder.join_token(move || match std::env::var(&variable) {
                Ok(token) => Ok(token),
                // The error of the standard library would repeat a value that is not UTF-8.
                Err(_) => Err(format!("the environment variable {variable:?} is not set, or is not UTF-8")),
            }))
        }
        (None, None, Some(path)) => Ok(builder.service_account_jwt_file(starter.path(path))),
        (None, None, None) => Err(ConfigError::missing(
            AT,
            "write one of `join_token_file`, `join_token_env` and `service_account_jwt_file`",
        )),
        _ => Err(ConfigError::conflict(
            AT,
            "write one of `join_token_file`, `join_token_env` and `service_account_jwt_file`, not several",
        )),
    }
}

fn at(key: &str) -> String {
    format!("{AT}.{key}")
}

/// What of the section the builder refused.
fn fault(error: BuildError) -> ConfigError {
    let (key, reason) = match error {
        BuildError::BaseUrl => ("base_url", "invalid_url"),
        BuildError::Plaintext => {
            let message =
                "plain http: use https, or `allow_plaintext_loopback = true` for a server on this host";
            return ConfigError::new(at("base_url"), "plaintext", message);
        }
        BuildError::RenewAfter => ("renew_after", "out_of_range"),
        BuildError::Backoff => ("backoff", "out_of_range"),
        BuildError::Timeout => ("timeout", "out_of_range"),
        BuildError::RootCertificates => ("root_certificates", "invalid_certificates"),
        BuildError::Proxy => ("proxy", "invalid_url"),
        BuildError::Tls => ("root_certificates", "tls_unavailable"),
        _ => return ConfigError::new(AT, "invalid", error.to_string()),
    };
    ConfigError::new(at(key), reason, error.to_string())
}
