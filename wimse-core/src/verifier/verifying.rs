//! The decision about a request, at once or when a shared replay store has answered.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Method;

use super::Verifier;
use crate::observer::Target;
use crate::peer::Peer;
use crate::replay::{ReplayAnswer, ReplayError, Use};
use crate::trace::{NoTrace, Step, Trace, ensure};
use crate::{Reason, Rejection};

/// A decision in the making: a future of the validated [`Peer`] or the [`Rejection`].
#[must_use = "a request is not authenticated until this is awaited"]
pub struct Verifying {
    state: State,
}

enum State {
    Done(Option<Result<Peer, Rejection>>),
    Pending(Box<Pending>),
}

type Answer = Pin<Box<dyn Future<Output = Result<Use, ReplayError>> + Send>>;

/// All that is left to do once a shared replay store has answered.
struct Pending {
    answers: [Option<Answer>; 2],
    peer: Peer,
    verifier: Verifier,
    method: Method,
    path: String,
}

impl Verifying {
    pub(super) fn done(decision: Result<Peer, Rejection>) -> Self {
        Self { state: State::Done(Some(decision)) }
    }

    /// The decision, if it is known already: always, unless a shared replay store was asked. For those who have something
    /// better to do than to wait.
    ///
    /// # Errors
    ///
    /// The future itself, if it must be awaited.
    pub fn into_decision(self) -> Result<Result<Peer, Rejection>, Self> {
        match self.state {
            State::Done(Some(decision)) => Ok(decision),
            state => Err(Self { state }),
        }
    }

    /// Waits for what the replay cache says about each proof of `peer`, and reports the decision.
    pub(super) fn settle<T: Trace>(
        verifier: &Verifier,
        peer: Peer,
        answers: [Option<ReplayAnswer>; 2],
        target: Target<'_>,
        t: &mut T,
    ) -> Self {
        let mut waiting = [None, None];
        for (answer, waiting) in answers.into_iter().zip(&mut waiting) {
            match answer {
                None => {}
                Some(ReplayAnswer::Pending(answer)) => *waiting = Some(answer),
                Some(ReplayAnswer::Ready(answer)) => {
                    if let Err(rejection) = first_use(verifier, &peer, answer, t) {
                        return Self::done(report(verifier, Err(rejection), target));
                    }
                }
            }
        }
        if waiting.iter().all(Option::is_none) {
            return Self::done(report(verifier, Ok(peer), target));
        }
        let (method, path) = (target.method.clone(), target.path.to_owned());
        let pending = Pending { answers: waiting, peer, verifier: verifier.clone(), method, path };
        Self { state: State::Pending(Box::new(pending)) }
    }
}

impl Pending {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Peer, Rejection>> {
        // Each is asked before any is waited for: they are under way together.
        for answer in &mut self.answers {
            let Some(Poll::Ready(said)) = answer.as_mut().map(|asked| asked.as_mut().poll(cx)) else {
                continue;
            };
            *answer = None;
            if let Err(rejection) = first_use(&self.verifier, &self.peer, said, &mut NoTrace) {
                return Poll::Ready(Err(rejection));
            }
        }
        if self.answers.iter().any(Option::is_some) {
            return Poll::Pending;
        }
        let now = self.verifier.0.clock.now();
        Poll::Ready(self.verifier.still_valid(&self.peer, now).map(|()| self.peer.clone()))
    }
}

/// Whether the replay cache knows a proof for the first time.
fn first_use<T: Trace>(
    verifier: &Verifier,
    peer: &Peer,
    answer: Result<Use, ReplayError>,
    t: &mut T,
) -> Result<(), Rejection> {
    let (reason, found) = match answer {
        Ok(Use::First) => (None, "the first use"),
        Ok(Use::Again) => (Some(Reason::Replayed), "another use"),
        Err(ReplayError::Full) => (Some(Reason::ReplayFull), "a full cache"),
        Err(ReplayError::Unavailable) => (Some(Reason::ReplayUnavailable), "no answer"),
    };
    let or = reason.unwrap_or(Reason::ReplayUnavailable);
    let (expected, found) = (format_args!("the first use of the proof"), format_args!("{found}"));
    ensure(t, Step::Replay, reason.is_none(), or, expected, found)
        .map_err(|rejection| verifier.answer_to(peer, rejection))
}

fn report(
    verifier: &Verifier,
    decision: Result<Peer, Rejection>,
    target: Target<'_>,
) -> Result<Peer, Rejection> {
    match decision {
        Ok(peer) => {
            verifier.observer().accepted(&peer, target);
            Ok(peer)
        }
        Err(rejection) => Err(verifier.rejected(rejection, target)),
    }
}

impl Future for Verifying {
    type Output = Result<Peer, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Pending(pending) = &mut self.state {
            let decision = ready!(pending.poll(cx));
            let target = Target { method: &pending.method, path: &pending.path };
            self.state = State::Done(Some(report(&pending.verifier, decision, target)));
        }
        match &mut self.state {
            // Polled again after completion: closed.
            State::Done(decision) => {
                Poll::Ready(decision.take().unwrap_or_else(|| Err(Reason::ReplayUnavailable.into())))
            }
            State::Pending(_) => Poll::Pending,
        }
    }
}

impl fmt::Debug for Verifying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifying").finish_non_exhaustive()
    }
}
