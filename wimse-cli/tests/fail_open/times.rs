//! The receiver's clock, moved. When a message is valid is worked out here anew, from the numbers alone.

#![allow(clippy::cast_possible_truncation, reason = "times of vectors are small numbers")]

use serde_json::{Value, json};

use crate::base::{Base, Kind};
use crate::jws::Jws;
use crate::mutant::{Mutant, Sink};

const LEEWAY: i64 = 60;
const DAY: i64 = 24 * 60 * 60;
const FIVE_MINUTES: i64 = 5 * 60;

/// The seconds in which a message is accepted: from the first to the last.
#[derive(Debug, Clone, Copy)]
struct Window {
    first: i64,
    last: i64,
}

impl Window {
    /// Of a token that may be valid for at most `remaining` seconds more.
    fn of_token(claims: &Value, remaining: i64) -> Self {
        // Fractions are dropped.
        let seconds = |name: &str| claims[name].as_f64().map(|number| number.floor() as i64);
        let exp = seconds("exp").unwrap();
        let not_too_early = exp - remaining - LEEWAY;
        let nbf = seconds("nbf").map_or(not_too_early, |nbf| nbf - LEEWAY);
        Self { first: not_too_early.max(nbf), last: exp + LEEWAY - 1 }
    }

    fn of_signature(parameters: &str) -> Self {
        let seconds = |name: &str| -> i64 {
            let (_, after) = parameters.rsplit_once(&format!(";{name}=")).unwrap();
            after.split(';').next().unwrap().parse().unwrap()
        };
        Self { first: seconds("created") - LEEWAY, last: seconds("expires") + LEEWAY - 1 }
    }

    fn and(self, other: Self) -> Self {
        Self { first: self.first.max(other.first), last: self.last.min(other.last) }
    }
}

pub(crate) fn mutate(base: &Base, sink: &mut Sink<'_>) {
    let token = Window::of_token(&Jws::parse(&base.token()).unwrap().claims, DAY);
    let mut windows = vec![token];
    if let Some((_, proof)) = base.proof() {
        windows.push(Window::of_token(&proof.claims, FIVE_MINUTES));
    }
    if matches!(base.kind, Kind::Request | Kind::Response) {
        let text = base.vector["signature_base"].as_str().unwrap();
        windows.push(Window::of_signature(text.rsplit_once('\n').unwrap().1));
    }
    let both = windows.iter().copied().reduce(Window::and).unwrap();
    let now = base.vector["now"].as_i64().unwrap();
    let edges = windows.iter().flat_map(|window| [window.first, window.last, window.last - LEEWAY]);
    let mut times: Vec<i64> = edges.flat_map(|edge| edge - 2..=edge + 2).collect();
    times.extend((0..40).flat_map(|power| [now.saturating_add(1 << power), now.saturating_sub(1 << power)]));
    times.extend([0, -1, 1, i64::MIN, i64::MAX, i64::from(u32::MAX), i64::from(i32::MAX)]);
    times.sort_unstable();
    times.dedup();
    for time in times {
        let vector = base.with(|vector| vector["now"] = json!(time));
        let accepted = (both.first..=both.last).contains(&time);
        sink(Mutant {
            expected: Some(accepted),
            ..Mutant::new("time moved", "", format!("to {time}"), vector)
        });
    }
}
