//! Keeps the connection open and the marks of the memory in place, in a task that ends with its cache.
//!
//! The `ConnectionManager` of the `redis` crate reconnects only when somebody asks, and never again after an error that is
//! not one of input or output, such as a password that was not yet valid. This one tries for as long as it lives.

use std::sync::Arc;
use std::time::Duration;

use redis::{Pipeline, Value};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use wimse_core::{Clock, SystemClock};

use crate::fault::Fault;
use crate::keys::Keys;
use crate::link::{Address, Link};
use crate::memory::{Marking, Terms};
use crate::question::Question;

/// How long the keeper, which holds up nobody, waits for a connection or an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// How often it asks whether all is well.
const PULSE: Duration = Duration::from_secs(1);

/// The least time between two attempts, and the longest one.
const RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// How things stand.
#[derive(Clone)]
pub(crate) enum State {
    /// A connection is being made, for the first time or right after one was lost.
    Connecting,
    Up(Up),
    Down(Fault),
}

#[derive(Clone)]
pub(crate) struct Up {
    pub(crate) link: Link,
    /// How much longer until every proof can be decided.
    pub(crate) left: Result<Duration, Fault>,
    pub(crate) evicts: bool,
}

/// What belongs to the memory rather than to a connection.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) keys: Keys,
    pub(crate) terms: Terms,
}

/// The way to the current state. The task ends with it.
pub(crate) struct Keeper {
    state: watch::Receiver<State>,
    nudge: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Needs a tokio runtime.
    pub(crate) fn spawn(address: Address, store: Arc<Store>) -> Self {
        let (sender, state) = watch::channel(State::Connecting);
        let nudge = Arc::new(Notify::new());
        let work = Work { address, store, state: sender, nudge: Arc::clone(&nudge) };
        Self { state, nudge, task: tokio::spawn(work.run()) }
    }

    /// The connection. Waits only for one that is being made.
    pub(crate) async fn up(&self) -> Result<Up, Fault> {
        let mut state = self.state.clone();
        let state = state.wait_for(|state| !matches!(state, State::Connecting)).await;
        match state.as_deref() {
            Ok(State::Up(up)) => Ok(up.clone()),
            Ok(State::Down(fault)) => Err(fault.clone()),
            Ok(State::Connecting) | Err(_) => Err(Fault::NotConnected),
        }
    }

    pub(crate) fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Asks the keeper to look after things now.
    pub(crate) fn nudge(&self) {
        self.nudge.notify_one();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    address: Address,
    store: Arc<Store>,
    state: watch::Sender<State>,
    nudge: Arc<Notify>,
}

impl Work {
    async fn run(self) {
        let mut delay = RETRY.0;
        loop {
            let fault = match timeout(PATIENCE, self.address.open()).await {
                Ok(Ok(link)) => self.look_after(&link, &mut delay).await,
                Ok(Err(Fault::ConnectionLost)) | Err(_) => Fault::NotConnected,
                Ok(Err(fault)) => fault,
            };
            // Whoever comes right after a connection was lost may wait for the next one; later ones are told at once.
            let first = delay == RETRY.0;
            self.state.send_replace(if first { State::Connecting } else { State::Down(fault) });
            sleep(delay).await;
            delay = (delay * 2).min(RETRY.1);
        }
    }

    /// Stays as long as the connection is good for anything.
    async fn look_after(&self, link: &Link, delay: &mut Duration) -> Fault {
        loop {
            let (left, evicts) = self.look(link).await;
            match left {
                Err(fault) if fault.lies_with_the_connection() => return fault,
                left => {
                    self.state.send_replace(State::Up(Up { link: link.clone(), left, evicts }));
                    *delay = RETRY.0;
                }
            }
            let _ = timeout(PULSE, self.nudge.notified()).await;
            sleep(RETRY.0).await;
        }
    }

    /// Looks at all parts of the memory at once: how much longer until every proof can be decided, and whether any of them
    /// may evict proofs. A part that cannot be reached does not keep the others from their work.
    async fn look(&self, link: &Link) -> (Result<Duration, Fault>, bool) {
        let mut parts = JoinSet::new();
        for part in self.store.keys.parts() {
            let (link, store) = (link.clone(), Arc::clone(&self.store));
            parts.spawn(async move {
                let looked = timeout(PATIENCE, look_at(link, &store, part)).await;
                looked.unwrap_or(Err(Fault::Timeout))
            });
        }
        let (mut longest, mut trouble, mut evicting) = (None, None, false);
        while let Some(looked) = parts.join_next().await {
            match looked.unwrap_or(Err(Fault::NotConnected)) {
                Ok((left, evicts)) => {
                    longest = longest.max(Some(left));
                    evicting |= evicts;
                }
                Err(fault) => trouble = Some(fault),
            }
        }
        let left = match (longest, trouble) {
            (Some(longest), None) => Ok(longest),
            // Some part answered, so that a new connection would not help: the cluster's client sees to the rest.
            (Some(_), Some(fault)) if fault.lies_with_the_connection() => {
                Err(Fault::Refused("CLUSTERDOWN".to_owned()))
            }
            (_, fault) => Err(fault.unwrap_or(Fault::NotConnected)),
        };
        (left, evicting)
    }
}

/// Looks at one part of the memory, and marks it if need be.
async fn look_at(mut link: Link, store: &Store, part: u8) -> Result<(Duration, bool), Fault> {
    let mark = store.keys.mark(part);
    let question = Question { proof: None, mark: &mark, identify: !store.terms.persistent, audit: true };
    let reply = link.ask(&question).await?;
    let (left, marking) = store.terms.standing(&reply, SystemClock.now().as_secs())?;
    if let Some(Marking { by, life, keep }) = marking {
        let mut set = Pipeline::with_capacity(1);
        set.cmd("SET").arg(&mark).arg(by).arg("PX").arg(life);
        if keep {
            set.arg("NX");
        }
        if let Some(Value::ServerError(error)) = link.send(set, 1, &mark).await?.first() {
            return Err(Fault::of_server(error));
        }
    }
    Ok((left, reply.evicts))
}
