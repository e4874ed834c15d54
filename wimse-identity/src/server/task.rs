//! When to renew, when to try again, and when to stop using what there is.
//!
//! Renewal goes by monotonic time and by what the server says of the lifetime, so that a clock that is set does not move it.
//! Expiry goes by both, whichever is first: the clock is looked at every second.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use wimse_core::{Clock, RotatingCredential};

use super::client::{Held, IdentityServerClient};
use super::protocol::Refusal;
use crate::backoff::{Backoff, fraction};
use crate::life::Life;
use crate::{Reporter, SourceError};

/// How often the clock is looked at.
const WATCH: Duration = Duration::from_secs(1);

/// When to renew, and how to try again.
#[derive(Debug, Clone)]
pub(super) struct Renewal {
    /// The part of a lifetime after which to renew.
    pub(super) part: f64,
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
}

impl Renewal {
    /// How long to wait with the renewal of what lives this long: a tenth more or less than configured, so that what was started
    /// together does not renew together.
    fn after(&self, lifetime: Duration) -> Duration {
        // Times in tokens are whole seconds, so that up to one of them may be gone already.
        let certain = lifetime.saturating_sub(Duration::from_secs(1)).max(lifetime / 4);
        certain.mul_f64(self.part * (0.9 + 0.2 * fraction()))
    }
}

pub(super) async fn run(client: IdentityServerClient, credentials: RotatingCredential, reporter: Reporter) {
    let Renewal { first_pause, longest_pause, .. } = client.renewal;
    let backoff = Backoff::new(first_pause, longest_pause);
    let clock = Arc::clone(&client.clock);
    let mut state = State {
        client: &client,
        clock,
        credentials,
        reporter,
        backoff,
        held: None,
        by_credential: true,
        last_error: None,
    };
    loop {
        let pause = state.attempt().await;
        state.wait(pause).await;
    }
}

struct State<'a> {
    client: &'a IdentityServerClient,
    clock: Arc<dyn Clock>,
    credentials: RotatingCredential,
    reporter: Reporter,
    backoff: Backoff,
    /// What is in use.
    held: Option<Held>,
    /// Whether the server takes the credential as evidence, as far as is known.
    by_credential: bool,
    /// What went wrong since the last success.
    last_error: Option<SourceError>,
}

/// Until when to wait, and whether a clock that was set ends the wait.
enum Pause {
    Renewal(Instant),
    Failure(Instant),
}

impl State<'_> {
    /// Tries once, and says how long to wait then.
    async fn attempt(&mut self) -> Pause {
        let client = self.client;
        let present = self.held.clone().filter(|_| self.by_credential && client.renews_by_credential());
        let mut attempt = pin!(client.enrol(present.as_ref()));
        let outcome = loop {
            match timeout(WATCH, &mut attempt).await {
                Ok(outcome) => break outcome,
                Err(_) => self.withdraw_if_expired(),
            }
        };
        match outcome {
            Ok(held) => {
                let due = held.life.since + self.client.renewal.after(held.life.length);
                self.credentials.replace(held.credential.clone());
                self.held = Some(held);
                self.by_credential = true;
                self.last_error = None;
                self.backoff.reset();
                self.reporter.updated();
                Pause::Renewal(due)
            }
            Err(error) => {
                // The server may have lost its keys or withdrawn the token: what it was given first may still do.
                let refused = error.reason() == "server_refused"
                    || Refusal::from_code(error.reason()).is_some_and(|refusal| refusal.status() != 503);
                if present.is_some() && refused {
                    self.by_credential = false;
                }
                let pause = self.pause();
                self.reporter.failed(error.clone());
                self.last_error = Some(error);
                self.withdraw_if_expired();
                Pause::Failure(Instant::now() + pause)
            }
        }
    }

    /// After a failure: longer each time, but never so long that the credential expires before a last attempt.
    fn pause(&mut self) -> Duration {
        let pause = self.backoff.pause();
        match &self.held {
            Some(held) => pause.min((held.life.left(&self.clock) / 2).max(self.client.renewal.first_pause)),
            None => pause,
        }
    }

    async fn wait(&mut self, pause: Pause) {
        let (until, watches_clock) = match pause {
            Pause::Renewal(until) => (until, true),
            Pause::Failure(until) => (until, false),
        };
        loop {
            self.withdraw_if_expired();
            if watches_clock && self.is_late(until) {
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(WATCH)).await;
        }
    }

    /// Whether less time is left by the clock than was meant to be left at the renewal: the clock was set forward, or the host slept.
    fn is_late(&self, due: Instant) -> bool {
        let Some(held) = &self.held else { return true };
        let Life { length, since, .. } = held.life;
        let meant = length.saturating_sub(due.saturating_duration_since(since));
        // In whole seconds, as the clock counts.
        held.life.left(&self.clock).as_secs() < meant.as_secs()
    }

    /// Stops using a credential that has expired by either measure (workload-creds §9.4).
    fn withdraw_if_expired(&mut self) {
        if let Some(held) = self.held.take_if(|held| held.life.is_over(&self.clock)) {
            self.credentials.withdraw();
            let subject = held.credential.subject();
            let why = match &self.last_error {
                Some(error) => error.to_string(),
                None => "the clock was set, or the server has not answered yet".to_owned(),
            };
            let detail = format_args!("the credential of {subject} has expired and was not renewed: {why}");
            self.reporter.withdrawn(SourceError::new("credential_expired", detail));
        }
    }
}
