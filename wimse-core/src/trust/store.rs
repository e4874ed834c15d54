//! Trust anchors that can be exchanged while requests are being verified.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::{ArcSwapOption, Guard};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{DomainAnchors, KnownToken, TrustAnchors, TrustError};
use crate::identifier::TrustDomain;
use crate::jose::JwkSet;
use crate::wit::Wit;

/// How many validated tokens are remembered unless told otherwise.
const DEFAULT_CACHE: usize = 10_000;

/// The current trust anchors of a service, shared by clones and read without a lock.
///
/// Each value of the anchors has a cache of its own for the tokens that it validated, so that exchanging the
/// anchors forgets them all at once: nothing that a removed key signed outlives the exchange.
///
/// ```
/// use wimse_core::jose::JwkSet;
/// use wimse_core::{Audiences, MemoryReplayCache, TrustStore, Verifier};
///
/// # fn keys(first: JwkSet, second: JwkSet) -> Result<(), Box<dyn std::error::Error>> {
/// let store = TrustStore::pending(); // 503 until there are anchors
/// let verifier = Verifier::builder()
///     .trust_anchors(&store)
///     .audiences(Audiences::base_url("https://orders.example.com"))
///     .replay_cache(MemoryReplayCache::default())
///     .build()?;
/// store.replace_domain("example.com", first)?;
/// // … and whenever the issuer publishes other keys:
/// store.replace_keys("example.com", &second)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TrustStore {
    current: Arc<ArcSwapOption<Snapshot>>,
    listeners: Arc<Listeners>,
    cache_capacity: usize,
}

/// Who is told of tokens whose key is not among the anchors.
#[derive(Default)]
pub(crate) struct Listeners(RwLock<Vec<Listener>>);

type Listener = Box<dyn Fn(&TrustDomain) + Send + Sync>;

impl Listeners {
    pub(crate) fn unknown_key(&self, domain: &TrustDomain) {
        for listener in self.0.read().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(domain);
        }
    }
}

/// One value of the anchors with the tokens that it validated.
pub(crate) struct Snapshot {
    pub(crate) anchors: TrustAnchors,
    pub(crate) validated: Cache<KnownToken, Arc<Wit>, Size>,
    pub(crate) listeners: Arc<Listeners>,
}

/// A token of less than 2 KiB counts as one, a longer one in proportion.
#[derive(Clone)]
pub(crate) struct Size;

impl Weighter<KnownToken, Arc<Wit>> for Size {
    fn weight(&self, _: &KnownToken, wit: &Arc<Wit>) -> u64 {
        1 + wit.token().len() as u64 / 2048
    }
}

impl TrustStore {
    /// A store that holds these anchors.
    pub fn new(anchors: TrustAnchors) -> Self {
        Self::with_cache_capacity(Some(anchors), DEFAULT_CACHE)
    }

    /// A store whose anchors are not known yet: requests are answered with 503 until the first call of
    /// [`TrustStore::replace`], [`TrustStore::replace_domain`] or [`TrustStore::replace_keys`], for whatever domain.
    pub fn pending() -> Self {
        Self::with_cache_capacity(None, DEFAULT_CACHE)
    }

    /// A store that remembers up to `capacity` validated tokens (default 10,000). Make it larger than the number of callers,
    /// since a remembered token saves a signature check per request. One takes a few KiB; long ones count more than once.
    pub fn with_cache_capacity(anchors: Option<TrustAnchors>, capacity: usize) -> Self {
        let store = Self {
            current: Arc::new(ArcSwapOption::empty()),
            listeners: Arc::default(),
            cache_capacity: capacity,
        };
        if let Some(anchors) = anchors {
            store.replace(anchors);
        }
        store
    }

    /// Exchanges all anchors. Requests that begin after the call see the new ones only. Anchors without any domain
    /// refuse everybody.
    pub fn replace(&self, anchors: TrustAnchors) {
        self.current.store(Some(Arc::new(self.snapshot(anchors))));
    }

    /// Exchanges everything that is configured for one domain (keys, algorithms, issuers, profile) and keeps the other
    /// domains. An empty key set refuses every token of the domain. Tokens of all domains are validated anew.
    ///
    /// # Errors
    ///
    /// As [`TrustAnchors::withdrawn_domain`]; then nothing has changed.
    pub fn replace_domain(&self, domain: &str, anchors: impl Into<DomainAnchors>) -> Result<(), TrustError> {
        let anchors = anchors.into();
        self.change(|current| current.withdrawn_domain(domain, anchors.clone()))
    }

    /// Exchanges the keys of one domain and keeps its allow-lists and profile; a domain that is not known yet gets the
    /// defaults. What a source that follows a published key set calls. Otherwise as [`TrustStore::replace_domain`].
    ///
    /// To rotate an issuer key, publish the old and the new one together until the last token under the old one has expired.
    ///
    /// # Errors
    ///
    /// As [`TrustStore::replace_domain`].
    pub fn replace_keys(&self, domain: &str, keys: &JwkSet) -> Result<(), TrustError> {
        self.change(|current| current.with_keys(domain, keys))
    }

    /// Stops trusting one domain. A store that is not loaded yet trusts nobody, and stays so.
    ///
    /// # Errors
    ///
    /// [`TrustError::Name`] if the name is no trust domain; then nothing has changed.
    pub fn remove_domain(&self, domain: &str) -> Result<(), TrustError> {
        let Some(anchors) = self.anchors() else {
            return TrustDomain::parse(domain).map(drop).map_err(TrustError::Name);
        };
        let domain = anchors.parse_domain(domain)?;
        self.change(|current| Ok(current.without_domain(&domain)))
    }

    /// Replaces the anchors by what `change` makes of them, as one step: what others change meanwhile is not lost.
    fn change(
        &self,
        change: impl Fn(TrustAnchors) -> Result<TrustAnchors, TrustError>,
    ) -> Result<(), TrustError> {
        let mut outcome = Ok(());
        self.current.rcu(|current| {
            let anchors = current.as_deref().map(|s| s.anchors.clone()).unwrap_or_default();
            match change(anchors) {
                Ok(anchors) => {
                    outcome = Ok(());
                    Some(Arc::new(self.snapshot(anchors)))
                }
                Err(error) => {
                    outcome = Err(error);
                    current.clone()
                }
            }
        });
        outcome
    }

    fn snapshot(&self, anchors: TrustAnchors) -> Snapshot {
        let (items, weight) = (self.cache_capacity, self.cache_capacity as u64);
        let (validated, listeners) = (Cache::with_weighter(items, weight, Size), Arc::clone(&self.listeners));
        Snapshot { anchors, validated, listeners }
    }

    /// Calls `listener` for each token of a trusted domain whose key is not among the anchors, before the token is refused:
    /// the issuer may have rotated its keys. Called on the path of the request, and as often as somebody sends such a token: be
    /// quick, and let a refresh happen once in a while only.
    pub fn on_unknown_key(&self, listener: impl Fn(&TrustDomain) + Send + Sync + 'static) {
        self.listeners.0.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// The current anchors; `None` before the first were loaded.
    pub fn anchors(&self) -> Option<TrustAnchors> {
        self.current.load().as_deref().map(|s| s.anchors.clone())
    }

    pub(crate) fn load(&self) -> Guard<Option<Arc<Snapshot>>> {
        self.current.load()
    }
}

impl From<TrustAnchors> for TrustStore {
    fn from(anchors: TrustAnchors) -> Self {
        Self::new(anchors)
    }
}

impl From<&TrustStore> for TrustStore {
    fn from(store: &TrustStore) -> Self {
        store.clone()
    }
}

impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.load();
        f.debug_struct("TrustStore")
            .field("anchors", &snapshot.as_deref().map(|s| &s.anchors))
            .field("validated", &snapshot.as_deref().map(|s| s.validated.len()))
            .finish_non_exhaustive()
    }
}
