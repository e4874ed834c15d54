//! `Content-Digest` (RFC 9530).

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use wimse_core::httpsig::digest::{CONTENT_DIGEST, ContentDigest, DigestAlgorithm, DigestError, Digester};

use crate::message::headers;

const CONTENT: &[u8] = br#"{"hello": "world"}"#;
const SHA256: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
const SHA512: &str =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

fn check(lines: &str, content: &[u8]) -> Result<bool, DigestError> {
    match ContentDigest::parse(&headers(lines))? {
        Some(digest) => digest.verify(content).map(|()| true),
        None => Ok(false),
    }
}

#[test]
fn hsq_10_the_values_of_rfc_9421_and_rfc_9530() {
    assert_eq!(ContentDigest::of(CONTENT, DigestAlgorithm::Sha256).to_header_value(), SHA256);
    assert_eq!(ContentDigest::of(CONTENT, DigestAlgorithm::Sha512).to_header_value(), SHA512);
    let mut both = Digester::new(DigestAlgorithm::Sha512).and(DigestAlgorithm::Sha256);
    for octet in CONTENT {
        both.update(&[*octet]);
    }
    assert_eq!(both.finish().to_header_value(), format!("{SHA256}, {SHA512}"));
    let empty = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    assert_eq!(ContentDigest::of(b"", DigestAlgorithm::Sha256).to_header_value(), empty);
}

#[test]
fn hsq_11_amb_22_every_known_algorithm_must_match_and_one_must_be_known() {
    let wrong512 = SHA512.replace("WZDP", "XZDP");
    let wrong256 = SHA256.replace("X48E", "Y48E");
    let many = |n: usize| (0..n).map(|i| format!("a{i}=1")).collect::<Vec<_>>().join(", ");
    for (lines, expected) in [
        (format!("Content-Digest: {SHA256}"), Ok(true)),
        (format!("Content-Digest: {SHA512}"), Ok(true)),
        (format!("Content-Digest: {SHA256},{SHA512}"), Ok(true)),
        (format!("Content-Digest: {SHA256}\nContent-Digest: {SHA512}"), Ok(true)),
        (format!("Content-Digest: md5=:AQ==:, {SHA256}, unixsum=(1 2);a, x"), Ok(true)),
        (format!("Content-Digest: {SHA256};a=b"), Ok(true)),
        (format!("Content-Digest: {}, {SHA256}", many(15)), Ok(true)),
        ("X: 1".to_owned(), Ok(false)),
        (format!("Content-Digest: {SHA256}, {wrong512}"), Err(DigestError::Mismatch)),
        (format!("Content-Digest: {wrong256}, {SHA512}"), Err(DigestError::Mismatch)),
        (format!("Content-Digest: {wrong256}"), Err(DigestError::Mismatch)),
        ("Content-Digest: md5=:AQ==:".to_owned(), Err(DigestError::NoKnownAlgorithm)),
        ("Content-Digest: SHA-256=:AQ==:".to_owned(), Err(DigestError::Syntax)),
        ("Content-Digest:".to_owned(), Err(DigestError::Syntax)),
        (format!("Content-Digest: {SHA256}\nContent-Digest:"), Err(DigestError::Syntax)),
        (format!("Content-Digest: {SHA256},"), Err(DigestError::Syntax)),
        (format!("Content-Digest: {SHA256}, {SHA256}"), Err(DigestError::Duplicate)),
        (format!("Content-Digest: {SHA256}\nContent-Digest: {wrong256}"), Err(DigestError::Duplicate)),
        (format!("Content-Digest: md5=1, md5=2, {SHA256}"), Err(DigestError::Duplicate)),
        ("Content-Digest: sha-256=:AQ==:".to_owned(), Err(DigestError::Member)),
        (SHA256.replace("sha-256", "Content-Digest: sha-512"), Err(DigestError::Member)),
        ("Content-Digest: sha-256=X48E".to_owned(), Err(DigestError::Member)),
        ("Content-Digest: sha-256".to_owned(), Err(DigestError::Member)),
        ("Content-Digest: sha-256=(:AQ==:)".to_owned(), Err(DigestError::Member)),
        (format!("Content-Digest: {}, {SHA256}", many(16)), Err(DigestError::TooMany)),
        (format!("Content-Digest: {}", many(1000)), Err(DigestError::TooMany)),
        (format!("Content-Digest: {}", many(5000)), Err(DigestError::TooLarge)),
    ] {
        assert_eq!(check(&lines, CONTENT), expected, "{lines:.200}");
    }
}

#[test]
fn amb_23_the_digest_of_nothing_does_not_fit_something() {
    let empty = ContentDigest::of(b"", DigestAlgorithm::Sha256);
    assert_eq!(empty.verify(b""), Ok(()));
    assert_eq!(empty.verify(b"x"), Err(DigestError::Mismatch));
    assert_eq!(empty.verifier().finish(), Ok(()));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let whole = pieces.concat();
        let digest = ContentDigest::of(&whole, DigestAlgorithm::Sha512);
        let mut verifier = digest.verifier();
        for piece in &pieces {
            verifier.update(piece);
        }
        prop_assert_eq!(verifier.finish(), Ok(()));
        let mut fields = HeaderMap::new();
        fields.insert(CONTENT_DIGEST, digest.to_header_value());
        prop_assert_eq!(ContentDigest::parse(&fields), Ok(Some(digest)));
        prop_assert_eq!(digest.verify(&[&whole[..], b"x"].concat()), Err(DigestError::Mismatch));
    }

    #[test]
    fn parsing_never_panics(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let mut fields = HeaderMap::new();
            fields.insert(CONTENT_DIGEST, value);
            let _ = ContentDigest::parse(&fields);
        }
    }
}
