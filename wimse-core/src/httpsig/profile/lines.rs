//! The fields of a request that its signature is about, each looked up once.

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};

use crate::Reason;
use crate::httpsig::digest::CONTENT_DIGEST;
use crate::wit::WORKLOAD_IDENTITY_TOKEN;
use crate::wpt::TXN_TOKEN;

/// Fields that must be covered wherever they are present (http-signature §3).
pub(super) static REQUEST_FIELDS: [HeaderName; 5] =
    [WORKLOAD_IDENTITY_TOKEN, CONTENT_TYPE, CONTENT_DIGEST, AUTHORIZATION, TXN_TOKEN];

/// Those of the [`REQUEST_FIELDS`] that a message has once, and why it is refused if it has several: covered as one value, two lines would
/// be one to the signature and two to whoever reads them.
const ONCE: [Option<Reason>; REQUEST_FIELDS.len()] = [
    Some(Reason::WitRepeated),
    Some(Reason::ComponentUnresolved),
    None,
    Some(Reason::ProofRepeated),
    Some(Reason::TxnToken),
];

/// How many lines a message has of each of the [`REQUEST_FIELDS`]: none, one, or two for more. Looked up once.
#[derive(Clone, Copy)]
pub(super) struct Lines([usize; REQUEST_FIELDS.len()]);

impl Lines {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(REQUEST_FIELDS.each_ref().map(|name| headers.get_all(name).iter().take(2).count()))
    }

    /// Those of the [`REQUEST_FIELDS`] that must be covered: what the message has, and the token in any case, without which there is no
    /// key to verify with.
    pub(super) fn covered<'a>(self) -> impl Iterator<Item = &'a HeaderName> {
        let wanted =
            |(name, count): &(&'a HeaderName, usize)| *count > 0 || **name == WORKLOAD_IDENTITY_TOKEN;
        REQUEST_FIELDS.iter().zip(self.0).filter(wanted).map(|(name, _)| name)
    }

    /// The first field that must be one value, or of `further`, that a message has more than once.
    pub(super) fn repeated<'a>(
        self,
        headers: &HeaderMap,
        further: &'a [HeaderName],
    ) -> Option<(&'a HeaderName, Reason)> {
        let mut known = REQUEST_FIELDS.iter().zip(ONCE).zip(self.0);
        let once = known.find_map(|((name, reason), count)| Some((name, reason.filter(|_| count > 1)?)));
        let several = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
        once.or_else(|| Some((further.iter().find(several)?, Reason::ContextTokenMismatch)))
    }

    /// A digest was set, or removed.
    pub(super) fn with_digest(self, digest: bool) -> Self {
        let mut known = REQUEST_FIELDS.iter().zip(self.0);
        Self(self.0.map(|count| match known.next() {
            Some((name, _)) if *name == CONTENT_DIGEST => usize::from(digest),
            _ => count,
        }))
    }
}
