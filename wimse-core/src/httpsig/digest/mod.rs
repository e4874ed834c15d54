//! `Content-Digest` (RFC 9530): made and checked in one pass over the content.

mod error;
mod field;

use std::fmt;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::jose::crypto::{Hasher, sha256};

pub use error::DigestError;

/// The field that carries the digests of the content.
pub const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// A digest algorithm. The registry's other ones are insecure or unused, and count as unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// The key in the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }
}

/// The digests of some content, by the algorithms that are known here: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentDigest {
    sha256: Option<[u8; 32]>,
    sha512: Option<[u8; 64]>,
}

impl ContentDigest {
    /// The digest of content that is all there.
    pub fn of(content: &[u8], algorithm: DigestAlgorithm) -> Self {
        match algorithm {
            DigestAlgorithm::Sha256 => Self { sha256: Some(sha256(content)), sha512: None },
            DigestAlgorithm::Sha512 => {
                let mut digester = Digester::new(algorithm);
                digester.update(content);
                digester.finish()
            }
        }
    }

    /// Reads the field; `None` if there is none. Several lines are one dictionary.
    ///
    /// # Errors
    ///
    /// [`DigestError`] if the field is malformed or too large, repeats a key, or has no algorithm that is known
    /// here.
    pub fn parse(headers: &HeaderMap) -> Result<Option<Self>, DigestError> {
        field::read(headers)
    }

    /// Checks content that is all there.
    ///
    /// # Errors
    ///
    /// [`DigestError::Mismatch`].
    pub fn verify(&self, content: &[u8]) -> Result<(), DigestError> {
        let mut verifier = self.verifier();
        verifier.update(content);
        verifier.finish()
    }

    /// Starts to check content that arrives in pieces.
    pub fn verifier(&self) -> DigestVerifier {
        let digester = Digester {
            sha256: self.sha256.map(|_| Hasher::<32>::new()),
            sha512: self.sha512.map(|_| Hasher::<64>::new()),
        };
        DigestVerifier { expected: *self, digester }
    }

    /// The value of the field.
    pub fn to_header_value(&self) -> HeaderValue {
        let digests = [
            (DigestAlgorithm::Sha256, self.sha256.as_ref().map(<[u8; 32]>::as_slice)),
            (DigestAlgorithm::Sha512, self.sha512.as_ref().map(<[u8; 64]>::as_slice)),
        ];
        let present = || digests.iter().filter_map(|(algorithm, digest)| Some((algorithm, (*digest)?)));
        // Exactly as long as it gets, so that it becomes a header value as it is: key, `=:`, base64, `:`, comma.
        let member = |(algorithm, digest): (&DigestAlgorithm, &[u8])| {
            algorithm.as_str().len() + 3 + BASE64.encode_len(digest.len()) + 2
        };
        let mut text = String::with_capacity(present().map(member).sum::<usize>().saturating_sub(2));
        for (algorithm, digest) in present() {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(algorithm.as_str());
            text.push_str("=:");
            BASE64.encode_append(digest, &mut text);
            text.push(':');
        }
        // Base64 and algorithm names are always a field value.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// Computes digests of content that arrives in pieces.
#[derive(Clone)]
pub struct Digester {
    sha256: Option<Hasher<32>>,
    sha512: Option<Hasher<64>>,
}

impl Digester {
    /// Nothing hashed yet.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Self { sha256: None, sha512: None }.and(algorithm)
    }

    /// Computes this one too, in the same pass.
    #[must_use]
    pub fn and(self, algorithm: DigestAlgorithm) -> Self {
        match algorithm {
            DigestAlgorithm::Sha256 => Self { sha256: Some(Hasher::<32>::new()), ..self },
            DigestAlgorithm::Sha512 => Self { sha512: Some(Hasher::<64>::new()), ..self },
        }
    }

    /// The next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(piece);
        }
        if let Some(hasher) = &mut self.sha512 {
            hasher.update(piece);
        }
    }

    /// The digests of all pieces.
    pub fn finish(self) -> ContentDigest {
        ContentDigest { sha256: self.sha256.map(Hasher::finish), sha512: self.sha512.map(Hasher::finish) }
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester").finish_non_exhaustive()
    }
}

/// Checks content that arrives in pieces against the digests of its field.
#[derive(Debug, Clone)]
pub struct DigestVerifier {
    expected: ContentDigest,
    digester: Digester,
}

impl DigestVerifier {
    /// The next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        self.digester.update(piece);
    }

    /// Whether all pieces together have every digest of the field that is known here.
    ///
    /// # Errors
    ///
    /// [`DigestError::Mismatch`].
    pub fn finish(self) -> Result<(), DigestError> {
        if self.digester.finish() == self.expected { Ok(()) } else { Err(DigestError::Mismatch) }
    }
}
