//! The measuring method: two sides in turns, in short blocks, and the middle of what each took.
//!
//! In turns, so that whatever else the machine is doing meets both sides alike; the middle, so that an interruption
//! does not count.

use std::time::Duration;

use crate::stopwatch::timed;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Operations in a block.
    pub(crate) block: usize,
    /// Blocks of each side.
    pub(crate) blocks: usize,
}

impl Effort {
    /// Blocks shorter than a scheduler's slice, so that most of them run undisturbed also on a busy machine.
    pub(crate) fn new(quick: bool) -> Self {
        Self { block: 16, blocks: if quick { 16 } else { 600 } }
    }
}

/// Time of one operation on either side, in ns, and the heap allocations that ours adds to the other's.
pub(crate) struct Measured {
    pub(crate) ours: f64,
    pub(crate) base: f64,
    pub(crate) allocs: f64,
}

/// Measures two ways to work on a block. `fresh` makes the input of one block, outside the time: it is used by both
/// sides, and is in the processor's caches then, as a request that has just arrived.
pub(crate) fn in_turns<T>(
    effort: Effort,
    mut fresh: impl FnMut() -> T,
    mut ours: impl FnMut(&mut T),
    mut base: impl FnMut(&mut T),
) -> Measured {
    let mut times = (Vec::new(), Vec::new());
    for block in 0..effort.blocks {
        let mut input = fresh();
        // Who begins alternates, so that neither side always finds the warmer cache.
        if block % 2 == 0 {
            times.0.push(timed(|| ours(&mut input)));
            times.1.push(timed(|| base(&mut input)));
        } else {
            times.1.push(timed(|| base(&mut input)));
            times.0.push(timed(|| ours(&mut input)));
        }
    }
    let mut added = Vec::new();
    for _ in 0..5 {
        let mut input = fresh();
        let ours = allocations(|| ours(&mut input));
        added.push((ours - allocations(|| base(&mut input))) / per(effort));
    }
    Measured {
        ours: middle(&mut times.0) / per(effort),
        base: middle(&mut times.1) / per(effort),
        // The least: a table that happens to grow is paid for by thousands of operations.
        allocs: added.into_iter().fold(f64::INFINITY, f64::min),
    }
}

/// One side alone.
pub(crate) fn alone<T>(effort: Effort, fresh: impl FnMut() -> T, ours: impl FnMut(&mut T)) -> Measured {
    in_turns(effort, fresh, ours, |_| ())
}

/// The median, in ns.
pub(crate) fn middle(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e9)
}

/// The median of figures.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn allocations(block: impl FnOnce()) -> f64 {
    count(allocation_counter::measure(block).count_total)
}

/// Counts here stay far below the 2⁵³ up to which a float is exact.
#[allow(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}

fn per(effort: Effort) -> f64 {
    count(effort.block as u64)
}
