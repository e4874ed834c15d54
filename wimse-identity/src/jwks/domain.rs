//! The loop of one trust domain: wait, ask, use; and close when the keys have grown too old.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::client::{Answer, Endpoint};
use super::schedule::Times;
use crate::SourceError;
use crate::domains::{Board, Followed, Placed};

/// One trust domain and where its keys come from.
pub(super) struct Domain {
    pub(super) followed: Followed,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) times: Arc<Times>,
    pub(super) board: Arc<Board>,
    /// Notified of tokens with an unknown key.
    pub(super) unknown_key: Arc<Notify>,
    /// The entity tag of the keys in use.
    pub(super) tag: Option<HeaderValue>,
    /// When the keys in use were last found current.
    pub(super) current: Option<Instant>,
}

impl Domain {
    /// Follows the URL for ever.
    pub(super) async fn follow(mut self) {
        let mut due = Instant::now();
        let mut failures = 0_u32;
        // When an unknown key last caused a request. Regular requests do not count, so that a key that was published right after
        // one is found at once.
        let mut asked: Option<Instant> = None;
        loop {
            let urgent = self.wait(due, asked).await;
            let outcome = if self.followed.is_removed() { Ok(self.removed()) } else { self.refresh().await };
            due = Instant::now()
                + match outcome {
                    Ok(next) => {
                        failures = 0;
                        next
                    }
                    Err(error) => {
                        failures = failures.saturating_add(1);
                        self.board.failed(self.followed.name(), error);
                        self.times.pause(failures)
                    }
                };
            if urgent {
                // From the end of the request on: tokens that came meanwhile do not ask for another.
                asked = Some(Instant::now());
            }
        }
    }

    /// Waits until a request is due. True if an unknown key is the cause.
    async fn wait(&mut self, due: Instant, asked: Option<Instant>) -> bool {
        loop {
            let stale = self.stale();
            tokio::select! {
                () = sleep_until(due) => return false,
                () = self.unknown_key.notified() => {
                    if asked.is_none_or(|at| at.elapsed() >= self.times.cool_down) {
                        return true;
                    }
                }
                () = stale => self.close(),
            }
        }
    }

    /// One request. The keys in use may become too old while it is under way.
    async fn refresh(&mut self) -> Result<Duration, SourceError> {
        let tag = self.tag.take();
        let endpoint = Arc::clone(&self.endpoint);
        let known = tag.clone();
        let fetch = endpoint.fetch(known.as_ref());
        tokio::pin!(fetch);
        let answer = loop {
            let stale = self.stale();
            tokio::select! {
                answer = &mut fetch => break answer,
                () = stale => self.close(),
            }
        };
        let answer = match answer {
            Ok(answer) => self.place(answer, tag.clone()),
            Err(error) => Err(error),
        };
        if answer.is_err() {
            // The keys in use are still those of this tag.
            self.tag = tag;
        }
        answer
    }

    fn place(&mut self, answer: Answer, tag: Option<HeaderValue>) -> Result<Duration, SourceError> {
        let name = self.followed.name().clone();
        let (placed, tag) = match answer.keys {
            // Withdrawn since the tag was sent or kept, so that there is nothing to go on with: ask for the keys themselves.
            None if !self.followed.is_open() => return Ok(Duration::ZERO),
            None => (Placed::Same, tag),
            Some((keys, tag)) => {
                let placed = self.followed.place(keys);
                (placed.map_err(|error| self.endpoint.fault(error.reason(), error))?, tag)
            }
        };
        (self.current, self.tag) = (Some(Instant::now()), tag);
        match placed {
            Placed::New => self.board.updated(&name),
            Placed::Same => self.board.confirmed(&name),
            Placed::Removed => return Ok(self.removed()),
        }
        Ok(self.times.next(answer.freshness))
    }

    /// Nothing is asked for as long as the domain is not trusted; whether it is again is looked at once in a while.
    fn removed(&mut self) -> Duration {
        (self.current, self.tag) = (None, None);
        self.board.removed(self.followed.name());
        self.times.shortest
    }

    /// Resolves when the keys in use are too old.
    fn stale(&self) -> impl Future<Output = ()> + use<> {
        let at = self.current.map(|at| at + self.times.stale_limit);
        async move {
            match at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        }
    }

    fn close(&mut self) {
        (self.current, self.tag) = (None, None);
        if self.followed.is_removed() {
            return;
        }
        self.followed.close();
        let limit = self.times.stale_limit.as_secs_f64();
        let what = format_args!("the keys could not be confirmed for {limit:.0} s and are withdrawn");
        self.board.withdrawn(self.followed.name(), self.endpoint.fault("jwks_stale", what));
    }
}
