//! The two sides: the same request and the same parameters for our engine and for theirs.

use http::{HeaderName, HeaderValue, Request};
use httpsig::prelude::message_component::{HttpMessageComponent, HttpMessageComponentId};
use httpsig::prelude::{
    AlgorithmName, HttpSigResult, HttpSignatureBase, HttpSignatureHeaders, HttpSignatureParams, SecretKey,
};
use wimse_core::UnixTime;
use wimse_core::httpsig::{
    BaseBuilder, Component, HttpSigError, Limits, Message, ReceivedSignatures, SIGNATURE, SIGNATURE_INPUT,
    SignatureBuilder,
};
use wimse_core::jose::{Algorithm, PublicKey, SigningKey};

use crate::common::TestKey;

pub(crate) const LABEL: &str = "sig1";
/// Far from now, since their clock cannot be set.
pub(crate) const FUTURE: i64 = 4_000_000_000;

pub(crate) fn our_key(algorithm: Algorithm) -> SigningKey {
    TestKey::of(algorithm).signing(algorithm)
}

fn their_key(algorithm: Algorithm) -> SecretKey {
    let name =
        if algorithm == Algorithm::Es256 { AlgorithmName::EcdsaP256Sha256 } else { AlgorithmName::Ed25519 };
    SecretKey::from_pem(&name, TestKey::of(algorithm).pem).unwrap()
}

/// The parts of a request. All text is as sent.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) method: &'static str,
    pub(crate) scheme: &'static str,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// Lines of the fields `x-0`, `x-1` and so on.
    pub(crate) fields: Vec<Vec<String>>,
}

impl Parts {
    fn target(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}://{}{port}{}{query}", self.scheme, self.host, self.path)
    }

    pub(crate) fn request(&self) -> Request<()> {
        let mut request = Request::builder().method(self.method).uri(self.target()).body(()).unwrap();
        for (index, lines) in self.fields.iter().enumerate() {
            let name = HeaderName::try_from(format!("x-{index}")).unwrap();
            for line in lines {
                request.headers_mut().append(&name, HeaderValue::from_str(line).unwrap());
            }
        }
        request
    }

    /// RFC 9421 §2.2 in terms of the parts; a field gives its lines. `None` for what is absent.
    pub(crate) fn values(&self, component: &str) -> Option<Vec<String>> {
        let default = if self.scheme == "https" { 443 } else { 80 };
        let port = self.port.filter(|port| *port != default);
        let authority = self.host.to_ascii_lowercase() + &port.map(|p| format!(":{p}")).unwrap_or_default();
        let path = if self.path.is_empty() { "/" } else { &self.path };
        let query = self.query.as_ref().map(|query| format!("?{query}"));
        Some(vec![match component {
            "@method" => self.method.to_owned(),
            "@scheme" => self.scheme.to_owned(),
            "@authority" => authority,
            "@path" => path.to_owned(),
            "@query" => query.unwrap_or_else(|| "?".to_owned()),
            "@target-uri" => format!("{}://{authority}{path}{}", self.scheme, query.unwrap_or_default()),
            field => {
                let index: usize = field.strip_prefix("x-").unwrap().parse().unwrap();
                let lines = self.fields.get(index).filter(|lines| !lines.is_empty())?;
                return Some(lines.iter().map(|line| line.trim_matches([' ', '\t']).to_owned()).collect());
            }
        }])
    }
}

/// The parameters that both know, in the one order that they can write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) created: Option<i64>,
    pub(crate) expires: Option<i64>,
    pub(crate) nonce: Option<String>,
    pub(crate) keyid: Option<String>,
    pub(crate) tag: Option<String>,
}

impl Said {
    pub(crate) fn ours<'a>(&'a self, components: &[&'a str]) -> SignatureBuilder<'a> {
        let components = components.iter().map(|identifier| identifier.parse::<Component<'_>>().unwrap());
        let mut builder = SignatureBuilder::new(LABEL).cover(components);
        if let Some(created) = self.created {
            builder = builder.created(UnixTime::from_secs(created));
        }
        if let Some(expires) = self.expires {
            builder = builder.expires(UnixTime::from_secs(expires));
        }
        if let Some(nonce) = &self.nonce {
            builder = builder.nonce(nonce);
        }
        if let Some(keyid) = &self.keyid {
            builder = builder.keyid(keyid);
        }
        if let Some(tag) = &self.tag {
            builder = builder.tag(tag);
        }
        builder
    }

    pub(crate) fn theirs(&self, components: &[&str]) -> HttpSignatureParams {
        let ids = components.iter().map(|id| HttpMessageComponentId::try_from(*id).unwrap()).collect();
        HttpSignatureParams {
            created: self.created.map(|time| time.try_into().unwrap()),
            expires: self.expires.map(|time| time.try_into().unwrap()),
            nonce: self.nonce.clone(),
            alg: None,
            keyid: self.keyid.clone(),
            tag: self.tag.clone(),
            covered_components: ids,
        }
    }
}

/// Their base of a request. What is absent is left empty, as their users do.
fn their_base(parts: &Parts, said: &HttpSignatureParams) -> HttpSigResult<HttpSignatureBase> {
    let lines = said.covered_components.iter().map(|id| {
        let name = id.name.to_string();
        let values = parts.values(name.trim_matches('"')).unwrap_or_default();
        HttpMessageComponent::try_from((id, values.as_slice()))
    });
    HttpSignatureBase::try_new(&lines.collect::<HttpSigResult<Vec<_>>>()?, said)
}

/// Our signature fields with this label, through their parser and verification.
pub(crate) fn they_verify(parts: &Parts, request: &Request<()>, algorithm: Algorithm) -> HttpSigResult<()> {
    let field = |name: HeaderName| request.headers()[name].to_str().unwrap();
    let all = HttpSignatureHeaders::try_parse(field(SIGNATURE), field(SIGNATURE_INPUT))?;
    let headers = &all[LABEL];
    their_base(parts, headers.signature_params())?
        .verify_signature_headers(&their_key(algorithm).public_key(), headers)
}

pub(crate) fn we_verify(request: &Request<()>, algorithm: Algorithm) -> Result<(), HttpSigError> {
    let key = PublicKey::new(our_key(algorithm).public_jwk().clone()).unwrap();
    let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default())?;
    let signature = signatures.by_label(LABEL)?;
    signature.verify(&Message::from(request), &key, algorithm, &mut BaseBuilder::new())
}

pub(crate) fn signed_by_us(
    parts: &Parts,
    builder: &SignatureBuilder<'_>,
    algorithm: Algorithm,
) -> (Request<()>, String) {
    let mut request = parts.request();
    let mut base = BaseBuilder::new();
    let signed = builder.sign(&Message::from(&request), &our_key(algorithm), &mut base).unwrap();
    signed.append_to(request.headers_mut(), &Limits::default()).unwrap();
    (request, base.as_str().to_owned())
}

pub(crate) fn signed_by_them(
    parts: &Parts,
    said: &HttpSignatureParams,
    algorithm: Algorithm,
) -> (Request<()>, String) {
    let base = their_base(parts, said).unwrap();
    let signed = base.build_signature_headers(&their_key(algorithm), Some(LABEL)).unwrap();
    let mut request = parts.request();
    let fields = [
        (SIGNATURE_INPUT, signed.signature_input_header_value()),
        (SIGNATURE, signed.signature_header_value()),
    ];
    for (name, value) in fields {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    (request, base.to_string())
}
