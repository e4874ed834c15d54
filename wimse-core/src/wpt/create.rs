//! Making a Workload Proof Token.

use std::io::Write;

use http::{HeaderMap, HeaderValue};

use super::TYPE;
use super::context::{ContextFields, Single, TXN_TOKEN, hash, single};
use super::fields::{Uncoverable, access_token};
use crate::clock::UnixTime;
use crate::credential::Credential;
use crate::jose::{Algorithm, TokenWriter, base64url, crypto, sha256};
use crate::revision::WptWire;
use crate::signer::SignError;

/// What a proof shall cover.
pub(crate) struct ProofRequest<'a> {
    pub(crate) credential: &'a Credential,
    pub(crate) audience: &'a str,
    pub(crate) expires_at: UnixTime,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) context_fields: &'a ContextFields,
    pub(crate) wire: &'static WptWire,
}

/// The JOSE header of every proof that a key makes, encoded once.
pub(crate) fn encoded_header(algorithm: Algorithm) -> String {
    base64url::encode(format!(r#"{{"alg":"{algorithm}","typ":"{TYPE}"}}"#).as_bytes())
}

/// Makes the value of the field that carries the proof.
pub(crate) fn create(request: &ProofRequest<'_>) -> Result<HeaderValue, SignError> {
    let payload = claims(request)?;
    let prefix = request.wire.scheme.map(|scheme| [scheme, " "].concat()).unwrap_or_default();
    // Two dots, the payload at 4/3 of its size, and room for the largest signature there is.
    let capacity = 2 + payload.len().div_ceil(3) * 4 + 700;
    let writer = TokenWriter::new(&prefix, request.credential.proof_header(), capacity);
    let token = writer.finish(&payload, request.credential.key()).map_err(SignError::Key)?;
    let mut value = HeaderValue::try_from(token).map_err(|_| SignError::Audience)?;
    value.set_sensitive(true);
    Ok(value)
}

fn claims(request: &ProofRequest<'_>) -> Result<Vec<u8>, SignError> {
    let mut out = Vec::with_capacity(320);
    out.extend_from_slice(b"{\"aud\":");
    serde_json::to_writer(&mut out, request.audience).map_err(|_| SignError::Audience)?;
    write!(out, ",\"exp\":{},\"jti\":\"", request.expires_at).map_err(|_| SignError::Audience)?;
    let mut id = [0; 16];
    if !crypto::random(&mut id) {
        return Err(SignError::Key(crate::jose::KeyError::Library));
    }
    base64url::encode_to(&id, &mut out);
    out.extend_from_slice(b"\",\"wth\":\"");
    out.extend_from_slice(request.credential.encoded_hash().as_bytes());
    out.push(b'"');
    match single(request.headers, &TXN_TOKEN) {
        Single::Absent => {}
        Single::One(value) => hash_member(b",\"tth\":\"", &hash(value), &mut out),
        Single::Repeated => return Err(SignError::RepeatedField(TXN_TOKEN)),
    }
    if request.wire.covers_access_token {
        match access_token(request.headers) {
            Ok(None) => {}
            Ok(Some(token)) => hash_member(b",\"ath\":\"", &sha256(token), &mut out),
            Err(Uncoverable::Repeated) => return Err(SignError::RepeatedField(http::header::AUTHORIZATION)),
            Err(Uncoverable::WithoutToken) => return Err(SignError::AuthorizationTaken),
        }
    }
    let mut opened = false;
    for field in request.context_fields.iter() {
        let value = match single(request.headers, field) {
            Single::Absent => continue,
            Single::One(value) => value,
            Single::Repeated => return Err(SignError::RepeatedField(field.clone())),
        };
        out.extend_from_slice(if opened { b",\"".as_slice() } else { b",\"oth\":{\"" });
        // A field name has no character that JSON would escape.
        out.extend_from_slice(field.as_str().as_bytes());
        hash_member(b"\":\"", &hash(value), &mut out);
        opened = true;
    }
    out.extend_from_slice(if opened { b"}}".as_slice() } else { b"}" });
    Ok(out)
}

fn hash_member(before: &[u8], digest: &[u8; 32], out: &mut Vec<u8>) {
    out.extend_from_slice(before);
    base64url::encode_to(digest, out);
    out.push(b'"');
}
