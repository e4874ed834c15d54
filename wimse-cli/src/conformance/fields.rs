//! The members of one vector, by name.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::Fault;

/// The members that decide about a vector. All others are for readers and skipped unparsed: decoded claims may
/// hold numbers and depths that no JSON library represents.
const KNOWN: [&str; 24] = [
    "id",
    "kind",
    "now",
    "profile",
    "trust_anchors",
    "settings",
    "wit",
    "request",
    "response",
    "accepted_audiences",
    "expected_audiences",
    "expected_server_identifier",
    "wit_check",
    "understood_oth",
    "sequence",
    "expected",
    "expected_reason",
    "interop",
    "input",
    "id_pr99",
    "spiffe",
    "a",
    "b",
    "equal",
];

/// One vector as it is written down.
#[derive(Debug)]
pub(super) struct Fields(BTreeMap<String, Value>);

impl Fields {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn required<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, Fault> {
        self.optional(name)?.ok_or(Fault::Missing(name))
    }

    /// `null` counts as absent.
    pub(super) fn optional<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        let value = self.0.get(name).unwrap_or(&Value::Null);
        Option::deserialize(value).map_err(|error| Fault::Malformed(name, error))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KnownMembers)
    }
}

struct KnownMembers;

impl<'de> Visitor<'de> for KnownMembers {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vector, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Fields, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            if KNOWN.contains(&name.as_str()) {
                fields.insert(name, members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Fields(fields))
    }
}

/// What a single case has once and a sequence has for each of its cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(super) fn map<'a, U>(&'a self, mut change: impl FnMut(&'a T) -> U) -> OneOrMany<U> {
        match self {
            Self::One(one) => OneOrMany::One(change(one)),
            Self::Many(many) => OneOrMany::Many(many.iter().map(change).collect()),
        }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// What holds for the case at `index`: the one for all of them, or the one at that place.
    pub(super) fn at(&self, index: usize) -> Option<&T> {
        match self {
            Self::One(one) => Some(one),
            Self::Many(many) => many.get(index),
        }
    }
}
