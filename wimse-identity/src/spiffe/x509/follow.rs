//! What each message of the stream changes.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::Instant;
use wimse_core::{Clock, WorkloadId};

use super::bundles::{Bundles, Said};
use super::snapshot::{X509Snapshot, X509Svid};
use super::svid;
use super::wire::{FetchX509Svid, SaidSvid, X509SvidRequest, X509SvidResponse};
use crate::life::Life;
use crate::spiffe::choice::Choice;
use crate::spiffe::names::domain;
use crate::spiffe::stream::Follower;
use crate::{Reporter, SourceError};

/// The most identities and foreign trust domains in a message.
const MAX_SVIDS: usize = 100;
const MAX_FEDERATED: usize = 1000;

/// What readers and the task share.
pub(super) struct Shared {
    pub(super) snapshot: ArcSwapOption<X509Snapshot>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) fn read(&self) -> Option<Arc<X509Snapshot>> {
        self.snapshot.load_full().filter(|snapshot| !snapshot.life.is_over(&*self.clock))
    }

    fn is_offered(&self) -> bool {
        self.snapshot.load().is_some()
    }
}

/// What the agent said last of the chosen identity, as far as it is in use.
struct Held {
    svid: Arc<X509Svid>,
    chain: Vec<u8>,
    life: Life,
    /// Whether the last message said the same.
    current: bool,
}

pub(super) struct Following {
    choice: Choice,
    shared: Arc<Shared>,
    held: Option<Held>,
    bundles: Bundles,
}

impl Following {
    pub(super) fn new(choice: Choice, shared: Arc<Shared>, stale_limit: Duration) -> Self {
        Self { choice, shared, held: None, bundles: Bundles::new(stale_limit) }
    }

    /// Uses what is said of the chosen identity. `true` if that is new.
    fn use_svid(&mut self, said: &SaidSvid) -> Result<bool, SourceError> {
        let same = |held: &&mut Held| {
            held.chain == said.chain && held.svid.hint == said.hint && held.svid.id.as_str() == said.spiffe_id
        };
        if let Some(held) = self.held.as_mut().filter(same) {
            held.current = true;
            return Ok(false);
        }
        let read = svid::read(said).and_then(|svid| {
            let life = Life::new(svid.not_after, Instant::now(), Duration::MAX, &*self.shared.clock);
            let expired = "has expired already: compare this host's clock with the agent's";
            let life = life.ok_or_else(|| {
                SourceError::new("svid_expired", format_args!("the X.509-SVID of {} {expired}", svid.id))
            })?;
            Ok(Held { svid: Arc::new(svid), chain: said.chain.clone(), life, current: true })
        });
        match read {
            Ok(held) => {
                self.held = Some(held);
                Ok(true)
            }
            Err(error) => {
                // Another identity than before is not one to go on under.
                self.held.take_if(|held| held.svid.id.as_str() != said.spiffe_id);
                if let Some(held) = &mut self.held {
                    held.current = false;
                }
                Err(error)
            }
        }
    }

    /// What is offered from what there is: an identity, with the authorities of its own trust domain at least.
    fn snapshot(&self) -> Option<X509Snapshot> {
        let held = self.held.as_ref()?;
        let bundles = self.bundles.snapshot();
        let complete = !bundles.authorities(&held.svid.id.trust_domain()).is_empty();
        complete.then(|| X509Snapshot { svid: Arc::clone(&held.svid), bundles, life: held.life })
    }

    /// Offers what there is now, and says what became of it.
    fn publish(&self, changed: bool, errors: Vec<SourceError>, reporter: &Reporter) {
        let before = self.shared.is_offered();
        let snapshot = self.snapshot();
        let now = snapshot.is_some();
        if now && (changed || !before) {
            self.shared.snapshot.store(snapshot.map(Arc::new));
            reporter.updated();
        } else if now && errors.is_empty() {
            reporter.confirmed();
        } else if !now {
            self.shared.snapshot.store(None);
        }
        let mut closed = before && !now;
        for error in errors {
            match std::mem::take(&mut closed) {
                true => reporter.withdrawn(error),
                false => reporter.failed(error),
            }
        }
    }

    fn close(&mut self, why: SourceError, reporter: &Reporter) {
        self.held = None;
        self.publish(true, vec![why], reporter);
    }
}

impl Follower for Following {
    type Method = FetchX509Svid;

    fn request(&self) -> X509SvidRequest {
        X509SvidRequest {}
    }

    fn take(&mut self, message: X509SvidResponse, reporter: &Reporter) -> bool {
        if let Err(error) = check(&message) {
            self.bundles.doubt();
            if let Some(held) = &mut self.held {
                held.current = false;
            }
            reporter.failed(error);
            return false;
        }
        let takes = |svid: &&SaidSvid| self.choice.takes(&svid.spiffe_id, &svid.hint);
        let Some(chosen) = message.svids.iter().find(takes) else {
            self.withdraw(self.choice.missing(), reporter);
            return true;
        };
        let own = std::iter::once(chosen).chain(&message.svids).map(own_bundle);
        let foreign = message.federated_bundles.iter().map(foreign_bundle);
        let (trust_changed, malformed) = self.bundles.take(own.chain(foreign));
        let (changed, unusable) = match self.use_svid(chosen) {
            Ok(changed) => (changed, None),
            Err(error) => (false, Some(error)),
        };
        let errors: Vec<_> = unusable.into_iter().chain(malformed).collect();
        let sound = errors.is_empty();
        self.publish(changed || trust_changed, errors, reporter);
        sound
    }

    fn withdraw(&mut self, why: SourceError, reporter: &Reporter) {
        self.bundles.clear();
        self.close(why, reporter);
    }

    fn tick(&mut self, connected: bool, reporter: &Reporter) {
        if connected {
            self.bundles.confirm();
        }
        if let Some(held) = self.held.take_if(|held| held.life.is_over(&*self.shared.clock)) {
            let detail = format_args!("the agent has not renewed the X.509-SVID of {}", held.svid.id);
            self.close(SourceError::new("credential_expired", detail), reporter);
        } else if let Some(stale) = self.bundles.expire() {
            self.publish(true, vec![stale], reporter);
        } else if connected
            && self.shared.is_offered()
            && self.bundles.is_sound()
            && self.held.as_ref().is_some_and(|held| held.current)
        {
            reporter.confirmed();
        }
    }
}

fn own_bundle(svid: &SaidSvid) -> Said<'_> {
    let domain = WorkloadId::parse(&svid.spiffe_id).ok().map(|id| id.trust_domain());
    Said { name: &svid.spiffe_id, domain, der: &svid.bundle }
}

fn foreign_bundle<'a>((name, der): (&'a String, &'a Vec<u8>)) -> Said<'a> {
    Said { name, domain: domain(name), der }
}

/// A message without what is mandatory is discarded (SPIFFE Workload API §4.5), and so is one out of all proportion.
fn check(message: &X509SvidResponse) -> Result<(), SourceError> {
    let incomplete = |svid: &SaidSvid| {
        svid.spiffe_id.is_empty() || svid.chain.is_empty() || svid.key.is_empty() || svid.bundle.is_empty()
    };
    if message.svids.is_empty() || message.svids.iter().any(incomplete) {
        let what = "an answer without identities, or one without SPIFFE ID, certificates, key or bundle";
        return Err(SourceError::new("message_malformed", what));
    }
    let (svids, federated) = (message.svids.len(), message.federated_bundles.len());
    if svids > MAX_SVIDS || federated > MAX_FEDERATED {
        let what = format_args!("{svids} identities and {federated} foreign bundles in one message");
        return Err(SourceError::new("message_too_large", what));
    }
    Ok(())
}
