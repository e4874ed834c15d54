//! From what the agent sends of an identity to something that can be used.

use std::fmt;

use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use rustls_pki_types::CertificateDer;
use wimse_core::{UnixTime, WorkloadId};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::snapshot::{Secret, X509Svid};
use super::wire::SaidSvid;
use crate::SourceError;
use crate::spiffe::names::shown;

/// The longest chain, key and hint that are looked at, in octets. The `spiffe` crate takes 16 certificates at most.
const MAX_CHAIN: usize = 64 * 1024;
const MAX_KEY: usize = 16 * 1024;
const MAX_HINT: usize = 1024;

/// Certificates and key of an identity, if they fit each other, its SPIFFE ID and the profile (SPIFFE X.509-SVID §2 to §4).
pub(super) fn read(said: &SaidSvid) -> Result<X509Svid, SourceError> {
    let unusable = |why: &dyn fmt::Display| {
        let (id, why) = (shown(&said.spiffe_id), shown(&why.to_string()));
        SourceError::new("svid_malformed", format_args!("the X.509-SVID of {id} cannot be used: {why}"))
    };
    if said.chain.len() > MAX_CHAIN || said.key.len() > MAX_KEY || said.hint.len() > MAX_HINT {
        return Err(unusable(&"its chain, key or hint is too long"));
    }
    let svid =
        ::spiffe::X509Svid::parse_from_der(&said.chain, &said.key).map_err(|error| unusable(&error))?;
    let named = svid.spiffe_id().to_string();
    if named != said.spiffe_id {
        return Err(unusable(&format_args!("its certificate is that of {named}")));
    }
    let id = WorkloadId::parse(&named).map_err(|error| unusable(&error))?;
    let (_, leaf) = X509Certificate::from_der(svid.leaf().as_bytes()).map_err(|error| unusable(&error))?;
    let key = public_key(&said.key).ok_or_else(|| unusable(&"its key is of no kind that is supported"))?;
    if key != *leaf.public_key().subject_public_key.data {
        return Err(unusable(&"its key is not that of the certificate"));
    }
    Ok(X509Svid {
        id,
        not_after: UnixTime::from_secs(leaf.validity().not_after.timestamp()),
        chain: svid.cert_chain().iter().map(|der| CertificateDer::from(der.as_bytes().to_vec())).collect(),
        key: Secret(said.key.clone().into()),
        hint: said.hint.clone(),
    })
}

/// The public half of a private key, as certificates hold it.
fn public_key(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let public = |key: &dyn AsRef<[u8]>| key.as_ref().to_vec();
    [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING]
        .into_iter()
        .find_map(|curve| EcdsaKeyPair::from_pkcs8(curve, pkcs8).ok().map(|pair| public(pair.public_key())))
        .or_else(|| rsa::KeyPair::from_pkcs8(pkcs8).ok().map(|pair| public(pair.public_key())))
        .or_else(|| {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok().map(|pair| public(pair.public_key()))
        })
}
