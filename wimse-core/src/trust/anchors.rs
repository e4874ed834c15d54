//! The trust anchors of trust domains: keys, algorithms, issuers, profile.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::identifier::{IdentifierError, Schemes, TrustDomain, WorkloadId};
use crate::jose::{Algorithms, JwkSet, KeyError, PublicKey};

/// Which rules the tokens of a trust domain follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// The WIMSE drafts.
    Wimse,
    /// The stricter SPIFFE WIT-SVID standard: `kid` required, `typ` exact, RS/ES/PS algorithms only, no `aud`,
    /// anchors only with `use: wit-svid` and unique `kid`. Needs a `spiffe` trust domain.
    WitSvid,
}

/// What is configured for one trust domain.
///
/// ```
/// # use wimse_core::{jose::{Algorithm, JwkSet}, trust::DomainAnchors};
/// # fn anchors(jwks: JwkSet) -> DomainAnchors {
/// DomainAnchors::new(jwks)
///     .algorithms([Algorithm::Es256])
///     .issuers(["https://issuer.example.com"])
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct DomainAnchors {
    keys: JwkSet,
    algorithms: Algorithms,
    proof_algorithms: Algorithms,
    issuers: Option<BTreeSet<String>>,
    profile: Option<Profile>,
}

impl DomainAnchors {
    /// The issuer keys of a trust domain. An empty set refuses every token of the domain.
    pub fn new(keys: JwkSet) -> Self {
        Self {
            keys,
            algorithms: Algorithms::ALL,
            proof_algorithms: Algorithms::ALL,
            issuers: None,
            profile: None,
        }
    }

    /// Allows only these algorithms for the signatures of Workload Identity Tokens (workload-creds §3).
    /// Default: every asymmetric algorithm that the anchors' key types can serve.
    pub fn algorithms(mut self, allowed: impl Into<Algorithms>) -> Self {
        self.algorithms = allowed.into();
        self
    }

    /// Allows only these algorithms for the workloads' own keys, that is for proofs (http-signature §3.1).
    /// Default: every asymmetric algorithm.
    pub fn proof_algorithms(mut self, allowed: impl Into<Algorithms>) -> Self {
        self.proof_algorithms = allowed.into();
        self
    }

    /// Demands an `iss` claim that equals one of these strings (workload-creds §9.1).
    /// Default: `iss` is not looked at, since identity comes from `sub` and the anchors.
    pub fn issuers<S: Into<String>>(mut self, allowed: impl IntoIterator<Item = S>) -> Self {
        self.issuers = Some(allowed.into_iter().map(Into::into).collect());
        self
    }

    /// Chooses the rules that tokens of this domain follow. Default: [`Profile::WitSvid`] for a `spiffe` domain and
    /// [`Profile::Wimse`] for any other. `Profile::Wimse` for a `spiffe` domain is **weaker**: it also takes what the SPIFFE
    /// standard forbids.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }
}

impl From<JwkSet> for DomainAnchors {
    fn from(keys: JwkSet) -> Self {
        Self::new(keys)
    }
}

/// The trust anchors of all trusted domains: an immutable value.
///
/// Put it into a [`TrustStore`](super::TrustStore) to exchange it while a service runs.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TrustAnchors {
    domains: HashMap<TrustDomain, Arc<Domain>>,
    schemes: Schemes,
}

impl TrustAnchors {
    /// No trust domains: refuses everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts identifiers of further URI schemes, for domains that are added after this call.
    pub fn schemes(mut self, schemes: Schemes) -> Self {
        self.schemes = schemes;
        self
    }

    /// Trusts `domain` with these keys. A bare name such as `example.com` means the `wimse` scheme; write
    /// `spiffe://example.com` for SPIFFE. Replaces what was configured for the domain before.
    ///
    /// # Errors
    ///
    /// [`TrustError`] if the name is no trust domain, a key cannot be used, two keys share a `kid`, or
    /// something that can never match is configured: no usable key, no algorithm, no issuer. To refuse a
    /// known domain altogether use [`TrustAnchors::withdrawn_domain`].
    pub fn domain(self, domain: &str, anchors: impl Into<DomainAnchors>) -> Result<Self, TrustError> {
        self.add(domain, anchors.into(), false)
    }

    /// As [`TrustAnchors::domain`], but an empty key set is fine: every token of the domain is refused until keys
    /// come back. For sources that follow a published bundle.
    ///
    /// # Errors
    ///
    /// As [`TrustAnchors::domain`], except for an empty key set.
    pub fn withdrawn_domain(
        self,
        domain: &str,
        anchors: impl Into<DomainAnchors>,
    ) -> Result<Self, TrustError> {
        self.add(domain, anchors.into(), true)
    }

    fn add(mut self, name: &str, anchors: DomainAnchors, may_be_empty: bool) -> Result<Self, TrustError> {
        let name = self.parse_domain(name)?;
        let domain = Domain::prepare(&name, anchors)?;
        if domain.keys.is_empty() && !may_be_empty {
            return Err(TrustError::NoUsableKey);
        }
        self.domains.insert(name, Arc::new(domain));
        Ok(self)
    }

    /// The same anchors with other keys for one domain, whose allow-lists and profile stay.
    pub(super) fn with_keys(mut self, name: &str, keys: &JwkSet) -> Result<Self, TrustError> {
        let name = self.parse_domain(name)?;
        let domain = match self.of(&name) {
            Some(known) => known.with_keys(keys)?,
            None => Domain::prepare(&name, keys.clone().into())?,
        };
        self.domains.insert(name, Arc::new(domain));
        Ok(self)
    }

    /// Stops trusting a domain.
    pub fn without_domain(mut self, domain: &TrustDomain) -> Self {
        self.domains.remove(domain);
        self
    }

    /// The trusted domains.
    pub fn domains(&self) -> impl Iterator<Item = &TrustDomain> {
        self.domains.keys()
    }

    /// Whether no domain is trusted.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    pub(crate) fn parse_domain(&self, name: &str) -> Result<TrustDomain, IdentifierError> {
        self.schemes.parse_trust_domain(name)
    }

    pub(crate) fn parse_id(&self, text: &str) -> Result<WorkloadId, IdentifierError> {
        self.schemes.parse(text)
    }

    pub(crate) fn of(&self, domain: &TrustDomain) -> Option<&Domain> {
        self.domains.get(domain).map(|domain| &**domain)
    }
}

/// A domain's configuration, ready for use.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) algorithms: Algorithms,
    pub(crate) proof_algorithms: Algorithms,
    pub(crate) issuers: Option<BTreeSet<String>>,
    pub(crate) profile: Profile,
}

impl Domain {
    fn prepare(name: &TrustDomain, anchors: DomainAnchors) -> Result<Self, TrustError> {
        let spiffe = name.scheme() == "spiffe";
        let profile = anchors.profile.unwrap_or(if spiffe { Profile::WitSvid } else { Profile::Wimse });
        let svid = profile == Profile::WitSvid;
        if svid && !spiffe {
            return Err(TrustError::NotSpiffe);
        }
        let allowed = if svid { Algorithms::WIT_SVID } else { Algorithms::ALL };
        let domain = Self {
            keys: usable(&anchors.keys, profile)?,
            algorithms: anchors.algorithms.intersection(allowed),
            proof_algorithms: anchors.proof_algorithms.intersection(allowed),
            issuers: anchors.issuers,
            profile,
        };
        if domain.algorithms.is_empty() || domain.proof_algorithms.is_empty() {
            return Err(TrustError::NoAlgorithm);
        }
        if domain.issuers.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(TrustError::NoIssuer);
        }
        Ok(domain)
    }

    /// The same domain with other keys.
    fn with_keys(&self, keys: &JwkSet) -> Result<Self, TrustError> {
        let (algorithms, proof_algorithms) = (self.algorithms, self.proof_algorithms);
        let (issuers, profile) = (self.issuers.clone(), self.profile);
        Ok(Self { keys: usable(keys, profile)?, algorithms, proof_algorithms, issuers, profile })
    }

    /// The one key that a token with this `kid` may have been signed with (workload-creds §3): the key of
    /// that name, or without a `kid` the only key there is.
    pub(crate) fn key(&self, kid: Option<&str>) -> Option<&PublicKey> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.jwk().kid() == Some(kid)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

/// The keys of a set that the profile lets sign Workload Identity Tokens.
fn usable(set: &JwkSet, profile: Profile) -> Result<Vec<PublicKey>, TrustError> {
    let mut names = HashSet::new();
    let mut keys = Vec::new();
    for jwk in set.keys() {
        let purpose_fits = match profile {
            Profile::Wimse => matches!(jwk.key_use(), None | Some("sig" | "wit-svid")),
            Profile::WitSvid => jwk.key_use() == Some("wit-svid"),
        };
        if !purpose_fits {
            continue;
        }
        match jwk.kid() {
            Some(kid) if !names.insert(kid) => return Err(TrustError::RepeatedKeyId),
            None if profile == Profile::WitSvid => return Err(TrustError::NoKeyId),
            _ => keys.push(PublicKey::new(jwk.clone())?),
        }
    }
    Ok(keys)
}

/// Why trust anchors cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// The name is not a trust domain.
    Name(IdentifierError),
    /// A key is malformed.
    Key(KeyError),
    /// Two keys share a `kid`, so that a token cannot choose one.
    RepeatedKeyId,
    /// A WIT-SVID key without `kid`.
    NoKeyId,
    /// No key is left that may sign Workload Identity Tokens.
    NoUsableKey,
    /// No algorithm is left that is allowed.
    NoAlgorithm,
    /// The issuer allow-list is empty.
    NoIssuer,
    /// The WIT-SVID profile for a domain that is not under the `spiffe` scheme.
    NotSpiffe,
}

impl From<IdentifierError> for TrustError {
    fn from(error: IdentifierError) -> Self {
        Self::Name(error)
    }
}

impl From<KeyError> for TrustError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl TrustError {
    /// A stable code for logs and tests.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Name(_) => "trust_domain_invalid",
            Self::Key(_) => "anchor_key_invalid",
            Self::RepeatedKeyId => "anchor_kid_repeated",
            Self::NoKeyId => "anchor_kid_missing",
            Self::NoUsableKey => "no_usable_anchor",
            Self::NoAlgorithm => "no_algorithm_allowed",
            Self::NoIssuer => "no_issuer_allowed",
            Self::NotSpiffe => "wit_svid_needs_spiffe",
        }
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "not a trust domain: {error}"),
            Self::Key(error) => write!(f, "a trust anchor cannot be used: {error}"),
            Self::RepeatedKeyId => f.write_str("two trust anchors share a `kid`"),
            Self::NoKeyId => f.write_str("a WIT-SVID trust anchor has no `kid`"),
            Self::NoUsableKey => f.write_str(
                "no key may sign Workload Identity Tokens: check `kty`, `alg` and `use` of the set",
            ),
            Self::NoAlgorithm => f.write_str("no algorithm is allowed"),
            Self::NoIssuer => f.write_str("the issuer allow-list is empty"),
            Self::NotSpiffe => f.write_str("the WIT-SVID profile needs a trust domain `spiffe://…`"),
        }
    }
}

impl std::error::Error for TrustError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Algorithm, Jwk, SigningKey};

    fn key(kid: Option<&str>, key_use: Option<&str>) -> Jwk {
        let mut jwk = SigningKey::generate(Algorithm::Es256).unwrap().public_jwk().clone();
        if let Some(kid) = kid {
            jwk = jwk.with_kid(kid);
        }
        match key_use {
            Some(key_use) => jwk.with_use(key_use),
            None => jwk,
        }
    }

    fn add(domain: &str, keys: &[Jwk], profile: Profile) -> Result<TrustAnchors, TrustError> {
        let anchors = DomainAnchors::new(keys.iter().cloned().collect()).profile(profile);
        TrustAnchors::new().domain(domain, anchors)
    }

    #[test]
    fn ta_10_a_kid_names_one_key() {
        let twice = [key(Some("a"), None), key(Some("a"), None)];
        assert_eq!(add("example.com", &twice, Profile::Wimse).err(), Some(TrustError::RepeatedKeyId));
        let unnamed = [key(None, Some("wit-svid"))];
        let refused = add("spiffe://example.org", &unnamed, Profile::WitSvid);
        assert_eq!(refused.err(), Some(TrustError::NoKeyId));
    }

    #[test]
    fn ta_09_only_keys_for_the_purpose_count_and_none_left_refuses_all() {
        for key_use in [None, Some("sig"), Some("jwt-svid"), Some("x509-svid"), Some("enc")] {
            let keys = [key(Some("a"), key_use)];
            let refused = add("spiffe://example.org", &keys, Profile::WitSvid);
            assert_eq!(refused.err(), Some(TrustError::NoUsableKey), "{key_use:?}");
        }
        let mixed = [key(Some("a"), Some("jwt-svid")), key(Some("b"), Some("wit-svid"))];
        let anchors = add("spiffe://example.org", &mixed, Profile::WitSvid).unwrap();
        let domain = anchors.of(&TrustDomain::parse("spiffe://example.org").unwrap()).unwrap();
        assert!(domain.key(Some("a")).is_none() && domain.key(Some("b")).is_some());
        let none = DomainAnchors::new(JwkSet::default()).profile(Profile::WitSvid);
        assert!(TrustAnchors::new().withdrawn_domain("spiffe://example.org", none).is_ok());
    }

    #[test]
    fn wit_29_wit_30_ta_04_the_kid_chooses_and_without_one_there_must_be_one_key() {
        let two = [key(Some("a"), None), key(None, Some("sig"))];
        let anchors = add("example.com", &two, Profile::Wimse).unwrap();
        let domain = anchors.of(&TrustDomain::parse("example.com").unwrap()).unwrap();
        assert!(domain.key(Some("a")).is_some());
        assert!(domain.key(Some("b")).is_none() && domain.key(None).is_none());
        let one = add("example.com", &[key(Some("a"), None)], Profile::Wimse).unwrap();
        let domain = one.of(&TrustDomain::parse("example.com").unwrap()).unwrap();
        assert!(domain.key(None).is_some() && domain.key(Some("")).is_none());
    }

    #[test]
    fn what_can_never_match_is_an_error_and_not_a_silent_refusal() {
        let keys = || DomainAnchors::new(key(Some("a"), None).into());
        let new = TrustAnchors::new;
        assert_eq!(new().domain("example.com", JwkSet::default()).err(), Some(TrustError::NoUsableKey));
        assert_eq!(new().domain("example.com", keys().algorithms([])).err(), Some(TrustError::NoAlgorithm));
        let no_issuer = keys().issuers(Vec::<String>::new());
        assert_eq!(new().domain("example.com", no_issuer).err(), Some(TrustError::NoIssuer));
        assert_eq!(
            new().domain("example.com", keys().profile(Profile::WitSvid)).err(),
            Some(TrustError::NotSpiffe)
        );
        let edwards = keys().profile(Profile::WitSvid).algorithms([Algorithm::Ed25519]);
        assert_eq!(new().domain("spiffe://example.org", edwards).err(), Some(TrustError::NoAlgorithm));
        assert!(matches!(new().domain("Example.com", keys()).err(), Some(TrustError::Name(_))));
    }
}
