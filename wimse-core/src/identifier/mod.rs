//! Workload identifiers and trust domains: parsed once, compared byte for byte, never repaired.
//!
//! Rules: identifier draft §4 with the canonical form for `wimse` (working-group pull request 99),
//! the SPIFFE-ID standard for `spiffe`. An identifier that is not in canonical form is refused, not
//! normalized: two strings either are the same bytes or name different workloads.

mod error;
mod syntax;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use error::IdentifierError;
use syntax::{Parts, check_path, check_uri_path, is_scheme, spiffe_path_byte, wimse_path_byte};

/// The longest identifier that is accepted, in octets (identifier draft §4.1; SPIFFE-ID §2.3).
pub const MAX_LEN: usize = 2048;

/// The identifier of a workload, e.g. `wimse://example.com/payments/api`, in canonical form.
///
/// Equality, ordering and hashing are those of the whole string (identifier draft §4.3). Cloning is
/// cheap. A value of this type says that the text is well-formed, not that anyone proved to own it:
/// only [`Peer::id`](crate::Peer::id) is proven.
#[derive(Clone)]
pub struct WorkloadId {
    text: Arc<str>,
    scheme_end: usize,
    authority_end: usize,
}

impl WorkloadId {
    /// Parses a `wimse` or `spiffe` identifier. Other schemes need a [`Schemes`] registry.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] names the first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Self::parse_with(text, None)
    }

    fn parse_with(text: &str, schemes: Option<&Schemes>) -> Result<Self, IdentifierError> {
        let parts = Parts::split(text)?;
        parts.check_trust_domain(schemes)?;
        match parts.scheme {
            "wimse" => check_path(parts.path, wimse_path_byte)?,
            "spiffe" => check_path(parts.path, spiffe_path_byte)?,
            _ => {
                check_uri_path(parts.path)?;
                let validator = schemes
                    .and_then(|s| s.validators.get(parts.scheme))
                    .ok_or(IdentifierError::UnsupportedScheme)?;
                if !validator(text) {
                    return Err(IdentifierError::RefusedByScheme);
                }
            }
        }
        Ok(Self { scheme_end: parts.scheme.len(), authority_end: parts.authority_end, text: Arc::from(text) })
    }

    /// The whole identifier.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URI scheme, such as `wimse` or `spiffe`.
    pub fn scheme(&self) -> &str {
        self.text.get(..self.scheme_end).unwrap_or_default()
    }

    /// The trust domain that the identifier belongs to (identifier draft §4.2). Does not allocate.
    pub fn trust_domain(&self) -> TrustDomain {
        TrustDomain { text: Arc::clone(&self.text), scheme_end: self.scheme_end, end: self.authority_end }
    }

    /// The path, with its leading slash. Meaningless without the trust domain: never authorize by it alone.
    pub fn path(&self) -> &str {
        self.text.get(self.authority_end..).unwrap_or_default()
    }

    /// The path's segments, without slashes.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path().split('/').skip(1)
    }
}

/// A trust domain: a name under a scheme, since the same name may mean different domains under
/// different schemes (identifier draft §4.2).
///
/// Written as `wimse://example.com` or `spiffe://example.com`; a bare `example.com` means the `wimse` scheme.
#[derive(Clone)]
pub struct TrustDomain {
    text: Arc<str>,
    scheme_end: usize,
    end: usize,
}

impl TrustDomain {
    /// Parses `example.com` (scheme `wimse`), `wimse://example.com` or `spiffe://example.com`.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] names the first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Self::parse_with(text, None)
    }

    fn parse_with(text: &str, schemes: Option<&Schemes>) -> Result<Self, IdentifierError> {
        let text: Arc<str> =
            if text.contains(':') { Arc::from(text) } else { Arc::from(format!("wimse://{text}")) };
        let parts = Parts::split(&text)?;
        parts.check_trust_domain(schemes)?;
        if !parts.path.is_empty() {
            return Err(IdentifierError::TrustDomainWithPath);
        }
        Ok(Self { scheme_end: parts.scheme.len(), end: parts.authority_end, text: Arc::clone(&text) })
    }

    /// Scheme and name, e.g. `wimse://example.com`: the draft's "origin" form (identifier draft §4.6).
    pub fn as_str(&self) -> &str {
        self.text.get(..self.end).unwrap_or_default()
    }

    /// The name alone, e.g. `example.com`.
    pub fn name(&self) -> &str {
        self.text.get(self.scheme_end + 3..self.end).unwrap_or_default()
    }

    /// The URI scheme, such as `wimse` or `spiffe`.
    pub fn scheme(&self) -> &str {
        self.text.get(..self.scheme_end).unwrap_or_default()
    }
}

/// Says whether a text is in the canonical form of its scheme.
type Validator = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Which URI schemes are accepted: `wimse` and `spiffe` always, others only with a validator.
///
/// A validator sees an identifier that already satisfies the rules for all schemes (identifier draft
/// §4.1) and answers whether it is in its scheme's canonical form.
///
/// ```
/// # use wimse_core::identifier::Schemes;
/// let schemes = Schemes::default()
///     .register("acme", |id| id.bytes().all(|b| b.is_ascii_lowercase() || b"/:.".contains(&b)))?;
/// assert!(schemes.parse("acme://corp.example/payments").is_ok());
/// assert!(schemes.parse("acme://corp.example/Payments").is_err());
/// # Ok::<(), wimse_core::identifier::IdentifierError>(())
/// ```
#[derive(Clone, Default)]
pub struct Schemes {
    validators: BTreeMap<String, Validator>,
}

impl Schemes {
    /// Accepts one more scheme (lower case).
    ///
    /// # Errors
    ///
    /// [`IdentifierError::UnsupportedScheme`] for a built-in scheme, whose rules cannot be replaced, and for
    /// text that is not a lower-case scheme name.
    pub fn register(
        mut self,
        scheme: &str,
        is_canonical: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<Self, IdentifierError> {
        let well_formed = is_scheme(scheme) && !scheme.bytes().any(|b| b.is_ascii_uppercase());
        if !well_formed || matches!(scheme, "wimse" | "spiffe") {
            return Err(IdentifierError::UnsupportedScheme);
        }
        self.validators.insert(scheme.to_owned(), Arc::new(is_canonical));
        Ok(self)
    }

    /// Parses an identifier of any accepted scheme.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] names the first rule that the text breaks.
    pub fn parse(&self, text: &str) -> Result<WorkloadId, IdentifierError> {
        WorkloadId::parse_with(text, Some(self))
    }

    /// Parses a trust domain of any accepted scheme.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] names the first rule that the text breaks.
    pub fn parse_trust_domain(&self, text: &str) -> Result<TrustDomain, IdentifierError> {
        TrustDomain::parse_with(text, Some(self))
    }
}

impl fmt::Debug for Schemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(["wimse", "spiffe"]).entries(self.validators.keys()).finish()
    }
}

macro_rules! text_type {
    ($type:ty, $expecting:literal) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }
        impl Eq for $type {}
        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                self.as_str().cmp(other.as_str())
            }
        }
        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }
        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
        impl FromStr for $type {
            type Err = IdentifierError;
            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                Self::parse(text)
            }
        }
        impl TryFrom<&str> for $type {
            type Error = IdentifierError;
            fn try_from(text: &str) -> Result<Self, IdentifierError> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $type {
            type Error = IdentifierError;
            fn try_from(text: String) -> Result<Self, IdentifierError> {
                Self::parse(&text)
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl de::Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        <$type>::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

text_type!(WorkloadId, "a workload identifier");
text_type!(TrustDomain, "a trust domain");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_10_the_scheme_is_part_of_a_trust_domain() {
        let wimse = TrustDomain::parse("example.com").unwrap();
        let spiffe = TrustDomain::parse("spiffe://example.com").unwrap();
        assert_eq!(wimse, TrustDomain::parse("wimse://example.com").unwrap());
        assert_ne!(wimse, spiffe);
        assert_eq!((wimse.name(), spiffe.name()), ("example.com", "example.com"));
        assert_eq!(spiffe.as_str(), "spiffe://example.com");
    }

    #[test]
    fn id_13_parts_come_from_the_one_validated_string() {
        let id = WorkloadId::parse("wimse://example.com/ns/db").unwrap();
        assert_eq!((id.scheme(), id.path()), ("wimse", "/ns/db"));
        assert_eq!(id.trust_domain(), TrustDomain::parse("example.com").unwrap());
        assert_eq!(id.segments().collect::<Vec<_>>(), ["ns", "db"]);
    }

    #[test]
    fn id_09_other_schemes_need_a_validator_and_cannot_replace_the_built_in_ones() {
        assert_eq!(WorkloadId::parse("acme://a.example/x"), Err(IdentifierError::UnsupportedScheme));
        assert!(Schemes::default().register("wimse", |_| true).is_err());
        assert!(Schemes::default().register("Acme", |_| true).is_err());
        let schemes = Schemes::default().register("acme", |id| !id.contains('%')).unwrap();
        assert!(schemes.parse("acme://a.example/x:y").is_ok());
        for (bad, error) in [
            ("acme://a.example/%41", IdentifierError::RefusedByScheme),
            ("acme://a.example/%4", IdentifierError::PathCharacter),
            ("acme://a.example/x?y", IdentifierError::Query),
            ("acme://10.0.0.1/x", IdentifierError::TrustDomainIsAddress),
            ("other://a.example/x", IdentifierError::UnsupportedScheme),
        ] {
            assert_eq!(schemes.parse(bad), Err(error), "{bad}");
        }
    }

    #[test]
    fn serde_refuses_what_parse_refuses() {
        let id: WorkloadId = serde_json::from_str(r#""wimse://example.com/a""#).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""wimse://example.com/a""#);
        assert!(serde_json::from_str::<WorkloadId>(r#""wimse://Example.com/a""#).is_err());
        assert!(serde_json::from_str::<TrustDomain>(r#""example.com/a""#).is_err());
    }

    #[test]
    fn id_07_exactly_2048_octets_are_supported() {
        let prefix = "wimse://example.com/";
        let longest = format!("{prefix}{}", "a".repeat(MAX_LEN - prefix.len()));
        assert_eq!(WorkloadId::parse(&longest).unwrap().as_str().len(), 2048);
        assert_eq!(WorkloadId::parse(&format!("{longest}a")), Err(IdentifierError::TooLong));
    }
}
