//! What may be accepted although it is altered, and why. The narrower an entry, the more the search finds.

mod member;
mod message;
mod token;

use serde_json::Value;

use crate::base::Base;
use crate::mutant::Mutant;

/// One exception: the same message written otherwise, or another message that its sender may send as well.
pub(crate) struct Allowed {
    /// What is altered, and the rule that lets it pass.
    pub(crate) name: &'static str,
    applies: fn(&Base, &Mutant) -> bool,
}

const LISTS: [&[Allowed]; 3] = [message::LIST, member::LIST, token::LIST];

impl Allowed {
    pub(crate) fn find(base: &Base, mutant: &Mutant) -> Option<&'static Self> {
        LISTS.into_iter().flatten().find(|allowed| (allowed.applies)(base, mutant))
    }
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    LISTS.into_iter().flatten().map(|allowed| allowed.name)
}

/// The values of all lines with this name.
fn values<'a>(base: &Base, vector: &'a Value, name: &str) -> Vec<&'a str> {
    let message = base.message().map(|message| &vector[message]["headers"]);
    let lines = message.and_then(Value::as_array).into_iter().flatten();
    let named = lines.filter(|line| line[0].as_str().is_some_and(|other| other.eq_ignore_ascii_case(name)));
    named.filter_map(|line| line[1].as_str()).collect()
}

/// The content of the message that arrives.
fn content<'a>(base: &Base, vector: &'a Value) -> &'a str {
    base.message().and_then(|message| vector[message]["body"].as_str()).unwrap_or_default()
}
