//! `[server]` becomes a verifier.

use std::sync::Arc;

use wimse_core::{Audience, Audiences, BuildError, RotatingCredential, Signer, TrustStore, Verifier};

use super::replay::{self, Replay};
use crate::config::{AudiencesConfig, ServerConfig};
use crate::running::{LayerSettings, Server, SignResponses};
use crate::source::Source;
use crate::{ConfigError, Starter};

pub(super) fn start(
    starter: &Starter<'_>,
    config: &ServerConfig,
    trust: Option<&TrustStore>,
    credentials: Option<&RotatingCredential>,
    sources: &mut Vec<Source>,
) -> Result<Server, ConfigError> {
    let trust = trust.ok_or_else(|| {
        ConfigError::missing("trust", "a server trusts at least one trust domain: write `trust.domains`")
    })?;
    let limits = config.limits.limits();
    let mut builder = Verifier::builder()
        .trust_anchors(trust)
        .audiences(audiences(config.audiences.as_ref())?)
        .limits(limits.clone())
        .clock(Arc::clone(&starter.clock))
        .observer(Arc::clone(&starter.observer));
    if let Some(proofs) = &config.proofs {
        builder = builder.proofs(proofs.iter().map(|proof| proof.0));
    }
    if let Some(revision) = config.allow_revision {
        builder = builder.allow_revision(revision.0);
    }
    if config.allow_several_audiences {
        builder = builder.allow_several_audiences();
    }
    if let Some(fields) = &config.context_tokens {
        builder = builder.context_tokens(fields);
    }
    builder = match replay::start(starter, config.replay.as_ref(), &limits, sources)? {
        Replay::Allowed => builder.allow_replay(),
        Replay::Remembered(cache) => builder.replay_cache(cache),
    };
    let verifier = builder.build().map_err(|error| fault(&error))?;
    let sign_responses = config.sign_responses.map(|when| when.0).unwrap_or_default();
    Ok(Server {
        verifier,
        response_signer: response_signer(starter, config, sign_responses, credentials)?,
        layer: LayerSettings {
            body_limit: config.body_limit,
            response_limit: config.response_limit,
            sign_responses,
            allow_anonymous: config.allow_anonymous,
        },
    })
}

/// The audiences, each of which was looked at by itself, so that an error has its place.
fn audiences(config: Option<&AudiencesConfig>) -> Result<Audiences, ConfigError> {
    const ADVICE: &str =
        "write `audiences.base_urls`, `audiences.exact` or both: the names that callers know this service by";
    let config = config.ok_or_else(|| ConfigError::missing("server.audiences", ADVICE))?;
    if config.base_urls.is_empty() && config.exact.is_empty() {
        return Err(ConfigError::missing("server.audiences", ADVICE));
    }
    for (i, base) in config.base_urls.iter().enumerate() {
        Audience::base_url(base).map_err(|error| {
            ConfigError::new(
                format!("server.audiences.base_urls[{i}]"),
                "invalid_audience",
                error.to_string(),
            )
        })?;
    }
    if let Some(i) = config.exact.iter().position(String::is_empty) {
        let path = format!("server.audiences.exact[{i}]");
        return Err(ConfigError::new(path, "invalid_audience", "an audience is empty"));
    }
    let mut audiences = Audiences::default();
    for base in &config.base_urls {
        audiences = audiences.and(Audiences::base_url(base));
    }
    Ok(audiences.and(Audiences::exact(&config.exact)))
}

fn response_signer(
    starter: &Starter<'_>,
    config: &ServerConfig,
    when: SignResponses,
    credentials: Option<&RotatingCredential>,
) -> Result<Option<Signer>, ConfigError> {
    if when == SignResponses::Never {
        return match config.response_lifetime {
            Some(_) => Err(ConfigError::conflict(
                "server.response_lifetime",
                "has no effect without `sign_responses`: write `on-request` or `always` there",
            )),
            None => Ok(None),
        };
    }
    if when == SignResponses::Always && config.allow_anonymous {
        return Err(ConfigError::conflict(
            "server.allow_anonymous",
            "has no effect where all responses are signed: nothing ties them to a request without credentials",
        ));
    }
    let credentials = credentials.ok_or_else(|| {
        ConfigError::missing("identity", "`server.sign_responses` needs this workload's own credential")
    })?;
    let mut builder = Signer::builder().credentials(credentials.clone()).clock(Arc::clone(&starter.clock));
    if let Some(lifetime) = config.response_lifetime {
        builder = builder.proof_lifetime(lifetime.0);
    }
    builder.build().map(Some).map_err(|error| match error {
        BuildError::ProofLifetime => {
            ConfigError::new("server.response_lifetime", "out_of_range", error.to_string())
        }
        other => fault(&other),
    })
}

/// What of `[server]` the builder of verifiers refused.
fn fault(error: &BuildError) -> ConfigError {
    let (path, reason) = match error {
        BuildError::TrustAnchors => ("trust.domains", "missing"),
        BuildError::Audiences => ("server.audiences", "missing"),
        BuildError::Audience(_) => ("server.audiences", "invalid_audience"),
        BuildError::Replay => ("server.replay", "missing"),
        BuildError::Proofs => ("server.proofs", "missing"),
        BuildError::Leeway => ("server.limits.leeway", "out_of_range"),
        BuildError::SignatureWindow => ("server.limits.signature_window", "out_of_range"),
        BuildError::ContextField => ("server.context_tokens", "invalid_field"),
        _ => ("server", "invalid"),
    };
    ConfigError::new(path, reason, error.to_string())
}
