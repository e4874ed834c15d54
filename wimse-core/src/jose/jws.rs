//! JWS Compact Serialization (RFC 7515 §7.1): taken apart, judged, put together.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;

use super::base64url;
use super::members::Members;
use super::{KeyError, SigningKey};
use crate::few::Few;

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
        let jws = Self::segments(token)?;
        let segments = [jws.header, jws.payload, jws.signature];
        if segments.into_iter().all(|s| base64url::is_alphabet(s.as_bytes())) {
            Ok(jws)
        } else {
            Err(JwsError::Form)
        }
    }

    /// As [`CompactJws::split`], but whether the segments are base64url shows when they are decoded.
    pub(crate) fn segments(token: &'a str) -> Result<Self, JwsError> {
        let dot = |from: usize| memchr(b'.', token.as_bytes().get(from..)?).map(|at| from + at);
        let first = dot(0).ok_or(JwsError::Form)?;
        let second = dot(first + 1).ok_or(JwsError::Form)?;
        let (Some(header), Some(payload), Some(signature), Some(signing_input), None) = (
            token.get(..first),
            token.get(first + 1..second),
            token.get(second + 1..),
            token.get(..second),
            dot(second + 1),
        ) else {
            return Err(JwsError::Form);
        };
        if header.is_empty() || payload.is_empty() || signature.is_empty() {
            return Err(JwsError::Form);
        }
        Ok(Self { header, payload, signature, signing_input })
    }

    /// What the signature is over.
    pub fn signing_input(&self) -> &'a [u8] {
        self.signing_input.as_bytes()
    }

    /// The header as it was sent.
    pub(crate) fn encoded_header(&self) -> &'a str {
        self.header
    }

    pub(crate) fn decode(&self) -> Result<Decoded, JwsError> {
        Decoded::new(self.header, self).ok_or(JwsError::Form)
    }

    /// As [`CompactJws::decode`], for a header that was read before: it is left out.
    pub(crate) fn decode_without_header(&self) -> Result<Decoded, JwsError> {
        Decoded::new("", self).ok_or(JwsError::Form)
    }
}

/// The decoded segments of a token, one behind the other: in place but for tokens of unusual size.
pub(crate) struct Decoded {
    octets: Few<u8, 1024>,
    header_end: usize,
    payload_end: usize,
}

impl Decoded {
    fn new(header: &str, jws: &CompactJws<'_>) -> Option<Self> {
        let mut octets = Few::new();
        base64url::decode_to(header.as_bytes(), &mut octets)?;
        let header_end = octets.len();
        base64url::decode_to(jws.payload.as_bytes(), &mut octets)?;
        let payload_end = octets.len();
        base64url::decode_to(jws.signature.as_bytes(), &mut octets)?;
        Some(Self { octets, header_end, payload_end })
    }

    pub(crate) fn header(&self) -> &[u8] {
        self.octets.as_slice().get(..self.header_end).unwrap_or_default()
    }

    pub(crate) fn payload(&self) -> &[u8] {
        self.octets.as_slice().get(self.header_end..self.payload_end).unwrap_or_default()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.octets.as_slice().get(self.payload_end..).unwrap_or_default()
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
        let object = Members::parse(json).map_err(|_| JwsError::Header)?;
        if object.get("crit").is_some() || object.get("b64").is_some() {
            return Err(JwsError::Critical);
        }
        let text = |name: &str| match object.get(name) {
            None => Ok(None),
            Some(_) => object.shared_text(name).map(Some).ok_or(JwsError::Header),
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

/// Makes a token with a header that is already encoded, behind a prefix that is not signed: in one buffer, which is
/// exactly as large as it gets.
pub(crate) fn sign_token(
    prefix: &[&str],
    encoded_header: &str,
    payload: &[u8],
    key: &SigningKey,
) -> Result<Vec<u8>, KeyError> {
    let start = prefix.iter().map(|part| part.len()).sum::<usize>();
    let signed = encoded_header.len() + 1 + base64url::encoded_len(payload.len());
    let mut out = Vec::with_capacity(start + signed + 1 + base64url::encoded_len(key.signature_len()));
    prefix.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    out.extend_from_slice(encoded_header.as_bytes());
    out.push(b'.');
    base64url::encode_to(payload, &mut out);
    let signature = key.sign_in_place(out.get(start..).unwrap_or_default())?;
    out.push(b'.');
    base64url::encode_to(signature.as_slice(), &mut out);
    Ok(out)
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
