//! A set of proofs in which a look-up reads one cache line, as a rule.

/// Entries in a line: as many as fit.
const WAYS: usize = 5;

/// A proof, as much of it as is remembered: 12 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Zero marks a free place, so it is none of a proof.
    pub(super) fingerprint: u64,
    pub(super) caller: u16,
    pub(super) expiry: u16,
}

/// As long as a cache line and aligned to it.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    fingerprints: [u64; WAYS],
    callers: [u16; WAYS],
    expiries: [u16; WAYS],
}

impl Line {
    const EMPTY: Self = Self { fingerprints: [0; WAYS], callers: [0; WAYS], expiries: [0; WAYS] };

    fn entries(&self) -> impl Iterator<Item = Entry> {
        let tags = self.callers.iter().zip(&self.expiries);
        self.fingerprints
            .iter()
            .zip(tags)
            .filter(|(fingerprint, _)| **fingerprint != 0)
            .map(|(&fingerprint, (&caller, &expiry))| Entry { fingerprint, caller, expiry })
    }

    /// Whether the fingerprint is here; `None` if it is not, but could be in the next line.
    fn contains(&self, fingerprint: u64) -> Option<bool> {
        let end = self.fingerprints.iter().find(|found| **found == fingerprint || **found == 0);
        end.map(|found| *found == fingerprint)
    }

    /// Takes up a free place, if there is one.
    fn put(&mut self, entry: Entry) -> Option<()> {
        let way = self.fingerprints.iter().position(|found| *found == 0)?;
        *self.fingerprints.get_mut(way)? = entry.fingerprint;
        *self.callers.get_mut(way)? = entry.caller;
        *self.expiries.get_mut(way)? = entry.expiry;
        Some(())
    }
}

/// Open addressing: an entry is in the line where its fingerprint belongs, or, where that is full, in the next one with a
/// free place. Nothing is taken out singly, so that a free place ends every search: the table is rebuilt instead, from what
/// is still wanted.
#[derive(Default)]
pub(super) struct Table {
    lines: Vec<Line>,
    len: usize,
}

impl Table {
    /// The percentage of places that may be taken: above, more than one line would often have to be read. So an entry takes
    /// 64 / 5 / 0.66 = 19.4 octets at least.
    const FULL: usize = 66;
    /// The percentage that is taken after a rebuild, at least: an entry takes 64 / 5 / 0.44 = 29.1 octets at most, and growing
    /// moves it twice on average.
    const ROOMY: usize = 44;
    /// By how much more than [`Self::ROOMY`] chance may fill a table that grows.
    const SPREAD: u64 = 8;

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Entry> {
        self.lines.iter().flat_map(Line::entries)
    }

    pub(super) fn contains(&self, fingerprint: u64) -> bool {
        let (before, from) = self.lines.split_at(self.home(fingerprint));
        from.iter().chain(before).find_map(|line| line.contains(fingerprint)).unwrap_or(false)
    }

    /// Adds what is not contained. The table is never made for more than `most` entries.
    pub(super) fn insert(&mut self, entry: Entry, most: usize) {
        let len = self.len + 1;
        if self.lines.len() < lines(len, Self::FULL) {
            // Tables that hold as many entries grow at different times, or all inserts of a while would be slow ones.
            let chance = usize::try_from(entry.fingerprint % Self::SPREAD).unwrap_or_default();
            let grown = lines(len, Self::ROOMY + chance).min(lines(most, Self::FULL));
            self.rebuild(grown, |_| true);
        }
        self.put(entry);
    }

    /// Keeps what is `wanted`, in a table that fits.
    pub(super) fn retain(&mut self, wanted: impl Fn(Entry) -> bool) {
        let kept = self.iter().filter(|entry| wanted(*entry)).count();
        if kept < self.len {
            self.rebuild(lines(kept, Self::ROOMY), wanted);
        }
    }

    fn rebuild(&mut self, lines: usize, wanted: impl Fn(Entry) -> bool) {
        let old = std::mem::replace(self, Self { lines: vec![Line::EMPTY; lines], len: 0 });
        old.iter().filter(|entry| wanted(*entry)).for_each(|entry| self.put(entry));
    }

    fn put(&mut self, entry: Entry) {
        let home = self.home(entry.fingerprint);
        let (before, from) = self.lines.split_at_mut(home);
        if from.iter_mut().chain(before).find_map(|line| line.put(entry)).is_some() {
            self.len += 1;
        }
    }

    /// The line where a fingerprint belongs: the fingerprint as a fraction of the table.
    fn home(&self, fingerprint: u64) -> usize {
        let lines = u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
        usize::try_from((u128::from(fingerprint) * u128::from(lines)) >> 64).unwrap_or_default()
    }
}

/// The lines in which so many entries take up so many percent of the places.
fn lines(entries: usize, percent: usize) -> usize {
    entries.saturating_mul(100).div_ceil(percent * WAYS)
}
