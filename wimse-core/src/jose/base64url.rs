//! Base64url without padding (RFC 7515 §2), strict: no padding, no line breaks, no stray trailing bits.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

/// Room for what almost every token decodes to without touching the heap, in octets.
const INLINE: usize = 768;

/// Decoded octets, on the stack while they fit.
pub(crate) struct Decoded {
    inline: [u8; INLINE],
    spilled: Vec<u8>,
    len: usize,
}

impl Decoded {
    pub(crate) fn as_slice(&self) -> &[u8] {
        let from = if self.spilled.is_empty() { self.inline.as_slice() } else { &self.spilled };
        from.get(..self.len).unwrap_or_default()
    }
}

/// Decodes `text`; `None` if it is not exactly the canonical encoding of some octets.
pub(crate) fn decode(text: &[u8]) -> Option<Decoded> {
    let mut decoded = Decoded { inline: [0; INLINE], spilled: Vec::new(), len: 0 };
    let len = BASE64URL_NOPAD.decode_len(text.len()).ok()?;
    if len > INLINE {
        decoded.spilled = vec![0; len];
    }
    let target = if len > INLINE { decoded.spilled.as_mut_slice() } else { &mut decoded.inline };
    decoded.len = BASE64URL_NOPAD.decode_mut(text, target.get_mut(..len)?).ok()?;
    Some(decoded)
}

/// Decodes key material, which is wiped when dropped.
pub(crate) fn decode_secret(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

pub(crate) fn encode(octets: &[u8]) -> String {
    BASE64URL_NOPAD.encode(octets)
}

pub(crate) fn encode_to(octets: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + BASE64URL_NOPAD.encode_len(octets.len()), 0);
    if let Some(target) = out.get_mut(start..) {
        BASE64URL_NOPAD.encode_mut(octets, target);
    }
}

/// Whether a claim's text is the encoding of this SHA-256 value: compared without decoding the claim.
pub(crate) fn equals_sha256(text: &str, digest: &[u8; 32]) -> bool {
    let mut encoded = [0; 43];
    BASE64URL_NOPAD.encode_mut(digest, &mut encoded);
    text.as_bytes() == encoded
}

/// Whether every octet is in the base64url alphabet.
pub(crate) fn is_alphabet(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wit_25_padding_stray_bits_and_the_standard_alphabet_are_refused() {
        for bad in ["Zg==", "Zh", "Z", "Zg=", "a+b/", "Z g", "Zg\n", "Zg.."] {
            assert!(decode(bad.as_bytes()).is_none(), "{bad:?}");
        }
        assert_eq!(decode(b"Zg").unwrap().as_slice(), b"f");
    }

    proptest! {
        #[test]
        fn round_trips(octets in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let decoded = decode(encode(&octets).as_bytes()).unwrap();
            prop_assert_eq!(decoded.as_slice(), &octets[..]);
        }

        #[test]
        fn anything_accepted_is_canonical(text in ".{0,64}") {
            if let Some(decoded) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(decoded.as_slice()), text);
            }
        }
    }
}
