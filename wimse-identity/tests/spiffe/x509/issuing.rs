//! A certificate authority of a trust domain, and SVIDs as an agent hands them out.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};
use wimse_core::UnixTime;

use crate::agent::X509svid;

pub(super) struct Authority {
    domain: String,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(domain: &str) -> Self {
        let issuer = CertifiedIssuer::self_signed(ca(domain), KeyPair::generate().unwrap()).unwrap();
        Self { domain: domain.to_owned(), issuer }
    }

    /// The authority's bundle.
    pub(super) fn bundle(&self) -> Vec<u8> {
        self.issuer.der().to_vec()
    }

    /// An authority below this one, with its certificate.
    pub(super) fn intermediate(&self) -> Self {
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::signed_by(ca(&self.domain), key, &self.issuer).unwrap();
        Self { domain: self.domain.clone(), issuer }
    }

    /// A sound SVID.
    pub(super) fn svid(&self, path: &str) -> X509svid {
        self.svid_with(path, |_| ())
    }

    /// A sound SVID that expires at this time.
    pub(super) fn svid_until(&self, path: &str, not_after: UnixTime) -> X509svid {
        let since_epoch = Duration::from_secs(not_after.as_secs().try_into().unwrap());
        self.svid_with(path, |params| params.not_after = date_time_ymd(1970, 1, 1) + since_epoch)
    }

    /// An SVID whose certificate is not as usual.
    pub(super) fn svid_with(&self, path: &str, change: impl FnOnce(&mut CertificateParams)) -> X509svid {
        self.svid_of(&KeyPair::generate().unwrap(), path, change)
    }

    pub(super) fn svid_of(
        &self,
        key: &KeyPair,
        path: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> X509svid {
        let spiffe_id = format!("{}{path}", self.domain);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.subject_alt_names = vec![uri(&spiffe_id)];
        change(&mut params);
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        X509svid {
            spiffe_id,
            x509_svid: certificate.der().to_vec(),
            x509_svid_key: key.serialize_der(),
            bundle: self.bundle(),
            hint: String::new(),
        }
    }
}

fn ca(domain: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.subject_alt_names = vec![uri(domain)];
    params
}

pub(super) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}
