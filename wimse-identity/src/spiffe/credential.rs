//! The workload's own credential: one of its WIT-SVIDs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wimse_core::jose::{Algorithms, KeyError, SigningKey};
use wimse_core::{Clock, Credential, RotatingCredential, SystemClock, WorkloadId};
use zeroize::Zeroize;

use super::BuildError;
use super::api::{FetchWitSvid, WitSvid, WitSvidRequest, WitSvidResponse};
use super::choice::Choice;
use super::endpoint::Endpoint;
use super::stream::{Follower, Waits, follow};
use crate::life::Life;
use crate::observer::default_observer;
use crate::{Handle, Reporter, SourceError, SourceObserver};

/// A source of credentials that follows the workload's WIT-SVIDs. Runs until this and all clones of its handle are dropped.
#[derive(Debug, Clone)]
pub struct SpiffeCredential {
    handle: Handle,
    credentials: RotatingCredential,
}

impl SpiffeCredential {
    /// Starts a configuration, in which everything has a default.
    pub fn builder() -> SpiffeCredentialBuilder {
        SpiffeCredentialBuilder::default()
    }

    /// The credential of the moment, for a signer. Without one until the agent sent it, and after it was withdrawn or has expired.
    pub fn credentials(&self) -> RotatingCredential {
        self.credentials.clone()
    }

    /// How the source is doing, and its end.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// Configures [`SpiffeCredential`].
#[must_use]
pub struct SpiffeCredentialBuilder {
    endpoint: Option<String>,
    beyond_host: bool,
    choice: Choice,
    waits: Waits,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn SourceObserver>,
}

impl Default for SpiffeCredentialBuilder {
    fn default() -> Self {
        Self {
            endpoint: None,
            beyond_host: false,
            choice: Choice::default(),
            waits: Waits::default(),
            clock: Arc::new(SystemClock),
            observer: default_observer(),
        }
    }
}

impl SpiffeCredentialBuilder {
    /// Where the Workload API is: `unix:///run/spire/agent.sock` or `tcp://127.0.0.1:8000`. Default: what
    /// `SPIFFE_ENDPOINT_SOCKET` says.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Lets a `tcp` endpoint pass that is not a loopback address. **Weaker** than the default: private keys come over the network
    /// in the clear. Only where the network keeps others out (SPIFFE Workload Endpoint §3).
    pub fn allow_tcp_beyond_this_host(mut self) -> Self {
        self.beyond_host = true;
        self
    }

    /// Uses this identity and no other. Default: the first that the agent lists (SPIFFE Workload API §8).
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

    /// Starts to follow the workload's identity: see [`Handle::ready`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what is missing or cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<SpiffeCredential, BuildError> {
        let endpoint = Endpoint::find(self.endpoint, self.beyond_host)?;
        let choice = self.choice.check()?;
        let (waits, credentials) = (self.waits.check()?, RotatingCredential::pending());
        let svids = Svids { choice, clock: self.clock, credentials: credentials.clone(), held: None };
        let work = |reporter| follow(endpoint, waits, svids, reporter);
        let handle = Handle::spawn("spiffe-credential", self.observer, work);
        Ok(SpiffeCredential { handle, credentials })
    }
}

impl fmt::Debug for SpiffeCredentialBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpiffeCredentialBuilder")
            .field("endpoint", &self.endpoint)
            .field("choice", &self.choice)
            .finish_non_exhaustive()
    }
}

/// What the agent said last of the chosen identity, as far as it is in use.
struct Held {
    token: String,
    life: Life,
    subject: WorkloadId,
    /// Whether the last message said the same.
    current: bool,
}

struct Svids {
    choice: Choice,
    clock: Arc<dyn Clock>,
    credentials: RotatingCredential,
    held: Option<Held>,
}

impl Svids {
    fn use_svid(&mut self, svid: &WitSvid) -> Result<(), SourceError> {
        let id = &svid.spiffe_id;
        let credential = credential(svid)?;
        let clock = &*self.clock;
        let life = Life::new(credential.expires_at(), Instant::now(), Duration::MAX, clock);
        let life = life.ok_or_else(|| {
            let why = "has expired already: compare this host's clock with the agent's";
            SourceError::new("svid_expired", format_args!("the WIT-SVID of {id} {why}"))
        })?;
        let subject = credential.subject().clone();
        self.credentials.replace(credential);
        self.held = Some(Held { token: svid.wit_svid.clone(), life, subject, current: true });
        Ok(())
    }
}

impl Follower for Svids {
    type Method = FetchWitSvid;

    fn request(&self) -> WitSvidRequest {
        match &self.choice {
            Choice::Id(id) => WitSvidRequest { spiffe_id: id.to_string() },
            _ => WitSvidRequest::default(),
        }
    }

    fn take(&mut self, message: WitSvidResponse, reporter: &Reporter) -> bool {
        // A message without what is mandatory is discarded (SPIFFE Workload API §4.5).
        let incomplete = |svid: &WitSvid| {
            svid.spiffe_id.is_empty() || svid.wit_svid.is_empty() || svid.wit_svid_key.is_empty()
        };
        if message.svids.is_empty() || message.svids.iter().any(incomplete) {
            let what = "an answer without identities, or one without SPIFFE ID, token or key";
            if let Some(held) = &mut self.held {
                held.current = false;
            }
            reporter.failed(SourceError::new("message_malformed", what));
            return false;
        }
        let takes = |svid: &WitSvid| self.choice.takes(&svid.spiffe_id, &svid.hint);
        let Some(mut svid) = message.svids.into_iter().find(takes) else {
            self.withdraw(self.choice.missing(), reporter);
            return true;
        };
        if let Some(held) = self.held.as_mut().filter(|held| held.token == svid.wit_svid) {
            held.current = true;
            reporter.confirmed();
            return true;
        }
        let used = self.use_svid(&svid);
        svid.wit_svid_key.zeroize();
        let Err(error) = used else {
            reporter.updated();
            return true;
        };
        match &mut self.held {
            // Another identity than before is not one to go on under.
            Some(held) if held.subject.as_str() != svid.spiffe_id => self.withdraw(error, reporter),
            Some(held) => {
                held.current = false;
                reporter.failed(error);
            }
            None => reporter.failed(error),
        }
        false
    }

    fn withdraw(&mut self, why: SourceError, reporter: &Reporter) {
        self.credentials.withdraw();
        match self.held.take() {
            Some(_) => reporter.withdrawn(why),
            None => reporter.failed(why),
        }
    }

    fn tick(&mut self, connected: bool, reporter: &Reporter) {
        if let Some(held) = self.held.take_if(|held| held.life.is_over(&*self.clock)) {
            self.credentials.withdraw();
            let detail = format_args!("the agent has not renewed the WIT-SVID of {}", held.subject);
            reporter.withdrawn(SourceError::new("credential_expired", detail));
        } else if connected && self.held.as_ref().is_some_and(|held| held.current) {
            reporter.confirmed();
        }
    }
}

/// Token and key of an SVID, if they fit each other, its SPIFFE ID and the profile (SPIFFE WIT-SVID §2.3, §3.1, §3.2).
fn credential(svid: &WitSvid) -> Result<Credential, SourceError> {
    let id = &svid.spiffe_id;
    let unusable = |why: &dyn fmt::Display| {
        SourceError::new(
            "svid_malformed",
            format_args!("the WIT-SVID of {} cannot be used: {why}", id.escape_debug()),
        )
    };
    let credential = match SigningKey::from_jwk(&svid.wit_svid_key) {
        Ok(key) if !Algorithms::WIT_SVID.contains(key.algorithm()) => {
            return Err(unusable(&"its algorithm is not one of the profile"));
        }
        Ok(key) => Credential::new(&svid.wit_svid, key).map_err(|error| unusable(&error))?,
        // The algorithm of the key is then the one that the token names.
        Err(KeyError::Member("alg")) => Algorithms::WIT_SVID
            .iter()
            .filter_map(|algorithm| SigningKey::from_jwk_with(&svid.wit_svid_key, algorithm).ok())
            .find_map(|key| Credential::new(&svid.wit_svid, key).ok())
            .ok_or_else(|| unusable(&"its key is not the one that the token names"))?,
        Err(error) => return Err(unusable(&error)),
    };
    let subject = credential.subject();
    if subject.scheme() != "spiffe" || subject.as_str() != id {
        return Err(unusable(&format_args!("its subject is {subject}")));
    }
    Ok(credential)
}
