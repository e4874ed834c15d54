//! Two replay caches, one in front of the other.

use super::{ProofUse, ReplayAnswer, ReplayCache, Use};

/// A local replay cache in front of a shared one, so that the same proof, sent again and again to one replica, is put to the
/// shared store once.
///
/// - What the local one has seen is refused at once.
/// - Everything else the shared one decides: a proof counts only if the shared one has not seen it either.
/// - A local one that is full, or cannot answer, is passed over. That costs a question to the shared one and nothing
///   else.
/// - If the shared one cannot answer, the request is refused with 503. The local one has seen the proof by then, so
///   that the same proof is refused as replayed (401) when it comes again: callers sign each attempt afresh.
///
/// ```
/// use wimse_core::{LayeredReplayCache, MemoryReplayCache, ReplayCache};
///
/// fn shared_by_all_replicas(store: impl ReplayCache) -> impl ReplayCache {
///     LayeredReplayCache::new(MemoryReplayCache::default(), store)
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct LayeredReplayCache<L, S> {
    local: L,
    shared: S,
}

impl<L: ReplayCache, S: ReplayCache> LayeredReplayCache<L, S> {
    /// `local` is asked first; a [`MemoryReplayCache`](super::MemoryReplayCache) answers without waiting. `shared` is
    /// the one that all replicas have in common.
    pub fn new(local: L, shared: S) -> Self {
        Self { local, shared }
    }

    /// The cache that is asked first.
    pub fn local(&self) -> &L {
        &self.local
    }

    /// The cache that decides.
    pub fn shared(&self) -> &S {
        &self.shared
    }
}

impl<L: ReplayCache, S: ReplayCache> ReplayCache for LayeredReplayCache<L, S> {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        match self.local.use_once(proof) {
            ReplayAnswer::Ready(Ok(Use::Again)) => ReplayAnswer::Ready(Ok(Use::Again)),
            ReplayAnswer::Ready(_) => self.shared.use_once(proof),
            ReplayAnswer::Pending(local) => {
                // The proof is borrowed, so the question is put now. Used up in the shared one although the local one
                // knows it: it was used up either way.
                let shared = self.shared.use_once(proof);
                ReplayAnswer::Pending(Box::pin(async move {
                    if local.await == Ok(Use::Again) {
                        return Ok(Use::Again);
                    }
                    match shared {
                        ReplayAnswer::Ready(answer) => answer,
                        ReplayAnswer::Pending(answer) => answer.await,
                    }
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;
    use crate::clock::UnixTime;
    use crate::replay::{MemoryReplayCache, ReplayError};

    type Answer = Result<Use, ReplayError>;

    /// Every answer that a cache can give.
    const ANSWERS: [Answer; 4] =
        [Ok(Use::First), Ok(Use::Again), Err(ReplayError::Full), Err(ReplayError::Unavailable)];

    /// Says always the same, at once or later, and counts.
    struct Says {
        answer: Answer,
        later: bool,
        asked: AtomicUsize,
    }

    impl Says {
        fn new(answer: Answer, later: bool) -> Self {
            Self { answer, later, asked: AtomicUsize::new(0) }
        }
    }

    impl ReplayCache for Says {
        fn use_once(&self, _: &ProofUse<'_>) -> ReplayAnswer {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let answer = self.answer;
            if self.later {
                ReplayAnswer::Pending(Box::pin(async move { answer }))
            } else {
                ReplayAnswer::Ready(answer)
            }
        }
    }

    fn ask(cache: &impl ReplayCache, id: &str) -> Answer {
        let (until, now) = (UnixTime::from_secs(1_000), UnixTime::from_secs(900));
        match cache.use_once(&ProofUse::new("wimse://example.com/a", id, until, now)) {
            ReplayAnswer::Ready(answer) => answer,
            ReplayAnswer::Pending(answer) => answer.now_or_never().unwrap(),
        }
    }

    #[test]
    fn wpt_21_amb_34_a_proof_counts_only_if_the_shared_cache_says_so() {
        for local in ANSWERS {
            for shared in ANSWERS {
                for later in [(false, false), (false, true), (true, false), (true, true)] {
                    let cache =
                        LayeredReplayCache::new(Says::new(local, later.0), Says::new(shared, later.1));
                    let expected = if local == Ok(Use::Again) { local } else { shared };
                    assert_eq!(ask(&cache, "a"), expected, "{local:?} {shared:?} {later:?}");
                }
            }
        }
    }

    #[test]
    fn wpt_21_a_flood_of_one_proof_reaches_the_shared_cache_once() {
        let cache = LayeredReplayCache::new(MemoryReplayCache::default(), Says::new(Ok(Use::First), true));
        let answers: Vec<_> = (0..1_000).map(|_| ask(&cache, "a")).collect();
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(Use::First)).count(), 1);
        assert_eq!(cache.shared().asked.load(Ordering::SeqCst), 1);
        assert_eq!(cache.local().len(), 1);
    }

    #[test]
    fn amb_34_a_full_local_cache_costs_no_request_and_lets_no_replay_through() {
        let shared = Arc::new(MemoryReplayCache::default());
        let layered = || LayeredReplayCache::new(MemoryReplayCache::with_capacity(1), Arc::clone(&shared));
        let replicas = [layered(), layered(), layered()];
        for id in 0..1_000 {
            let answers: Vec<_> = replicas.iter().map(|replica| ask(replica, &id.to_string())).collect();
            assert_eq!(answers, [Ok(Use::First), Ok(Use::Again), Ok(Use::Again)], "{id}");
        }
        assert!(replicas[0].local().len() < 100);
    }

    #[test]
    fn amb_34_what_the_shared_cache_could_not_decide_is_never_accepted_later() {
        let down = LayeredReplayCache::new(
            Arc::new(MemoryReplayCache::default()),
            Says::new(Err(ReplayError::Unavailable), true),
        );
        assert_eq!(ask(&down, "a"), Err(ReplayError::Unavailable));
        let up = LayeredReplayCache::new(Arc::clone(down.local()), MemoryReplayCache::default());
        assert_eq!(ask(&up, "a"), Ok(Use::Again));
    }
}
