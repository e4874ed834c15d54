//! The method and the messages that are about X.509-SVIDs, as in the published `workloadapi.proto`.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroize;

use crate::spiffe::api::Method;

/// `FetchX509SVID`.
pub(super) struct FetchX509Svid;

impl Method for FetchX509Svid {
    type Request = X509SvidRequest;
    type Answer = X509SvidResponse;
    const PATH: &'static str = "/SpiffeWorkloadAPI/FetchX509SVID";
    const PROFILE: &'static str = "X.509-SVIDs";
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(in crate::spiffe) struct X509SvidRequest {}

/// All identities of the workload. Certificate revocation lists, field 2, are not read.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(in crate::spiffe) struct X509SvidResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) svids: Vec<SaidSvid>,
    /// Certificates one after the other, by the SPIFFE ID of their trust domain.
    #[prost(btree_map = "string, bytes", tag = "3")]
    pub(super) federated_bundles: BTreeMap<String, Vec<u8>>,
}

/// One identity with its private key, which `Debug` does not show and which is wiped in the end.
#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub(in crate::spiffe) struct SaidSvid {
    #[prost(string, tag = "1")]
    pub(super) spiffe_id: String,
    /// Certificates one after the other, that of the workload first.
    #[prost(bytes = "vec", tag = "2")]
    pub(super) chain: Vec<u8>,
    /// PKCS #8.
    #[prost(bytes = "vec", tag = "3")]
    pub(super) key: Vec<u8>,
    /// The authorities of the identity's own trust domain, one after the other.
    #[prost(bytes = "vec", tag = "4")]
    pub(super) bundle: Vec<u8>,
    /// What the operator says that this identity is for.
    #[prost(string, tag = "5")]
    pub(super) hint: String,
}

impl Drop for SaidSvid {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl fmt::Debug for SaidSvid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaidSvid").field("spiffe_id", &self.spiffe_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_01_debug_shows_no_key() {
        let mut svid = SaidSvid::default();
        svid.spiffe_id = "spiffe://example.org/a".to_owned();
        svid.key = b"secret".to_vec();
        let shown =
            format!("{:?}", X509SvidResponse { svids: vec![svid], federated_bundles: BTreeMap::new() });
        assert!(shown.contains("spiffe://example.org/a"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("115, 101, 99"), "{shown}");
    }
}
