//! Each proof counts once, and only a proof that is sound in everything else is used up.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::{Limits, MemoryReplayCache, Reason, ReplayCache, Revision};

use crate::{CALLER, NOW, World, decide, proof_of, verdict};

pub(crate) type Answer = Result<Use, ReplayError>;

/// Scope, identifier, until when to remember, now.
pub(crate) type Asked = (String, String, i64, i64);

/// Reason, status, challenge.
type Refused = (Reason, u16, bool);

/// A cache that says what the test wants, and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Scripted {
    answer: Answer,
    later: Option<Later>,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

/// An answer that comes when the test gives it.
#[derive(Clone, Default)]
struct Later(Arc<Mutex<(Option<Answer>, Option<Waker>)>>);

impl Later {
    fn give(&self, answer: Answer) {
        let mut state = self.0.lock().unwrap();
        state.0 = Some(answer);
        state.1.take().unwrap().wake();
    }
}

impl Future for Later {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = self.0.lock().unwrap();
        state.1 = Some(cx.waker().clone());
        state.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Scripted {
    pub(crate) fn says(answer: Answer) -> Self {
        Self { answer, later: None, asked: Arc::default() }
    }

    fn later(later: &Later) -> Self {
        Self { later: Some(later.clone()), ..Self::says(Ok(Use::First)) }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl ReplayCache for Scripted {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        let times = (proof.expires_at().as_secs(), proof.now().as_secs());
        self.asked.lock().unwrap().push((proof.scope().to_owned(), proof.id().to_owned(), times.0, times.1));
        match &self.later {
            Some(later) => ReplayAnswer::Pending(Box::pin(later.clone())),
            None => ReplayAnswer::Ready(self.answer),
        }
    }
}

#[test]
fn wpt_21_a_proof_is_accepted_once_until_it_expires() {
    let world = World::new();
    let verifier = world.verifier();
    let request = world.request();
    assert_eq!(verdict(&verifier, &request), Ok(()));
    // The proof expires at NOW + 60 and is acceptable for 60 s of leeway more.
    for after in [0, 1, 60, 61, 119] {
        world.clock.set(NOW + after);
        assert_eq!(verdict(&verifier, &request), Err(Reason::Replayed), "{after}");
    }
    world.clock.set(NOW + 120);
    assert_eq!(verdict(&verifier, &request), Err(Reason::ProofExpired));
}

#[test]
fn wpt_21_of_64_threads_with_one_proof_exactly_one_is_accepted() {
    let world = World::new();
    let verifier = world.verifier();
    for _ in 0..10 {
        let request = world.request();
        let (start, accepted, replayed) = (Barrier::new(64), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    start.wait();
                    let counter = match verdict(&verifier, &request) {
                        Ok(()) => &accepted,
                        Err(Reason::Replayed) => &replayed,
                        Err(other) => panic!("{other}"),
                    };
                    counter.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!((accepted.into_inner(), replayed.into_inner()), (1, 63));
    }
}

#[test]
fn amb_31_the_cache_is_told_sender_identifier_and_the_end_of_the_window() {
    let world = World::new();
    let cache = Scripted::says(Ok(Use::First));
    let verifier = world.builder().replay_cache(cache.clone()).build().unwrap();
    let request = world.request_with_proof(|_, claims| claims["jti"] = json!("the-id"));
    assert_eq!(verdict(&verifier, &request), Ok(()));
    let asked = cache.asked.lock().unwrap().clone();
    let [(scope, id, until, now)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((scope.as_str(), id.as_str(), *now), (CALLER, "the-id", NOW));
    assert!(*until >= NOW + 60 + 60, "expiry and leeway, or the proof could be repeated at the end");

    // Another sender may happen to choose the same identifier.
    let verifier = world.verifier();
    for subject in [CALLER, "wimse://example.com/other"] {
        let wit = world.wit_with(|_, claims| claims["sub"] = json!(subject));
        let proof = world.proof_with(&wit, |_, claims| claims["jti"] = json!("the-id"));
        assert_eq!(verdict(&verifier, &crate::request(&wit, &proof)), Ok(()), "{subject}");
        assert_eq!(verdict(&verifier, &crate::request(&wit, &proof)), Err(Reason::Replayed), "{subject}");
        // Signed anew for another time, an identifier is still a used one.
        let anew = world.proof_with(&wit, |_, claims| {
            (claims["jti"], claims["exp"]) = (json!("the-id"), json!(NOW + 290));
        });
        assert_eq!(verdict(&verifier, &crate::request(&wit, &anew)), Err(Reason::Replayed), "{subject}");
    }
}

/// What the cache may answer, and what the verifier makes of it.
const ANSWERS: [(Answer, Option<Refused>); 4] = [
    (Ok(Use::First), None),
    (Ok(Use::Again), Some((Reason::Replayed, 401, true))),
    (Err(ReplayError::Full), Some((Reason::ReplayFull, 503, false))),
    (Err(ReplayError::Unavailable), Some((Reason::ReplayUnavailable, 503, false))),
];

#[test]
fn amb_34_a_cache_that_cannot_answer_refuses_with_503_at_once_or_later() {
    let world = World::new();
    for (answer, refused) in ANSWERS {
        let now = Scripted::says(answer);
        let verifier = world.builder().replay_cache(now).build().unwrap();
        let at_once = decide(&verifier, &world.request());

        let later = Later::default();
        let verifier = world.builder().replay_cache(Scripted::later(&later)).build().unwrap();
        let mut verifying = verifier.verify(&world.request());
        for _ in 0..3 {
            assert!((&mut verifying).now_or_never().is_none(), "decided before the cache answered");
        }
        later.give(answer);
        let later = (&mut verifying).now_or_never().unwrap();
        // Polled once more, it stays closed.
        assert!(verifying.now_or_never().unwrap().is_err());

        for decision in [at_once, later] {
            let seen = decision.err().map(|r| (r.reason(), r.status().as_u16(), r.challenge()));
            assert_eq!(seen, refused, "{answer:?}");
        }
    }
}

#[test]
fn wptl_03_the_older_revision_answers_a_replay_with_400_and_a_failing_cache_with_503() {
    let world = World::new();
    let signer = world.signer().revision(Revision::Wpt01HttpSignature06).build().unwrap();
    for (answer, refused) in ANSWERS {
        let verifier = world
            .builder()
            .replay_cache(Scripted::says(answer))
            .allow_revision(Revision::Wpt01HttpSignature06)
            .build()
            .unwrap();
        let mut request = http::Request::get(crate::TARGET).body(()).unwrap();
        let _ = signer.sign_request(&mut request, None, &Default::default()).unwrap();
        let seen =
            decide(&verifier, &request).err().map(|r| (r.reason(), r.status().as_u16(), r.challenge()));
        let expected =
            refused.map(|(reason, status, _)| (reason, if status == 401 { 400 } else { status }, false));
        assert_eq!(seen, expected, "{answer:?}");
    }
}

#[test]
fn wpt_06_wpt_21_nobody_uses_up_a_proof_with_a_request_that_fails_otherwise() {
    let world = World::new();
    let cache = Scripted::says(Ok(Use::First));
    let verifier = world.builder().replay_cache(cache.clone()).context_tokens(["x-user"]).build().unwrap();
    for failing in crate::failing::failing_requests(&world) {
        assert_eq!(verdict(&verifier, &failing.request), Err(failing.reason), "{}", failing.what);
        assert_eq!(cache.asked(), 0, "{}", failing.what);
    }

    // Through the real cache: a captured proof in a request that fails does not spoil the honest one.
    let verifier = world.verifier();
    let honest = world.request();
    let mut spoiled = honest.clone();
    spoiled.headers_mut().insert("txn-token", "added".parse().unwrap());
    assert_eq!(verdict(&verifier, &spoiled), Err(Reason::TxnToken));
    let (input, _) = proof_of(&honest).rsplit_once('.').unwrap();
    let forged = format!("{input}.{}", crate::common::encode([7; 64]));
    let forged = crate::request(honest.headers()["workload-identity-token"].to_str().unwrap(), &forged);
    assert_eq!(verdict(&verifier, &forged), Err(Reason::ProofSignature));
    assert_eq!(verdict(&verifier, &honest), Ok(()));
}

#[test]
fn amb_34_a_full_cache_refuses_and_forgets_nothing() {
    let world = World::new();
    let verifier = world.builder().replay_cache(MemoryReplayCache::with_capacity(1)).build().unwrap();
    let requests: Vec<_> = (0..200).map(|_| world.request()).collect();
    let first: Vec<_> = requests.iter().map(|request| verdict(&verifier, request)).collect();
    assert!(first.contains(&Ok(())) && first.contains(&Err(Reason::ReplayFull)));
    for (request, first) in requests.iter().zip(&first) {
        let expected = if first.is_ok() { Reason::Replayed } else { Reason::ReplayFull };
        assert_eq!(verdict(&verifier, request), Err(expected));
    }
}

#[test]
fn wpt_21_replay_is_only_allowed_where_the_deployment_says_so() {
    let world = World::new();
    let verifier = world.builder().allow_replay().build().unwrap();
    let request = world.request();
    assert!((0..3).all(|_| verdict(&verifier, &request) == Ok(())));
}

#[test]
fn wpt_21_verifiers_with_different_leeway_share_a_cache_soundly() {
    let world = World::new();
    let cache = Arc::new(MemoryReplayCache::default());
    let verifier = |leeway| {
        let mut limits = Limits::default();
        limits.leeway = Duration::from_secs(leeway);
        world.builder().replay_cache(Arc::clone(&cache)).limits(limits).build().unwrap()
    };
    let request = world.request();
    assert_eq!(verdict(&verifier(60), &request), Ok(()));
    assert_eq!(verdict(&verifier(60), &request), Err(Reason::Replayed));
    assert_eq!(verdict(&verifier(0), &request), Err(Reason::Replayed));

    // The one with less leeway sees the proof first, the other is still willing to take it much later.
    let request = world.request();
    assert_eq!(verdict(&verifier(0), &request), Ok(()));
    world.clock.advance(100);
    assert_eq!(verdict(&verifier(60), &request), Err(Reason::Replayed));
}

#[test]
fn amb_34_any_capacity_can_be_asked_for() {
    for capacity in [0, 1, 64, usize::MAX] {
        let cache = MemoryReplayCache::with_capacity(capacity);
        assert!(cache.is_empty() && format!("{cache:?}").contains("capacity"), "{capacity}");
    }
}
