//! `wimsey-*`: primitives for tokens and signatures, without a cache or replay protection.

use std::hint::black_box;

use http::Request;
use wimse_core::jose::{Algorithm, Jwk};
use wimsey_httpsig::{HttpRequest, SignatureParams, VerifyConfig, WIMSE_TAG, request_components};
use wimsey_jose::{SigningKey, VerifyingKey};
use wimsey_wpt::WptClaims;

use super::{fresh_id, now, random};
use crate::caller::Caller;
use crate::requests::field;

const LEEWAY: u64 = 60;

pub(crate) struct Wimsey {
    issuer: VerifyingKey,
    /// The key of a token that was verified before and kept by hand.
    kept: VerifyingKey,
    signing: SigningKey,
    token_hash: String,
    audience: String,
    config: VerifyConfig,
}

impl Wimsey {
    /// For a service whose own name is `audience`.
    pub(crate) fn new(caller: &Caller, audience: String) -> Self {
        let signing = if caller.algorithm == Algorithm::Es256 {
            SigningKey::from_p256_scalar(&random()).unwrap()
        } else {
            SigningKey::from_ed25519_seed(&random())
        };
        let config = VerifyConfig {
            leeway: LEEWAY,
            wimse_profile: true,
            expected_audiences: vec![audience.clone()],
            ..VerifyConfig::default()
        };
        let token_hash = wimsey_wpt::wit_thumbprint(&caller.token);
        Self { issuer: key(&caller.issuer), kept: key(&caller.jwk), signing, token_hash, audience, config }
    }

    pub(crate) fn verify_wit<B>(&self, request: &Request<B>) -> VerifyingKey {
        let validation = wimsey_wit::Validation::at(now()).with_leeway(LEEWAY);
        let token = field(request, "workload-identity-token");
        wimsey_wit::verify(black_box(token), &self.issuer, &validation).unwrap().pop_key
    }

    pub(crate) fn verify_wit_and_wpt<B>(&self, request: &Request<B>) {
        let key = self.verify_wit(request);
        self.proves(request, &key);
    }

    pub(crate) fn verify_wpt(&self, request: &Request<()>) {
        self.proves(request, &self.kept);
    }

    fn proves<B>(&self, request: &Request<B>, key: &VerifyingKey) {
        let token = field(request, "workload-identity-token");
        let proof = field(request, "authorization").strip_prefix("WPT ").unwrap();
        let validation = wimsey_wpt::Validation::new(now(), &self.audience, token).with_leeway(LEEWAY);
        let validation = validation.with_max_lifetime(300);
        black_box(wimsey_wpt::verify(black_box(proof), key, &validation).unwrap());
    }

    pub(crate) fn create_wpt(&self) {
        let claims = WptClaims {
            aud: self.audience.clone(),
            exp: now() + 60,
            jti: fresh_id(),
            wth: self.token_hash.clone(),
            tth: None,
            oth: None,
        };
        black_box(wimsey_wpt::issue(&claims, &self.signing).unwrap());
    }

    /// With the key of a token that was verified before. Turning the request into the library's own type is part of it.
    pub(crate) fn verify_signature(&mut self, request: &Request<()>) {
        let message = message(black_box(request));
        self.config.now = Some(now());
        self.config.required_components = request_components(&message);
        let (input, signature) = (field(request, "signature-input"), field(request, "signature"));
        let verified = wimsey_httpsig::verify(&message, input, signature, &self.kept, &self.config);
        black_box(verified.unwrap());
    }

    pub(crate) fn create_signature(&self, request: &Request<()>) {
        let message = message(black_box(request));
        let components = request_components(&message);
        let created = now();
        let params = SignatureParams {
            created: Some(created),
            expires: Some(created + 60),
            nonce: Some(fresh_id()),
            tag: Some(WIMSE_TAG.to_owned()),
            wimse_aud: Some(self.audience.clone()),
            ..SignatureParams::default()
        };
        let signed = wimsey_httpsig::sign(&message, &components, &params, "wimse", &self.signing);
        black_box(signed.unwrap());
    }
}

fn key(jwk: &Jwk) -> VerifyingKey {
    let jwk: wimsey_jose::Jwk = serde_json::from_str(&jwk.to_string()).unwrap();
    jwk.to_verifying_key().unwrap()
}

fn message(request: &Request<()>) -> HttpRequest {
    let headers = request.headers().iter();
    HttpRequest {
        method: request.method().as_str().to_owned(),
        authority: String::new(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        headers: headers.map(|(n, v)| (n.as_str().to_owned(), v.to_str().unwrap().to_owned())).collect(),
    }
}
