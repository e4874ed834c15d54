//! How much of a shard one caller may hold.

use super::table::Table;

/// The part of a shard that a caller may hold if nobody else holds anything, in percent: from 1 to 100.
#[derive(Clone, Copy)]
pub(super) struct Share(u8);

impl Share {
    pub(super) fn percent(percent: u8) -> Self {
        Self(percent.clamp(1, 100))
    }

    /// Whether a caller could be at its limit at all, with `len` of `capacity` entries held by all together.
    pub(super) fn is_in_question(self, len: usize, capacity: usize) -> bool {
        self.is_used_up(len, capacity.saturating_sub(len))
    }

    /// Whether a caller that holds `held` entries must not have another one.
    ///
    /// What it may hold is in proportion to what is `free`: so there is always something free for the next caller, however
    /// many others take all that they can.
    pub(super) fn is_used_up(self, held: usize, free: usize) -> bool {
        let part = |entries: usize, percent: u8| entries.saturating_mul(percent.into());
        part(held, 100 - self.0) >= part(free, self.0)
    }
}

/// How many entries each caller holds, in a fixed amount of memory: a caller is counted in two rows, in a cell of each, and the lower of
/// the two counts is taken. It is never too low, and too high only where others share both of its cells.
pub(super) struct Holdings {
    high: [u32; 256],
    low: [u32; 256],
}

impl Holdings {
    pub(super) fn of(table: &Table) -> Box<Self> {
        let mut holdings = Box::new(Self { high: [0; 256], low: [0; 256] });
        table.iter().for_each(|entry| holdings.add(entry.caller));
        holdings
    }

    pub(super) fn add(&mut self, caller: u16) {
        let [high, low] = caller.to_be_bytes();
        for cell in [self.high.get_mut(usize::from(high)), self.low.get_mut(usize::from(low))] {
            cell.into_iter().for_each(|count| *count = count.saturating_add(1));
        }
    }

    pub(super) fn count(&self, caller: u16) -> usize {
        let [high, low] = caller.to_be_bytes();
        let cells = [self.high.get(usize::from(high)), self.low.get(usize::from(low))];
        cells.into_iter().flatten().min().map_or(0, |count| usize::try_from(*count).unwrap_or(usize::MAX))
    }
}
