//! JWS Compact Serialization (RFC 7515 §7.1): taken apart, judged, put together.

use std::borrow::Cow;
use std::fmt;

use super::base64url::{self, Decoded};
use super::json::{Json, Object};
use super::{KeyError, SigningKey};

/// A token split into its three segments, each non-empty and within the base64url alphabet.
#[derive(Clone, Copy)]
pub struct CompactJws<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    signing_input: &'a str,
}

impl<'a> CompactJws<'a> {
    /// Splits a token.
    ///
    /// # Errors
    ///
    /// [`JwsError::Form`] unless the text is exactly three non-empty base64url segments joined by dots
    /// (workload-creds §5.1.1): no padding, white space, quotes, commas or JSON serialization.
    pub fn split(token: &'a str) -> Result<Self, JwsError> {
        let mut segments = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(JwsError::Form);
        };
        let well_formed = |s: &str| !s.is_empty() && base64url::is_alphabet(s.as_bytes());
        if ![header, payload, signature].into_iter().all(well_formed) {
            return Err(JwsError::Form);
        }
        let signing_input = token.get(..header.len() + 1 + payload.len()).ok_or(JwsError::Form)?;
        Ok(Self { header, payload, signature, signing_input })
    }

    /// What the signature is over.
    pub fn signing_input(&self) -> &'a [u8] {
        self.signing_input.as_bytes()
    }

    /// The decoded signature.
    pub(crate) fn signature(&self) -> Result<Decoded, JwsError> {
        base64url::decode(self.signature.as_bytes()).ok_or(JwsError::Form)
    }

    pub(crate) fn header(&self) -> Result<Decoded, JwsError> {
        base64url::decode(self.header.as_bytes()).ok_or(JwsError::Form)
    }

    pub(crate) fn payload(&self) -> Result<Decoded, JwsError> {
        base64url::decode(self.payload.as_bytes()).ok_or(JwsError::Form)
    }
}

impl fmt::Debug for CompactJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactJws").finish_non_exhaustive()
    }
}

/// The JOSE header parameters that matter. `jku`, `x5u`, `jwk` and `x5c` are not even read.
pub(crate) struct Header<'a> {
    pub(crate) alg: Cow<'a, str>,
    pub(crate) typ: Option<Cow<'a, str>>,
    pub(crate) kid: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, JwsError> {
        let object = Object::parse(json).map_err(|_| JwsError::Header)?;
        if object.get("crit").is_some() || object.get("b64").is_some() {
            return Err(JwsError::Critical);
        }
        let text = |name: &str| match object.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(JwsError::Header),
        };
        Ok(Self { alg: text("alg")?.ok_or(JwsError::Header)?, typ: text("typ")?, kid: text("kid")? })
    }

    /// Whether `typ` conveys this media type: case-insensitive, with or without `application/`
    /// (RFC 7515 §4.1.9), unless `exact`.
    pub(crate) fn has_type(&self, media_type: &str, exact: bool) -> bool {
        let Some(typ) = self.typ.as_deref() else {
            return false;
        };
        if exact {
            return typ == media_type;
        }
        let prefix = "application/";
        let short = match typ.get(..prefix.len()) {
            Some(start) if start.eq_ignore_ascii_case(prefix) => typ.get(prefix.len()..).unwrap_or_default(),
            _ => typ,
        };
        short.eq_ignore_ascii_case(media_type)
    }
}

/// Builds a token in one buffer: encoded header, payload, signature.
pub(crate) struct TokenWriter {
    out: Vec<u8>,
    start: usize,
}

impl TokenWriter {
    /// What an ES512 signature encodes to, in octets.
    const SHORT_SIGNATURE: usize = 176;

    /// Starts after `prefix`, which is not signed, with a header that is already encoded.
    pub(crate) fn new(prefix: &str, encoded_header: &str, capacity: usize) -> Self {
        let mut out = Vec::with_capacity(prefix.len() + encoded_header.len() + capacity);
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(encoded_header.as_bytes());
        Self { out, start: prefix.len() }
    }

    /// Adds the payload and the signature.
    pub(crate) fn finish(mut self, payload: &[u8], key: &SigningKey) -> Result<Vec<u8>, KeyError> {
        self.out.push(b'.');
        base64url::encode_to(payload, &mut self.out);
        // Room for any short signature; a longer one makes the buffer grow.
        let mut encoded = Vec::with_capacity(Self::SHORT_SIGNATURE);
        let message = self.out.get(self.start..).unwrap_or_default();
        key.sign_with(message, |signature| base64url::encode_to(signature, &mut encoded))?;
        self.out.push(b'.');
        self.out.extend_from_slice(&encoded);
        Ok(self.out)
    }
}

/// What is wrong with a token before its claims are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwsError {
    /// Not three non-empty canonical base64url segments.
    Form,
    /// The header is not a JSON object with textual `alg`, `typ` and `kid`, or it repeats a member.
    Header,
    /// The header has `crit` or `b64`, no extension of which is supported.
    Critical,
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "not three non-empty base64url segments joined by dots",
            Self::Header => "the JOSE header is malformed",
            Self::Critical => "the JOSE header has `crit` or `b64`, which is not supported",
        })
    }
}

impl std::error::Error for JwsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wit_01_wit_25_only_three_segments_of_base64url() {
        assert!(CompactJws::split("YQ.YQ.YQ").is_ok());
        for bad in [
            "",
            "..",
            "YQ.YQ",
            "YQ.YQ.YQ.YQ",
            "YQ..YQ",
            "YQ.YQ.",
            ".YQ.YQ",
            "YQ.YQ.YQ=",
            " YQ.YQ.YQ",
            "YQ.YQ.YQ, YQ.YQ.YQ",
            "\"YQ.YQ.YQ\"",
            "{\"payload\":\"\"}",
            "YQ.Y Q.YQ",
            "YQ.YQ.Y\u{e9}",
        ] {
            assert_eq!(CompactJws::split(bad).unwrap_err(), JwsError::Form, "{bad:?}");
        }
    }

    #[test]
    fn wit_05_typ_is_a_media_type_name() {
        let has = |typ: &str, exact| {
            let json = format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#);
            Header::parse(json.as_bytes()).unwrap().has_type("wit+jwt", exact)
        };
        for (typ, lax, exact) in [
            ("wit+jwt", true, true),
            ("WIT+JWT", true, false),
            ("application/wit+jwt", true, false),
            ("Application/wit+jwt", true, false),
            ("JWT", false, false),
            ("wpt+jwt", false, false),
            ("application/", false, false),
            ("text/wit+jwt", false, false),
            ("", false, false),
        ] {
            assert_eq!((has(typ, false), has(typ, true)), (lax, exact), "{typ}");
        }
    }

    #[test]
    fn wit_31_amb_25_crit_and_b64_in_any_shape_are_refused() {
        for member in
            [r#""crit":["exp"]"#, r#""crit":[]"#, r#""crit":null"#, r#""b64":false"#, r#""b64":true"#]
        {
            let json = format!(r#"{{"alg":"ES256",{member}}}"#);
            assert_eq!(Header::parse(json.as_bytes()).err(), Some(JwsError::Critical), "{json}");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        for bad in [
            r#"{}"#,
            r#"{"alg":1}"#,
            r#"{"alg":null}"#,
            r#"{"alg":"ES256","alg":"none"}"#,
            r#"{"alg":"ES256","\u0061lg":"none"}"#,
            r#"{"alg":"ES256","typ":1}"#,
            r#"{"alg":"ES256","kid":7}"#,
            r#"["alg"]"#,
        ] {
            assert_eq!(Header::parse(bad.as_bytes()).err(), Some(JwsError::Header), "{bad}");
        }
    }
}
