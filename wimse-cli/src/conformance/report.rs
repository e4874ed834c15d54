//! Comparing outcomes with expectations, and saying so.

use std::io::{self, Write};

use serde::Serialize;

use super::Status;
use super::case::{Case, Expected};
use super::fault::{Problem, Shown};
use super::fields::OneOrMany;
use super::run::{Got, Outcome};

/// Prints results and keeps count.
pub(super) struct Report<'a> {
    json: bool,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    as_expected: usize,
    mismatches: usize,
    skipped: usize,
    unreadable: usize,
}

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    kind: &'static str,
    expected: OneOrMany<&'static str>,
    got: OneOrMany<&'static str>,
    reason: OneOrMany<Option<&'static str>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(json: bool, out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { json, out, err, as_expected: 0, mismatches: 0, skipped: 0, unreadable: 0 }
    }

    pub(super) fn result(&mut self, case: &Case, outcomes: &OneOrMany<Outcome>) -> io::Result<()> {
        let verdict = Verdict::of(case, outcomes);
        match verdict {
            Verdict::AsExpected => self.as_expected += 1,
            Verdict::Mismatch => self.mismatches += 1,
            Verdict::Skipped => self.skipped += 1,
        }
        let text = text(verdict, case, outcomes);
        if !self.json {
            return writeln!(self.out, "{text}");
        }
        let line = Line {
            id: &case.id,
            kind: case.subject.kind(),
            expected: case.expected.map(|expected| expected.word()),
            got: outcomes.map(|outcome| outcome.got.word()),
            reason: outcomes.map(|outcome| outcome.reason),
        };
        writeln!(self.out, "{}", serde_json::to_string(&line)?)?;
        // The objects have no room for the reason that was expected.
        if verdict == Verdict::Mismatch { writeln!(self.err, "{text}") } else { Ok(()) }
    }

    pub(super) fn unreadable(&mut self, problem: &Problem) -> io::Result<()> {
        self.unreadable += 1;
        writeln!(self.err, "{problem}")
    }

    pub(super) fn finish(self) -> io::Result<Status> {
        let Self { as_expected, mismatches, skipped, unreadable, .. } = self;
        let vectors = as_expected + mismatches + skipped;
        write!(
            self.err,
            "{vectors} vectors: {as_expected} as expected, {mismatches} mismatched, {skipped} skipped"
        )?;
        if unreadable > 0 {
            write!(self.err, "; {unreadable} unreadable")?;
        }
        writeln!(self.err)?;
        Ok(match (unreadable, mismatches) {
            (0, 0) => Status::Conformant,
            (0, _) => Status::Mismatch,
            _ => Status::Unreadable,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    AsExpected,
    Mismatch,
    Skipped,
}

impl Verdict {
    fn of(case: &Case, outcomes: &OneOrMany<Outcome>) -> Self {
        let fits = |(index, outcome): (usize, &Outcome)| {
            let (expected, reason) = wanted(case, index);
            let fits = match expected {
                Some(Expected::Accept) => outcome.got == Got::Accept,
                Some(Expected::Reject) => outcome.got == Got::Reject,
                Some(Expected::Policy) => true,
                Some(Expected::Unknown) | None => false,
            };
            fits && (outcome.got == Got::Accept || reason.is_none() || outcome.reason == reason)
        };
        let outcomes = outcomes.as_slice();
        if outcomes.iter().all(|outcome| outcome.got == Got::Skipped) {
            Self::Skipped
        } else if outcomes.iter().enumerate().all(fits) {
            Self::AsExpected
        } else {
            Self::Mismatch
        }
    }
}

/// What must come of the request at `index` of a case, and the reason that a rejection must have.
fn wanted(case: &Case, index: usize) -> (Option<Expected>, Option<&str>) {
    let reason = case.expected_reason.as_ref().and_then(|reasons| reasons.at(index));
    (case.expected.at(index).copied(), reason.and_then(Option::as_deref))
}

/// One line for a person.
fn text(verdict: Verdict, case: &Case, outcomes: &OneOrMany<Outcome>) -> String {
    let (kind, id) = (case.subject.kind(), Shown(&case.id));
    let list = |item: &dyn Fn(usize, &Outcome) -> String| {
        let items = outcomes.as_slice().iter().enumerate().map(|(index, outcome)| item(index, outcome));
        items.collect::<Vec<_>>().join(", ")
    };
    let got = list(&|_, outcome| phrase(outcome.got.word(), outcome.reason));
    match verdict {
        Verdict::Skipped => format!("skipped  {kind}  {id}"),
        Verdict::AsExpected if case.expected == OneOrMany::One(Expected::Policy) => {
            format!("ok       {kind}  {id}  {got}; either is right")
        }
        Verdict::AsExpected => format!("ok       {kind}  {id}  {got}"),
        Verdict::Mismatch => {
            let expected = list(&|index, _| {
                let (expected, reason) = wanted(case, index);
                phrase(expected.map_or("nothing", Expected::word), reason)
            });
            format!("MISMATCH {kind}  {id}  expected {expected}; got {got}")
        }
    }
}

fn phrase(outcome: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| outcome.to_owned(), |reason| format!("{outcome} ({reason})"))
}
