//! What a reader gets: an identity and the authorities that were in force together with it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use wimse_core::{TrustDomain, UnixTime, WorkloadId};
use zeroize::Zeroize;

use crate::life::Life;

/// The workload's X.509-SVID and all X.509 bundles, as they belong together.
#[derive(Debug, Clone)]
pub struct X509Snapshot {
    pub(super) svid: Arc<X509Svid>,
    pub(super) bundles: X509Bundles,
    pub(super) life: Life,
}

impl X509Snapshot {
    /// The workload's own identity.
    pub fn svid(&self) -> &X509Svid {
        &self.svid
    }

    /// The authorities of its own trust domain and of the foreign ones that it is federated with.
    pub fn bundles(&self) -> &X509Bundles {
        &self.bundles
    }
}

/// An X.509-SVID: a certificate of the workload, those on the way to an authority, and the private key. `Debug` does not show the
/// key.
pub struct X509Svid {
    pub(super) id: WorkloadId,
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Secret,
    pub(super) hint: String,
    pub(super) not_after: UnixTime,
}

impl X509Svid {
    /// The SPIFFE ID, which is the only URI in the certificate's alternative names (SPIFFE X.509-SVID §2).
    pub fn id(&self) -> &WorkloadId {
        &self.id
    }

    /// The certificates in DER, the workload's own first. There is at least one.
    pub fn certificate_chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The private key of the first certificate: PKCS #8 in DER. It is wiped when the last clone of the snapshot is dropped; wipe
    /// your own copies.
    pub fn private_key(&self) -> &PrivatePkcs8KeyDer<'static> {
        &self.key.0
    }

    /// What the operator says that this identity is for.
    pub fn hint(&self) -> Option<&str> {
        (!self.hint.is_empty()).then_some(&*self.hint)
    }

    /// When the first certificate expires. The key is not used after that (workload-creds §9.4).
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }
}

impl fmt::Debug for X509Svid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("X509Svid")
            .field("id", &self.id)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// A private key that is wiped when it is dropped.
pub(super) struct Secret(pub(super) PrivatePkcs8KeyDer<'static>);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// X.509 authorities per trust domain. Those of one domain never count for another: take the domain from the peer's SPIFFE ID, then
/// its authorities (SPIFFE X.509-SVID §5).
#[derive(Clone, Default)]
pub struct X509Bundles(pub(super) BTreeMap<TrustDomain, Arc<[CertificateDer<'static>]>>);

impl X509Bundles {
    /// The CA certificates of a trust domain in DER. None if the domain is unknown or has taken back all of them: nobody of that
    /// domain is to be believed then.
    pub fn authorities(&self, domain: &TrustDomain) -> &[CertificateDer<'static>] {
        self.0.get(domain).map_or(&[], |authorities| authorities)
    }

    /// All trust domains with their CA certificates in DER.
    pub fn iter(&self) -> impl Iterator<Item = (&TrustDomain, &[CertificateDer<'static>])> {
        self.0.iter().map(|(domain, authorities)| (domain, &**authorities))
    }
}

impl fmt::Debug for X509Bundles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(domain, authorities)| (domain, authorities.len()))).finish()
    }
}
