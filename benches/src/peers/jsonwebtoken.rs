//! `jsonwebtoken`: both tokens decoded and verified, the claims compared by hand. No cache, no replay protection.

use std::hint::black_box;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use http::Request;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use wimse_core::jose::Algorithm;

use super::{fresh_id, hash, now};
use crate::caller::Caller;
use crate::requests::field;

#[derive(Deserialize)]
struct WitClaims {
    #[allow(dead_code, reason = "who is calling: a service has to have it")]
    sub: String,
    cnf: Confirmation,
}

#[derive(Deserialize)]
struct Confirmation {
    jwk: Jwk,
}

#[derive(Serialize, Deserialize)]
struct WptClaims {
    aud: String,
    exp: u64,
    jti: String,
    wth: String,
}

pub(crate) struct Jwt {
    issuer: DecodingKey,
    /// The key of a token that was verified before and kept by hand, and that token's hash.
    kept: (DecodingKey, String),
    wit: Validation,
    wpt: Validation,
    signing: EncodingKey,
    audience: String,
    header: Header,
}

impl Jwt {
    /// For a service whose own name is `audience`.
    pub(crate) fn new(caller: &Caller, audience: String) -> Self {
        let algorithm = match caller.algorithm {
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            _ => jsonwebtoken::Algorithm::EdDSA,
        };
        let mut wit = Validation::new(algorithm);
        wit.set_required_spec_claims(&["exp", "sub"]);
        let mut wpt = Validation::new(algorithm);
        wpt.set_required_spec_claims(&["exp", "aud"]);
        wpt.set_audience(&[&audience]);
        let key = |jwk: &wimse_core::jose::Jwk| {
            let jwk: Jwk = serde_json::from_str(&jwk.to_string()).unwrap();
            DecodingKey::from_jwk(&jwk).unwrap()
        };
        let signing = if caller.algorithm == Algorithm::Es256 {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref())
        } else {
            let pair = Ed25519KeyPair::generate().unwrap();
            EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref())
        };
        let mut header = Header::new(algorithm);
        header.typ = Some("wpt+jwt".to_owned());
        let kept = (key(&caller.jwk), hash(&caller.token));
        Self { issuer: key(&caller.issuer), kept, wit, wpt, signing, audience, header }
    }

    pub(crate) fn verify_wit_and_wpt<B>(&self, request: &Request<B>) -> bool {
        let token = field(request, "workload-identity-token");
        let Ok(wit) = decode::<WitClaims>(black_box(token), &self.issuer, &self.wit) else { return false };
        if wit.header.typ.as_deref() != Some("wit+jwt") {
            return false;
        }
        let Ok(key) = DecodingKey::from_jwk(&wit.claims.cnf.jwk) else { return false };
        self.proves(request, &key, &hash(token))
    }

    pub(crate) fn verify_wpt<B>(&self, request: &Request<B>) -> bool {
        let (key, hash) = &self.kept;
        self.proves(request, key, hash)
    }

    fn proves<B>(&self, request: &Request<B>, key: &DecodingKey, token_hash: &str) -> bool {
        let Some(proof) = field(request, "authorization").strip_prefix("WPT ") else { return false };
        let Ok(wpt) = decode::<WptClaims>(black_box(proof), key, &self.wpt) else { return false };
        let typed = wpt.header.typ.as_deref() == Some("wpt+jwt");
        typed && wpt.claims.wth == token_hash && !wpt.claims.jti.is_empty()
    }

    pub(crate) fn create_wpt(&self) {
        let wth = self.kept.1.clone();
        let claims = WptClaims { aud: self.audience.clone(), exp: now() + 60, jti: fresh_id(), wth };
        black_box(encode(&self.header, &claims, &self.signing).unwrap());
    }
}
