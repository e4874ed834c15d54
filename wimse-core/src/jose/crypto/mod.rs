//! The only module that knows the cryptographic libraries: aws-lc-rs for everything, and curve25519-dalek for what checks an
//! Ed25519 signature faster.

mod ed25519;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    self as lc, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair,
    KeyPair as _, ParsedPublicKey, RsaEncoding, RsaParameters, RsaPublicKeyComponents,
};
use aws_lc_rs::{digest, rand};

use self::ed25519::Ed25519Key;
use super::Algorithm;
use super::base64url;

pub use self::ed25519::Ed25519Backend;

/// RSA moduli accepted, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The elliptic curves of the ES family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Octets of one coordinate.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }

    pub(crate) fn of(algorithm: Algorithm) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.algorithm() == algorithm)
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &lc::ECDSA_P256_SHA256_FIXED,
            Self::P384 => &lc::ECDSA_P384_SHA384_FIXED,
            Self::P521 => &lc::ECDSA_P521_SHA512_FIXED,
        }
    }

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &lc::ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &lc::ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &lc::ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }
}

/// The RSA algorithms with their parameters; `None` for the others.
fn rsa(algorithm: Algorithm) -> Option<(&'static RsaParameters, &'static dyn RsaEncoding)> {
    Some(match algorithm {
        Algorithm::Rs256 => (&lc::RSA_PKCS1_2048_8192_SHA256, &lc::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => (&lc::RSA_PKCS1_2048_8192_SHA384, &lc::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => (&lc::RSA_PKCS1_2048_8192_SHA512, &lc::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => (&lc::RSA_PSS_2048_8192_SHA256, &lc::RSA_PSS_SHA256),
        Algorithm::Ps384 => (&lc::RSA_PSS_2048_8192_SHA384, &lc::RSA_PSS_SHA384),
        Algorithm::Ps512 => (&lc::RSA_PSS_2048_8192_SHA512, &lc::RSA_PSS_SHA512),
        _ => return None,
    })
}

/// A public key prepared for one algorithm, and for the backend that checks it fastest here.
pub(crate) enum VerifyKey {
    Library(ParsedPublicKey),
    Ed25519(Ed25519Key),
}

impl VerifyKey {
    /// `point` is the uncompressed SEC 1 encoding. Refuses points off the curve.
    pub(crate) fn ec(curve: Curve, point: &[u8]) -> Option<Self> {
        ParsedPublicKey::new(curve.verification(), point).ok().map(Self::Library)
    }

    /// Refuses what is no canonical encoding of a point, and points of small order.
    pub(crate) fn ed25519(x: &[u8]) -> Option<Self> {
        Ed25519Key::new(x, Ed25519Backend::in_use()).map(Self::Ed25519)
    }

    /// Refuses moduli outside 2048 to 4096 bits and even or tiny exponents.
    pub(crate) fn rsa(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Option<Self> {
        let bits = n.len() * 8 - usize::try_from(n.first()?.leading_zeros()).ok()?;
        let odd = e.last()? & 1 == 1 && e != [1];
        if !RSA_BITS.contains(&bits) || n.first() == Some(&0) || !odd || e.len() > 4 {
            return None;
        }
        RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa(algorithm)?.0).ok().map(Self::Library)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Library(key) => key.verify_sig(message, signature).is_ok(),
            Self::Ed25519(key) => key.verify(message, signature),
        }
    }
}

/// A private key. The library wipes its memory when it is dropped.
pub(crate) enum SignKey {
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// The public half of a [`SignKey`], as the numbers that a JWK holds.
pub(crate) enum PublicNumbers<'a> {
    Ec(Curve, &'a [u8]),
    Ed25519(&'a [u8]),
    Rsa { n: &'a [u8], e: &'a [u8] },
}

/// The eight numbers of an RSA private key, big-endian.
pub(crate) struct RsaNumbers<'a> {
    pub(crate) n: &'a [u8],
    pub(crate) e: &'a [u8],
    pub(crate) d: &'a [u8],
    pub(crate) p: &'a [u8],
    pub(crate) q: &'a [u8],
    pub(crate) dp: &'a [u8],
    pub(crate) dq: &'a [u8],
    pub(crate) qi: &'a [u8],
}

impl SignKey {
    pub(crate) fn generate(algorithm: Algorithm) -> Option<Self> {
        if let Some(curve) = Curve::of(algorithm) {
            EcdsaKeyPair::generate(curve.signing()).ok().map(|pair| Self::Ec(curve, pair))
        } else if rsa(algorithm).is_some() {
            RsaKeyPair::generate(KeySize::Rsa3072).ok().map(Self::Rsa)
        } else {
            Ed25519KeyPair::generate().ok().map(Self::Ed25519)
        }
    }

    pub(crate) fn pkcs8(algorithm: Algorithm, der: &[u8]) -> Option<Self> {
        if let Some(curve) = Curve::of(algorithm) {
            EcdsaKeyPair::from_pkcs8(curve.signing(), der).ok().map(|pair| Self::Ec(curve, pair))
        } else if rsa(algorithm).is_some() {
            Self::checked_rsa(RsaKeyPair::from_pkcs8(der).ok()?)
        } else {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Self::Ed25519)
        }
    }

    /// Refuses a private number that does not belong to the public point.
    pub(crate) fn ec(curve: Curve, d: &[u8], point: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing(), d, point).ok()?;
        Some(Self::Ec(curve, pair))
    }

    /// Refuses a seed that does not belong to the public key.
    pub(crate) fn ed25519(d: &[u8], x: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_and_public_key(d, x).ok().map(Self::Ed25519)
    }

    /// Refuses numbers that do not fit together.
    pub(crate) fn rsa(numbers: &RsaNumbers<'_>) -> Option<Self> {
        let components = aws_lc_rs::rsa::KeyPairComponents {
            public_key: RsaPublicKeyComponents { n: numbers.n, e: numbers.e },
            d: numbers.d,
            p: numbers.p,
            q: numbers.q,
            dP: numbers.dp,
            dQ: numbers.dq,
            qInv: numbers.qi,
        };
        Self::checked_rsa(RsaKeyPair::from_components(&components).ok()?)
    }

    fn checked_rsa(pair: RsaKeyPair) -> Option<Self> {
        RSA_BITS.contains(&(pair.public_modulus_len() * 8)).then_some(Self::Rsa(pair))
    }

    pub(crate) fn signature_len(&self) -> usize {
        match self {
            Self::Ec(curve, _) => 2 * curve.len(),
            Self::Ed25519(_) => 64,
            Self::Rsa(pair) => pair.public_modulus_len(),
        }
    }

    pub(crate) fn public(&self) -> PublicNumbers<'_> {
        match self {
            Self::Ec(curve, pair) => PublicNumbers::Ec(*curve, pair.public_key().as_ref()),
            Self::Ed25519(pair) => PublicNumbers::Ed25519(pair.public_key().as_ref()),
            Self::Rsa(pair) => PublicNumbers::Rsa {
                n: pair.public_key().modulus().big_endian_without_leading_zero(),
                e: pair.public_key().exponent().big_endian_without_leading_zero(),
            },
        }
    }

    /// Signs and hands the raw signature to `take`. The library's own signature type is several KiB large
    /// and not worth moving.
    pub(crate) fn sign<R>(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        take: impl FnOnce(&[u8]) -> R,
    ) -> Option<R> {
        Some(match self {
            Self::Ec(_, pair) => take(pair.sign(&SystemRandom::new(), message).ok()?.as_ref()),
            Self::Ed25519(pair) => take(pair.try_sign(message).ok()?.as_ref()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(rsa(algorithm)?.1, &SystemRandom::new(), message, &mut signature).ok()?;
                take(&signature)
            }
        })
    }
}

/// SHA-256, as `wth`, `tth`, `oth` and thumbprints use it.
pub(crate) fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, octets).as_ref());
    out
}

/// A hash of `N` octets over octets that arrive in pieces.
#[derive(Clone)]
pub(crate) struct Hasher<const N: usize>(digest::Context);

impl Hasher<32> {
    /// SHA-256.
    pub(crate) fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Hasher<64> {
    /// SHA-512.
    pub(crate) fn new() -> Self {
        Self(digest::Context::new(&digest::SHA512))
    }
}

impl<const N: usize> Hasher<N> {
    pub(crate) fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    pub(crate) fn finish(self) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

/// Fills `out` from the operating system's random source; `false` if that fails.
pub(crate) fn random(out: &mut [u8]) -> bool {
    rand::fill(out).is_ok()
}

/// A fresh identifier of 128 random bits in base64url, fit for `jti` and nonces (wpt §2).
///
/// # Errors
///
/// [`KeyError::Library`](super::KeyError::Library) if the system's random source fails.
pub fn random_id() -> Result<String, super::KeyError> {
    let mut octets = [0; 16];
    if !random(&mut octets) {
        return Err(super::KeyError::Library);
    }
    Ok(base64url::encode(&octets))
}
