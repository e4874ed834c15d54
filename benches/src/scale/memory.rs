//! What the machine's memory takes for one line of it that is in no cache: the least that an insert among many entries costs.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;

use crate::measure::median;
use crate::stopwatch::timed;

/// Octets that the replay cache takes for an entry.
const ENTRY: usize = 24;

/// Lines that are timed together.
const BLOCK: u32 = 1_000;

/// The time to read and write a line at random, each chosen by what was read before, in ns, in memory for so many entries.
pub(super) fn one_line(entries: usize) -> f64 {
    let keyed = RandomState::new();
    let mut lines: Vec<[u64; 8]> = (0..entries * ENTRY / 64).map(|n| [keyed.hash_one(n); 8]).collect();
    let len = lines.len();
    let mut at = 0_usize;
    let mut blocks: Vec<_> = (0..1_000)
        .map(|_| {
            let block = timed(|| {
                for _ in 0..BLOCK {
                    let [first, second, ..] = lines.get_mut(at % len).unwrap();
                    // Another value each time, or the way would lead round in a circle.
                    *second = second.wrapping_add(1);
                    *first = first.rotate_left(1) ^ *second;
                    at = usize::try_from(*first).unwrap();
                }
            });
            block.as_secs_f64() * 1e9 / f64::from(BLOCK)
        })
        .collect();
    black_box(at);
    median(&mut blocks)
}
