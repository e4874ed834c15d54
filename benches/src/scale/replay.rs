//! The replay cache alone: memory of an entry, time of an insert, and the worst insert.

use std::hint::black_box;
use std::time::Duration;

use allocation_counter::measure;
use wimse_core::replay::{ProofUse, ReplayAnswer, Use};
use wimse_core::{MemoryReplayCache, ReplayCache, UnixTime};

use super::memory;
use crate::caller::name;
use crate::measure::{count, median};
use crate::report::Report;
use crate::row::{Row, Unit};
use crate::stopwatch::timed;

/// How long each proof is remembered, in simulated seconds: what a signer's default of a minute comes to.
const REMEMBERED: u32 = 180;

/// So few entries that the processor's caches hold them.
const FEW: u32 = 100_000;

/// Inserts that are timed together.
const BLOCK: u32 = 1_000;

/// Limits of the issue, in the units of the rows.
const BYTES: f64 = 32.0;
const INSERT: f64 = 150.0;
const WORST: f64 = 10e6;

/// A cache under a steady load, in simulated time.
struct Load {
    cache: MemoryReplayCache,
    /// Inserts a second.
    rate: u32,
    next: u32,
    id: String,
}

impl Load {
    /// At this rate `live` proofs are live at any time.
    fn new(live: u32) -> Self {
        let cache = MemoryReplayCache::with_capacity(3 * usize::try_from(live).unwrap());
        Self { cache, rate: live / REMEMBERED, next: 0, id: String::with_capacity(32) }
    }

    /// Makes the next identifier, and says when it is used and until when it is remembered.
    fn prepare(&mut self) -> (UnixTime, UnixTime) {
        name(self.next, &mut self.id);
        let now = UnixTime::from_secs(1_800_000_000 + i64::from(self.next / self.rate));
        self.next += 1;
        (now, now.plus(Duration::from_secs(u64::from(REMEMBERED))))
    }

    fn insert(&self, (now, until): (UnixTime, UnixTime)) {
        let answer =
            self.cache.use_once(&ProofUse::new("wimse://example.com/frontend", &self.id, until, now));
        assert!(matches!(black_box(answer), ReplayAnswer::Ready(Ok(Use::First))), "not a first use");
    }

    fn insert_many(&mut self, inserts: u32) {
        for _ in 0..inserts {
            let times = self.prepare();
            self.insert(times);
        }
    }
}

pub(crate) fn run(report: &mut Report, quick: bool) {
    let live: u32 = if quick { FEW } else { 10_000_000 };
    report.row(&format!("replay cache with {live} entries, memory of one, beside 32 bytes"), |name| {
        let mut load = Load::new(live);
        let filled = measure(|| load.insert_many(live));
        let bytes = count(filled.bytes_current.unsigned_abs()) / count(load.cache.len() as u64);
        Row::new(name, Unit::Bytes, bytes).beside(BYTES).at_most(1.0)
    });
    for live in [FEW, live].into_iter().skip(usize::from(quick)) {
        report.row(&format!("replay cache with {live} entries, insert, beside 150 ns"), |name| {
            let mut load = Load::new(live);
            load.insert_many(live);
            let mut blocks: Vec<_> = (0..live.div_ceil(10 * BLOCK)).map(|_| block(&mut load)).collect();
            Row::new(name, Unit::Nanoseconds, median(&mut blocks)).beside(INSERT).at_most(1.0)
        });
    }
    report.row(&format!("a line of as much memory as {live} entries take, beside 150 ns"), |name| {
        Row::new(name, Unit::Nanoseconds, memory::one_line(usize::try_from(live).unwrap())).beside(INSERT)
    });
    report.row(&format!("replay cache with {live} entries, worst insert, beside 10 ms"), |name| {
        // Growing up to that many, and dropping what has expired.
        let mut load = Load::new(live);
        let alone = |load: &mut Load| {
            let times = load.prepare();
            timed(|| load.insert(times))
        };
        let worst = (0..live / 5 * 11).map(|_| alone(&mut load)).max().unwrap_or_default();
        let worst = worst.as_secs_f64() * 1e9;
        Row::new(name, Unit::Nanoseconds, worst).beside(WORST).at_most(1.0)
    });
}

/// The time of one insert, in ns. Identifiers are made before: that takes as long as an insert.
fn block(load: &mut Load) -> f64 {
    let ids: Vec<_> = (0..BLOCK)
        .map(|_| {
            let times = load.prepare();
            (load.id.clone(), times)
        })
        .collect();
    let inserts = timed(|| {
        for (id, times) in &ids {
            let proof = ProofUse::new("wimse://example.com/frontend", id, times.1, times.0);
            black_box(load.cache.use_once(&proof));
        }
    });
    inserts.as_secs_f64() * 1e9 / f64::from(BLOCK)
}
