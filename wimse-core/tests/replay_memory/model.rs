//! Whatever happens in whatever order, the cache answers as a map would that never forgets too early.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use proptest::prelude::*;
use wimse_core::MemoryReplayCache;
use wimse_core::replay::{ReplayError, Use};

use crate::ask;

const SCOPES: [&str; 3] = ["wimse://example.com/a", "wimse://example.com/b", ""];
const START: i64 = 1_800_000_000;
/// For how long an entry may stay after it has expired.
const SLACK: i64 = 64;

#[derive(Debug, Clone)]
struct Step {
    /// By how much the clock moves first; sometimes back.
    clock: i64,
    scope: usize,
    id: u16,
    lifetime: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let clock = prop_oneof![
        20 => Just(0_i64),
        4 => 0_i64..10,
        2 => 50_i64..80,
        1 => 300_i64..1_000,
        1 => -500_i64..0,
    ];
    let step = (clock, 0_usize..SCOPES.len(), 0_u16..400, -70_i64..700);
    let step = step.prop_map(|(clock, scope, id, lifetime)| Step { clock, scope, id, lifetime });
    prop::collection::vec(step, 1..3_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn wpt_21_amb_34_the_cache_never_forgets_early_and_never_accepts_twice(
        steps in steps(),
        capacity in prop_oneof![Just(64_usize), Just(640), Just(100_000)],
        share in prop_oneof![Just(100_u8), Just(50), Just(10)],
    ) {
        let cache = MemoryReplayCache::with_capacity(capacity).caller_share(share);
        // Until when each accepted proof is valid.
        let mut accepted = HashMap::new();
        let (mut now, mut latest) = (START, START);
        for step in steps {
            now += step.clock;
            latest = latest.max(now);
            let (proof, until) = ((step.scope, step.id), now + step.lifetime);
            let answer = ask(&cache, SCOPES[step.scope], &step.id.to_string(), until, now);
            let live = accepted.get(&proof).copied();
            let window = |seconds: i64| seconds.div_euclid(SLACK);
            match answer {
                Ok(Use::First) => {
                    prop_assert!(live.is_none_or(|until| until < latest), "{step:?} accepted twice");
                    // Not accepted with an expiry that could be forgotten at once.
                    prop_assert!(window(until) >= window(now));
                    accepted.insert(proof, until);
                }
                Ok(Use::Again) => {
                    prop_assert!(live.is_some(), "{step:?} was never used");
                }
                Err(ReplayError::Unavailable) => {
                    prop_assert!(window(until) < window(latest), "{step:?} had an answer");
                }
                Err(ReplayError::Full) => {
                    prop_assert!(capacity < 100_000, "{step:?} had room");
                    prop_assert!(live.is_none_or(|until| until < latest), "{step:?} is known");
                }
                Err(_) => prop_assert!(false, "{answer:?}"),
            }
            prop_assert!(cache.len() <= capacity);
        }
    }

    #[test]
    fn wpt_21_while_the_clock_goes_on_every_answer_is_that_of_the_model(steps in steps()) {
        let cache = MemoryReplayCache::with_capacity(1_000_000);
        let mut remembered: HashMap<_, i64> = HashMap::new();
        let (mut now, window) = (START, |seconds: i64| seconds.div_euclid(SLACK));
        for step in steps {
            now += step.clock.max(0);
            let until = now + step.lifetime;
            remembered.retain(|_, until| window(*until) >= window(now));
            let expected = if window(until) < window(now) {
                Err(ReplayError::Unavailable)
            } else if let Entry::Vacant(unknown) = remembered.entry((step.scope, step.id)) {
                unknown.insert(until);
                Ok(Use::First)
            } else {
                Ok(Use::Again)
            };
            let answer = ask(&cache, SCOPES[step.scope], &step.id.to_string(), until, now);
            prop_assert_eq!(answer, expected, "{:?}", step);
        }
    }
}
