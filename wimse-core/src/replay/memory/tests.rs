use std::sync::Arc;

use super::*;
use crate::clock::UnixTime;
use crate::replay::Use;

fn use_by(
    cache: &MemoryReplayCache,
    scope: &str,
    id: &str,
    expires_at: i64,
    now: i64,
) -> Result<Use, ReplayError> {
    let (expires_at, now) = (UnixTime::from_secs(expires_at), UnixTime::from_secs(now));
    match cache.use_once(&ProofUse::new(scope, id, expires_at, now)) {
        ReplayAnswer::Ready(answer) => answer,
        ReplayAnswer::Pending(_) => panic!("memory answers at once"),
    }
}

fn use_at(cache: &MemoryReplayCache, id: &str, expires_at: i64, now: i64) -> Result<Use, ReplayError> {
    use_by(cache, "wimse://example.com/a", id, expires_at, now)
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
    for (scope, id) in [("a", "x"), ("b", "x"), ("ax", ""), ("", "ax")] {
        assert_eq!(use_by(&cache, scope, id, 1_000, 1_000), Ok(Use::First), "{scope} {id}");
    }
}

#[test]
fn hsq_26_a_nonce_counts_once_whoever_sends_it() {
    let cache = MemoryReplayCache::default();
    let time = UnixTime::from_secs(1_000);
    for (caller, expected) in [("a", Use::First), ("a", Use::Again), ("b", Use::Again), ("", Use::Again)] {
        let answer = cache.use_once(&ProofUse::new("", "nonce", time, time).with_caller(caller));
        assert!(matches!(answer, ReplayAnswer::Ready(Ok(answer)) if answer == expected), "{caller}");
    }
}

#[test]
fn amb_34_a_full_cache_refuses_and_recovers_when_entries_expire() {
    let cache = MemoryReplayCache::with_capacity(FEWEST_SHARDS);
    let answers: Vec<_> = (0..1_000).map(|i| use_at(&cache, &i.to_string(), 1_000, 900)).collect();
    assert!(answers.contains(&Err(ReplayError::Full)));
    assert!(cache.len() <= FEWEST_SHARDS);
    for (i, answer) in answers.iter().enumerate() {
        let again = use_at(&cache, &i.to_string(), 1_000, 901);
        assert_eq!(again, if answer.is_ok() { Ok(Use::Again) } else { Err(ReplayError::Full) });
    }
    assert_eq!(use_at(&cache, "later", 2_000, 1_900), Ok(Use::First));
}

#[test]
fn wpt_21_a_clock_that_goes_back_does_not_open_a_window() {
    let cache = MemoryReplayCache::with_capacity(100_000);
    // Many entries per shard, so that every shard sees the later time.
    for i in 0..2_000 {
        assert_eq!(use_at(&cache, &format!("early{i}"), 1_000, 900), Ok(Use::First));
    }
    for i in 0..2_000 {
        assert_eq!(use_at(&cache, &format!("late{i}"), 4_700, 4_600), Ok(Use::First));
    }
    for i in 0..2_000 {
        assert_eq!(use_at(&cache, &format!("early{i}"), 1_000, 900), Err(ReplayError::Unavailable));
        // What is still remembered stays so, whatever the clock says.
        assert_eq!(use_at(&cache, &format!("late{i}"), 4_700, 900), Ok(Use::Again));
    }
}

#[test]
fn wpt_21_what_cannot_be_remembered_for_so_long_is_refused() {
    let longest = (1 << 16) * PERIOD - 1;
    for start in [0, 1_800_000_000 / PERIOD * PERIOD] {
        let cache = MemoryReplayCache::with_capacity(1);
        for expires_at in [start + longest + 1, i64::MAX, start - 1, i64::MIN] {
            let answer = use_at(&cache, "a", expires_at, start);
            assert_eq!(answer, Err(ReplayError::Unavailable), "{start} {expires_at}");
        }
        assert_eq!(use_at(&cache, "a", start + longest, start), Ok(Use::First));
        for now in [start, start + longest / 2, start + longest] {
            assert_eq!(use_at(&cache, "a", start + longest, now), Ok(Use::Again), "{start} {now}");
        }
        // Long after, in time whose low bits are those of the time in which it was used.
        let later = start + (1 << 16) * PERIOD * 3;
        assert_eq!(use_at(&cache, "a", later, later), Ok(Use::First));
    }
}

#[test]
fn amb_34_memory_is_given_back() {
    let cache = MemoryReplayCache::with_capacity(100_000);
    for now in 0..2_000 {
        for i in 0..10 {
            assert_eq!(use_at(&cache, &format!("{now}-{i}"), now + 100, now), Ok(Use::First));
        }
    }
    // Shards that nobody asked lately still hold what has expired since.
    assert!(cache.len() < 20_000 / 8, "{}", cache.len());
}

#[test]
fn wpt_21_of_many_threads_with_the_same_proof_exactly_one_wins() {
    let cache = Arc::new(MemoryReplayCache::default());
    for round in 0..200 {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let cache = Arc::clone(&cache);
                std::thread::spawn(move || use_at(&cache, &round.to_string(), 1_000, 900))
            })
            .collect();
        let wins = threads.into_iter().filter_map(|t| t.join().ok()).filter(|a| *a == Ok(Use::First)).count();
        assert_eq!(wins, 1);
    }
}

/// Lets a caller take all that it can get.
fn flood(cache: &MemoryReplayCache, caller: &str, expires_at: i64) -> usize {
    let capacity = cache.shards.len() * cache.terms.capacity;
    // More than enough to reach the limit in every shard.
    (0..3 * capacity)
        .filter(|i| use_by(cache, caller, &i.to_string(), expires_at, 900) == Ok(Use::First))
        .count()
}

#[test]
fn amb_34_callers_that_take_all_they_can_leave_room_for_others() {
    let capacity = FEWEST_SHARDS * 600;
    for (percent, callers) in [(50, 1), (50, 2), (50, 3), (80, 1), (80, 2), (20, 3), (100, 1)] {
        let cache = MemoryReplayCache::with_capacity(capacity).caller_share(percent);
        for caller in 0..callers {
            flood(&cache, &format!("wimse://example.com/greedy/{caller}"), 1_000);
        }
        let (part, callers) = (f64::from(percent) / 100.0, f64::from(callers));
        // They come one after the other, so each gets its part of what the earlier ones left.
        let expected = 1.0 - (1.0 - part).powf(callers);
        let taken = cache.len() as f64 / capacity as f64;
        assert!((taken - expected).abs() < 0.02, "{percent} {callers}: {taken} {expected}");
        if percent < 100 {
            for i in 0..FEWEST_SHARDS * 2 {
                let answer = use_by(&cache, "wimse://example.com/modest", &i.to_string(), 1_000, 900);
                assert_eq!(answer, Ok(Use::First), "{percent} {callers} {i}");
            }
        }
    }
}

#[test]
fn amb_34_a_caller_over_its_share_is_refused_alone_and_only_until_its_proofs_expire() {
    let cache = MemoryReplayCache::with_capacity(FEWEST_SHARDS * 100);
    let (greedy, modest) = ("wimse://example.com/greedy", "wimse://example.com/modest");
    assert_eq!(use_by(&cache, greedy, "first", 1_000, 900), Ok(Use::First));
    flood(&cache, greedy, 1_000);
    for i in 0..500 {
        assert_eq!(use_by(&cache, greedy, &format!("more{i}"), 1_000, 900), Err(ReplayError::Full));
        assert_eq!(use_by(&cache, modest, &format!("more{i}"), 1_000, 900), Ok(Use::First));
    }
    // Used proofs stay known, the refused ones too are not mistaken for used ones.
    assert_eq!(use_by(&cache, greedy, "first", 1_000, 900), Ok(Use::Again));
    for i in 0..500 {
        assert_eq!(use_by(&cache, greedy, &format!("more{i}"), 1_300, 1_100), Ok(Use::First));
    }
}

#[test]
fn hsq_26_the_share_is_the_sender_s_where_identifiers_count_once_for_all() {
    let cache = MemoryReplayCache::with_capacity(FEWEST_SHARDS * 100);
    let time = UnixTime::from_secs(1_000);
    let refused = |caller: &str, nonces: std::ops::Range<usize>| {
        let full = |nonce: &usize| {
            let nonce = nonce.to_string();
            let proof = ProofUse::new("", &nonce, time, time).with_caller(caller);
            matches!(cache.use_once(&proof), ReplayAnswer::Ready(Err(ReplayError::Full)))
        };
        nonces.filter(full).count()
    };
    assert!(refused("greedy", 0..20_000) > 15_000);
    assert_eq!(refused("greedy", 20_000..20_500), 500);
    assert_eq!(refused("modest", 30_000..30_500), 0);
}
