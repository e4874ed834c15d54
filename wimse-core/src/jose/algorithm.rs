//! The signature algorithms that a token may name.

use std::fmt;
use std::str::FromStr;

/// An asymmetric JWS signature algorithm (RFC 7518, RFC 8037, RFC 9864).
///
/// There is no variant for `none`, MACs or encryption, so code cannot be talked into them.
/// [`Algorithm::Ed25519`] and its older name [`Algorithm::EdDsa`] are the same mathematics, but never
/// equal: the drafts compare algorithm names as strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256. Mandatory to implement (workload-creds §5.1), and the default here.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519 under its fully specified name (RFC 9864).
    Ed25519,
    /// Ed25519 under its older, polymorphic name (RFC 8037).
    EdDsa,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
}

impl Algorithm {
    /// Every algorithm that this crate implements.
    pub const ALL: [Self; 11] = [
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ed25519,
        Self::EdDsa,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];

    /// The name in the JOSE registry, compared as a case-sensitive string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Ed25519 => "Ed25519",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = super::KeyError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::from_name(name).ok_or(super::KeyError::UnsupportedAlgorithm)
    }
}

/// A set of algorithms, as an allow-list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Algorithms(u16);

impl Algorithms {
    /// Every algorithm that this crate implements.
    pub const ALL: Self = Self((1 << Algorithm::ALL.len()) - 1);

    /// The RS, ES and PS families, which is all that SPIFFE WIT-SVID §2.3 allows: neither `Ed25519` nor `EdDSA`.
    pub const WIT_SVID: Self =
        Self(Self::ALL.0 & !(1 << Algorithm::Ed25519 as u16) & !(1 << Algorithm::EdDsa as u16));

    /// Whether the set has this algorithm.
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u16) != 0
    }

    /// What both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set allows nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members.
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(move |a| self.contains(*a))
    }
}

impl FromIterator<Algorithm> for Algorithms {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        Self(algorithms.into_iter().fold(0, |set, a| set | 1 << a as u16))
    }
}

impl<const N: usize> From<[Algorithm; N]> for Algorithms {
    fn from(algorithms: [Algorithm; N]) -> Self {
        algorithms.into_iter().collect()
    }
}

impl fmt::Debug for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, algorithm) in self.iter().enumerate() {
            write!(f, "{}{algorithm}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wit_02_wit_03_only_registered_asymmetric_signature_names_exist() {
        for name in ["none", "None", "HS256", "RSA-OAEP", "ECDH-ES", "es256", "ES256K", "EDDSA", ""] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.as_str()), Some(algorithm));
        }
    }

    #[test]
    fn svid_03_the_wit_svid_list_has_no_edwards_curve() {
        assert_eq!(Algorithms::WIT_SVID.iter().count(), 9);
        assert!(!Algorithms::WIT_SVID.contains(Algorithm::Ed25519));
        assert!(!Algorithms::WIT_SVID.contains(Algorithm::EdDsa));
        assert_eq!(Algorithms::ALL.iter().count(), 11);
    }
}
