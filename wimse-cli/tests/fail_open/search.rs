//! The search itself: makes the mutants of all vectors, has them decided, and keeps what is left standing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::allowed::{self, Allowed};
use crate::base::{self, Base, Kind};
use crate::jws::Keys;
use crate::mutant::Mutant;
use crate::reissue::Reissue;
use crate::{head, malleable, member, octets, times};

/// How many findings are shown.
const SHOWN: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// By kind: all of them, and those that were let in.
    kinds: BTreeMap<String, (usize, usize)>,
    /// Refusals of soundly signed mutants, by reason.
    reasons: BTreeMap<&'static str, usize>,
    /// Entries of the list of exceptions that applied.
    used: BTreeSet<&'static str>,
    wrong: Vec<String>,
    unusable: usize,
    /// Whether every vector was searched.
    complete: bool,
}

/// Searches among every `share`th vector, with both cores of a small machine.
pub(crate) fn run(share: usize) -> Findings {
    let keys = Keys::read();
    let mut bases = base::all();
    // The longest first, so that no thread is left with them at the end.
    bases.sort_by_key(|base| std::cmp::Reverse(base.vector.to_string().len()));
    // Neighbours are alike: a share of the vectors still has some of every kind.
    let mut place = 0;
    bases.retain(|_| {
        place += 1;
        place % share == 0
    });
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Findings::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let mut findings = Findings::default();
                while let Some(base) = bases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    findings.search(base, &keys);
                }
                all.lock().unwrap().merge(findings);
            });
        }
    });
    Findings { complete: share == 1, ..all.into_inner().unwrap() }
}

impl Findings {
    fn search(&mut self, base: &Base, keys: &Keys) {
        let accepted =
            |vector: &Value| base.decide(&[vector]).is_some_and(|decisions| decisions[0].accepted());
        assert!(accepted(&base.vector), "{} is refused as it is", base.id);
        let reissue = Reissue::new(base, keys);
        for vector in reissue.unchanged() {
            assert!(accepted(&vector), "{} is refused when it is signed again", base.id);
        }
        let mut sink = |mutant: Mutant| self.judge(base, &mutant);
        head::mutate(base, &mut sink);
        times::mutate(base, &mut sink);
        octets::mutate(base, &mut sink);
        reissue.mutate(&mut sink);
        malleable::mutate(base, reissue.signature().map(|(signature, _)| signature), &mut sink);
        if let Some((signature, key)) = reissue.signature() {
            member::mutate(base, signature, key, &mut sink);
        }
    }

    fn judge(&mut self, base: &Base, mutant: &Mutant) {
        if mutant.vector == base.vector {
            return;
        }
        let Some(decision) = base.decide(&[&mutant.vector]).map(|decisions| decisions[0]) else {
            self.unusable += 1;
            return;
        };
        let signed = if mutant.resigned { ", signed again" } else { "" };
        let (made, let_in) = self.kinds.entry(format!("{}{signed}", mutant.kind)).or_default();
        *made += 1;
        *let_in += usize::from(decision.accepted());
        let mut report = |what: &str| {
            let reason = decision.reason().unwrap_or("accepted");
            self.wrong.push(format!(
                "{what}: {:?} {}: {}{signed}: {}: {} ({reason})",
                base.kind, base.id, mutant.kind, mutant.subject, mutant.place
            ));
        };
        match (mutant.expected, decision.accepted()) {
            (Some(expected), accepted) if expected != accepted => report("wrong"),
            (None, true) => match Allowed::find(base, mutant) {
                Some(allowed) => {
                    if !mutant.resigned && is_replayable(base) && !is_replayed(base, mutant) {
                        report("not seen as the same message");
                    }
                    self.used.insert(allowed.name);
                }
                None => report("let in"),
            },
            (None, false) if mutant.resigned => {
                *self.reasons.entry(decision.reason().unwrap_or_default()).or_default() += 1;
            }
            (Some(_), _) | (None, false) => {}
        }
    }

    fn merge(&mut self, other: Self) {
        for (kind, (made, let_in)) in other.kinds {
            let sum = self.kinds.entry(kind).or_default();
            *sum = (sum.0 + made, sum.1 + let_in);
        }
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        self.used.extend(other.used);
        self.wrong.extend(other.wrong);
        self.unusable += other.unusable;
    }

    /// Says what was found, and fails on anything that should not be.
    pub(crate) fn check(mut self, enough: usize) {
        for (kind, (made, let_in)) in &self.kinds {
            println!("{made:8} {let_in:6}  {kind}");
        }
        println!("refusals of what was signed again: {:?}", self.reasons);
        let made: usize = self.kinds.values().map(|(made, _)| made).sum();
        println!("{made} altered messages, {} that no receiver could be asked about", self.unusable);
        self.wrong.sort();
        for wrong in self.wrong.iter().take(SHOWN) {
            println!("{wrong}");
        }
        assert!(self.wrong.is_empty(), "{} of {made} came out wrong", self.wrong.len());
        // A share of the vectors need not have something of everything.
        let unused: Vec<_> =
            allowed::names().filter(|name| self.complete && !self.used.contains(name)).collect();
        assert!(unused.is_empty(), "exceptions that nothing needs: {unused:?}");
        assert!(made >= enough, "only {made} altered messages");
    }
}

fn is_replayable(base: &Base) -> bool {
    matches!(base.kind, Kind::Proof | Kind::Request)
}

/// Whether a receiver that has seen the original refuses the mutant as the same.
fn is_replayed(base: &Base, mutant: &Mutant) -> bool {
    let decisions = base.decide(&[&base.vector, &mutant.vector]);
    decisions.is_some_and(|decisions| decisions[0].accepted() && decisions[1].reason() == Some("replayed"))
}
