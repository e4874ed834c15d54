//! WIT-SVIDs as an agent hands them out, private keys and all.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use wimse_core::jose::Jwk;
use wimse_core::testing::TestDomain;
use wimse_core::{UnixTime, WitRequest, WorkloadId};

use crate::agent::Witsvid;

/// A private ES256 JWK.
pub(crate) fn private_jwk() -> Value {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let d = AsBigEndian::as_be_bytes(&pair.private_key()).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let encode = |octets: &[u8]| BASE64URL_NOPAD.encode(octets);
    json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": encode(x), "y": encode(y), "d": encode(d.as_ref()) })
}

/// The key's public half.
pub(crate) fn public(private: &Value) -> Jwk {
    let mut public = private.clone();
    public.as_object_mut().unwrap().remove("d");
    Jwk::parse(&public.to_string()).unwrap()
}

/// A sound SVID.
pub(crate) fn svid(domain: &TestDomain, path: &str) -> Witsvid {
    svid_until(domain, path, None)
}

/// A sound SVID that expires at this time.
pub(crate) fn svid_until(domain: &TestDomain, path: &str, expires_at: Option<UnixTime>) -> Witsvid {
    let (key, id) = (private_jwk(), domain.id(path));
    let mut request = WitRequest::new(id.clone(), public(&key));
    if let Some(time) = expires_at {
        request = request.expires_at(time);
    }
    let token = domain.issuer().issue_with(request).unwrap();
    of(&id, token, &key)
}

pub(crate) fn of(id: &WorkloadId, token: String, key: &Value) -> Witsvid {
    Witsvid { spiffe_id: id.to_string(), wit_svid: token, wit_svid_key: key.to_string(), hint: String::new() }
}
