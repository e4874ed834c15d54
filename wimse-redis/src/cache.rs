//! The replay cache: one round trip to decide about a proof, and an answer in bounded time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::time::timeout;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::{MemoryReplayCache, ReplayCache};

use crate::builder::RedisReplayCacheBuilder;
use crate::fault::Fault;
use crate::keeper::{Keeper, State, Store};
use crate::observer::{StoreObserver, Trouble};
use crate::outage::Outages;
use crate::question::Question;

/// A replay cache on Redis or Valkey that all replicas of a service share. Clones are the same cache.
///
/// Every answer comes within the time-out (default 50 ms), and says "first use" only if Redis showed in the same round trip
/// that it has forgotten nothing that matters. See the [crate](crate) for what happens when it cannot.
#[derive(Clone)]
pub struct RedisReplayCache(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<Store>,
    pub(crate) keeper: Keeper,
    pub(crate) timeout: Duration,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) outages: Outages,
    pub(crate) observer: Arc<dyn StoreObserver>,
    /// Whose timers bound the answers, whatever executor awaits them.
    pub(crate) runtime: Handle,
}

/// What this replica knows by itself, and for how long that may have to do.
pub(crate) struct Fallback {
    pub(crate) local: MemoryReplayCache,
    pub(crate) at_most: Duration,
}

/// A proof, ready to be asked about.
struct Asked {
    digest: [u8; 32],
    remember: Result<i64, Fault>,
    expires_at: i64,
    now: i64,
}

impl RedisReplayCache {
    /// Starts with the URL of a server: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS (feature
    /// `tls`), `redis+unix:///path` for a socket.
    pub fn builder(url: impl Into<String>) -> RedisReplayCacheBuilder {
        RedisReplayCacheBuilder::new(url.into())
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// How much longer until every proof can be decided: zero, unless Redis is new or lost its memory. Until then, proofs
    /// that expire late are decided and others refused. Up to two seconds old.
    ///
    /// # Errors
    ///
    /// [`Fault`] if no proof can be decided.
    pub fn status(&self) -> Result<Duration, Fault> {
        status(&self.0.keeper.state().borrow())
    }

    /// Waits until every proof can be decided, at most for `limit`. A server may start to listen then.
    ///
    /// # Errors
    ///
    /// [`Fault`] with what kept it until then. The cache goes on trying.
    pub async fn ready(&self, limit: Duration) -> Result<(), Fault> {
        let mut state = self.0.keeper.state();
        let waiting = state.wait_for(|state| status(state) == Ok(Duration::ZERO));
        if let Ok(Ok(_)) = timeout(limit, waiting).await {
            return Ok(());
        }
        match self.status() {
            Ok(Duration::ZERO) => Ok(()),
            Ok(left) => Err(Fault::Forgotten(left)),
            Err(fault) => Err(fault),
        }
    }
}

fn status(state: &State) -> Result<Duration, Fault> {
    match state {
        State::Connecting => Err(Fault::NotConnected),
        State::Down(fault) => Err(fault.clone()),
        State::Up(up) if up.evicts => Err(Fault::Evicting),
        State::Up(up) => up.left.clone(),
    }
}

impl Inner {
    /// The decision, within the time-out.
    async fn decide(
        &self,
        asked: Asked,
        local: Option<Result<Use, ReplayError>>,
    ) -> Result<Use, ReplayError> {
        let bounded = {
            let _timers = self.runtime.enter();
            timeout(self.timeout, self.ask(&asked))
        };
        match bounded.await.unwrap_or(Err(Fault::Timeout)) {
            Ok(used) => {
                if let Some(lasted) = self.outages.answered(Instant::now()) {
                    self.observer.recovered(lasted);
                }
                Ok(used)
            }
            Err(fault) => self.without_store(&fault, local),
        }
    }

    async fn ask(&self, asked: &Asked) -> Result<Use, Fault> {
        let remember = asked.remember.clone()?;
        let mut up = self.keeper.up().await?;
        if up.evicts {
            return Err(Fault::Evicting);
        }
        let Store { keys, terms } = &*self.store;
        let (key, mark) = (keys.proof(&asked.digest), keys.mark(keys.part_of(&asked.digest)));
        let question = Question {
            proof: Some((&key, remember)),
            mark: &mark,
            identify: !terms.persistent,
            audit: false,
        };
        let answer = up.link.ask(&question).await;
        let reply = answer.inspect_err(|_| self.keeper.nudge())?;
        match reply.used {
            Some(Use::Again) => Ok(Use::Again),
            Some(Use::First) => {
                let believed = terms.believe(&reply, asked.expires_at, asked.now);
                believed.inspect_err(|_| self.keeper.nudge()).map(|()| Use::First)
            }
            None => Err(Fault::Unreadable),
        }
    }

    /// The operator's choice of what happens when the store cannot decide.
    fn without_store(
        &self,
        fault: &Fault,
        local: Option<Result<Use, ReplayError>>,
    ) -> Result<Use, ReplayError> {
        let ongoing = self.outages.failed(Instant::now());
        let fallback = self.fallback.as_ref().filter(|_| !fault.lies_with_the_proof());
        let left = fallback.and_then(|fallback| fallback.at_most.checked_sub(ongoing.lasted));
        let local_for = left.filter(|left| !left.is_zero());
        if ongoing.tell {
            self.observer.trouble(&Trouble { fault, lasted: ongoing.lasted, local_for });
        }
        match local {
            Some(answer) if local_for.is_some() => answer,
            _ => Err(fault.into()),
        }
    }
}

impl ReplayCache for RedisReplayCache {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        // Asked first at all times, so that it knows what was accepted before an outage.
        let local = match self.0.fallback.as_ref().map(|fallback| fallback.local.use_once(proof)) {
            Some(ReplayAnswer::Ready(Ok(Use::Again))) => return ReplayAnswer::Ready(Ok(Use::Again)),
            Some(ReplayAnswer::Ready(answer)) => Some(answer),
            Some(ReplayAnswer::Pending(_)) | None => None,
        };
        let asked = Asked {
            digest: proof.digest(),
            remember: self.0.store.terms.remember(proof),
            expires_at: proof.expires_at().as_secs(),
            now: proof.now().as_secs(),
        };
        let inner = Arc::clone(&self.0);
        ReplayAnswer::Pending(Box::pin(async move { inner.decide(asked, local).await }))
    }
}

impl fmt::Debug for RedisReplayCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReplayCache")
            .field("prefix", &self.0.store.keys.prefix())
            .field("timeout", &self.0.timeout)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
