//! One trust domain whose keys a source follows, and its place in the store.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use wimse_core::jose::{Jwk, JwkSet};
use wimse_core::trust::TrustError;
use wimse_core::{DomainAnchors, TrustAnchors, TrustDomain, TrustStore};

use super::DomainError;

/// What makes anchors of keys: algorithms, issuers, profile.
type Options = Arc<dyn Fn(JwkSet) -> DomainAnchors + Send + Sync>;

/// A trust domain in the configuration of a source, with where its keys are.
#[derive(Clone)]
pub(crate) struct Configured<P> {
    name: String,
    place: P,
    options: Options,
}

impl<P> Configured<P> {
    pub(crate) fn new(
        name: String,
        place: P,
        options: impl Fn(JwkSet) -> DomainAnchors + Send + Sync + 'static,
    ) -> Self {
        Self { name, place, options: Arc::new(options) }
    }

    /// Checks everything that does not depend on the keys.
    pub(crate) fn follow_all(
        domains: Vec<Self>,
        store: &TrustStore,
    ) -> Result<Vec<(Followed, P)>, DomainError> {
        let mut names = HashSet::new();
        let mut all = Vec::new();
        for domain in domains {
            match domain.follow(store) {
                Err(error) => return Err(DomainError::Unusable(domain.name, error)),
                Ok(followed) if !names.insert(followed.name.clone()) => {
                    return Err(DomainError::Repeated(domain.name));
                }
                Ok(followed) => all.push((followed, domain.place)),
            }
        }
        if all.is_empty() { Err(DomainError::Missing) } else { Ok(all) }
    }

    fn follow(&self, store: &TrustStore) -> Result<Followed, TrustError> {
        let known = store.anchors().unwrap_or_default();
        // The store's schemes decide what the name means. They cannot be asked for, so that the domain is read off anchors
        // that have them and nothing else.
        let names: Vec<_> = known.domains().cloned().collect();
        let none = names.iter().fold(known, TrustAnchors::without_domain);
        let alone = none.withdrawn_domain(&self.name, (self.options)(JwkSet::default()))?;
        let name = match alone.domains().next() {
            Some(name) => name.clone(),
            None => TrustDomain::parse(&self.name)?,
        };
        let options = Arc::clone(&self.options);
        Ok(Followed { name, options, store: store.clone(), keys: None, present: false })
    }
}

/// The name alone: a URL may be confidential.
impl<P> fmt::Debug for Configured<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// A trust domain whose keys change.
pub(crate) struct Followed {
    name: TrustDomain,
    options: Options,
    store: TrustStore,
    /// What was put into the store last; `None` before that and after [`Followed::close`].
    keys: Option<JwkSet>,
    /// Whether the domain was put into the store at all.
    present: bool,
}

/// What became of a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It is in use from now on.
    New,
    /// It is the one in use. The store was left alone, since an exchange forgets every validated token.
    Same,
    /// Somebody took the domain out of the store, where it does not come back.
    Removed,
}

impl Followed {
    pub(crate) fn name(&self) -> &TrustDomain {
        &self.name
    }

    /// Whether keys of this source are in the store.
    pub(crate) fn is_open(&self) -> bool {
        self.keys.is_some() && !self.is_absent()
    }

    /// Whether the domain was in the store and somebody took it out. Then its keys count as new if it is put in again.
    pub(crate) fn is_removed(&mut self) -> bool {
        let removed = self.is_absent();
        if removed {
            self.keys = None;
        }
        removed
    }

    fn is_absent(&self) -> bool {
        let known = |anchors: TrustAnchors| anchors.domains().any(|domain| *domain == self.name);
        self.present && !self.store.anchors().is_some_and(known)
    }

    /// Puts these keys into the store with everything else that is configured for the domain.
    ///
    /// A set without any key that may sign tokens is an error here: what it means is for the source to say.
    pub(crate) fn place(&mut self, keys: JwkSet) -> Result<Placed, TrustError> {
        if self.is_removed() {
            return Ok(Placed::Removed);
        }
        if self.keys.as_ref().is_some_and(|current| same_keys(current, &keys)) {
            return Ok(Placed::Same);
        }
        let anchors = (self.options)(keys.clone());
        drop(self.store.anchors().unwrap_or_default().domain(self.name.as_str(), anchors.clone())?);
        self.store.replace_domain(self.name.as_str(), anchors)?;
        (self.keys, self.present) = (Some(keys), true);
        Ok(Placed::New)
    }

    /// Takes the keys away, so that every token of the domain is refused.
    pub(crate) fn close(&mut self) {
        if self.keys.take().is_some() && !self.is_absent() {
            let nothing = (self.options)(JwkSet::default());
            if self.store.replace_domain(self.name.as_str(), nothing).is_err() {
                // Options that do not take an empty set must not keep the domain open.
                let _ = self.store.remove_domain(self.name.as_str());
            }
        }
    }
}

/// Whether both sets hold the same keys, in whatever order.
fn same_keys(one: &JwkSet, other: &JwkSet) -> bool {
    fn sorted(set: &JwkSet) -> Vec<String> {
        let mut keys: Vec<_> = set.keys().iter().map(Jwk::to_string).collect();
        keys.sort_unstable();
        keys
    }
    one == other || sorted(one) == sorted(other)
}
