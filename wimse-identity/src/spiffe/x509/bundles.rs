//! The X.509 bundles that are in use, per trust domain.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use tokio::time::Instant;
use wimse_core::TrustDomain;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::snapshot::X509Bundles;
use crate::SourceError;
use crate::spiffe::names::shown;

/// The longest bundle of one domain, in octets, and the most authorities in it.
const MAX_BUNDLE: usize = 1024 * 1024;
const MAX_AUTHORITIES: usize = 256;

type Authorities = Arc<[CertificateDer<'static>]>;

/// What the agent says of one domain: how it names it, which domain that is, certificates one after the other.
pub(super) struct Said<'a> {
    pub(super) name: &'a str,
    pub(super) domain: Option<TrustDomain>,
    pub(super) der: &'a [u8],
}

/// The bundle of one domain, as it is in use.
struct Bundle {
    der: Vec<u8>,
    authorities: Authorities,
    /// When it was known to be what the agent says.
    confirmed: Instant,
    /// Whether the last message said the same.
    current: bool,
}

pub(super) struct Bundles {
    stale_limit: Duration,
    domains: BTreeMap<TrustDomain, Bundle>,
    /// Whether all of the last message could be used.
    sound: bool,
}

impl Bundles {
    pub(super) fn new(stale_limit: Duration) -> Self {
        Self { stale_limit, domains: BTreeMap::new(), sound: false }
    }

    /// Uses what a message says in place of what there was; the first word on a domain counts. Returns whether that changed
    /// anything, and what could not be used: those domains keep what they have.
    pub(super) fn take<'a>(&mut self, said: impl Iterator<Item = Said<'a>>) -> (bool, Option<SourceError>) {
        let mut error = None;
        let mut listed = BTreeMap::new();
        for Said { name, domain, der } in said {
            match domain.map(|domain| listed.entry(domain)) {
                None => error = Some(malformed(name, &"its name is not the SPIFFE ID of a trust domain")),
                Some(Entry::Vacant(place)) => drop(place.insert(der)),
                Some(Entry::Occupied(known)) if *known.get() != der => {
                    error = Some(malformed(name, &"one message says two things of it"));
                }
                Some(Entry::Occupied(_)) => {}
            }
        }
        // What is not in the message any more is redacted (SPIFFE Workload API §4.4).
        let mut changed = self.remove(|domain, _| !listed.contains_key(domain));
        for (domain, der) in listed {
            match self.replace(&domain, der) {
                Ok(replaced) => changed |= replaced,
                Err(refused) => {
                    if let Some(bundle) = self.domains.get_mut(&domain) {
                        bundle.current = false;
                    }
                    error = Some(refused);
                }
            }
        }
        self.sound = error.is_none();
        (changed, error)
    }

    fn replace(&mut self, domain: &TrustDomain, der: &[u8]) -> Result<bool, SourceError> {
        let known = self.domains.get(domain).filter(|bundle| bundle.der == der);
        let (changed, authorities) = match known {
            Some(bundle) => (false, Arc::clone(&bundle.authorities)),
            None => (true, authorities(domain, der)?),
        };
        let bundle = Bundle { der: der.to_vec(), authorities, confirmed: Instant::now(), current: true };
        self.domains.insert(domain.clone(), bundle);
        Ok(changed)
    }

    fn remove(&mut self, gone: impl Fn(&TrustDomain, &Bundle) -> bool) -> bool {
        let before = self.domains.len();
        self.domains.retain(|domain, bundle| !gone(domain, bundle));
        self.domains.len() < before
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.domains.clear();
        self.sound = false;
    }

    /// A message could not be used at all.
    pub(super) fn doubt(&mut self) {
        self.domains.values_mut().for_each(|bundle| bundle.current = false);
        self.sound = false;
    }

    /// The stream is open: what it said last still holds.
    pub(super) fn confirm(&mut self) {
        for bundle in self.domains.values_mut().filter(|bundle| bundle.current) {
            bundle.confirmed = Instant::now();
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Forgets what has not been confirmed for too long, and says so.
    pub(super) fn expire(&mut self) -> Option<SourceError> {
        let limit = self.stale_limit;
        let expired = self.remove(|_, bundle| bundle.confirmed.elapsed() >= limit);
        expired.then(|| SourceError::new("bundle_stale", format_args!("not confirmed for {limit:?}")))
    }

    pub(super) fn snapshot(&self) -> X509Bundles {
        let authorities =
            |(domain, bundle): (&TrustDomain, &Bundle)| (domain.clone(), Arc::clone(&bundle.authorities));
        X509Bundles(self.domains.iter().map(authorities).collect())
    }
}

/// The CA certificates of a bundle. An empty one is a domain that has taken back all of them.
fn authorities(domain: &TrustDomain, der: &[u8]) -> Result<Authorities, SourceError> {
    let unusable = |why: &dyn fmt::Display| malformed(domain.as_str(), why);
    if der.len() > MAX_BUNDLE {
        return Err(unusable(&"it is too long"));
    }
    let named = ::spiffe::TrustDomain::new(domain.name()).map_err(|error| unusable(&error))?;
    let bundle = ::spiffe::X509Bundle::parse_from_der(named, der).map_err(|error| unusable(&error))?;
    if bundle.authorities().len() > MAX_AUTHORITIES {
        return Err(unusable(&"it has too many certificates"));
    }
    // As a trust anchor, a workload's certificate would be believed whatever it signs.
    let is_ca = |der: &::spiffe::Certificate| {
        X509Certificate::from_der(der.as_bytes()).is_ok_and(|(_, certificate)| certificate.is_ca())
    };
    if !bundle.authorities().iter().all(is_ca) {
        return Err(unusable(&"it has a certificate that is not a CA's"));
    }
    Ok(bundle.authorities().iter().map(|der| CertificateDer::from(der.as_bytes().to_vec())).collect())
}

fn malformed(name: &str, why: &dyn fmt::Display) -> SourceError {
    let (name, why) = (shown(name), shown(&why.to_string()));
    SourceError::new("bundle_malformed", format_args!("the X.509 bundle of {name} cannot be used: {why}"))
}
