//! The replay cache of a single process: sharded, bounded, fair among callers, and never forgetful of a live entry.

mod shard;
mod share;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shard::{Question, Shard, Terms};
use share::Share;

use super::{ProofUse, ReplayAnswer, ReplayCache, ReplayError};

/// Seconds of expiry that are not told apart: long enough that a shard is seldom searched for what has expired, short enough
/// that it does not take up room for long.
const PERIOD: i64 = 64;

/// Shards at least, so that threads rarely meet.
const FEWEST_SHARDS: usize = 64;

/// Shards at most, whatever the capacity.
const MOST_SHARDS: usize = 1 << 16;

/// Entries in a shard, unless there would be too few or too many shards: so many that shards fill evenly, so few that
/// rebuilding a shard's table, to grow or to drop what has expired, does not hold up a request.
const SHARD_CAPACITY: usize = 4_096;

/// Live entries unless told otherwise.
const DEFAULT_CAPACITY: usize = 8_000_000;

/// Percent of the capacity for a single caller unless told otherwise.
const DEFAULT_SHARE: u8 = 50;

/// A replay cache in memory.
///
/// - **Nothing live is forgotten.** When it is full, it refuses new proofs with 503 rather than forget one that could still be
///   replayed; so it does for proofs whose time it has already forgotten, after the clock was set back, and for proofs that
///   would have to be remembered for more than 48 days.
/// - **Nobody can fill it for the others.** What one caller may hold is limited by what is still free, see
///   [`caller_share`](Self::caller_share). A caller that has used up its share gets 503; the others are served.
/// - **Memory is bounded.** An entry takes 12.8 octets of a table that is between 44 and 66 % full, so from 19 to 29 octets;
///   at its capacity it takes 20. What has expired makes room when its shard is next used.
/// - **Time is bounded.** An insertion hashes the identifier and reads one line of memory, as a rule, however many proofs are
///   remembered. A table that grows, or drops what has expired, is that of one shard: about 4,096 entries.
/// - **Nobody can make proofs collide.** A proof is recognised by 64 bits of a keyed hash (`SipHash` of the standard library),
///   within a shard that is chosen by another output of it. The key is random for each cache and never leaves the process, so
///   identifiers with equal fingerprints cannot be computed in advance, and an answer shows nothing but whether a proof was used.
///   What is left is chance: a new proof meets one of the 4,096 in its shard with a probability of 2<sup>-52</sup>, whatever its
///   identifier. At 20,000 requests a second, that is once in 7,000 years, and then a request is refused as replayed: no
///   collision lets a proof through twice.
///
/// What it knows ends with the process: a proof used shortly before a restart could be used once more until it
/// expires, and replicas do not know of each other. Use a shared store where that matters.
pub struct MemoryReplayCache {
    shards: Box<[Locked]>,
    terms: Terms,
    keyed: RandomState,
}

impl MemoryReplayCache {
    /// A cache for about `capacity` live proofs (default 8,000,000) of all callers together; see
    /// [`caller_share`](Self::caller_share) for how many of them one caller may have. Memory is taken as it is needed: 20 octets
    /// for each proof when it is full.
    ///
    /// A proof is kept for its remaining lifetime, plus 120 s (the longest leeway), plus up to 64 s until it is dropped: about
    /// 4 minutes for a signer's default of 60 s. So the default holds about 33,000 such requests a second, half of them from a
    /// single caller.
    pub fn with_capacity(capacity: usize) -> Self {
        let shards = capacity.div_ceil(SHARD_CAPACITY).clamp(FEWEST_SHARDS, MOST_SHARDS);
        Self {
            shards: (0..shards).map(|_| Locked::default()).collect(),
            terms: Terms { capacity: capacity.div_ceil(shards).max(1), share: Share::percent(DEFAULT_SHARE) },
            keyed: RandomState::new(),
        }
    }

    /// How much of the capacity a single caller may take up, in percent (1 to 100; others count as the nearest of these).
    /// Default 50; 100 is no limit.
    ///
    /// The limit is in proportion to what is still free, so that several callers together cannot fill the cache either: with 50 %,
    /// nobody gets more room while holding as much as is free. A caller that takes all that it can leaves half of the capacity to
    /// the others; of two that go on with it, each ends up with a third, and a third stays free. Beyond its share a caller is
    /// refused with 503 (`replay_full`) until its proofs expire.
    ///
    /// Choose a larger capacity rather than a larger share if a single caller, such as a gateway, sends nearly all requests.
    ///
    /// It holds for each shard, and callers are told apart by 16 bits of a keyed hash: in 65,536 callers, one may have to share
    /// with another.
    #[must_use]
    pub fn caller_share(mut self, percent: u8) -> Self {
        self.terms.share = Share::percent(percent);
        self
    }

    /// How many proofs are remembered, expired ones that were not yet dropped included.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether no proof is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shard that remembers the proof, and what that is to be asked.
    fn question(&self, proof: &ProofUse<'_>) -> Option<(&Locked, Question)> {
        // `str` hashing is prefix-free, so no two pairs of scope and identifier read the same. The three values come from
        // different inputs to a keyed hash, so they say nothing of each other.
        let mut hasher = self.keyed.build_hasher();
        proof.scope().hash(&mut hasher);
        let scope = hasher.finish();
        proof.id().hash(&mut hasher);
        let fingerprint = hasher.finish().max(1);
        hasher.write_u8(0);
        let place = hasher.finish();

        let caller =
            if proof.caller() == proof.scope() { scope } else { self.keyed.hash_one(proof.caller()) };
        let [caller_high, caller_low, ..] = caller.to_be_bytes();
        let shard = (u128::from(place) * u128::try_from(self.shards.len()).ok()?) >> 64;
        let period = |seconds: i64| seconds.div_euclid(PERIOD);
        let question = Question {
            fingerprint,
            caller: u16::from_be_bytes([caller_high, caller_low]),
            expiry: period(proof.expires_at().as_secs()),
            now: period(proof.now().as_secs()),
        };
        Some((self.shards.get(usize::try_from(shard).ok()?)?, question))
    }
}

/// A shard and its lock, together on a cache line of their own: one line is fetched for both, and threads in different shards do
/// not disturb each other.
#[derive(Default)]
#[repr(align(64))]
struct Locked(Mutex<Shard>);

impl Locked {
    fn lock(&self) -> MutexGuard<'_, Shard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayCache for MemoryReplayCache {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        let Some((shard, question)) = self.question(proof) else {
            return ReplayAnswer::Ready(Err(ReplayError::Unavailable));
        };
        // The lock is held for one look-up and one insertion, never across an await.
        ReplayAnswer::Ready(shard.lock().use_once(&question, self.terms))
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
            .field("capacity", &self.terms.capacity.saturating_mul(self.shards.len()))
            .finish_non_exhaustive()
    }
}
