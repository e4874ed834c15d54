//! What happened, and whether it should have.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;

/// How long after Redis is back calls may still be refused with 503: connections are made again with growing pauses.
const RECOVERY: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct Ledger {
    outcomes: Mutex<BTreeMap<(&'static str, String), u64>>,
    wrong: Mutex<Vec<String>>,
    outage: Mutex<Outage>,
}

#[derive(Default)]
struct Outage {
    on: bool,
    over: Option<Instant>,
}

impl Ledger {
    /// Something that may happen.
    pub(crate) fn fine(&self, actor: &'static str, what: impl Into<String>) {
        *lock(&self.outcomes).entry((actor, what.into())).or_default() += 1;
    }

    /// Something that must not. The first of them are shown in full.
    pub(crate) fn wrong(&self, actor: &'static str, what: impl std::fmt::Display) {
        let mut wrong = lock(&self.wrong);
        if wrong.len() < 20 {
            wrong.push(format!("{actor}: {what}"));
        }
        drop(wrong);
        self.fine(actor, "WRONG");
    }

    /// Whether `503` is the right answer to a call that began then.
    pub(crate) fn may_be_unavailable(&self, began: Instant) -> bool {
        let outage = lock(&self.outage);
        outage.on || outage.over.is_some_and(|over| over + RECOVERY > began)
    }

    /// A refusal for want of an answer from Redis; what else it was is wrong.
    pub(crate) fn unavailable(&self, actor: &'static str, status: StatusCode, began: Instant) -> bool {
        let unavailable = status == StatusCode::SERVICE_UNAVAILABLE && self.may_be_unavailable(began);
        if unavailable {
            self.fine(actor, "503 during an outage");
        }
        unavailable
    }

    pub(crate) fn outage_begins(&self) {
        lock(&self.outage).on = true;
    }

    pub(crate) fn outage_ends(&self) {
        *lock(&self.outage) = Outage { on: false, over: Some(Instant::now()) };
    }

    pub(crate) fn outcomes(&self) -> Vec<String> {
        let outcomes = lock(&self.outcomes);
        outcomes.iter().map(|((actor, what), times)| format!("{actor:<10} {times:>10}  {what}")).collect()
    }

    /// Calls of well-behaved callers.
    pub(crate) fn accepted(&self) -> u64 {
        let outcomes = lock(&self.outcomes);
        outcomes
            .iter()
            .filter(|((_, what), _)| what.starts_with("GET") || what.starts_with("POST"))
            .map(|(_, times)| times)
            .sum()
    }

    pub(crate) fn wrong_decisions(&self) -> u64 {
        lock(&self.outcomes).iter().filter(|((_, what), _)| what == "WRONG").map(|(_, times)| times).sum()
    }

    pub(crate) fn all_wrong(&self) -> Vec<String> {
        lock(&self.wrong).clone()
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
