//! Checking Ed25519 signatures: by the library, or by the same equation over curve25519-dalek where that is faster.

use std::fmt;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;

use super::Hasher;

/// The code that checks Ed25519 signatures. All of them come to the same verdict on the same octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ed25519Backend {
    /// aws-lc-rs, whatever the processor.
    AwsLc,
    /// curve25519-dalek with AVX-512 IFMA, in about two thirds of the time. The build must ask for it (see
    /// [`Ed25519Backend::in_use`]), and the processor must have it.
    DalekAvx512,
}

impl Ed25519Backend {
    /// The backend of this process, for a line in the log. Settled by the build and by the processor.
    ///
    /// [`Ed25519Backend::DalekAvx512`] needs two things:
    ///
    /// - curve25519-dalek built with it: `RUSTFLAGS='--cfg curve25519_dalek_backend="avx512"'` or
    ///   `-C target-feature=+avx512ifma,+avx512vl` (also by `-C target-cpu=…`), for the whole application, by Rust 1.89 or
    ///   newer. Flags for the compiler are the application's alone to set; no library and no feature can do it.
    /// - `avx512ifma` and `avx512vl` in the processor, which is asked at run time. Without them aws-lc-rs stays.
    ///
    /// ```
    /// use wimse_core::jose::Ed25519Backend;
    ///
    /// println!("Ed25519 signatures are checked by {}", Ed25519Backend::in_use());
    /// ```
    pub fn in_use() -> Self {
        if dalek_has_avx512() { Self::DalekAvx512 } else { Self::AwsLc }
    }

    /// A stable name for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsLc => "aws-lc-rs",
            Self::DalekAvx512 => "curve25519-dalek with AVX-512",
        }
    }
}

impl fmt::Display for Ed25519Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether dalek was built with its AVX-512 backend: these are the conditions of its build script.
macro_rules! built_with_avx512 {
    () => {
        cfg!(any(
            curve25519_dalek_backend = "avx512",
            all(
                target_feature = "avx512ifma",
                target_feature = "avx512vl",
                target_pointer_width = "64",
                not(curve25519_dalek_backend = "fiat"),
                not(curve25519_dalek_backend = "serial"),
                not(curve25519_dalek_backend = "simd"),
                not(curve25519_dalek_bits = "32"),
            )
        ))
    };
}

/// Whether dalek takes its AVX-512 backend here: it looks at the same two features.
#[cfg(target_arch = "x86_64")]
fn dalek_has_avx512() -> bool {
    built_with_avx512!() && is_x86_feature_detected!("avx512ifma") && is_x86_feature_detected!("avx512vl")
}

#[cfg(not(target_arch = "x86_64"))]
fn dalek_has_avx512() -> bool {
    false
}

/// A public key, prepared for the backend that this process uses.
pub(crate) struct Ed25519Key {
    encoded: [u8; 32],
    check: Check,
}

enum Check {
    AwsLc(ParsedPublicKey),
    /// The negated key: what the equation needs.
    Dalek(EdwardsPoint),
}

impl Ed25519Key {
    /// Refuses what is no point, what is not its canonical encoding, and points of small order, for which
    /// signatures exist that hold for any message. The library looks at none of this.
    pub(crate) fn new(x: &[u8], backend: Ed25519Backend) -> Option<Self> {
        let encoded = CompressedEdwardsY::from_slice(x).ok()?;
        let point = encoded.decompress()?;
        if point.is_small_order() || point.compress() != encoded {
            return None;
        }
        let check = match backend {
            Ed25519Backend::AwsLc => Check::AwsLc(ParsedPublicKey::new(&ED25519, x).ok()?),
            Ed25519Backend::DalekAvx512 => Check::Dalek(-point),
        };
        Some(Self { encoded: encoded.0, check })
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.check {
            Check::AwsLc(key) => key.verify_sig(message, signature).is_ok(),
            Check::Dalek(minus_a) => self.holds(minus_a, message, signature),
        }
    }

    /// The check of RFC 8032 §5.1.7 without the cofactor, as the library makes it: s below the order of the group, and the
    /// octets of R those that encode sB − kA. R is never decoded, so that no other encoding of it can pass.
    fn holds(&self, minus_a: &EdwardsPoint, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = <&[u8; 64]>::try_from(signature) else {
            return false;
        };
        let (Some(r), Some(s)) = (signature.first_chunk::<32>(), signature.last_chunk::<32>()) else {
            return false;
        };
        let Some(s) = Option::from(Scalar::from_canonical_bytes(*s)) else {
            return false;
        };
        let mut hash = Hasher::<64>::new();
        for part in [r, &self.encoded, message] {
            hash.update(part);
        }
        let k = Scalar::from_bytes_mod_order_wide(&hash.finish());
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, minus_a, &s).compress().0 == *r
    }
}

#[cfg(test)]
mod tests;
