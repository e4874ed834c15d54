//! Replay stores and contents that take their time.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::testing::FrozenClock;
use wimse_core::{Clock, Peer, Reason, Rejection, ReplayCache, Verifier, Verifying};

use crate::by_hand::CONTENT;
use crate::observing::Seen;
use crate::replay::Answer;
use crate::{CALLER, NOW, World};

/// A store that is asked about a nonce and a token's identifier, and answers each when the test wants.
#[derive(Clone)]
struct Store {
    nonce: Line,
    token: Line,
}

/// One question and its answer.
#[derive(Clone, Default)]
struct Line(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answer: Option<Answer>,
    waker: Option<Waker>,
    at_once: bool,
}

impl Line {
    fn ready(answer: Answer) -> Self {
        Self(Arc::new(Mutex::new(State { answer: Some(answer), waker: None, at_once: true })))
    }

    fn give(&self, answer: Answer) {
        let mut state = self.0.lock().unwrap();
        state.answer = Some(answer);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    fn ask(&self) -> ReplayAnswer {
        let state = self.0.lock().unwrap();
        match (state.at_once, state.answer) {
            (true, Some(answer)) => ReplayAnswer::Ready(answer),
            _ => ReplayAnswer::Pending(Box::pin(self.clone())),
        }
    }
}

impl Future for Line {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = self.0.lock().unwrap();
        state.waker = Some(cx.waker().clone());
        state.answer.map_or(Poll::Pending, Poll::Ready)
    }
}

impl ReplayCache for Store {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        if proof.scope() == CALLER { self.token.ask() } else { self.nonce.ask() }
    }
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll(verifying: &mut Verifying, woken: &Arc<Woken>) -> Option<Result<Peer, Rejection>> {
    let waker = Waker::from(Arc::clone(woken));
    match Pin::new(verifying).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(decision) => Some(decision),
        Poll::Pending => None,
    }
}

fn verifier(world: &World, store: &Store, seen: &Seen) -> Verifier {
    world.builder().replay_cache(store.clone()).observer(seen.clone()).build().unwrap()
}

const ANSWERS: [Answer; 4] =
    [Ok(Use::First), Ok(Use::Again), Err(ReplayError::Full), Err(ReplayError::Unavailable)];

fn reason(answer: Answer) -> Option<Reason> {
    match answer {
        Ok(Use::First) => None,
        Ok(Use::Again) => Some(Reason::Replayed),
        Err(ReplayError::Full) => Some(Reason::ReplayFull),
        Err(_) => Some(Reason::ReplayUnavailable),
    }
}

#[test]
fn amb_18_amb_34_whatever_a_store_says_of_two_proofs_and_whenever_both_must_be_new() {
    let world = World::new();
    for (nonce, token) in ANSWERS.iter().flat_map(|nonce| ANSWERS.map(|token| (*nonce, token))) {
        for (nonce_later, token_later, token_first) in [
            (false, false, false),
            (false, true, false),
            (true, false, false),
            (true, true, false),
            (true, true, true),
        ] {
            let what = format!("{nonce:?} {nonce_later}, {token:?} {token_later}, {token_first}");
            let line = |later: bool, answer| if later { Line::default() } else { Line::ready(answer) };
            let store = Store { nonce: line(nonce_later, nonce), token: line(token_later, token) };
            let (seen, woken) = (Seen::default(), Arc::new(Woken::default()));
            let verifier = verifier(&world, &store, &seen);
            let mut verifying = verifier.verify_with_content(&world.proven_twice(|_, _| ()), CONTENT);

            let mut lines = vec![(&store.nonce, nonce_later, nonce), (&store.token, token_later, token)];
            if token_first {
                lines.reverse();
            }
            let mut decision = poll(&mut verifying, &woken);
            for (line, later, answer) in lines {
                if later && decision.is_none() {
                    assert!(seen.all().is_empty(), "{what}: decided before all was known");
                    line.give(answer);
                    decision = poll(&mut verifying, &woken);
                }
            }
            let decided = decision.unwrap_or_else(|| panic!("{what}: undecided")).map_err(|r| r.reason());
            let refusals = [reason(nonce), reason(token)];
            match decided {
                Ok(_) => assert_eq!(refusals, [None, None], "{what}"),
                Err(reason) => assert!(refusals.contains(&Some(reason)), "{what}: {reason}"),
            }
            assert_eq!(seen.all().len(), 1, "{what}");
            // Polled once more, it stays closed, and nothing is reported again.
            assert!(poll(&mut verifying, &woken).is_some_and(|again| again.is_err()), "{what}");
            assert_eq!(seen.all().len(), 1, "{what}");
        }
    }
}

#[test]
fn a_decision_that_waits_for_a_store_is_woken_by_it() {
    let world = World::new();
    for token_first in [false, true] {
        let store = Store { nonce: Line::default(), token: Line::default() };
        let verifier = verifier(&world, &store, &Seen::default());
        let mut verifying = verifier.verify_with_content(&world.proven_twice(|_, _| ()), CONTENT);
        let woken = Arc::new(Woken::default());
        let lines = if token_first { [&store.token, &store.nonce] } else { [&store.nonce, &store.token] };
        assert!(poll(&mut verifying, &woken).is_none());
        // Both are under way together: each wakes it, whichever comes first.
        for (line, last) in lines.into_iter().zip([false, true]) {
            let before = woken.0.load(Ordering::SeqCst);
            line.give(Ok(Use::First));
            assert!(woken.0.load(Ordering::SeqCst) > before, "{token_first} {last}");
            let decided = poll(&mut verifying, &woken).map(|decision| decision.is_ok());
            assert_eq!(decided, last.then_some(true), "{token_first} {last}");
        }
    }
    // A refusal does not wait for the other answer.
    for token_first in [false, true] {
        let store = Store { nonce: Line::default(), token: Line::default() };
        let verifier = verifier(&world, &store, &Seen::default());
        let mut verifying = verifier.verify_with_content(&world.proven_twice(|_, _| ()), CONTENT);
        let woken = Arc::new(Woken::default());
        assert!(poll(&mut verifying, &woken).is_none());
        let line = if token_first { &store.token } else { &store.nonce };
        line.give(Ok(Use::Again));
        let reason = poll(&mut verifying, &woken).unwrap().unwrap_err().reason();
        assert_eq!(reason, Reason::Replayed, "{token_first}");
    }
}

#[test]
fn amb_18_hsq_35_what_expires_while_a_store_takes_its_time_is_refused() {
    let world = World::new();
    // Whichever of the two expires first counts, and the leeway is 60 s.
    for (token, signature, seconds, expected) in [
        (60, 60, 119, Ok(())),
        (60, 60, 120, Err(Reason::ProofExpired)),
        (10, 60, 69, Ok(())),
        (10, 60, 70, Err(Reason::ProofExpired)),
        (60, 10, 70, Err(Reason::ProofExpired)),
    ] {
        world.clock.set(NOW);
        let store = Store { nonce: Line::default(), token: Line::ready(Ok(Use::First)) };
        let seen = Seen::default();
        let verifier = verifier(&world, &store, &seen);
        let mut request = world.post();
        world.add_proof(&mut request, |_, claims| claims["exp"] = (NOW + token).into());
        world.sign_by_hand(&mut request, |draft| draft.times("expires", NOW + signature));
        let mut head = verifier.verify_head(&request).unwrap();
        head.update(CONTENT);
        let mut verifying = head.finish();
        let woken = Arc::new(Woken::default());
        assert!(poll(&mut verifying, &woken).is_none());
        world.clock.advance(seconds);
        store.nonce.give(Ok(Use::First));
        let decided = poll(&mut verifying, &woken).unwrap().map(drop).map_err(|r| r.reason());
        assert_eq!(decided, expected, "{token} {signature} {seconds}");
        assert_eq!(seen.all(), [expected.map(|()| CALLER.to_owned())]);
    }
}

#[test]
fn a_decision_that_is_given_up_is_none() {
    let world = World::new();
    let store = Store { nonce: Line::default(), token: Line::default() };
    let seen = Seen::default();
    let verifier = verifier(&world, &store, &seen);
    let mut verifying = verifier.verify_with_content(&world.proven_twice(|_, _| ()), CONTENT);
    assert!(poll(&mut verifying, &Arc::default()).is_none());
    drop(verifying);
    assert!(seen.all().is_empty());
}

#[test]
fn hsq_35_a_signature_that_expires_while_its_content_arrives_is_refused() {
    let world = World::new();
    for (seconds, expected) in
        [(119, Ok(())), (120, Err(Reason::ProofExpired)), (7_200, Err(Reason::ProofExpired))]
    {
        world.clock.set(NOW);
        let verifier = world.verifier();
        let mut head = verifier.verify_head(&world.signed()).unwrap();
        world.clock.advance(seconds);
        head.update(CONTENT);
        let decided = poll(&mut head.finish(), &Arc::default()).unwrap();
        assert_eq!(decided.map(drop).map_err(|r| r.reason()), expected, "{seconds}");
    }
}

/// A store that forgets by its own clock, as one with expiring keys does.
struct Expiring(FrozenClock, Mutex<HashMap<[u8; 32], i64>>);

impl ReplayCache for Expiring {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        let (mut known, now) = (self.1.lock().unwrap(), self.0.now().as_secs());
        known.retain(|_, until| *until > now);
        let lifetime = proof.expires_at().as_secs() - proof.now().as_secs();
        let again = known.insert(proof.digest(), now + lifetime).is_some();
        ReplayAnswer::Ready(Ok(if again { Use::Again } else { Use::First }))
    }
}

#[test]
fn hsq_26_hsq_35_a_replay_cannot_wait_until_its_nonce_is_forgotten() {
    let world = World::new();
    let store = Expiring(world.clock.clone(), Mutex::default());
    let verifier = world.builder().replay_cache(store).build().unwrap();
    let request = world.signed();
    let decided = |mut head: wimse_core::HeadVerified| {
        head.update(CONTENT);
        poll(&mut head.finish(), &Arc::default()).unwrap().map(drop).map_err(|rejection| rejection.reason())
    };
    // A copy whose head comes in time and whose content comes when the store has forgotten the nonce.
    let copy = verifier.verify_head(&request).unwrap();
    assert_eq!(decided(verifier.verify_head(&request).unwrap()), Ok(()));
    world.clock.advance(600);
    assert!(decided(copy).is_err(), "the same request was accepted twice");
}
