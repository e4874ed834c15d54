//! Everything that reads text from outside, given arbitrary text and slightly altered sound text: nothing panics,
//! and what is accepted keeps its promises.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

#[path = "../common/mod.rs"]
mod common;

mod configuration;
mod identifiers;
mod keys;
mod tokens;

use proptest::prelude::*;

/// One small change to a text: a character replaced, inserted or removed.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, char),
    Remove(prop::sample::Index),
}

impl Change {
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        match self {
            Self::Replace(at, with) => {
                let at = at.index(characters.len());
                characters[at] = *with;
            }
            Self::Insert(at, what) => characters.insert(at.index(characters.len() + 1), *what),
            Self::Remove(at) => drop(characters.remove(at.index(characters.len()))),
        }
        characters.into_iter().collect()
    }
}

/// Changes made with characters that mean something to the parsers, and with any others.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    let meaningful =
        prop::sample::select("/.:@?#%[]{}\",\\~_-* 0aAZ\u{0}\u{e9}\u{7f}\n=+".chars().collect::<Vec<_>>());
    let character = prop_oneof![4 => meaningful, 1 => any::<char>()];
    let at = any::<prop::sample::Index>();
    prop_oneof![
        (at.clone(), character.clone()).prop_map(|(at, c)| Change::Replace(at, c)),
        (at.clone(), character).prop_map(|(at, c)| Change::Insert(at, c)),
        at.prop_map(Change::Remove),
    ]
}

/// Any JSON value of moderate size.
pub(crate) fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[A-Za-z0-9_-]{0,64}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}
