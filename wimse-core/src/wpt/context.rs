//! Context tokens: other tokens in a request that a proof covers by hash (`tth`, `oth`).

use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::httpsig::digest::CONTENT_DIGEST;
use crate::httpsig::{SIGNATURE, SIGNATURE_INPUT};
use crate::jose::sha256;
use crate::wit::WORKLOAD_IDENTITY_TOKEN;

/// The field of a transaction token.
pub(crate) const TXN_TOKEN: HeaderName = HeaderName::from_static("txn-token");

/// The context tokens that came with a request *and* are covered by its proof.
///
/// These may take part in authorization. Nothing else in the request may: a token that the proof does not cover
/// could have been added by anyone on the way (wpt §2). They never authenticate the caller.
#[derive(Clone, Default)]
pub struct Context {
    /// Shared by all clones; `None` as long as there is no token.
    tokens: Option<Arc<Vec<(HeaderName, HeaderValue)>>>,
}

impl Context {
    /// The covered value of this field.
    pub fn get(&self, field: &str) -> Option<&HeaderValue> {
        self.tokens()
            .iter()
            .find(|(name, _)| name.as_str().eq_ignore_ascii_case(field))
            .map(|(_, value)| value)
    }

    /// The covered transaction token. Forward it unmodified.
    pub fn txn_token(&self) -> Option<&HeaderValue> {
        self.get(TXN_TOKEN.as_str())
    }

    /// The names of all covered fields.
    pub fn fields(&self) -> impl Iterator<Item = &HeaderName> {
        self.tokens().iter().map(|(name, _)| name)
    }

    /// Whether nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.tokens().is_empty()
    }

    fn tokens(&self) -> &[(HeaderName, HeaderValue)] {
        self.tokens.as_ref().map(|tokens| tokens.as_slice()).unwrap_or_default()
    }

    /// The context tokens of a message whose signature covers every one of them.
    pub(crate) fn covered(headers: &HeaderMap, fields: &ContextFields) -> Self {
        let mut context = Self::default();
        for name in std::iter::once(&TXN_TOKEN).chain(fields.iter()) {
            if let Some(value) = headers.get(name) {
                context.add(name.clone(), value);
            }
        }
        context
    }

    pub(super) fn add(&mut self, name: HeaderName, value: &HeaderValue) {
        let mut value = value.clone();
        value.set_sensitive(true);
        Arc::make_mut(self.tokens.get_or_insert_default()).push((name, value));
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields()).finish()
    }
}

/// The configured names of context-token fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct ContextFields(Vec<HeaderName>);

impl ContextFields {
    /// `None` if a name is no field name, or one that cannot be a context token: the WIMSE and signature fields
    /// themselves, those that describe content, `Authorization`, and `Txn-Token`, which has its own claim.
    pub(crate) fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<Self> {
        let own = [
            WORKLOAD_IDENTITY_TOKEN,
            AUTHORIZATION,
            TXN_TOKEN,
            HeaderName::from_static("workload-proof-token"),
            SIGNATURE_INPUT,
            SIGNATURE,
            CONTENT_DIGEST,
            CONTENT_TYPE,
        ];
        let mut fields = Vec::new();
        for name in names {
            let name = HeaderName::try_from(name.as_ref()).ok().filter(|name| !own.contains(name))?;
            if !fields.contains(&name) {
                fields.push(name);
            }
        }
        Some(Self(fields))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter()
    }

    pub(crate) fn as_slice(&self) -> &[HeaderName] {
        &self.0
    }

    pub(super) fn find(&self, key: &str) -> Option<&HeaderName> {
        // `oth` keys are field names in lower case; `HeaderName` is in lower case already.
        self.0.iter().find(|name| name.as_str() == key)
    }
}

/// The one value of a field.
pub(crate) enum Single<'a> {
    Absent,
    One(&'a HeaderValue),
    Repeated,
}

pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Single<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Single::Absent,
        (Some(value), None) => Single::One(value),
        (Some(_), Some(_)) => Single::Repeated,
    }
}

/// SHA-256 of a field value without the white space around it (wpt §2).
pub(super) fn hash(value: &HeaderValue) -> [u8; 32] {
    sha256(value.as_bytes().trim_ascii())
}
