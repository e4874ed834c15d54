//! Octets an entry, and what remains when entries have expired.

use wimse_core::MemoryReplayCache;
use wimse_core::replay::Use;

use crate::ask;

const SCOPE: &str = "wimse://example.com/ns/prod/frontend";
const NOW: i64 = 1_800_000_000;

/// Uses so many new proofs of one lifetime, and says how many were accepted.
fn fill(cache: &MemoryReplayCache, ids: std::ops::Range<usize>, now: i64) -> usize {
    ids.filter(|id| ask(cache, SCOPE, &format!("{id:022}"), now + 180, now) == Ok(Use::First)).count()
}

#[test]
fn amb_34_an_entry_takes_at_most_32_octets_at_every_size() {
    let mut cache = None;
    let mut held = allocation_counter::measure(|| cache = Some(MemoryReplayCache::with_capacity(4_000_000)));
    let cache = cache.unwrap();
    assert!(held.bytes_current < 256 * 1024, "empty: {held:?}");
    let (mut len, mut worst) = (0, 0.0_f64);
    while len < 1_000_000 {
        // Small steps at first; tables of all sizes are met this way.
        let more = len + len / 16 + 10_000;
        held += allocation_counter::measure(|| assert_eq!(fill(&cache, len..more, NOW), more - len));
        len = more;
        if len >= 200_000 {
            worst = worst.max(held.bytes_current as f64 / len as f64);
        }
    }
    assert_eq!(cache.len(), len);
    assert!(worst <= 32.0, "{worst}");
    // The old and the new table of the one shard that grows: never more.
    assert!(held.bytes_max - u64::try_from(held.bytes_current).unwrap() < 1_000_000, "{held:?}");
}

#[test]
fn amb_34_a_full_cache_takes_20_octets_a_proof_and_gives_them_back() {
    let capacity = 200_000;
    let mut cache = None;
    let mut held = allocation_counter::measure(|| {
        cache = Some(MemoryReplayCache::with_capacity(capacity).caller_share(100));
    });
    let cache = cache.unwrap();
    held += allocation_counter::measure(|| {
        assert!(fill(&cache, 0..capacity * 2, NOW) > capacity * 99 / 100);
    });
    let per_entry = held.bytes_current as f64 / cache.len() as f64;
    assert!((19.0..=21.0).contains(&per_entry), "{per_entry}");
    // One more use of each shard, five minutes later.
    held += allocation_counter::measure(|| assert_eq!(fill(&cache, 0..2_000, NOW + 300), 2_000));
    assert_eq!(cache.len(), 2_000);
    assert!(held.bytes_current < 200_000, "{held:?}");
}

#[test]
fn amb_34_one_allocation_for_many_proofs() {
    let cache = MemoryReplayCache::default();
    let counted = allocation_counter::measure(|| {
        assert_eq!((0..1_000).filter(|_| ask(&cache, SCOPE, "once", NOW, NOW) == Ok(Use::First)).count(), 1);
    });
    assert_eq!(counted.count_total, 1, "{counted:?}");
}
