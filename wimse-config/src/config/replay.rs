//! Whether and where used proofs are remembered.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::{Parsed, Url};

/// Where used proofs are remembered: in `memory`, in `redis`, or in both, of which the memory then is asked first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReplayConfig {
    /// In the memory of this process.
    pub memory: Option<MemoryConfig>,
    /// In a Redis or Valkey that all replicas share. Feature `redis`.
    pub redis: Option<RedisConfig>,
    /// Accepts the same proof any number of times until it expires. **Weaker** than any memory.
    #[serde(default)]
    pub allow_replay: bool,
}

/// See [`MemoryReplayCache`](wimse_core::MemoryReplayCache).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MemoryConfig {
    /// For how many live proofs.
    pub capacity: Option<usize>,
}

/// See `RedisReplayCacheBuilder` of `wimse-redis`. Its limits are those of the server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisConfig {
    /// The URL, without a password. This or one of the next two is required.
    pub url: Option<Url>,
    /// The environment variable that holds the URL.
    pub url_env: Option<String>,
    /// The file that holds the URL.
    pub url_file: Option<PathBuf>,
    /// The URL is that of a cluster's node, or those of several nodes, separated by white space. Feature `redis-cluster`.
    #[serde(default)]
    pub cluster: bool,
    /// The file of the root certificates, in PEM. Feature `redis-tls`.
    pub root_certificates: Option<PathBuf>,
    /// The file of the client's certificate and its chain, in PEM. Feature `redis-tls`.
    pub client_certificate: Option<PathBuf>,
    /// The file of the client's private key, in PEM. Feature `redis-tls`.
    pub client_key: Option<PathBuf>,
    /// The beginning of every key.
    pub prefix: Option<String>,
    /// The time within which every answer comes.
    pub timeout: Option<Parsed<Duration>>,
    /// How far the clocks of Redis and this host may differ.
    pub clock_tolerance: Option<Parsed<Duration>>,
    /// Redis keeps its data through a restart: every write is on disk before it is answered.
    #[serde(default)]
    pub trust_persistence: bool,
    /// Takes a Redis that this crate has not marked for a new one. **Weaker** than the default.
    #[serde(default)]
    pub allow_new_memory: bool,
    /// For how long this replica decides alone while Redis cannot. **Weaker** than the default, which refuses with 503.
    pub allow_local_fallback: Option<Parsed<Duration>>,
}
