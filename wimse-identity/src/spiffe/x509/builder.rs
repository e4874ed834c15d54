//! How the source of X.509-SVIDs is configured.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use wimse_core::{Clock, SystemClock, WorkloadId};

use super::SpiffeX509;
use super::follow::{Following, Shared};
use crate::observer::default_observer;
use crate::spiffe::BuildError;
use crate::spiffe::choice::Choice;
use crate::spiffe::endpoint::Endpoint;
use crate::spiffe::stream::{Waits, follow};
use crate::{Handle, SourceObserver};

/// Configures [`SpiffeX509`].
#[must_use]
pub struct SpiffeX509Builder {
    endpoint: Option<String>,
    beyond_host: bool,
    choice: Choice,
    stale_limit: Duration,
    waits: Waits,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn SourceObserver>,
}

impl Default for SpiffeX509Builder {
    fn default() -> Self {
        Self {
            endpoint: None,
            beyond_host: false,
            choice: Choice::default(),
            stale_limit: Duration::from_secs(4 * 60 * 60),
            waits: Waits::default(),
            clock: Arc::new(SystemClock),
            observer: default_observer(),
        }
    }
}

impl SpiffeX509Builder {
    /// Where the Workload API is: `unix:///run/spire/agent.sock` or `tcp://127.0.0.1:8000`. Default: what
    /// `SPIFFE_ENDPOINT_SOCKET` says.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Lets a `tcp` endpoint pass that is not a loopback address. **Weaker** than the default: private keys come over the network
    /// in the clear, and whoever is on the way decides about the trust anchors. Only where the network keeps others out (SPIFFE
    /// Workload Endpoint §3).
    pub fn allow_tcp_beyond_this_host(mut self) -> Self {
        self.beyond_host = true;
        self
    }

    /// Uses this identity and no other. Default: the first that the agent lists (SPIFFE Workload API §5.3).
    pub fn spiffe_id(mut self, id: WorkloadId) -> Self {
        self.choice = Choice::Id(id);
        self
    }

    /// Uses the first identity with this hint, which the operator gave it, and no other. Replaces
    /// [`spiffe_id`](Self::spiffe_id).
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.choice = Choice::Hint(hint.into());
        self
    }

    /// How long bundles are used that cannot be confirmed, because the agent is away or sends nothing usable. Without that of its own
    /// trust domain, there is no snapshot. Default four hours: an agent may be down for a while, but an authority that its trust
    /// domain took back does not live for a day.
    pub fn stale_limit(mut self, limit: Duration) -> Self {
        self.stale_limit = limit;
        self
    }

    /// How long to wait before calling again: at first, and at most. Each wait is twice the last one, of which a random part up to a
    /// half is left out. Default 0.5 s and 30 s.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.waits = Waits { first, longest };
        self
    }

    /// Replaces the system's clock, by which expiry is judged.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who is told what happens. Default: `tracing`, if that feature is on.
    pub fn observer(mut self, observer: impl SourceObserver) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Starts to follow the workload's identity and its bundles: see [`Handle::ready`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what is missing or cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<SpiffeX509, BuildError> {
        let endpoint = Endpoint::find(self.endpoint, self.beyond_host)?;
        if self.stale_limit.is_zero() {
            return Err(BuildError::StaleLimit);
        }
        let (choice, waits) = (self.choice.check()?, self.waits.check()?);
        let shared = Arc::new(Shared { snapshot: ArcSwapOption::empty(), clock: self.clock });
        let following = Following::new(choice, Arc::clone(&shared), self.stale_limit);
        let work = |reporter| follow(endpoint, waits, following, reporter);
        let handle = Handle::spawn("spiffe-x509", self.observer, work);
        Ok(SpiffeX509 { handle, shared })
    }
}

impl fmt::Debug for SpiffeX509Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpiffeX509Builder")
            .field("endpoint", &self.endpoint)
            .field("choice", &self.choice)
            .finish_non_exhaustive()
    }
}
