//! One stream of the Workload API, followed for ever: connect, take each message, connect again.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::select;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};
use tonic::{Code, Status};

use super::BuildError;
use super::api::{Method, call};
use super::endpoint::Endpoint;
use super::names::shown;
use crate::backoff::Backoff;
use crate::{Reporter, SourceError};

/// How often sources look at their clocks.
const TICK: Duration = Duration::from_secs(1);

/// How long an agent may take for its first message, which it owes at once (SPIFFE Workload API §4.3).
const FIRST_MESSAGE: Duration = Duration::from_secs(20);

/// When to call again where another call is of no use before somebody has changed something.
const NOT_SOON: Duration = Duration::from_secs(600);

/// What to do with the messages of a method.
pub(super) trait Follower: Send {
    type Method: Method;

    fn request(&self) -> <Self::Method as Method>::Request;

    /// Takes a message, and says to the reporter what became of it. `false` if nothing in it could be used.
    fn take(&mut self, message: <Self::Method as Method>::Answer, reporter: &Reporter) -> bool;

    /// Gives up what there is: the workload is not entitled to it any more.
    fn withdraw(&mut self, why: SourceError, reporter: &Reporter);

    /// Called every second; `connected` after the first message of a stream, until its end.
    fn tick(&mut self, connected: bool, reporter: &Reporter);
}

/// How the waits between calls are spread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(30) }
    }
}

impl Waits {
    pub(super) fn check(self) -> Result<Self, BuildError> {
        let sound = !self.first.is_zero() && self.longest >= self.first;
        sound.then_some(self).ok_or(BuildError::Backoff)
    }
}

pub(super) async fn follow<F: Follower>(endpoint: Endpoint, waits: Waits, follower: F, reporter: Reporter) {
    // Ticks go on across calls and waits, however short those are.
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let backoff = Backoff::new(waits.first, waits.longest);
    let mut following = Following { follower, reporter, ticks, backoff, connected: false };
    loop {
        let status = following.stream(&endpoint).await;
        following.connected = false;
        let pause = following.ended(&status);
        following.ticking(sleep(pause)).await;
    }
}

struct Following<F> {
    follower: F,
    reporter: Reporter,
    ticks: Interval,
    backoff: Backoff,
    connected: bool,
}

impl<F: Follower> Following<F> {
    /// Takes what one stream brings, and returns why it ended.
    async fn stream(&mut self, endpoint: &Endpoint) -> Status {
        let request = self.follower.request();
        let first = async {
            let mut stream = call::<F::Method>(endpoint, request).await?;
            let message = stream.message().await?;
            Ok((stream, message))
        };
        let (mut stream, mut message) = match self.ticking(timeout(FIRST_MESSAGE, first)).await {
            Ok(Ok(begun)) => begun,
            Ok(Err(status)) => return status,
            Err(_) => return Status::deadline_exceeded("no answer in time"),
        };
        loop {
            let Some(answer) = message else { return Status::ok("") };
            self.connected = true;
            if self.follower.take(answer, &self.reporter) {
                self.backoff.reset();
            }
            message = match self.ticking(stream.message()).await {
                Ok(message) => message,
                Err(status) => return status,
            };
        }
    }

    /// Tells of the end of a stream, and how long to wait then.
    fn ended(&mut self, status: &Status) -> Duration {
        let error = explain::<F::Method>(status);
        match status.code() {
            Code::PermissionDenied => self.follower.withdraw(error, &self.reporter),
            _ => self.reporter.failed(error),
        }
        match status.code() {
            Code::Unimplemented | Code::InvalidArgument => NOT_SOON,
            _ => self.backoff.pause(),
        }
    }

    /// Waits for something, and lets the follower look at its clock meanwhile.
    async fn ticking<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            select! {
                outcome = &mut work => return outcome,
                _ = self.ticks.tick() => self.follower.tick(self.connected, &self.reporter),
            }
        }
    }
}

/// What the end of a stream means (SPIFFE Workload Endpoint §6).
fn explain<M: Method>(status: &Status) -> SourceError {
    let said = shown(status.message());
    let unserved =
        format!("the agent does not serve {}: it is too old, or the profile is switched off", M::PROFILE);
    let (reason, meaning) = match status.code() {
        Code::Ok => ("stream_ended", "the agent ended the stream"),
        Code::Unimplemented => ("unimplemented", unserved.as_str()),
        Code::PermissionDenied => {
            ("permission_denied", "the agent has no identity for this workload: check its registration")
        }
        Code::InvalidArgument => ("invalid_argument", "the agent does not take this request"),
        Code::Unavailable => ("agent_unavailable", "the agent cannot be reached or is not ready"),
        Code::DeadlineExceeded => ("agent_silent", "the agent does not answer"),
        Code::OutOfRange | Code::ResourceExhausted => ("message_too_large", "a message is over 4 MiB"),
        _ => ("stream_failed", "the stream broke off"),
    };
    match said.is_empty() {
        true => SourceError::new(reason, meaning),
        false => SourceError::new(reason, format_args!("{meaning}: {said}")),
    }
}
