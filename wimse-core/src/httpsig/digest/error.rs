//! Why a `Content-Digest` or the content under it is refused.

use std::fmt;

/// Why content is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestError {
    /// The field is larger than 8,192 octets.
    TooLarge,
    /// More than 16 digests.
    TooMany,
    /// Not a dictionary.
    Syntax,
    /// An algorithm occurs twice.
    Duplicate,
    /// The digest of a known algorithm is not a byte sequence of its length.
    Member,
    /// No digest by an algorithm that is known here.
    NoKnownAlgorithm,
    /// The content has another digest.
    Mismatch,
}

impl DigestError {
    /// A stable code for logs and tests.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => "digest_too_large",
            Self::TooMany => "digest_too_many",
            Self::Syntax => "digest_syntax",
            Self::Duplicate => "digest_duplicate",
            Self::Member => "digest_member",
            Self::NoKnownAlgorithm => "digest_no_known_algorithm",
            Self::Mismatch => "digest_mismatch",
        }
    }
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the `content-digest` field is too large",
            Self::TooMany => "too many digests",
            Self::Syntax => "`content-digest` is not a structured dictionary",
            Self::Duplicate => "a digest algorithm occurs twice",
            Self::Member => "a digest is not a byte sequence of its length",
            Self::NoKnownAlgorithm => "no digest by sha-256 or sha-512",
            Self::Mismatch => "the content does not have its digest",
        })
    }
}

impl std::error::Error for DigestError {}
