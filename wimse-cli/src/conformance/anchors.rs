//! The trust anchors of a receiver, as a vector describes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use wimse_core::jose::{Algorithm, Algorithms, Jwk, JwkSet, KeyError};
use wimse_core::trust::TrustError;
use wimse_core::{DomainAnchors, Profile, TrustAnchors};

use super::fault::Fault;
use super::fields::Fields;

/// The value of `use` that the WIT-SVID profile demands of an anchor.
const SVID_USE: &str = "wit-svid";

/// JWKs by trust domain. A bare name is a domain of the `wimse` scheme.
pub(super) type Anchors = BTreeMap<String, Vec<Value>>;

/// Whom the receiver of a case trusts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trust {
    domains: Anchors,
    settings: BTreeMap<String, Settings>,
    profile: Profile,
}

/// The `settings` of one trust domain.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    algorithms: Option<Vec<Name>>,
    proof_algorithms: Option<Vec<Name>>,
    issuers: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct Name(Algorithm);

impl TryFrom<String> for Name {
    type Error = KeyError;

    fn try_from(name: String) -> Result<Self, KeyError> {
        name.parse().map(Self)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Listed(Anchors),
    Named(Named),
}

#[derive(Deserialize)]
enum Named {
    #[serde(rename = "default")]
    Default,
    #[serde(rename = "none published")]
    NonePublished,
}

impl Trust {
    /// Reads `trust_anchors` and `settings`. `default` are the anchors of the vector's file.
    pub(super) fn read(fields: &Fields, default: Option<&Anchors>, profile: Profile) -> Result<Self, Fault> {
        let domains = match fields.optional("trust_anchors")?.unwrap_or(Source::Named(Named::Default)) {
            Source::Listed(anchors) => anchors,
            Source::Named(Named::NonePublished) => Anchors::new(),
            Source::Named(Named::Default) => default.cloned().ok_or(Fault::NoDefaultAnchors)?,
        };
        let settings: BTreeMap<String, Settings> = fields.optional("settings")?.unwrap_or_default();
        // A setting that applies to nothing would make a case pass for the wrong reason.
        match settings.keys().find(|name| !domains.contains_key(*name)) {
            Some(name) => Err(Fault::SettingsWithoutAnchors(name.clone())),
            None => Ok(Self { domains, settings, profile }),
        }
    }

    /// The anchors, or why a receiver would not start with them.
    pub(super) fn load(&self) -> Result<TrustAnchors, TrustError> {
        self.domains.iter().try_fold(TrustAnchors::new(), |anchors, (name, keys)| {
            let keys = JwkSet::parse(&serde_json::json!({ "keys": keys }).to_string())?;
            // Files name the anchors of all profiles alike; a WIT-SVID lives under `spiffe` and its anchors say so.
            let (domain, keys) = match self.profile {
                Profile::WitSvid if !name.contains("://") => (format!("spiffe://{name}"), for_svids(&keys)),
                _ => (name.clone(), keys),
            };
            let settings = self.settings.get(name).cloned().unwrap_or_default();
            anchors.domain(&domain, settings.apply(DomainAnchors::new(keys).profile(self.profile)))
        })
    }
}

impl Settings {
    fn apply(self, mut anchors: DomainAnchors) -> DomainAnchors {
        let set = |names: Vec<Name>| names.into_iter().map(|name| name.0).collect::<Algorithms>();
        if let Some(names) = self.algorithms {
            anchors = anchors.algorithms(set(names));
        }
        if let Some(names) = self.proof_algorithms {
            anchors = anchors.proof_algorithms(set(names));
        }
        if let Some(issuers) = self.issuers {
            anchors = anchors.issuers(issuers);
        }
        anchors
    }
}

fn for_svids(keys: &JwkSet) -> JwkSet {
    let purposed = |key: &Jwk| match key.key_use() {
        None => key.clone().with_use(SVID_USE),
        Some(_) => key.clone(),
    };
    keys.keys().iter().map(purposed).collect()
}
