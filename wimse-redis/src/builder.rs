//! Puts a cache together. Closed by default: whatever is given up has a method that says so.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use tokio::runtime::Handle;
use wimse_core::limits::MAX_LEEWAY;
use wimse_core::{Limits, MemoryReplayCache};

use crate::build_error::BuildError;
use crate::cache::{Fallback, Inner, RedisReplayCache};
use crate::keeper::{Keeper, Store};
use crate::keys::Keys;
use crate::link::Address;
use crate::memory::Terms;
use crate::observer::{StoreObserver, default_observer};
use crate::outage::Outages;

/// The longest time-out: a request must not hang on its replay check.
const MAX_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest tolerance: beyond a minute, verifiers refuse each other's callers anyway.
const MAX_TOLERANCE: Duration = Duration::from_secs(60);

/// Makes a [`RedisReplayCache`]. See [`RedisReplayCache::builder`].
#[must_use = "nothing happens until `build`"]
pub struct RedisReplayCacheBuilder {
    url: String,
    #[cfg(feature = "cluster")]
    cluster: Option<Vec<String>>,
    #[cfg(feature = "tls")]
    tls: redis::TlsCertificates,
    prefix: String,
    timeout: Duration,
    limits: Limits,
    clock_tolerance: Duration,
    persistent: bool,
    allow_new: bool,
    fallback: Option<Duration>,
    observer: Option<Arc<dyn StoreObserver>>,
}

impl RedisReplayCacheBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            #[cfg(feature = "cluster")]
            cluster: None,
            #[cfg(feature = "tls")]
            tls: redis::TlsCertificates { client_tls: None, root_cert: None },
            prefix: "wimse-replay:".to_owned(),
            timeout: Duration::from_millis(50),
            limits: Limits::default(),
            clock_tolerance: Duration::from_secs(5),
            persistent: false,
            allow_new: false,
            fallback: None,
            observer: None,
        }
    }

    /// The URL is that of a node of a cluster; `nodes` are the URLs of further ones, in case that one is down when the
    /// cache starts. User and password are the same for all.
    #[cfg(feature = "cluster")]
    pub fn cluster<U: Into<String>>(mut self, nodes: impl IntoIterator<Item = U>) -> Self {
        self.cluster = Some(nodes.into_iter().map(Into::into).collect());
        self
    }

    /// Replaces the roots of the operating system: certificates in PEM that Redis's certificate must lead to.
    #[cfg(feature = "tls")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.root_cert = Some(pem.into());
        self
    }

    /// Authenticates by a certificate, given with its chain and its private key in PEM. None by default.
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        let (client_cert, client_key) = (chain.into(), key.into());
        self.tls.client_tls = Some(redis::ClientTlsConfig { client_cert, client_key });
        self
    }

    /// Replaces the beginning of every key, `wimse-replay:`. Verifiers with the same prefix share their memory. Visible
    /// ASCII without braces, at most 64 characters.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Replaces the time within which every answer comes, 50 ms. At most 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Replaces the default limits by those of the verifiers. From them follows for how long a proof may have to be remembered,
    /// and so for how long proofs are refused after Redis lost its memory: the closer `wpt_remaining` and `signature_window`
    /// are to the lifetimes that callers use, the sooner they are accepted again. The same for all that share a memory.
    pub fn limits(mut self, limits: &Limits) -> Self {
        self.limits = limits.clone();
        self
    }

    /// Replaces how far the clocks of Redis and this host may differ, 5 s; beyond it everything is refused. From 1 s to
    /// 60 s, and the same for all that share a memory. The time to recover is longer by three times as much.
    pub fn clock_tolerance(mut self, tolerance: Duration) -> Self {
        self.clock_tolerance = tolerance;
        self
    }

    /// By default, a Redis that was restarted, or replaced by a replica, is taken to have forgotten what it knew. With this
    /// it is not, as long as its data is there: only say so if every write is on disk before it is answered
    /// (`appendonly yes`, `appendfsync always`) and no replica takes over that may lack the last writes. Otherwise the
    /// proofs whose writes were lost can be used once more.
    pub fn trust_persistence(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// By default, a Redis without a mark of this crate is taken to have forgotten what it knew. With this it is taken
    /// to be new: for development, tests and first deployments. A Redis without persistence that restarts then accepts
    /// proofs a second time.
    pub fn allow_new_memory(mut self) -> Self {
        self.allow_new = true;
        self
    }

    /// By default, requests are refused with 503 as long as Redis cannot decide. With this, each replica decides by its own
    /// memory for `at_most` so long from the beginning of an outage, and tells of it; then it refuses. Meanwhile, and until
    /// the proofs of that time have expired, every replica may accept the same proof once.
    ///
    /// The cache then has a [`MemoryReplayCache`] in front, as `LayeredReplayCache` does.
    pub fn allow_local_fallback(mut self, at_most: Duration) -> Self {
        self.fallback = Some(at_most);
        self
    }

    /// Replaces the default observer, which writes `tracing` events.
    pub fn observer(mut self, observer: impl StoreObserver) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Builds the cache, inside a tokio runtime. It connects in the background, and keeps trying; see
    /// [`RedisReplayCache::ready`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what is missing or cannot be used.
    pub fn build(self) -> Result<RedisReplayCache, BuildError> {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '{' | '}');
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.chars().all(plain) {
            return Err(BuildError::Prefix);
        }
        if self.timeout.is_zero() || self.timeout > MAX_TIMEOUT {
            return Err(BuildError::Timeout);
        }
        if self.clock_tolerance < Duration::from_secs(1) || self.clock_tolerance > MAX_TOLERANCE {
            return Err(BuildError::ClockTolerance);
        }
        if self.fallback.is_some_and(|at_most| at_most.is_zero()) {
            return Err(BuildError::Fallback);
        }
        let runtime = Handle::try_current().map_err(|_| BuildError::Runtime)?;
        let terms = Terms {
            window: window(&self.limits).ok_or(BuildError::Limits)?,
            tolerance: seconds(self.clock_tolerance).ok_or(BuildError::ClockTolerance)?,
            persistent: self.persistent,
            allow_new: self.allow_new,
        };
        #[cfg(feature = "cluster")]
        let cluster = self.cluster.is_some();
        #[cfg(not(feature = "cluster"))]
        let cluster = false;
        let keys = Keys::new(self.prefix.clone(), cluster);
        let address = self.address()?;
        let store = Arc::new(Store { keys, terms });
        Ok(RedisReplayCache::new(Inner {
            keeper: Keeper::spawn(address, Arc::clone(&store)),
            store,
            timeout: self.timeout,
            fallback: self.fallback.map(|at_most| Fallback { local: MemoryReplayCache::default(), at_most }),
            outages: Outages::default(),
            observer: self.observer.unwrap_or_else(default_observer),
            runtime,
        }))
    }

    fn address(&self) -> Result<Address, BuildError> {
        let server = location(&self.url)?;
        #[cfg(feature = "cluster")]
        if let Some(nodes) = &self.cluster {
            return self.cluster_address(server, nodes);
        }
        #[cfg(feature = "tls")]
        if matches!(server.addr(), ConnectionAddr::TcpTls { .. }) {
            trust_one_provider();
            let client = Client::build_with_tls(server, self.tls.clone());
            return client
                .map(|client| Address::Server(Box::new(client)))
                .map_err(|_| BuildError::Certificates);
        }
        Client::open(server).map(|client| Address::Server(Box::new(client))).map_err(|_| BuildError::Url)
    }

    #[cfg(feature = "cluster")]
    fn cluster_address(&self, first: ConnectionInfo, nodes: &[String]) -> Result<Address, BuildError> {
        use crate::keeper::PATIENCE;
        let further = nodes.iter().map(|url| location(url)).collect::<Result<Vec<_>, _>>()?;
        let tls = matches!(first.addr(), ConnectionAddr::TcpTls { .. });
        // A second attempt of what may have been done already would find the proof used.
        let builder = redis::cluster::ClusterClient::builder(std::iter::once(first).chain(further))
            .tcp_settings(tcp_settings())
            .connection_timeout(PATIENCE)
            .response_timeout(MAX_TIMEOUT)
            .retries(0);
        #[cfg(feature = "tls")]
        let builder = if tls {
            trust_one_provider();
            builder.certs(self.tls.clone())
        } else {
            builder
        };
        let or = if tls { BuildError::Certificates } else { BuildError::Url };
        builder.build().map(|client| Address::Cluster(Box::new(client))).map_err(|_| or)
    }
}

fn location(url: &str) -> Result<ConnectionInfo, BuildError> {
    let encrypted = ["rediss:", "valkeys:"].iter().any(|scheme| url.starts_with(scheme));
    if encrypted && !cfg!(feature = "tls") {
        return Err(BuildError::TlsFeature);
    }
    // The error would repeat parts of the URL, which may hold a password.
    let info = url.into_connection_info().map_err(|_| BuildError::Url)?;
    match info.addr() {
        ConnectionAddr::TcpTls { insecure: true, .. } => Err(BuildError::InsecureTls),
        _ => Ok(info.set_tcp_settings(tcp_settings())),
    }
}

/// Small questions do not wait to become large ones.
fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// The `redis` crate asks rustls for the provider of the process, which panics if none was chosen and several are
/// compiled in.
#[cfg(feature = "tls")]
fn trust_one_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error says that another thread was faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

/// For how many seconds a proof may have to be remembered, as far as the verifier's limits allow.
fn window(limits: &Limits) -> Option<i64> {
    let longest = limits.wpt_remaining.max(limits.signature_window);
    let window = longest.checked_add(limits.leeway)?.checked_add(MAX_LEEWAY)?;
    // A year is as good as none, and keeps sums of it far from any overflow.
    seconds(window).filter(|window| *window <= 365 * 24 * 60 * 60)
}

fn seconds(duration: Duration) -> Option<i64> {
    i64::try_from(duration.as_secs()).ok()
}

impl fmt::Debug for RedisReplayCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReplayCacheBuilder")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
