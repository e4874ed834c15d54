#![no_main]
//! `Content-Digest`. The lines of the input up to an empty one are lines of the field, what follows is the content. The
//! verdict is that of a plain check, all at once and in pieces.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use reference::structured::{self, Bare, Member};
use wimse_core::httpsig::digest::{CONTENT_DIGEST, ContentDigest, DigestAlgorithm, DigestError};
use wimse_fuzz::timed;

#[path = "../../wimse-core/tests/rfc9421_reference/reference/mod.rs"]
mod reference;

fuzz_target!(|data: &[u8]| {
    let at = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, content) = (&data[..at], data.get(at + 2..).unwrap_or_default());
    let mut headers = HeaderMap::new();
    // `$` stands for the digest that is right, which nobody guesses.
    for line in head.split(|octet| *octet == b'\n') {
        let mut text = Vec::new();
        for octet in line {
            match octet {
                b'$' => text.extend_from_slice(right(content, DigestAlgorithm::Sha256).as_bytes()),
                b'&' => text.extend_from_slice(right(content, DigestAlgorithm::Sha512).as_bytes()),
                other => text.push(*other),
            }
        }
        let Ok(value) = HeaderValue::from_bytes(&text) else { return };
        headers.append(CONTENT_DIGEST, value);
    }
    timed(|| judge(&headers, content));
});

fn right(content: &[u8], algorithm: DigestAlgorithm) -> String {
    ContentDigest::of(content, algorithm).to_header_value().to_str().unwrap().to_owned()
}

fn judge(headers: &HeaderMap, content: &[u8]) {
    let parsed = ContentDigest::parse(headers);
    if matches!(parsed, Err(DigestError::TooLarge | DigestError::TooMany)) {
        return;
    }
    let verdict = matches!(&parsed, Ok(Some(digest)) if digest.verify(content).is_ok());
    let mut lax = Vec::new();
    let plain = plain(headers, content, &mut lax).unwrap_or(false);
    assert!(verdict == plain || (!verdict && !lax.is_empty()), "{headers:?} {content:?}: {parsed:?}");
    let Ok(Some(digest)) = parsed else { return };
    for size in [1, 7, 64] {
        let mut verifier = digest.verifier();
        content.chunks(size).for_each(|piece| verifier.update(piece));
        assert_eq!(verifier.finish().is_ok(), verdict);
    }
    let mut written = HeaderMap::new();
    written.insert(CONTENT_DIGEST, digest.to_header_value());
    assert_eq!(ContentDigest::parse(&written), Ok(Some(digest)));
}

/// RFC 9530 §2: at least one digest that is known, and all that are known are right. `None` if it is no dictionary.
fn plain(headers: &HeaderMap, content: &[u8], lax: &mut Vec<reference::Lax>) -> Option<bool> {
    let lines: Vec<&[u8]> =
        headers.get_all(CONTENT_DIGEST).iter().map(|line| line.as_bytes().trim_ascii()).collect();
    let mut right = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    for line in lines {
        if line.is_empty() {
            return None;
        }
        for (key, member) in structured::dictionary(line, lax)? {
            let known = match key.as_str() {
                "sha-256" => Some(digest(&SHA256, content)),
                "sha-512" => Some(digest(&SHA512, content)),
                _ => None,
            };
            if let Some(known) = known {
                right.push(
                    matches!(&member, Member::Item(Bare::Bytes(octets), _) if octets == known.as_ref()),
                );
            }
            if keys.contains(&key) {
                return None;
            }
            keys.push(key);
        }
    }
    Some(!right.is_empty() && right.into_iter().all(|right| right))
}
