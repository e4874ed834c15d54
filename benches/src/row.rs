//! One line of the results: two figures of the same kind, and what is asked of them.

use serde_json::{Map, Value, json};

/// What the figures of a row count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    RequestsPerSecond,
    Bytes,
    Count,
}

impl Unit {
    fn suffix(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::RequestsPerSecond => "rps",
            Self::Bytes => "bytes",
            Self::Count => "count",
        }
    }

    fn show(self, figure: f64) -> String {
        match self {
            Self::Nanoseconds if figure >= 1e6 => format!("{:.2} ms", figure / 1e6),
            Self::Nanoseconds if figure >= 1e4 => format!("{:.2} µs", figure / 1e3),
            Self::Nanoseconds => format!("{figure:.0} ns"),
            Self::RequestsPerSecond => format!("{figure:.0}/s"),
            Self::Bytes => format!("{figure:.1} B"),
            Self::Count => format!("{figure:.0}"),
        }
    }
}

/// What a ratio may be.
#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(bound) => ratio <= bound,
            Self::AtLeast(bound) => ratio >= bound,
        }
    }

    fn parts(self) -> (f64, &'static str, &'static str) {
        match self {
            Self::AtMost(bound) => (bound, "≤", "at_most"),
            Self::AtLeast(bound) => (bound, "≥", "at_least"),
        }
    }
}

/// One line of the results.
pub(crate) struct Row {
    name: String,
    unit: Unit,
    ours: f64,
    base: Option<f64>,
    target: Option<Bound>,
    /// Whether it is another library that ours is held against: then the table says how many times as fast ours is.
    peer: bool,
    allocs: Option<f64>,
    allowed_allocs: Option<f64>,
    /// Median and 99th percentile of what a client waits, in µs.
    latency: Option<(f64, f64)>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, unit: Unit, ours: f64) -> Self {
        let name = name.into();
        let (base, target, peer) = (None, None, false);
        Self { name, unit, ours, base, target, peer, allocs: None, allowed_allocs: None, latency: None }
    }

    /// What ours is held against. The ratio is always ours divided by this.
    pub(crate) fn beside(mut self, base: f64) -> Self {
        self.base = Some(base);
        self
    }

    /// Held against another library's time.
    pub(crate) fn beside_peer(mut self, base: f64) -> Self {
        self.peer = true;
        self.beside(base)
    }

    pub(crate) fn at_most(mut self, ratio: f64) -> Self {
        self.target = Some(Bound::AtMost(ratio));
        self
    }

    pub(crate) fn at_least(mut self, ratio: f64) -> Self {
        self.target = Some(Bound::AtLeast(ratio));
        self
    }

    /// Ours must be this many times as fast as the peer.
    pub(crate) fn times_as_fast(self, times: f64) -> Self {
        self.at_most(1.0 / times)
    }

    /// Heap allocations of ours per operation.
    pub(crate) fn allocs(mut self, count: f64) -> Self {
        self.allocs = Some(count);
        self
    }

    pub(crate) fn allowing(mut self, allocs: f64) -> Self {
        self.allowed_allocs = Some(allocs);
        self
    }

    pub(crate) fn latency(mut self, p50: f64, p99: f64) -> Self {
        self.latency = Some((p50, p99));
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.base.map(|base| self.ours / base)
    }

    /// Whether everything that is asked of the row holds; `None` if nothing is.
    fn met(&self) -> Option<bool> {
        let ratio = self.target.zip(self.ratio()).map(|(bound, ratio)| bound.holds(ratio));
        let allocs = self.allowed_allocs.zip(self.allocs).map(|(allowed, allocs)| allocs <= allowed);
        match (ratio, allocs) {
            (None, None) => None,
            (ratio, allocs) => Some(ratio.unwrap_or(true) && allocs.unwrap_or(true)),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
        set("name", json!(self.name));
        set(&format!("ours_{}", self.unit.suffix()), rounded(self.ours));
        if let Some(base) = self.base {
            set(&format!("base_{}", self.unit.suffix()), rounded(base));
        }
        if let Some(ratio) = self.ratio() {
            set("ratio", rounded(ratio));
        }
        if let Some((bound, _, key)) = self.target.map(Bound::parts) {
            set("target", rounded(bound));
            set("target_is", json!(key));
        }
        if let Some(allocs) = self.allocs {
            set("allocs", rounded(allocs));
        }
        if let Some(allowed) = self.allowed_allocs {
            set("allocs_target", rounded(allowed));
        }
        if let Some((p50, p99)) = self.latency {
            set("p50_us", rounded(p50));
            set("p99_us", rounded(p99));
        }
        if let Some(met) = self.met() {
            set("met", json!(met));
        }
        Value::Object(object)
    }

    pub(crate) const COLUMNS: [&'static str; 11] = [
        "what",
        "ours",
        "beside",
        "ratio",
        "target",
        "times as fast",
        "allocations",
        "allowed",
        "p50",
        "p99",
        "met",
    ];

    /// The text of each column, empty where there is nothing to say.
    pub(crate) fn cells(&self) -> [String; Self::COLUMNS.len()] {
        let text = |value: Option<String>| value.unwrap_or_default();
        let peer = self.base.filter(|_| self.peer);
        [
            self.name.clone(),
            self.unit.show(self.ours),
            text(self.base.map(|base| self.unit.show(base))),
            text(self.ratio().map(|ratio| format!("{ratio:.3}"))),
            text(self.target.map(Bound::parts).map(|(bound, sign, _)| format!("{sign} {bound:.3}"))),
            text(peer.map(|base| format!("{:.2}", base / self.ours))),
            text(self.allocs.map(|count| format!("{count:.1}"))),
            text(self.allowed_allocs.map(|count| format!("≤ {count:.0}"))),
            text(self.latency.map(|(p50, _)| format!("{p50:.0} µs"))),
            text(self.latency.map(|(_, p99)| format!("{p99:.0} µs"))),
            text(self.met().map(|met| if met { "yes" } else { "no" }.to_owned())),
        ]
    }
}

/// Four digits after the point are more than any figure here is good for.
fn rounded(figure: f64) -> Value {
    json!((figure * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_which_way_its_target_goes_and_whether_all_of_it_is_met() {
        let slow = Row::new("a", Unit::Nanoseconds, 103.0).beside(100.0).at_most(1.02);
        let wanted = json!({ "name": "a", "ours_ns": 103.0, "base_ns": 100.0, "ratio": 1.03, "target": 1.02,
            "target_is": "at_most", "met": false });
        assert_eq!(slow.json(), wanted);
        let rate = Row::new("b", Unit::RequestsPerSecond, 98.0).beside(100.0).at_least(0.97);
        assert_eq!(rate.met(), Some(true));
        assert_eq!(rate.allocs(1.0).allowing(0.0).met(), Some(false));
        assert_eq!(Row::new("c", Unit::Bytes, 20.0).beside(32.0).met(), None);
    }

    #[test]
    fn so_many_times_as_fast_as_a_peer_is_a_bound_on_the_ratio_of_times() {
        let row = |ours| Row::new("a", Unit::Nanoseconds, ours).beside_peer(100.0).times_as_fast(2.0);
        assert_eq!((row(50.0).met(), row(50.1).met()), (Some(true), Some(false)));
        assert!(row(40.0).cells().contains(&"2.50".to_owned()));
    }
}
