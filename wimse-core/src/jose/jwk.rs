//! JSON Web Keys (RFC 7517), public ones, and sets of them.

use std::fmt;

use serde::{Serialize, Serializer};

use super::base64url;
use super::crypto::{Curve, PublicNumbers, VerifyKey, sha256};
use super::json::{Json, Object};
use super::{Algorithm, KeyError};
use crate::few::Few;

/// The longest JWK Set that is parsed, in octets.
const MAX_SET: usize = 1 << 20;

/// Members that only a private or symmetric key has (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key as a JWK: elliptic curve, Ed25519 or RSA.
///
/// Parsing refuses private and symmetric members, points off their curve, numbers that are not minimal
/// or not of the curve's length, points of small order, keys that `use` or
/// `key_ops` keep from verifying, RSA moduli outside 2048 to 4096 bits, and an `alg` that the key cannot serve.
#[derive(Clone, PartialEq, Eq)]
pub struct Jwk {
    material: Material,
    alg: Option<Algorithm>,
    kid: Option<String>,
    key_use: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Ec { curve: Curve, point: Vec<u8> },
    Ed25519 { x: Vec<u8> },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Jwk {
    /// Parses the JSON text of one public JWK.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says which rule the text breaks; it never repeats key material.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        if json.len() > MAX_SET {
            return Err(KeyError::TooLarge);
        }
        Self::from_object(&Object::parse(json.as_bytes()).map_err(|_| KeyError::Json)?)
    }

    pub(crate) fn from_object(jwk: &Object<'_>) -> Result<Self, KeyError> {
        if PRIVATE.iter().any(|name| jwk.get(name).is_some()) {
            return Err(KeyError::Private);
        }
        let public = Self::public_part(jwk)?;
        let verifies = match jwk.get("key_ops") {
            None => true,
            Some(Json::Array(operations)) => operations.iter().any(|op| op.as_text() == Some("verify")),
            Some(_) => return Err(KeyError::Member("key_ops")),
        };
        if !verifies || public.key_use() == Some("enc") {
            return Err(KeyError::Purpose);
        }
        Ok(public)
    }

    /// The public half of a JWK that may be private.
    pub(crate) fn public_part(jwk: &Object<'_>) -> Result<Self, KeyError> {
        let material = match jwk.text("kty").ok_or(KeyError::Member("kty"))? {
            "EC" => {
                let crv = jwk.text("crv").ok_or(KeyError::Member("crv"))?;
                let curve = Curve::ALL.into_iter().find(|c| c.name() == crv);
                let curve = curve.ok_or(KeyError::UnsupportedType)?;
                let mut point = vec![4];
                for name in ["x", "y"] {
                    let coordinate = octets(jwk, name)?;
                    if coordinate.as_slice().len() != curve.len() {
                        return Err(KeyError::Member(name));
                    }
                    point.extend_from_slice(coordinate.as_slice());
                }
                Material::Ec { curve, point }
            }
            "OKP" => {
                if jwk.text("crv").ok_or(KeyError::Member("crv"))? != "Ed25519" {
                    return Err(KeyError::UnsupportedType);
                }
                Material::Ed25519 { x: octets(jwk, "x")?.as_slice().to_vec() }
            }
            "RSA" => Material::Rsa {
                n: octets(jwk, "n")?.as_slice().to_vec(),
                e: octets(jwk, "e")?.as_slice().to_vec(),
            },
            "oct" => return Err(KeyError::Private),
            _ => return Err(KeyError::UnsupportedType),
        };
        let optional_text = |name: &'static str| match jwk.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(_) => Err(KeyError::Member(name)),
        };
        let alg = match optional_text("alg")? {
            None => None,
            Some(name) => Some(name.parse::<Algorithm>()?),
        };
        let jwk = Self { material, alg, kid: optional_text("kid")?, key_use: optional_text("use")? };
        if alg.is_some_and(|a| !jwk.family().contains(&a)) {
            return Err(KeyError::AlgorithmMismatch);
        }
        // Prepare the key once: this is what notices a bad point or modulus.
        jwk.family().first().and_then(|a| jwk.prepare(*a)).ok_or(KeyError::Invalid)?;
        Ok(jwk)
    }

    pub(crate) fn from_numbers(numbers: &PublicNumbers<'_>, alg: Algorithm) -> Self {
        let material = match numbers {
            PublicNumbers::Ec(curve, point) => Material::Ec { curve: *curve, point: point.to_vec() },
            PublicNumbers::Ed25519(x) => Material::Ed25519 { x: x.to_vec() },
            PublicNumbers::Rsa { n, e } => Material::Rsa { n: n.to_vec(), e: e.to_vec() },
        };
        Self { material, alg: Some(alg), kid: None, key_use: None }
    }

    /// The algorithm that `alg` restricts the key to, if it does.
    pub fn alg(&self) -> Option<Algorithm> {
        self.alg
    }

    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The `use` member, e.g. `sig` or `wit-svid`.
    pub fn key_use(&self) -> Option<&str> {
        self.key_use.as_deref()
    }

    /// The same key with this `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The same key with this `use`.
    #[must_use]
    pub fn with_use(mut self, key_use: impl Into<String>) -> Self {
        self.key_use = Some(key_use.into());
        self
    }

    /// Whether both are the same public key, whatever `alg`, `kid` and `use` say.
    pub fn same_key(&self, other: &Self) -> bool {
        self.material == other.material
    }

    /// The SHA-256 thumbprint (RFC 7638) in base64url.
    pub fn thumbprint(&self) -> String {
        base64url::encode(&sha256(self.required_members().as_bytes()))
    }

    /// The members that make the key, in the order and form of RFC 7638 §3.
    fn required_members(&self) -> String {
        let b64 = base64url::encode;
        match &self.material {
            Material::Ec { curve, point } => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at(curve.len());
                format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, curve.name(), b64(x), b64(y))
            }
            Material::Ed25519 { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(x))
            }
            Material::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n))
            }
        }
    }

    pub(crate) fn to_value(&self) -> serde_json::Value {
        let required = self.required_members();
        let mut value: serde_json::Value = serde_json::from_str(&required).unwrap_or_default();
        let optional =
            [("alg", self.alg.map(Algorithm::as_str)), ("kid", self.kid()), ("use", self.key_use())];
        if let Some(members) = value.as_object_mut() {
            members.extend(optional.into_iter().filter_map(|(n, v)| Some((n.to_owned(), v?.into()))));
        }
        value
    }

    /// The algorithms that a key of this type can serve.
    fn family(&self) -> &'static [Algorithm] {
        use Algorithm::{Ed25519, EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match &self.material {
            Material::Ec { curve: Curve::P256, .. } => &[Es256],
            Material::Ec { curve: Curve::P384, .. } => &[Es384],
            Material::Ec { curve: Curve::P521, .. } => &[Es512],
            Material::Ed25519 { .. } => &[Ed25519, EdDsa],
            Material::Rsa { .. } => &[Rs256, Rs384, Rs512, Ps256, Ps384, Ps512],
        }
    }

    /// The algorithms that this key may be used with: the one of `alg`, or all of its type.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.family().iter().copied().filter(|a| self.alg.is_none_or(|only| only == *a))
    }

    pub(crate) fn prepare(&self, algorithm: Algorithm) -> Option<VerifyKey> {
        match &self.material {
            Material::Ec { curve, point } => VerifyKey::ec(*curve, point),
            Material::Ed25519 { x } => VerifyKey::ed25519(x),
            Material::Rsa { n, e } => VerifyKey::rsa(algorithm, n, e),
        }
    }
}

pub(crate) fn octets(jwk: &Object<'_>, name: &'static str) -> Result<Few<u8, 512>, KeyError> {
    jwk.text(name).and_then(|text| base64url::decode(text.as_bytes())).ok_or(KeyError::Member(name))
}

impl std::str::FromStr for Jwk {
    type Err = KeyError;

    fn from_str(json: &str) -> Result<Self, KeyError> {
        Self::parse(json)
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl fmt::Display for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("thumbprint", &self.thumbprint())
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A JWK Set (RFC 7517 §5) of public keys.
///
/// Keys of unknown type or algorithm, and keys for other purposes than verifying, are left out, as RFC 7517 asks, and
/// counted in [`JwkSet::ignored`]. A private or symmetric key refuses the whole set: it was published by mistake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    ignored: usize,
}

impl JwkSet {
    /// Parses the JSON text of a set, at most 1 MiB.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the text is not a JWK Set, or a key in it is malformed, private or symmetric.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        if json.len() > MAX_SET {
            return Err(KeyError::TooLarge);
        }
        let object = Object::parse_set(json.as_bytes()).map_err(|_| KeyError::Json)?;
        let Some(Json::Array(entries)) = object.get("keys") else {
            return Err(KeyError::Member("keys"));
        };
        let mut set = Self::default();
        for entry in entries {
            let Json::Object(jwk) = entry else { return Err(KeyError::Json) };
            // A key that is meant for something else is not held to rules that are not its own.
            let ours =
                matches!(jwk.text("use"), None | Some("sig" | "wit-svid")) && jwk.text("kty").is_some();
            match Jwk::from_object(jwk) {
                Ok(jwk) => set.keys.push(jwk),
                Err(KeyError::Private) => return Err(KeyError::Private),
                Err(KeyError::UnsupportedType | KeyError::UnsupportedAlgorithm | KeyError::Purpose) => {
                    set.ignored += 1;
                }
                Err(_) if !ours => set.ignored += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(set)
    }

    /// The usable keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// How many keys were left out because their type, algorithm or purpose is not ours.
    pub fn ignored(&self) -> usize {
        self.ignored
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), ignored: 0 }
    }
}

impl From<Jwk> for JwkSet {
    fn from(key: Jwk) -> Self {
        Self { keys: vec![key], ignored: 0 }
    }
}

impl std::str::FromStr for JwkSet {
    type Err = KeyError;

    fn from_str(json: &str) -> Result<Self, KeyError> {
        Self::parse(json)
    }
}

impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({ "keys": self.keys }).serialize(serializer)
    }
}

impl fmt::Display for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::json!({ "keys": self.keys }).fmt(f)
    }
}
