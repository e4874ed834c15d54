//! How a token that was validated is found again: by the token itself, which costs less than hashing it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::Equivalent;

use crate::wit::Wit;

/// Octets at the end of a token by which it is looked up: part of its signature. Tokens that share them are told apart by
/// the comparison, and nobody adds such tokens without their issuer's key.
const TAIL: usize = 32;

/// A token that was validated.
#[derive(PartialEq, Eq)]
pub(crate) struct KnownToken(Arc<str>);

/// A token that may be one of those.
pub(crate) struct SentToken<'a>(pub(crate) &'a str);

impl From<&Wit> for KnownToken {
    fn from(wit: &Wit) -> Self {
        Self(Arc::clone(wit.token()))
    }
}

impl Hash for KnownToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        SentToken(&self.0).hash(state);
    }
}

impl Hash for SentToken<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let octets = self.0.as_bytes();
        octets.last_chunk::<TAIL>().map_or(octets, <[u8; TAIL]>::as_slice).hash(state);
    }
}

impl Equivalent<KnownToken> for SentToken<'_> {
    fn equivalent(&self, known: &KnownToken) -> bool {
        *self.0 == *known.0
    }
}
