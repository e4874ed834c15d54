//! The trust anchors of all trust domains that the agent knows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wimse_core::TrustStore;
use wimse_core::jose::JwkSet;

use super::BuildError;
use super::api::{FetchWitBundles, WitBundlesRequest, WitBundlesResponse};
use super::endpoint::Endpoint;
use super::names::domain;
use super::stream::{Follower, Waits, follow};
use crate::observer::default_observer;
use crate::{Handle, Reporter, SourceError, SourceObserver};

/// A source of trust anchors that follows the agent's bundles, foreign ones included. Runs until this and all clones of its handle
/// are dropped.
#[derive(Debug, Clone)]
pub struct SpiffeAnchors {
    handle: Handle,
    store: TrustStore,
}

impl SpiffeAnchors {
    /// Starts a configuration, in which everything has a default.
    pub fn builder() -> SpiffeAnchorsBuilder {
        SpiffeAnchorsBuilder::default()
    }

    /// The store that the anchors are put into, for a verifier.
    pub fn trust_store(&self) -> &TrustStore {
        &self.store
    }

    /// How the source is doing, and its end.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// Configures [`SpiffeAnchors`].
#[must_use]
pub struct SpiffeAnchorsBuilder {
    endpoint: Option<String>,
    beyond_host: bool,
    store: Option<TrustStore>,
    stale_limit: Duration,
    waits: Waits,
    observer: Arc<dyn SourceObserver>,
}

impl Default for SpiffeAnchorsBuilder {
    fn default() -> Self {
        Self {
            endpoint: None,
            beyond_host: false,
            store: None,
            stale_limit: Duration::from_secs(4 * 60 * 60),
            waits: Waits::default(),
            observer: default_observer(),
        }
    }
}

impl SpiffeAnchorsBuilder {
    /// Where the Workload API is: `unix:///run/spire/agent.sock` or `tcp://127.0.0.1:8000`. Default: what
    /// `SPIFFE_ENDPOINT_SOCKET` says.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Lets a `tcp` endpoint pass that is not a loopback address. **Weaker** than the default: whoever is on the way decides about
    /// the trust anchors. Only where the network keeps others out (SPIFFE Workload Endpoint §3).
    pub fn allow_tcp_beyond_this_host(mut self) -> Self {
        self.beyond_host = true;
        self
    }

    /// Puts the anchors into this store, which may have others of other sources. What it has for a `spiffe` domain that the agent
    /// knows gets the agent's keys, and keeps its algorithms and issuers. Default: a store of its own, which is pending until the
    /// agent sent bundles.
    pub fn trust_store(mut self, store: &TrustStore) -> Self {
        self.store = Some(store.clone());
        self
    }

    /// How long bundles are used that cannot be confirmed, because the agent is away or sends nothing usable. Default four hours: an
    /// agent may be down for a while, but a key that its issuer took back does not live for a day.
    pub fn stale_limit(mut self, limit: Duration) -> Self {
        self.stale_limit = limit;
        self
    }

    /// How long to wait before calling again: at first, and at most. Each wait is twice the last one, of which a random part up to a
    /// half is left out. Default 0.5 s and 30 s.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.waits = Waits { first, longest };
        self
    }

    /// Who is told what happens. Default: `tracing`, if that feature is on.
    pub fn observer(mut self, observer: impl SourceObserver) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Starts to follow the agent's bundles: see [`Handle::ready`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what is missing or cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<SpiffeAnchors, BuildError> {
        let endpoint = Endpoint::find(self.endpoint, self.beyond_host)?;
        if self.stale_limit.is_zero() {
            return Err(BuildError::StaleLimit);
        }
        let waits = self.waits.check()?;
        let store = self.store.unwrap_or_else(TrustStore::pending);
        let bundles = Bundles {
            store: store.clone(),
            stale_limit: self.stale_limit,
            domains: BTreeMap::new(),
            sound: false,
        };
        let work = |reporter| follow(endpoint, waits, bundles, reporter);
        let handle = Handle::spawn("spiffe-anchors", self.observer, work);
        Ok(SpiffeAnchors { handle, store })
    }
}

impl fmt::Debug for SpiffeAnchorsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpiffeAnchorsBuilder").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The bundle of one domain, as it is in use.
struct Bundle {
    keys: JwkSet,
    /// Whether the store knew the domain before: then its algorithms and issuers outlive the keys.
    configured: bool,
    /// When it was known to be what the agent says.
    confirmed: Instant,
    /// Whether the last message said the same.
    current: bool,
}

struct Bundles {
    store: TrustStore,
    stale_limit: Duration,
    /// The domains whose anchors came from here: no other source's are touched.
    domains: BTreeMap<String, Bundle>,
    /// Whether all of the last message could be used.
    sound: bool,
}

impl Bundles {
    /// Uses the bundle of one domain. `true` if it has changed.
    fn replace(&mut self, name: &str, text: &str) -> Result<bool, SourceError> {
        let malformed = |why: &dyn fmt::Display| {
            let detail = format_args!("the bundle of {} cannot be used: {why}", name.escape_debug());
            SourceError::new("bundle_malformed", detail)
        };
        if domain(name).is_none() {
            return Err(malformed(&"its name is not the SPIFFE ID of a trust domain"));
        }
        let keys = JwkSet::parse(text).map_err(|error| malformed(&error))?;
        let known = self.domains.get(name);
        let same = known.is_some_and(|bundle| bundle.keys == keys);
        let configured = known.map_or_else(|| is_in(&self.store, name), |bundle| bundle.configured);
        if !same {
            self.store.replace_keys(name, &keys).map_err(|error| malformed(&error))?;
        }
        let bundle = Bundle { keys, configured, confirmed: Instant::now(), current: true };
        self.domains.insert(name.to_owned(), bundle);
        Ok(!same)
    }

    /// Stops trusting the domains of which this is true. `true` if there were any.
    fn remove(&mut self, gone: impl Fn(&str, &Bundle) -> bool) -> bool {
        let before = self.domains.len();
        self.domains.retain(|name, bundle| {
            let gone = gone(name, bundle);
            if gone {
                // Neither can fail: the name and the domain's configuration were good enough when its keys were added.
                let _ = match bundle.configured {
                    true => self.store.replace_keys(name, &JwkSet::default()),
                    false => self.store.remove_domain(name),
                };
            }
            !gone
        });
        self.domains.len() < before
    }
}

fn is_in(store: &TrustStore, name: &str) -> bool {
    store.anchors().is_some_and(|anchors| anchors.domains().any(|domain| domain.as_str() == name))
}

impl Follower for Bundles {
    type Method = FetchWitBundles;

    fn request(&self) -> WitBundlesRequest {
        WitBundlesRequest {}
    }

    fn take(&mut self, message: WitBundlesResponse, reporter: &Reporter) -> bool {
        // A message without what is mandatory is discarded (SPIFFE Workload API §4.5).
        self.sound = false;
        if message.bundles.is_empty() {
            reporter.failed(SourceError::new("message_malformed", "an answer without bundles"));
            self.domains.values_mut().for_each(|bundle| bundle.current = false);
            return false;
        }
        // What is not in the message any more is redacted (SPIFFE Workload API §4.4).
        let mut changed = self.remove(|name, _| !message.bundles.contains_key(name));
        let mut malformed = None;
        for (name, text) in &message.bundles {
            match self.replace(name, text) {
                Ok(replaced) => changed |= replaced,
                Err(error) => {
                    if let Some(bundle) = self.domains.get_mut(name) {
                        bundle.current = false;
                    }
                    malformed = Some(error);
                }
            }
        }
        match (changed, self.domains.is_empty()) {
            (_, true) => {}
            (true, false) => reporter.updated(),
            (false, false) => reporter.confirmed(),
        }
        match malformed {
            Some(error) if changed && self.domains.is_empty() => reporter.withdrawn(error),
            Some(error) => reporter.failed(error),
            None => self.sound = true,
        }
        self.sound
    }

    fn withdraw(&mut self, why: SourceError, reporter: &Reporter) {
        match self.remove(|_, _| true) {
            true => reporter.withdrawn(why),
            false => reporter.failed(why),
        }
    }

    fn tick(&mut self, connected: bool, reporter: &Reporter) {
        if connected {
            for bundle in self.domains.values_mut().filter(|bundle| bundle.current) {
                bundle.confirmed = Instant::now();
            }
            if self.sound && !self.domains.is_empty() {
                reporter.confirmed();
            }
        }
        let limit = self.stale_limit;
        if self.remove(|_, bundle| bundle.confirmed.elapsed() >= limit) {
            let error = SourceError::new("bundle_stale", format_args!("not confirmed for {limit:?}"));
            match self.domains.is_empty() {
                true => reporter.withdrawn(error),
                false => reporter.failed(error),
            }
        }
    }
}
