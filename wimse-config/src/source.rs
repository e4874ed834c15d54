//! What runs in the background, and whether it has something to offer.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;
#[cfg(feature = "redis")]
use wimse_redis::RedisReplayCache;

use wimse_identity::Handle;

/// How often a Redis is asked whether it can decide, while somebody waits for it.
#[cfg(feature = "redis")]
const PAUSE: Duration = Duration::from_millis(20);

/// A source of credentials or trust anchors, or a shared replay memory, by the key that configures it.
#[derive(Debug)]
pub struct Source {
    path: &'static str,
    watched: Watched,
}

#[derive(Debug)]
enum Watched {
    #[cfg_attr(
        not(any(feature = "file", feature = "jwks", feature = "server", feature = "spiffe")),
        expect(dead_code, reason = "there are no such sources")
    )]
    Task(Handle),
    #[cfg(feature = "redis")]
    Redis(RedisReplayCache),
}

impl Source {
    #[cfg(any(feature = "file", feature = "jwks", feature = "server", feature = "spiffe"))]
    pub(crate) fn task(path: &'static str, handle: &Handle) -> Self {
        Self { path, watched: Watched::Task(handle.clone()) }
    }

    #[cfg(feature = "redis")]
    pub(crate) fn redis(path: &'static str, cache: &RedisReplayCache) -> Self {
        Self { path, watched: Watched::Redis(cache.clone()) }
    }

    /// The key that configures it, such as `trust.jwks` or `identity.file`.
    pub fn path(&self) -> &str {
        self.path
    }

    /// What is wrong with it, for the operator; `None` if it is healthy. It may have something to offer all the same.
    pub fn problem(&self) -> Option<String> {
        match &self.watched {
            Watched::Task(handle) if handle.is_healthy() => None,
            Watched::Task(handle) => Some(match handle.health().last_error {
                Some(error) => error.to_string(),
                None if handle.health().age.is_some() => "it was stopped".to_owned(),
                None => "it has not answered yet".to_owned(),
            }),
            #[cfg(feature = "redis")]
            Watched::Redis(cache) => match cache.status() {
                Ok(left) if left.is_zero() => None,
                Ok(left) => Some(wimse_redis::Fault::Forgotten(left).to_string()),
                Err(fault) => Some(fault.to_string()),
            },
        }
    }

    /// The handle of a source of credentials or trust anchors, to wait for its updates. A Redis has none.
    pub fn handle(&self) -> Option<&Handle> {
        match &self.watched {
            Watched::Task(handle) => Some(handle),
            #[cfg(feature = "redis")]
            Watched::Redis(_) => None,
        }
    }

    /// Waits until it has something to offer; a Redis, until it can be asked.
    async fn ready(&self, deadline: Instant) -> Result<(), String> {
        match &self.watched {
            Watched::Task(handle) => {
                let left = deadline.saturating_duration_since(Instant::now());
                handle.ready(left).await.map_err(|error| error.to_string())
            }
            #[cfg(feature = "redis")]
            Watched::Redis(cache) => loop {
                match cache.status() {
                    Ok(_) => return Ok(()),
                    Err(fault) if Instant::now() >= deadline => return Err(fault.to_string()),
                    Err(_) => tokio::time::sleep_until(deadline.min(Instant::now() + PAUSE)).await,
                }
            },
        }
    }

    pub(crate) fn stop(&self) {
        if let Some(handle) = self.handle() {
            handle.stop();
        }
    }
}

/// Waits until all have something to offer, with one limit for all.
pub(crate) async fn all_ready(sources: &[Source], limit: Duration) -> Result<(), NotReady> {
    let now = Instant::now();
    // As good as no limit, where the sum cannot be had.
    let deadline = now.checked_add(limit).unwrap_or(now + Duration::from_secs(365 * 24 * 60 * 60));
    let mut waiting = Vec::new();
    // One after the other takes no longer than the slowest, and the state of each is looked at after the deadline, too.
    for source in sources {
        if let Err(why) = source.ready(deadline).await {
            waiting.push((source.path, why));
        }
    }
    if waiting.is_empty() { Ok(()) } else { Err(NotReady { limit, waiting }) }
}

/// Some sources had nothing to offer in time. They go on trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    limit: Duration,
    waiting: Vec<(&'static str, String)>,
}

impl NotReady {
    /// Their keys, each with what went wrong last.
    pub fn waiting(&self) -> impl Iterator<Item = (&str, &str)> {
        self.waiting.iter().map(|(path, why)| (*path, why.as_str()))
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not ready within {:?}", self.limit)?;
        for (path, why) in &self.waiting {
            write!(f, "; {path}: {why}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NotReady {}
