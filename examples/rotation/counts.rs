//! What happened to the calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use wimse::identity::SourceObserver;

#[derive(Default)]
pub(crate) struct Counts {
    accepted: AtomicU64,
    accepted_too_late: AtomicU64,
    tokens: AtomicU64,
    refused: Mutex<BTreeMap<String, u64>>,
    failed: Mutex<BTreeMap<String, u64>>,
    first_refusal: OnceLock<Instant>,
    withdrawn: OnceLock<Instant>,
}

impl Counts {
    pub(crate) fn accept(&self, sent: Instant) {
        self.accepted.fetch_add(1, Relaxed);
        if self.withdrawn.get().is_some_and(|withdrawn| sent > *withdrawn) {
            self.accepted_too_late.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn refuse(&self, why: String) {
        self.first_refusal.get_or_init(Instant::now);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
    }

    pub(crate) fn fail(&self, why: String) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
    }

    pub(crate) fn expect_refusals_from_now_on(&self) {
        self.withdrawn.get_or_init(Instant::now);
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    pub(crate) fn accepted_too_late(&self) -> u64 {
        self.accepted_too_late.load(Relaxed)
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.tokens.load(Relaxed)
    }

    pub(crate) fn first_refusal(&self) -> Option<Instant> {
        self.first_refusal.get().copied()
    }

    pub(crate) fn refused(&self) -> String {
        shown(&self.refused)
    }

    pub(crate) fn failed(&self) -> String {
        shown(&self.failed)
    }
}

/// Counts the credentials that sources have got.
impl SourceObserver for Counts {
    fn updated(&self, _: &str) {
        self.tokens.fetch_add(1, Relaxed);
    }
}

fn shown(reasons: &Mutex<BTreeMap<String, u64>>) -> String {
    let reasons = reasons.lock().unwrap_or_else(PoisonError::into_inner);
    let shown: Vec<_> = reasons.iter().map(|(why, times)| format!("{times} {why}")).collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}
