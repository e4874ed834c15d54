//! `[server.replay]` becomes a memory of used proofs.

#[cfg(feature = "redis")]
mod redis;

use std::sync::Arc;

use wimse_core::{Limits, MemoryReplayCache, ReplayCache};

use crate::config::{MemoryConfig, ReplayConfig};
use crate::source::Source;
use crate::{ConfigError, Starter};

/// Where used proofs are remembered, if at all.
pub(super) enum Replay {
    Allowed,
    Remembered(Arc<dyn ReplayCache>),
}

#[cfg_attr(not(feature = "redis"), expect(unused_variables, clippy::ptr_arg, reason = "Redis is off"))]
pub(super) fn start(
    starter: &Starter<'_>,
    config: Option<&ReplayConfig>,
    limits: &Limits,
    sources: &mut Vec<Source>,
) -> Result<Replay, ConfigError> {
    let undecided = || {
        ConfigError::missing(
            "server.replay",
            "write `memory` (one process), `redis` (all replicas) or both; or `allow_replay = true` to accept a proof any number \
             of times",
        )
    };
    let config = config.ok_or_else(undecided)?;
    match (&config.memory, &config.redis, config.allow_replay) {
        (None, None, true) => Ok(Replay::Allowed),
        (_, _, true) => Err(ConfigError::conflict(
            "server.replay.allow_replay",
            "replay is either allowed or prevented: leave out `allow_replay`, or `memory` and `redis`",
        )),
        (None, None, false) => Err(undecided()),
        (Some(local), None, false) => Ok(Replay::Remembered(Arc::new(memory(local)?))),
        #[cfg(feature = "redis")]
        (local, Some(config), false) => {
            let shared = redis::start(starter, config, limits)?;
            sources.push(Source::redis(redis::AT, &shared));
            Ok(Replay::Remembered(match local {
                Some(local) => Arc::new(wimse_core::LayeredReplayCache::new(memory(local)?, shared)),
                None => Arc::new(shared),
            }))
        }
        #[cfg(not(feature = "redis"))]
        (_, Some(_), false) => Err(ConfigError::feature_off("server.replay.redis", "redis")),
    }
}

fn memory(config: &MemoryConfig) -> Result<MemoryReplayCache, ConfigError> {
    match config.capacity {
        // It would still hold some, and refuse almost everybody.
        Some(0) => Err(ConfigError::new(
            "server.replay.memory.capacity",
            "out_of_range",
            "a memory for no proofs refuses everybody: leave it out for the default",
        )),
        Some(capacity) => Ok(MemoryReplayCache::with_capacity(capacity)),
        None => Ok(MemoryReplayCache::default()),
    }
}
