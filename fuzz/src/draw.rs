//! Choices drawn from the octets of an input.

use arbitrary::Unstructured;
use serde_json::{Value, json};

/// Draws choices. Where the octets end every choice is the first one.
pub struct Draw<'d>(Unstructured<'d>);

impl<'d> Draw<'d> {
    pub fn new(octets: &'d [u8]) -> Self {
        Self(Unstructured::new(octets))
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.arbitrary::<u8>().unwrap_or(0)) % end
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn number(&mut self) -> i64 {
        self.0.arbitrary().unwrap_or(0)
    }

    /// Up to so many octets.
    pub fn octets(&mut self, most: usize) -> &'d [u8] {
        let count = self.below(most + 1).min(self.0.len());
        self.0.bytes(count).unwrap_or_default()
    }

    pub fn rest(&mut self) -> &'d [u8] {
        let count = self.0.len();
        self.0.bytes(count).unwrap_or_default()
    }

    /// A JSON value that may stand where another one belongs: of each type, at the edges of time, and from `own`.
    pub fn value(&mut self, own: &[Value]) -> Value {
        let now = super::NOW;
        match self.below(14) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(self.number()),
            3 => json!(now + self.number() % 400),
            4 => json!(now as f64 + self.below(512) as f64 / 4.0 - 64.0),
            5..=7 => json!(
                now + [-61, -60, -59, 59, 60, 61, 300, 359, 360, 361, 86_459, 86_460, 86_461][self.below(13)]
            ),
            8 => [json!([]), json!({}), json!(u64::MAX), json!(i64::MIN), json!(-1), json!(0)][self.below(6)]
                .clone(),
            9 => json!(f64::MAX),
            10 => json!(String::from_utf8_lossy(self.octets(12))),
            _ => match own.get(self.below(own.len().max(1))) {
                Some(value) => value.clone(),
                None => json!(""),
            },
        }
    }
}
