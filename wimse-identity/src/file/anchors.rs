//! Trust anchors from a file for each trust domain.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use wimse_core::jose::JwkSet;
use wimse_core::trust::TrustError;
use wimse_core::{DomainAnchors, TrustStore};

use super::BuildError;
use super::disk::{Contents, Disk};
use super::follow::{Follower, follow};
use crate::domains::{Board, Configured, Followed, Placed};
use crate::observer::default_observer;
use crate::{Handle, SourceError, SourceObserver};

/// The default limit on the size of a key set.
const MAX_SIZE: usize = 512 * 1024;

/// Keeps the trust anchors of trust domains in line with files that hold a JWK Set or a SPIFFE bundle each.
///
/// A set that is complete counts as it is, also if no key of it may sign Workload Identity Tokens: then the domain is closed until one
/// does (SPIFFE WIT-SVID §6). A file that is missing, malformed or only half there changes nothing.
///
/// A domain that is taken out of the store ([`TrustStore::remove_domain`]) stays out, until it is put in again.
///
/// ```no_run
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use wimse_core::{DomainAnchors, jose::Algorithm};
/// use wimse_identity::file::FileAnchors;
///
/// let source = FileAnchors::builder()
///     .domain("example.com", "/etc/wimse/example.com.json")
///     .domain_with("partner.example", "/etc/wimse/partner.json", |keys| {
///         DomainAnchors::new(keys).algorithms([Algorithm::Es256]).issuers(["https://issuer.partner.example"])
///     })
///     .start()?;
/// source.handle().ready(Duration::from_secs(10)).await?;
/// let verifier = wimse_core::Verifier::builder().trust_anchors(source.trust_store());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FileAnchors {
    store: TrustStore,
    handle: Handle,
}

impl FileAnchors {
    /// Begins the configuration.
    pub fn builder() -> FileAnchorsBuilder {
        FileAnchorsBuilder::default()
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

/// Configures [`FileAnchors`].
#[must_use]
pub struct FileAnchorsBuilder {
    domains: Vec<Configured<PathBuf>>,
    store: Option<TrustStore>,
    poll: Duration,
    max_size: usize,
    observer: Arc<dyn SourceObserver>,
}

impl Default for FileAnchorsBuilder {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            store: None,
            poll: Duration::from_secs(30),
            max_size: MAX_SIZE,
            observer: default_observer(),
        }
    }
}

impl FileAnchorsBuilder {
    /// Trusts a domain, `example.com` or `spiffe://example.com`, with the keys in this file and the defaults of
    /// [`DomainAnchors`].
    pub fn domain(self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.domain_with(name, path, DomainAnchors::new)
    }

    /// As [`FileAnchorsBuilder::domain`], with algorithms, issuers or a profile of its own, which stay as they are when keys change.
    pub fn domain_with(
        mut self,
        name: impl Into<String>,
        path: impl Into<PathBuf>,
        anchors: impl Fn(JwkSet) -> DomainAnchors + Send + Sync + 'static,
    ) -> Self {
        self.domains.push(Configured::new(name.into(), path.into(), anchors));
        self
    }

    /// Puts the anchors into this store, which may have others of other sources. What it has for the domains of this source is replaced.
    /// Default: a store of its own, which is pending until the first set was read.
    pub fn trust_store(mut self, store: &TrustStore) -> Self {
        self.store = Some(store.clone());
        self
    }

    /// How often the files are read although no change was notified of, at least every 100 ms. Default 30 s.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// The largest file that is read, in octets, at most 1 MiB. Default 512 KiB.
    pub fn max_size(mut self, octets: usize) -> Self {
        self.max_size = octets;
        self
    }

    /// Who is told what happens. Default: `tracing`, if that feature is on.
    pub fn observer(mut self, observer: impl SourceObserver) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Starts to follow the files, which need not exist yet: see [`Handle::ready`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what is missing or cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<FileAnchors, BuildError> {
        super::check(self.poll, self.max_size)?;
        let store = self.store.unwrap_or_else(TrustStore::pending);
        let (mut domains, mut parts) = (Vec::new(), Vec::new());
        for (domain, path) in Configured::follow_all(self.domains, &store)? {
            domains.push(domain);
            parts.push(super::absolute([path])?);
        }
        let (poll, max_size) = (self.poll, self.max_size);
        let names: Vec<_> = domains.iter().map(|domain| domain.name().clone()).collect();
        let handle = Board::spawn("file anchors", self.observer, names.into_iter(), |board| {
            let changes = Arc::new(Notify::new());
            let disk = Disk::new(parts, max_size, Arc::clone(&changes));
            follow(disk, changes, poll, Anchors { domains, board })
        });
        Ok(FileAnchors { store, handle })
    }
}

impl fmt::Debug for FileAnchorsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileAnchorsBuilder").field("domains", &self.domains).finish_non_exhaustive()
    }
}

/// The trust domains, a part each.
struct Anchors {
    domains: Vec<Followed>,
    board: Arc<Board>,
}

impl Follower for Anchors {
    fn take(&mut self, part: usize, files: &[Contents]) -> Result<(), SourceError> {
        let (Some(domain), [file]) = (self.domains.get_mut(part), files) else { return Ok(()) };
        let fault = |reason, error: &dyn fmt::Display| {
            SourceError::new(
                reason,
                format_args!("{} holds no keys of {}: {error}", file.path(), domain.name().as_str()),
            )
        };
        let text = file.text().ok_or_else(|| fault("key_json", &"not UTF-8"))?;
        let keys = JwkSet::parse(text).map_err(|error| fault(error.reason(), &error))?;
        match domain.place(keys) {
            Ok(Placed::New) => self.board.updated(domain.name()),
            Ok(Placed::Same) => self.board.confirmed(domain.name()),
            Ok(Placed::Removed) => self.board.removed(domain.name()),
            Err(error) => {
                let error =
                    (error, SourceError::new(error.reason(), format_args!("{}: {error}", file.path())));
                if error.0 != TrustError::NoUsableKey || !domain.is_open() {
                    return Err(error.1);
                }
                domain.close();
                self.board.withdrawn(domain.name(), error.1);
            }
        }
        Ok(())
    }

    fn confirm(&mut self, part: usize) {
        let Some(domain) = self.domains.get_mut(part) else { return };
        match domain.is_removed() {
            true => self.board.removed(domain.name()),
            false => self.board.confirmed(domain.name()),
        }
    }

    fn fail(&mut self, part: usize, error: SourceError) {
        let Some(domain) = self.domains.get_mut(part) else { return };
        match domain.is_removed() {
            true => self.board.removed(domain.name()),
            false => self.board.failed(domain.name(), error),
        }
    }

    fn warn(&mut self, error: &SourceError) {
        self.board.warned(error);
    }

    fn holds(&self, part: usize) -> bool {
        self.domains.get(part).is_some_and(Followed::is_open)
    }
}
