//! Base64url without padding (RFC 7515 §2), strict: no padding, no line breaks, no stray trailing bits.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::few::Few;

/// Decodes `text`, in place if it fits into `N` octets; `None` if it is not exactly the canonical encoding of some
/// octets.
pub(crate) fn decode<const N: usize>(text: &[u8]) -> Option<Few<u8, N>> {
    let mut decoded = Few::new();
    decode_to(text, &mut decoded)?;
    Some(decoded)
}

/// As [`decode`], behind what is there.
pub(crate) fn decode_to<const N: usize>(text: &[u8], out: &mut Few<u8, N>) -> Option<()> {
    // Without padding, what is decoded is exactly as long as it was expected to be.
    let free = out.grow(BASE64URL_NOPAD.decode_len(text.len()).ok()?);
    BASE64URL_NOPAD.decode_mut(text, free).ok().map(drop)
}

/// Decodes key material, which is wiped when dropped.
pub(crate) fn decode_secret(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

pub(crate) fn encode(octets: &[u8]) -> String {
    BASE64URL_NOPAD.encode(octets)
}

/// The length of the encoding of so many octets.
pub(crate) fn encoded_len(octets: usize) -> usize {
    BASE64URL_NOPAD.encode_len(octets)
}

/// Encodes `octets` behind what is there.
pub(crate) fn encode_to(octets: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + encoded_len(octets.len()), 0);
    if let Some(target) = out.get_mut(start..) {
        BASE64URL_NOPAD.encode_mut(octets, target);
    }
}

/// Encodes `octets` into exactly the room that they take.
pub(crate) fn encode_array<const N: usize, const M: usize>(octets: &[u8; N], out: &mut [u8; M]) {
    const { assert!(M == (N * 4).div_ceil(3)) }
    BASE64URL_NOPAD.encode_mut(octets, out);
}

/// The encoding of a SHA-256 value.
pub(crate) fn encode_sha256(digest: &[u8; 32]) -> [u8; 43] {
    let mut encoded = [0; 43];
    encode_array(digest, &mut encoded);
    encoded
}

/// Whether a claim's text is the encoding of this SHA-256 value: compared without decoding the claim.
pub(crate) fn equals_sha256(text: &str, digest: &[u8; 32]) -> bool {
    text.as_bytes() == encode_sha256(digest)
}

/// Whether every octet is in the base64url alphabet. No octet ends the loop, so that it looks at many at once.
pub(crate) fn is_alphabet(text: &[u8]) -> bool {
    text.iter().fold(true, |all, b| {
        let letter = (b | 0x20).wrapping_sub(b'a') < 26;
        all & (letter | (b.wrapping_sub(b'0') < 10) | (*b == b'-') | (*b == b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wit_25_padding_stray_bits_and_the_standard_alphabet_are_refused() {
        for bad in ["Zg==", "Zh", "Z", "Zg=", "a+b/", "Z g", "Zg\n", "Zg.."] {
            assert!(decode::<8>(bad.as_bytes()).is_none(), "{bad:?}");
        }
        assert_eq!(decode::<8>(b"Zg").unwrap().as_slice(), b"f");
    }

    #[test]
    fn wit_25_the_alphabet_is_exact() {
        for octet in 0..=u8::MAX {
            let known = octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
            assert_eq!(is_alphabet(&[b'A', octet]), known, "{octet}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(octets in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let decoded = decode::<700>(encode(&octets).as_bytes()).unwrap();
            prop_assert_eq!(decoded.as_slice(), &octets[..]);
        }

        #[test]
        fn anything_accepted_is_canonical(text in ".{0,64}") {
            if let Some(decoded) = decode::<8>(text.as_bytes()) {
                prop_assert_eq!(encode(decoded.as_slice()), text);
            }
        }
    }
}
