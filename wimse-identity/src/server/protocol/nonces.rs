//! Nonces that count once and not for long. They live in this process: monotonic time, no clock that can be set.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// How many nonces are remembered: some 10 MiB.
const CAPACITY: usize = 65_536;

#[derive(Default)]
pub(super) struct Nonces {
    live: HashSet<Arc<str>>,
    /// In the order in which they expire, used ones included.
    given_out: VecDeque<(Instant, Arc<str>)>,
}

impl Nonces {
    /// Remembers a nonce; `false` if there is no room, so that a flood makes others wait and costs no more memory.
    pub(super) fn give_out(&mut self, nonce: &str, lifetime: Duration) -> bool {
        self.forget_expired();
        if self.given_out.len() >= CAPACITY {
            return false;
        }
        let nonce: Arc<str> = nonce.into();
        self.given_out.push_back((Instant::now() + lifetime, Arc::clone(&nonce)));
        self.live.insert(nonce)
    }

    /// Uses a nonce up; `false` if it does not count, or not any more.
    pub(super) fn redeem(&mut self, nonce: &str) -> bool {
        self.forget_expired();
        self.live.remove(nonce)
    }

    fn forget_expired(&mut self) {
        let now = Instant::now();
        while self.given_out.front().is_some_and(|(expires, _)| *expires <= now) {
            if let Some((_, nonce)) = self.given_out.pop_front() {
                self.live.remove(&nonce);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_nonce_counts_once_and_for_its_lifetime() {
        let mut nonces = Nonces::default();
        assert!(nonces.give_out("a", MINUTE) && nonces.give_out("b", MINUTE));
        assert!(nonces.redeem("a") && !nonces.redeem("a") && !nonces.redeem("c"));
        tokio::time::advance(MINUTE).await;
        assert!(!nonces.redeem("b"));
        assert!(nonces.live.is_empty() && nonces.given_out.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_nonces_is_refused_at_the_cap_and_forgotten_in_time() {
        let mut nonces = Nonces::default();
        for i in 0..CAPACITY {
            assert!(nonces.give_out(&i.to_string(), MINUTE));
        }
        assert!(!nonces.give_out("one more", MINUTE));
        assert!(nonces.redeem("7"), "what was given out still counts");
        assert!(!nonces.give_out("one more", MINUTE), "using nonces up makes no room for a faster flood");
        tokio::time::advance(MINUTE).await;
        assert!(nonces.give_out("one more", MINUTE));
    }
}
