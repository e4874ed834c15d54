//! `[client]` becomes a signer.

use std::collections::HashSet;
use std::sync::Arc;

use wimse_core::{Audience, BuildError, CalleeMap, RotatingCredential, Signer, TrustStore};

use crate::config::{AudienceConfig, CalleeConfig, ClientConfig};
use crate::{ConfigError, Starter};

pub(super) fn start(
    starter: &Starter<'_>,
    config: &ClientConfig,
    trust: Option<&TrustStore>,
    credentials: Option<&RotatingCredential>,
) -> Result<Signer, ConfigError> {
    let credentials = credentials.ok_or_else(|| {
        ConfigError::missing(
            "identity",
            "a client needs this workload's own credential: write one of `identity.file`, `identity.server`, `identity.spiffe`",
        )
    })?;
    let mut builder = Signer::builder()
        .credentials(credentials.clone())
        .limits(config.limits.limits())
        .clock(Arc::clone(&starter.clock));
    if let Some(proof) = config.proof {
        builder = builder.proof(proof.0);
    }
    if let Some(revision) = config.revision {
        builder = builder.revision(revision.0);
    }
    if let Some(wanted) = &config.audience {
        builder = builder.audience(audience(wanted)?);
    }
    if let Some(expected) = &config.callees {
        builder = builder.expected_callees(callees(expected)?);
    }
    if let Some(fields) = &config.context_tokens {
        builder = builder.context_tokens(fields);
    }
    if let Some(trust) = trust {
        builder = builder.response_anchors(trust);
    }
    if let Some(lifetime) = config.proof_lifetime {
        builder = builder.proof_lifetime(lifetime.0);
    }
    if config.require_signed_responses && config.prefer_signed_responses {
        return Err(ConfigError::conflict(
            "client.prefer_signed_responses",
            "responses are either required or preferred to be signed: leave one of the two out",
        ));
    }
    if config.require_signed_responses {
        builder = builder.require_signed_responses();
    }
    if config.prefer_signed_responses {
        builder = builder.prefer_signed_responses();
    }
    if config.allow_plaintext_loopback {
        builder = builder.allow_plaintext_loopback();
    }
    if config.allow_unknown_transport {
        builder = builder.allow_unknown_transport();
    }
    if config.dangerous.allow_plaintext {
        builder = builder.dangerous().allow_plaintext();
    }
    builder.build().map_err(|error| fault(&error))
}

fn audience(config: &AudienceConfig) -> Result<Audience, ConfigError> {
    match (&config.base_url, &config.fixed, config.callee_identifier) {
        (Some(base), None, false) => Audience::base_url(base).map_err(|error| {
            ConfigError::new("client.audience.base_url", "invalid_audience", error.to_string())
        }),
        (None, Some(text), false) if text.is_empty() => {
            Err(ConfigError::new("client.audience.fixed", "invalid_audience", "the audience is empty"))
        }
        (None, Some(text), false) => Ok(Audience::fixed(text)),
        (None, None, true) => Ok(Audience::CalleeIdentifier),
        (None, None, false) => Err(ConfigError::missing(
            "client.audience",
            "write one of `base_url`, `fixed` and `callee_identifier = true`, or leave the section out for the target URI",
        )),
        _ => Err(ConfigError::conflict(
            "client.audience",
            "write one of `base_url`, `fixed` and `callee_identifier`, not several",
        )),
    }
}

fn callees(config: &[CalleeConfig]) -> Result<CalleeMap, ConfigError> {
    let (mut map, mut names) = (CalleeMap::new(), HashSet::new());
    for (i, callee) in config.iter().enumerate() {
        let at = |key: &str| format!("client.callees[{i}].{key}");
        let name = callee.name.as_deref().ok_or_else(|| {
            ConfigError::missing(
                at("name"),
                "write the host that is dialled, with its port if that is not the usual one",
            )
        })?;
        if name.is_empty() || name.contains(['/', '@', '?', '#']) || name.contains(char::is_whitespace) {
            let message =
                format!("{name:?} is no host with an optional port, as in \"orders.internal:8443\"");
            return Err(ConfigError::new(at("name"), "invalid_name", message));
        }
        // The port of https is never part of the name that is looked up.
        if name.ends_with(":443") {
            let message = format!("{name:?} would never match: leave the scheme's default port out");
            return Err(ConfigError::new(at("name"), "invalid_name", message));
        }
        if !names.insert(name.to_ascii_lowercase()) {
            let message = format!("{name:?} was given before");
            return Err(ConfigError::new(at("name"), "duplicate", message));
        }
        map = match (&callee.workload, &callee.trust_domain) {
            (Some(workload), None) => map.with(name, workload.0.clone()),
            (None, Some(domain)) => map.with(name, domain.0.clone()),
            (None, None) => {
                return Err(ConfigError::missing(
                    at("workload"),
                    "write `workload`, or the weaker `trust_domain`",
                ));
            }
            (Some(_), Some(_)) => {
                let message = "write one of `workload` and `trust_domain`, not both";
                return Err(ConfigError::conflict(at("trust_domain"), message));
            }
        };
    }
    Ok(map)
}

/// What of `[client]` the builder of signers refused.
fn fault(error: &BuildError) -> ConfigError {
    let (path, reason) = match error {
        BuildError::Credentials => ("identity", "missing"),
        BuildError::ProofLifetime => ("client.proof_lifetime", "out_of_range"),
        BuildError::ContextField => ("client.context_tokens", "invalid_field"),
        BuildError::Leeway => ("client.limits.leeway", "out_of_range"),
        BuildError::SignatureWindow => ("client.limits.signature_window", "out_of_range"),
        BuildError::ResponseProof => {
            let message = "signed responses need `proof = \"http-signature\"`";
            return ConfigError::conflict("client.proof", message);
        }
        BuildError::ResponseAnchors => {
            return ConfigError::missing(
                "trust",
                "signed responses are checked by trust anchors: write `trust.domains`",
            );
        }
        BuildError::Callees => {
            let advice = "write who is to sign responses: a list of `name` with `workload`, or with the weaker `trust_domain`";
            return ConfigError::missing("client.callees", advice);
        }
        _ => ("client", "invalid"),
    };
    ConfigError::new(path, reason, error.to_string())
}
