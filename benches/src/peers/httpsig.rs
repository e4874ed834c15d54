//! `httpsig`: HTTP Message Signatures without a profile. It knows neither tokens nor `wimse-aud`, so that it signs and
//! verifies without an audience.

use std::hint::black_box;

use http::{HeaderValue, Request};
use httpsig::prelude::message_component::{HttpMessageComponent, HttpMessageComponentId};
use httpsig::prelude::{
    AlgorithmName, HttpSignatureBase, HttpSignatureHeaders, HttpSignatureParams, PublicKey, SecretKey,
};
use wimse_core::httpsig::profile::TAG;
use wimse_core::httpsig::{SIGNATURE, SIGNATURE_INPUT};
use wimse_core::jose::Algorithm;

use super::{fresh_id, now, random};
use crate::requests::field;

const LABEL: &str = "wimse";

/// What the WIMSE profile covers in a request with a token and without content.
const COVERED: [&str; 5] =
    ["\"@method\"", "\"@path\"", "\"@query\"", "\"content-type\"", "\"workload-identity-token\""];

pub(crate) struct Httpsig {
    secret: SecretKey,
    public: PublicKey,
    covered: Vec<HttpMessageComponentId>,
}

impl Httpsig {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let name = match algorithm {
            Algorithm::Es256 => AlgorithmName::EcdsaP256Sha256,
            _ => AlgorithmName::Ed25519,
        };
        let secret = SecretKey::from_bytes(&name, &random::<32>()).unwrap();
        let covered = COVERED.iter().map(|id| HttpMessageComponentId::try_from(*id).unwrap()).collect();
        Self { public: secret.public_key(), secret, covered }
    }

    pub(crate) fn sign(&self, request: &mut Request<()>) {
        let mut said = HttpSignatureParams::try_new(&self.covered).unwrap();
        said.set_created(now()).set_expires(now() + 300).set_nonce(&fresh_id()).set_tag(TAG);
        let base = base(black_box(request), &said);
        let headers = base.build_signature_headers(&self.secret, Some(LABEL)).unwrap();
        let (input, signature) = (headers.signature_input_header_value(), headers.signature_header_value());
        request.headers_mut().insert(SIGNATURE_INPUT, HeaderValue::try_from(input).unwrap());
        request.headers_mut().insert(SIGNATURE, HeaderValue::try_from(signature).unwrap());
    }

    pub(crate) fn verify(&self, request: &Request<()>) {
        let (input, signature) = (field(request, "signature-input"), field(request, "signature"));
        let all = HttpSignatureHeaders::try_parse(black_box(signature), black_box(input)).unwrap();
        let headers = all.get(LABEL).unwrap();
        let base = base(request, headers.signature_params());
        base.verify_signature_headers(&self.public, headers).unwrap();
    }
}

fn base(request: &Request<()>, said: &HttpSignatureParams) -> HttpSignatureBase {
    let lines = said.covered_components.iter().map(|id| {
        let name = id.name.to_string();
        let value = match name.trim_matches('"') {
            "@method" => request.method().to_string(),
            "@path" => request.uri().path().to_owned(),
            "@query" => format!("?{}", request.uri().query().unwrap_or_default()),
            other => field(request, other).to_owned(),
        };
        HttpMessageComponent::try_from((id, [value].as_slice())).unwrap()
    });
    HttpSignatureBase::try_new(&lines.collect::<Vec<_>>(), said).unwrap()
}
