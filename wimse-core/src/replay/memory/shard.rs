//! A part of the cache under one lock: what it remembers, and when it forgets.

use super::share::{Holdings, Share};
use super::table::{Entry, Table};
use crate::replay::{ReplayError, Use};

/// A proof, as a shard is asked for it. Times are in periods (see [`super::PERIOD`]).
pub(super) struct Question {
    /// Random bits that tell proofs apart. Not zero.
    pub(super) fingerprint: u64,
    /// Random bits that tell callers apart.
    pub(super) caller: u16,
    /// The period in which it expires.
    pub(super) expiry: i64,
    /// The current period.
    pub(super) now: i64,
}

/// What all shards have in common.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// Live entries in a shard.
    pub(super) capacity: usize,
    pub(super) share: Share,
}

#[derive(Default)]
pub(super) struct Shard {
    table: Table,
    /// What expired before this period was forgotten.
    since: i64,
    /// Counted only while some caller could be at its limit.
    holdings: Option<Box<Holdings>>,
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn use_once(&mut self, question: &Question, terms: Terms) -> Result<Use, ReplayError> {
        self.forget_before(question.now);
        // An entry has room for 16 bits of its expiry. They are unambiguous for this many periods, and no more are accepted.
        let ahead = question.expiry.saturating_sub(self.since);
        if u16::try_from(ahead).is_err() {
            return Err(ReplayError::Unavailable);
        }
        // A replay carries the same expiry, but an identifier also counts once if its owner signs it anew.
        if self.table.contains(question.fingerprint) {
            return Ok(Use::Again);
        }
        let len = self.table.len();
        if len >= terms.capacity {
            return Err(ReplayError::Full);
        }
        if terms.share.is_in_question(len, terms.capacity) {
            let holdings = self.holdings.get_or_insert_with(|| Holdings::of(&self.table));
            if terms.share.is_used_up(holdings.count(question.caller), terms.capacity - len) {
                return Err(ReplayError::Full);
            }
            holdings.add(question.caller);
        }
        let &Question { fingerprint, caller, .. } = question;
        self.table.insert(Entry { fingerprint, caller, expiry: low_bits(question.expiry) }, terms.capacity);
        Ok(Use::First)
    }

    fn forget_before(&mut self, now: i64) {
        let passed = now.saturating_sub(self.since);
        if passed <= 0 {
            return;
        }
        let since = low_bits(self.since);
        // All that is remembered expires less than 2^16 periods after `since`.
        self.table.retain(|entry| i64::from(entry.expiry.wrapping_sub(since)) >= passed);
        self.since = now;
        self.holdings = None;
    }
}

fn low_bits(period: i64) -> u16 {
    let [.., high, low] = period.to_be_bytes();
    u16::from_be_bytes([high, low])
}
