//! Making a Workload Proof Token.

use http::{HeaderMap, HeaderValue};
use memchr::memchr2;

use super::TYPE;
use super::context::{ContextFields, Single, TXN_TOKEN, hash, single};
use super::fields::{Uncoverable, access_token};
use crate::ascii::is_printable;
use crate::clock::UnixTime;
use crate::credential::Credential;
use crate::digits::Digits;
use crate::few::Few;
use crate::jose::{Algorithm, ProofId, base64url, sha256, sign_token};
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

/// The claims of an ordinary proof.
type Claims = Few<u8, 512>;

/// Makes the value of the field that carries the proof.
pub(crate) fn create(request: &ProofRequest<'_>) -> Result<HeaderValue, SignError> {
    let claims = claims(request)?;
    let prefix = request.wire.scheme.map_or(["", ""], |scheme| [scheme, " "]);
    let credential = request.credential;
    let token = sign_token(&prefix, credential.proof_header(), claims.as_slice(), credential.key());
    let token = token.map_err(SignError::Key)?;
    let mut value = HeaderValue::try_from(token).map_err(|_| SignError::Audience)?;
    value.set_sensitive(true);
    Ok(value)
}

fn claims(request: &ProofRequest<'_>) -> Result<Claims, SignError> {
    let mut out = Claims::new();
    out.extend(b"{\"aud\":");
    text(request.audience, &mut out)?;
    out.extend(b",\"exp\":");
    out.extend(Digits::from(request.expires_at.as_secs()).as_str().as_bytes());
    out.extend(b",\"jti\":\"");
    out.extend(ProofId::draw().map_err(SignError::Key)?.as_str().as_bytes());
    out.extend(b"\",\"wth\":\"");
    out.extend(request.credential.encoded_hash());
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
        out.extend(if opened { b",\"".as_slice() } else { b",\"oth\":{\"" });
        // A field name has no character that JSON would escape.
        out.extend(field.as_str().as_bytes());
        hash_member(b"\":\"", &hash(value), &mut out);
        opened = true;
    }
    out.extend(if opened { b"}}".as_slice() } else { b"}" });
    Ok(out)
}

fn hash_member(before: &[u8], digest: &[u8; 32], out: &mut Claims) {
    out.extend(before);
    out.extend(&base64url::encode_sha256(digest));
    out.push(b'"');
}

/// JSON of a text.
fn text(text: &str, out: &mut Claims) -> Result<(), SignError> {
    let octets = text.as_bytes();
    if is_printable(octets) && memchr2(b'"', b'\\', octets).is_none() {
        out.push(b'"');
        out.extend(octets);
        out.push(b'"');
    } else {
        out.extend(&serde_json::to_vec(text).map_err(|_| SignError::Audience)?);
    }
    Ok(())
}
