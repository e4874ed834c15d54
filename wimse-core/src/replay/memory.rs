//! The replay cache of a single process: sharded, time-bucketed, bounded, and never forgetful of a live entry.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use hashbrown::HashTable;

use super::{ProofUse, ReplayAnswer, ReplayCache, ReplayError, Use};

/// Shards, so that threads rarely meet. A power of two.
const SHARDS: usize = 64;

/// Seconds of expiry that share a table: long enough that few tables are live at once, short enough that
/// what has expired does not take up room for long.
const BUCKET: i64 = 64;

/// Live entries unless told otherwise.
const DEFAULT_CAPACITY: usize = 4_000_000;

/// A replay cache in memory.
///
/// Entries are keyed fingerprints of 64 bits (the key is random per process, so that nobody can look for
/// collisions) in tables by expiry, of which few are live at a time; expired ones are dropped whole. When it is full it refuses
/// new proofs with 503 rather than forget one that could still be replayed; so it does for proofs whose time it has already
/// forgotten, after the clock was set back.
///
/// What it knows ends with the process: a proof used shortly before a restart could be used once more until it
/// expires, and replicas do not know of each other. Use a shared store where that matters.
pub struct MemoryReplayCache {
    shards: Box<[Mutex<Shard>]>,
    shard_capacity: usize,
    keyed: RandomState,
}

#[derive(Default)]
struct Shard {
    /// Tables by bucket of expiry, ascending.
    buckets: VecDeque<Bucket>,
    len: usize,
    /// Buckets below this one were dropped.
    forgotten_below: i64,
}

struct Bucket {
    number: i64,
    fingerprints: HashTable<u64>,
}

impl MemoryReplayCache {
    /// A cache for about `capacity` live proofs (default 4,000,000); an entry takes about 20 octets once it is there.
    ///
    /// A proof is kept for its remaining lifetime, plus 120 s (the longest leeway), plus up to 64 s until its table is dropped:
    /// about 4 minutes for a signer's default of 60 s. So the default holds about 16,000 such requests a second, and a caller
    /// that uses the longest lifetime allowed takes up more than twice its share. Limit the rate of callers that you do not
    /// trust with the availability of the service: a full cache refuses everybody's requests.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            shard_capacity: capacity.div_ceil(SHARDS).max(1),
            keyed: RandomState::new(),
        }
    }

    /// How many proofs are remembered, expired ones that were not yet dropped included.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len).sum()
    }

    /// Whether no proof is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn fingerprint(&self, proof: &ProofUse<'_>) -> u64 {
        // `str` hashing is prefix-free, so no two pairs of scope and identifier read the same.
        self.keyed.hash_one((proof.scope(), proof.id()))
    }
}

impl Shard {
    fn use_once(
        &mut self,
        fingerprint: u64,
        number: i64,
        current: i64,
        capacity: usize,
    ) -> Result<Use, ReplayError> {
        self.forget_before(current);
        if number < self.forgotten_below {
            return Err(ReplayError::Unavailable);
        }
        // A replay carries the same expiry, but an identifier also counts once if its owner signs it anew.
        let known = |bucket: &Bucket| bucket.fingerprints.find(fingerprint, |f| *f == fingerprint).is_some();
        if self.buckets.iter().any(known) {
            return Ok(Use::Again);
        }
        if self.len >= capacity {
            return Err(ReplayError::Full);
        }
        let position = self.buckets.partition_point(|bucket| bucket.number < number);
        if self.buckets.get(position).is_none_or(|bucket| bucket.number != number) {
            self.buckets.insert(position, Bucket { number, fingerprints: HashTable::new() });
        }
        let Some(bucket) = self.buckets.get_mut(position) else { return Err(ReplayError::Unavailable) };
        bucket.fingerprints.insert_unique(fingerprint, fingerprint, |f| *f);
        self.len += 1;
        Ok(Use::First)
    }

    fn forget_before(&mut self, current: i64) {
        while self.buckets.front().is_some_and(|bucket| bucket.number < current) {
            let dropped = self.buckets.pop_front();
            self.len -= dropped.map_or(0, |bucket| bucket.fingerprints.len());
        }
        self.forgotten_below = self.forgotten_below.max(current);
    }
}

impl ReplayCache for MemoryReplayCache {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        let fingerprint = self.fingerprint(proof);
        let bucket = |seconds: i64| seconds.div_euclid(BUCKET);
        // A table is dropped when its last second has passed.
        let (number, current) = (bucket(proof.expires_at().as_secs()), bucket(proof.now().as_secs()));
        let shard = usize::try_from(fingerprint >> 32).unwrap_or_default() % SHARDS;
        let Some(shard) = self.shards.get(shard) else {
            return ReplayAnswer::Ready(Err(ReplayError::Unavailable));
        };
        // The lock is held for one look-up and one insertion, never across an await.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        ReplayAnswer::Ready(shard.use_once(fingerprint, number, current, self.shard_capacity))
    }
}

impl Default for MemoryReplayCache {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl fmt::Debug for MemoryReplayCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReplayCache")
            .field("len", &self.len())
            .field("capacity", &self.shard_capacity.saturating_mul(SHARDS))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use std::sync::Arc;

    fn use_at(cache: &MemoryReplayCache, id: &str, expires_at: i64, now: i64) -> Result<Use, ReplayError> {
        let (expires_at, now) = (UnixTime::from_secs(expires_at), UnixTime::from_secs(now));
        match cache.use_once(&ProofUse::new("wimse://example.com/a", id, expires_at, now)) {
            ReplayAnswer::Ready(answer) => answer,
            ReplayAnswer::Pending(_) => panic!("memory answers at once"),
        }
    }

    #[test]
    fn wpt_21_a_proof_counts_once_until_the_very_end_of_its_window() {
        let cache = MemoryReplayCache::default();
        assert_eq!(use_at(&cache, "a", 1_000, 900), Ok(Use::First));
        for now in [900, 960, 999, 1_000] {
            assert_eq!(use_at(&cache, "a", 1_000, now), Ok(Use::Again), "{now}");
        }
        assert_eq!(use_at(&cache, "b", 1_000, 900), Ok(Use::First));
        // Signed anew with another expiry, the identifier is still the one that was used.
        assert_eq!(use_at(&cache, "b", 1_200, 900), Ok(Use::Again));
    }

    #[test]
    fn amb_31_the_same_identifier_of_another_sender_is_another_proof() {
        let cache = MemoryReplayCache::default();
        let time = UnixTime::from_secs(1_000);
        for (scope, id) in [("a", "x"), ("b", "x"), ("ax", ""), ("", "ax")] {
            let answer = cache.use_once(&ProofUse::new(scope, id, time, time));
            assert!(matches!(answer, ReplayAnswer::Ready(Ok(Use::First))), "{scope} {id}");
        }
    }

    #[test]
    fn amb_34_a_full_cache_refuses_and_recovers_when_entries_expire() {
        let cache = MemoryReplayCache::with_capacity(SHARDS);
        let answers: Vec<_> = (0..1_000).map(|i| use_at(&cache, &i.to_string(), 1_000, 900)).collect();
        assert!(answers.contains(&Err(ReplayError::Full)));
        assert!(cache.len() <= SHARDS);
        for (i, answer) in answers.iter().enumerate() {
            let again = use_at(&cache, &i.to_string(), 1_000, 901);
            assert_eq!(again, if answer.is_ok() { Ok(Use::Again) } else { Err(ReplayError::Full) });
        }
        assert_eq!(use_at(&cache, "later", 2_000, 1_900), Ok(Use::First));
    }

    #[test]
    fn a_clock_that_goes_back_does_not_open_a_window() {
        let cache = MemoryReplayCache::default();
        // One entry per shard and more, so that every shard sees the later time.
        for i in 0..2_000 {
            assert_eq!(use_at(&cache, &format!("early{i}"), 1_000, 900), Ok(Use::First));
        }
        for i in 0..2_000 {
            assert_eq!(use_at(&cache, &format!("late{i}"), 4_700, 4_600), Ok(Use::First));
        }
        for i in 0..2_000 {
            assert_eq!(use_at(&cache, &format!("early{i}"), 1_000, 900), Err(ReplayError::Unavailable));
        }
    }

    #[test]
    fn memory_is_given_back() {
        let cache = MemoryReplayCache::default();
        for now in 0..2_000 {
            for i in 0..10 {
                assert_eq!(use_at(&cache, &format!("{now}-{i}"), now + 100, now), Ok(Use::First));
            }
        }
        // Shards that nobody asked lately still hold what has expired since.
        assert!(cache.len() < 20_000 / 4, "{}", cache.len());
    }

    #[test]
    fn of_many_threads_with_the_same_proof_exactly_one_wins() {
        let cache = Arc::new(MemoryReplayCache::default());
        for round in 0..200 {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let cache = Arc::clone(&cache);
                    std::thread::spawn(move || use_at(&cache, &round.to_string(), 1_000, 900))
                })
                .collect();
            let wins =
                threads.into_iter().filter_map(|t| t.join().ok()).filter(|a| *a == Ok(Use::First)).count();
            assert_eq!(wins, 1);
        }
    }
}
