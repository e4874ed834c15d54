//! The syntax of identifiers, checked octet by octet.

use super::{IdentifierError, MAX_LEN, Schemes};

/// The longest trust domain of a SPIFFE ID, in octets (SPIFFE-ID §2.3).
const MAX_SPIFFE_TRUST_DOMAIN: usize = 255;

/// The pieces of an absolute URI that has authority and path only (identifier draft §4.1).
pub(super) struct Parts<'a> {
    pub(super) scheme: &'a str,
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) authority_end: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn split(text: &'a str) -> Result<Self, IdentifierError> {
        if text.len() > MAX_LEN {
            return Err(IdentifierError::TooLong);
        }
        let (scheme, rest) = text.split_once(':').ok_or(IdentifierError::NotAbsolute)?;
        if !is_scheme(scheme) {
            return Err(IdentifierError::NotAbsolute);
        }
        let rest = rest.strip_prefix("//").ok_or(IdentifierError::AuthorityMissing)?;
        if rest.contains('#') {
            return Err(IdentifierError::Fragment);
        }
        if rest.contains('?') {
            return Err(IdentifierError::Query);
        }
        let authority_len = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_len);
        if authority.is_empty() {
            return Err(IdentifierError::AuthorityMissing);
        }
        if authority.contains('@') {
            return Err(IdentifierError::UserInfo);
        }
        if authority.starts_with('[') {
            return Err(IdentifierError::TrustDomainIsAddress);
        }
        if authority.contains(':') {
            return Err(IdentifierError::Port);
        }
        Ok(Self { scheme, authority, path, authority_end: scheme.len() + 3 + authority_len })
    }

    pub(super) fn check_trust_domain(&self, schemes: Option<&Schemes>) -> Result<(), IdentifierError> {
        match self.scheme {
            "wimse" | "spiffe" => {
                if !self.authority.bytes().all(trust_domain_byte) {
                    return Err(IdentifierError::TrustDomainCharacter);
                }
                if self.scheme == "wimse" && self.authority.ends_with('.') {
                    return Err(IdentifierError::TrustDomainTrailingDot);
                }
                if self.scheme == "spiffe" && self.authority.len() > MAX_SPIFFE_TRUST_DOMAIN {
                    return Err(IdentifierError::TrustDomainTooLong);
                }
            }
            other if schemes.is_some_and(|s| s.validators.contains_key(other)) => {
                if !is_uri_text(self.authority, |b| is_unreserved(b) || is_sub_delim(b)) {
                    return Err(IdentifierError::TrustDomainCharacter);
                }
            }
            _ => return Err(IdentifierError::UnsupportedScheme),
        }
        if self.authority.parse::<std::net::Ipv4Addr>().is_ok() {
            return Err(IdentifierError::TrustDomainIsAddress);
        }
        Ok(())
    }
}

pub(super) fn is_scheme(scheme: &str) -> bool {
    scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn trust_domain_byte(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
}

pub(super) fn spiffe_path_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')
}

pub(super) fn wimse_path_byte(b: u8) -> bool {
    is_unreserved(b)
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn is_sub_delim(b: u8) -> bool {
    b"!$&'()*+,;=".contains(&b)
}

pub(super) fn check_path(path: &str, allowed: fn(u8) -> bool) -> Result<(), IdentifierError> {
    let segments = path.strip_prefix('/').filter(|p| !p.is_empty());
    for segment in segments.ok_or(IdentifierError::PathMissing)?.split('/') {
        match segment {
            "" => return Err(IdentifierError::EmptySegment),
            "." | ".." => return Err(IdentifierError::DotSegment),
            _ if segment.bytes().all(allowed) => {}
            _ => return Err(IdentifierError::PathCharacter),
        }
    }
    Ok(())
}

/// RFC 3986 path characters for schemes that bring their own canonical form.
pub(super) fn check_uri_path(path: &str) -> Result<(), IdentifierError> {
    let allowed = |b| is_unreserved(b) || is_sub_delim(b) || matches!(b, b':' | b'@' | b'/');
    if is_uri_text(path, allowed) { Ok(()) } else { Err(IdentifierError::PathCharacter) }
}

/// Whether `text` consists of allowed bytes and well-formed percent-encoded ones.
fn is_uri_text(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let encoded = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
        if !(allowed(b) || b == b'%' && encoded(bytes.next()) && encoded(bytes.next())) {
            return false;
        }
    }
    true
}
