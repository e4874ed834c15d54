//! The state of a source with several trust domains: told to the observer domain by domain, and to the handle as one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use wimse_core::TrustDomain;

use crate::observer::Silent;
use crate::{Handle, Reporter, SourceError, SourceObserver};

/// The source is healthy if all its domains are, and has something to offer if all of them have.
pub(crate) struct Board {
    reporter: Reporter,
    observer: Arc<dyn SourceObserver>,
    source: &'static str,
    domains: Mutex<BTreeMap<String, State>>,
}

#[derive(Default)]
struct State {
    open: bool,
    error: Option<SourceError>,
}

impl Board {
    /// As [`Handle::spawn`], for a source that follows these domains.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(
        source: &'static str,
        observer: Arc<dyn SourceObserver>,
        domains: impl Iterator<Item = TrustDomain>,
        work: impl FnOnce(Arc<Self>) -> F,
    ) -> Handle {
        let domains = domains.map(|domain| (domain.as_str().to_owned(), State::default())).collect();
        // The observer is told here, where the domain is known.
        Handle::spawn(source, Arc::new(Silent), |reporter| {
            work(Arc::new(Self { reporter, observer, source, domains: Mutex::new(domains) }))
        })
    }

    pub(crate) fn updated(&self, domain: &TrustDomain) {
        self.observer.updated(&self.label(domain));
        self.note(domain, true, |state| *state = State { open: true, error: None });
    }

    pub(crate) fn confirmed(&self, domain: &TrustDomain) {
        self.note(domain, false, |state| *state = State { open: true, error: None });
    }

    pub(crate) fn failed(&self, domain: &TrustDomain, error: SourceError) {
        self.observer.failed(&self.label(domain), &error);
        self.note(domain, false, |state| state.error = Some(error));
    }

    pub(crate) fn withdrawn(&self, domain: &TrustDomain, error: SourceError) {
        self.observer.withdrawn(&self.label(domain), &error);
        self.note(domain, true, |state| *state = State { open: false, error: Some(error) });
    }

    /// The domain is no longer followed, and nobody is to worry about it.
    pub(crate) fn removed(&self, domain: &TrustDomain) {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        if domains.remove(domain.as_str()).is_some() {
            self.publish(&domains, true);
        }
    }

    #[cfg(feature = "file")]
    pub(crate) fn warned(&self, error: &SourceError) {
        self.observer.warned(self.source, error);
    }

    fn label(&self, domain: &TrustDomain) -> String {
        format!("{} {}", self.source, domain.as_str())
    }

    fn note(&self, domain: &TrustDomain, changed: bool, change: impl FnOnce(&mut State)) {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        change(domains.entry(domain.as_str().to_owned()).or_default());
        self.publish(&domains, changed);
    }

    /// Brings the handle in line with all domains. Called under the lock, so that it never shows an older state last.
    fn publish(&self, domains: &BTreeMap<String, State>, changed: bool) {
        let error = domains.values().find_map(|state| state.error.clone());
        let closed = domains.iter().find(|(_, state)| !state.open);
        match (changed, closed, error) {
            (true, Some((domain, _)), error) => self.reporter.withdrawn(error.unwrap_or_else(|| {
                SourceError::new("domain_not_loaded", format_args!("{domain} has not been loaded yet"))
            })),
            (true, None, error) => {
                self.reporter.updated();
                if let Some(error) = error {
                    self.reporter.failed(error);
                }
            }
            (false, _, Some(error)) => self.reporter.failed(error),
            (false, None, None) => self.reporter.confirmed(),
            (false, Some(_), None) => {}
        }
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("source", &self.source).finish_non_exhaustive()
    }
}
