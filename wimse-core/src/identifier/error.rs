//! Which rule a text breaks on its way to an identifier.

use std::fmt;

/// The first rule that a text breaks on its way to an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Longer than [`MAX_LEN`](super::MAX_LEN) octets.
    TooLong,
    /// No scheme, or a malformed one: not an absolute URI.
    NotAbsolute,
    /// A scheme without a validator, or one in upper case.
    UnsupportedScheme,
    /// No `//` authority, or an empty one.
    AuthorityMissing,
    /// A user-information part, even an empty one.
    UserInfo,
    /// A port, even an empty one.
    Port,
    /// A query, even an empty one.
    Query,
    /// A fragment, even an empty one.
    Fragment,
    /// A character that the canonical form of a trust domain does not allow.
    TrustDomainCharacter,
    /// A trust domain that ends in a dot.
    TrustDomainTrailingDot,
    /// A trust domain over 255 octets in a SPIFFE ID.
    TrustDomainTooLong,
    /// An IP address in place of a trust domain.
    TrustDomainIsAddress,
    /// A path where only a trust domain is wanted.
    TrustDomainWithPath,
    /// No path: that is a trust domain, not a workload.
    PathMissing,
    /// An empty segment, `//` or a trailing slash.
    EmptySegment,
    /// A `.` or `..` segment.
    DotSegment,
    /// A character that the canonical form of a path does not allow, percent-encoding included.
    PathCharacter,
    /// The scheme's registered validator said no.
    RefusedByScheme,
}

impl IdentifierError {
    /// A stable code for logs and tests.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "identifier_too_long",
            Self::NotAbsolute => "not_absolute",
            Self::UnsupportedScheme => "unsupported_scheme",
            Self::AuthorityMissing => "authority_missing",
            Self::UserInfo => "userinfo",
            Self::Port => "port",
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::TrustDomainCharacter => "trust_domain_character",
            Self::TrustDomainTrailingDot => "trust_domain_trailing_dot",
            Self::TrustDomainTooLong => "trust_domain_too_long",
            Self::TrustDomainIsAddress => "trust_domain_is_address",
            Self::TrustDomainWithPath => "trust_domain_with_path",
            Self::PathMissing => "path_missing",
            Self::EmptySegment => "empty_segment",
            Self::DotSegment => "dot_segment",
            Self::PathCharacter => "path_character",
            Self::RefusedByScheme => "refused_by_scheme",
        }
    }
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "identifier is longer than 2048 octets",
            Self::NotAbsolute => "not an absolute URI: a scheme is missing or malformed",
            Self::UnsupportedScheme => "scheme is neither wimse nor spiffe nor registered",
            Self::AuthorityMissing => "the authority, which is the trust domain, is missing",
            Self::UserInfo => "user information is not allowed",
            Self::Port => "a port is not allowed",
            Self::Query => "a query is not allowed",
            Self::Fragment => "a fragment is not allowed",
            Self::TrustDomainCharacter => "trust domain has a character outside a-z 0-9 . _ -",
            Self::TrustDomainTrailingDot => "trust domain ends in a dot",
            Self::TrustDomainTooLong => "trust domain is longer than 255 octets",
            Self::TrustDomainIsAddress => "an IP address cannot be a trust domain",
            Self::TrustDomainWithPath => "a trust domain has no path",
            Self::PathMissing => "no path: this names a trust domain, not a workload",
            Self::EmptySegment => "empty path segment or trailing slash",
            Self::DotSegment => "`.` or `..` path segment",
            Self::PathCharacter => "path has a character that the canonical form does not allow",
            Self::RefusedByScheme => "refused by the validator of its scheme",
        })
    }
}

impl std::error::Error for IdentifierError {}
