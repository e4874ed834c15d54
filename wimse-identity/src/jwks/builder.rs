//! The configuration of a source of JWK Sets.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, Proxy, Url};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wimse_core::jose::JwkSet;
use wimse_core::signer::is_loopback;
use wimse_core::{DomainAnchors, TrustDomain, TrustStore};

use super::BuildError;
use super::client::Endpoint;
use super::domain::Domain;
use super::schedule::Times;
use crate::domains::{Board, Configured, Followed};
use crate::observer::default_observer;
use crate::{Handle, SourceObserver};

/// No interval is longer: thirty days.
const MAX_INTERVAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Keeps the trust anchors of trust domains in line with JWK Sets, or SPIFFE bundles, that are published over HTTPS.
///
/// A domain that is taken out of the store ([`TrustStore::remove_domain`]) stays out, and is not asked for, until it is put in again.
///
/// ```no_run
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use wimse_core::{DomainAnchors, jose::Algorithm};
/// use wimse_identity::jwks::JwksAnchors;
///
/// let source = JwksAnchors::builder()
///     .domain("example.com", "https://issuer.example.com/jwks.json")
///     .domain_with("partner.example", "https://partner.example/wit/jwks", |keys| {
///         DomainAnchors::new(keys).algorithms([Algorithm::Es256]).issuers(["https://issuer.partner.example"])
///     })
///     .start()?;
/// source.handle().ready(Duration::from_secs(10)).await?;
/// let verifier = wimse_core::Verifier::builder().trust_anchors(source.trust_store());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct JwksAnchors {
    store: TrustStore,
    handle: Handle,
}

impl JwksAnchors {
    /// Begins the configuration.
    pub fn builder() -> JwksAnchorsBuilder {
        JwksAnchorsBuilder::default()
    }

    /// The store that the anchors are put into, for a verifier.
    pub fn trust_store(&self) -> &TrustStore {
        &self.store
    }

    /// How the source is doing: well, if all its domains are. It stops when the last clone of this handle is dropped.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// Configures [`JwksAnchors`].
#[must_use]
pub struct JwksAnchorsBuilder {
    domains: Vec<Configured<String>>,
    store: Option<TrustStore>,
    roots: Option<Vec<u8>>,
    proxy: Option<String>,
    loopback: bool,
    max_size: usize,
    times: Times,
    observer: Arc<dyn SourceObserver>,
}

impl Default for JwksAnchorsBuilder {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            store: None,
            roots: None,
            proxy: None,
            loopback: false,
            max_size: 512 * 1024,
            times: Times {
                shortest: Duration::from_secs(60),
                longest: Duration::from_secs(60 * 60),
                usual: Duration::from_secs(5 * 60),
                cool_down: Duration::from_secs(30),
                stale_limit: Duration::from_secs(4 * 60 * 60),
                timeout: Duration::from_secs(10),
            },
            observer: default_observer(),
        }
    }
}

impl JwksAnchorsBuilder {
    /// Trusts a domain, `example.com` or `spiffe://example.com`, with the keys at this `https` URL and the defaults of
    /// [`DomainAnchors`].
    pub fn domain(self, name: impl Into<String>, url: impl Into<String>) -> Self {
        self.domain_with(name, url, DomainAnchors::new)
    }

    /// As [`JwksAnchorsBuilder::domain`], with algorithms, issuers or a profile of its own, which stay as they are when keys change.
    pub fn domain_with(
        mut self,
        name: impl Into<String>,
        url: impl Into<String>,
        anchors: impl Fn(JwkSet) -> DomainAnchors + Send + Sync + 'static,
    ) -> Self {
        self.domains.push(Configured::new(name.into(), url.into(), anchors));
        self
    }

    /// Puts the anchors into this store, which may have others of other sources. What it has for the domains of this source is replaced.
    /// Default: a store of its own, which is pending until the first set was fetched.
    pub fn trust_store(mut self, store: &TrustStore) -> Self {
        self.store = Some(store.clone());
        self
    }

    /// Accepts servers under these root certificates only, in PEM. Default: those that the operating system trusts. Domains whose
    /// servers have other roots can have a source of their own, with the same store.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Reaches `https` URLs through the HTTP proxy at this URL, which sees nothing but the names of hosts. Default: no
    /// proxy, whatever the environment says.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Lets plain `http` to loopback addresses and `localhost` pass. **Weaker** than the default, which is `https` alone:
    /// any program of this host that gets hold of the port decides about the trust anchors.
    pub fn allow_plaintext_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// How soon and how late keys are fetched again at most, whatever `Cache-Control` says. Default one minute and one hour.
    pub fn refresh_bounds(mut self, shortest: Duration, longest: Duration) -> Self {
        (self.times.shortest, self.times.longest) = (shortest, longest);
        self
    }

    /// When to fetch keys again whose server does not say it, within the bounds. Default five minutes.
    pub fn refresh_interval(mut self, interval: Duration) -> Self {
        self.times.usual = interval;
        self
    }

    /// How much time has to pass between two requests that tokens with unknown keys cause. Default 30 s.
    pub fn cool_down(mut self, pause: Duration) -> Self {
        self.times.cool_down = pause;
        self
    }

    /// How long keys are used after they were last found current, at least the longest refresh interval. Default four hours: a server
    /// may be down for a while, but a key that its issuer took back does not live for a day.
    pub fn stale_limit(mut self, limit: Duration) -> Self {
        self.times.stale_limit = limit;
        self
    }

    /// How long one request may take, from the look-up of the name to the last octet. Default 10 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.times.timeout = limit;
        self
    }

    /// The largest answer that is read, in octets, at most 1 MiB. Default 512 KiB.
    pub fn max_size(mut self, octets: usize) -> Self {
        self.max_size = octets;
        self
    }

    /// Who is told what happens. Default: `tracing`, if that feature is on.
    pub fn observer(mut self, observer: impl SourceObserver) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Starts to fetch the keys: see [`Handle::ready`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what is missing or cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<JwksAnchors, BuildError> {
        if self.max_size == 0 || self.max_size > 1 << 20 {
            return Err(BuildError::MaxSize);
        }
        check(&self.times)?;
        let client = self.client()?;
        let store = self.store.unwrap_or_else(TrustStore::pending);
        let mut domains = Vec::new();
        for (followed, url) in Configured::follow_all(self.domains, &store)? {
            let url = endpoint(followed.name(), &url, self.loopback)?;
            domains.push((followed, Endpoint { client: client.clone(), url, max_size: self.max_size }));
        }
        let handle = spawn(&store, domains, self.times, self.observer);
        Ok(JwksAnchors { store, handle })
    }

    fn client(&self) -> Result<Client, BuildError> {
        let mut client = bare_client().timeout(self.times.timeout).https_only(!self.loopback);
        if let Some(pem) = &self.roots {
            let roots = Certificate::from_pem_bundle(pem).map_err(|_| BuildError::RootCertificates)?;
            if roots.is_empty() {
                return Err(BuildError::RootCertificates);
            }
            client = client.tls_certs_only(roots);
        }
        if let Some(url) = &self.proxy {
            client = client.proxy(Proxy::https(url).map_err(|_| BuildError::Proxy)?);
        }
        client.build().map_err(|error| BuildError::Client(error.into()))
    }
}

impl fmt::Debug for JwksAnchorsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksAnchorsBuilder").field("domains", &self.domains).finish_non_exhaustive()
    }
}

/// A client that goes where it is sent and nowhere else, and keeps no connection that might be dead the next time.
fn bare_client() -> reqwest::ClientBuilder {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.pool_max_idle_per_host(0).no_gzip().no_brotli().no_zstd().no_deflate()
}

fn check(times: &Times) -> Result<(), BuildError> {
    let all = [times.shortest, times.longest, times.usual, times.cool_down, times.stale_limit, times.timeout];
    if all.iter().any(|time| time.is_zero() || *time > MAX_INTERVAL) || times.shortest > times.longest {
        return Err(BuildError::Intervals);
    }
    if times.stale_limit < times.longest {
        return Err(BuildError::StaleLimit);
    }
    Ok(())
}

/// The URL of a key set, if it is one that keys may come from.
fn endpoint(domain: &TrustDomain, url: &str, loopback: bool) -> Result<Url, BuildError> {
    let domain = || domain.as_str().to_owned();
    let Ok(url) = Url::parse(url) else { return Err(BuildError::Url(domain())) };
    if url.host_str().is_none()
        || !url.username().is_empty()
        || url.password().is_some()
        || url.fragment().is_some()
    {
        return Err(BuildError::Url(domain()));
    }
    // The URL parser has put every spelling of an address into its canonical form.
    let local = is_loopback(url.host_str().unwrap_or_default());
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback && local => Ok(url),
        _ => Err(BuildError::Plaintext(domain())),
    }
}

/// Runs one loop for each domain, all of which end with the handle.
fn spawn(
    store: &TrustStore,
    domains: Vec<(Followed, Endpoint)>,
    times: Times,
    observer: Arc<dyn SourceObserver>,
) -> Handle {
    let names: Vec<TrustDomain> = domains.iter().map(|(followed, _)| followed.name().clone()).collect();
    let unknown: HashMap<_, _> = names.iter().map(|name| (name.clone(), Arc::new(Notify::new()))).collect();
    let times = Arc::new(times);
    let listening = unknown.clone();
    let handle = Board::spawn("jwks", observer, names.into_iter(), |board| async move {
        let mut loops = JoinSet::new();
        for (followed, endpoint) in domains {
            let unknown_key = unknown.get(followed.name()).map(Arc::clone).unwrap_or_default();
            let (times, board) = (Arc::clone(&times), Arc::clone(&board));
            let domain = Domain {
                followed,
                endpoint: Arc::new(endpoint),
                times,
                board,
                unknown_key,
                tag: None,
                current: None,
            };
            loops.spawn(domain.follow());
        }
        // They never end by themselves: if one does, the source has failed, and its handle shows that.
        loops.join_next().await;
    });
    store.on_unknown_key(move |domain| {
        if let Some(unknown_key) = listening.get(domain) {
            unknown_key.notify_one();
        }
    });
    handle
}
