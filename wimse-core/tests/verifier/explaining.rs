//! What an operator sees of requests with HTTP signatures.

use futures_util::FutureExt;
use wimse_core::trace::{Step, Steps};
use wimse_core::{MemoryReplayCache, Reason, Verifier};

use crate::by_hand::{CONTENT, decide_all, verdict_all};
use crate::failing_signatures::failing_signatures;
use crate::observing::{Seen, first_taken};
use crate::{CALLER, World, verdict};

fn observed(world: &World, seen: &Seen) -> Verifier {
    let builder = world.builder().replay_cache(MemoryReplayCache::default()).context_tokens(["x-user"]);
    builder.observer(seen.clone()).build().unwrap()
}

/// The steps of a request with an HTTP signature alone, as each is taken for the first time.
const ORDER: [Step; 22] = [
    Step::RequestTarget,
    Step::WitField,
    Step::SignatureFields,
    Step::ProofField,
    Step::WitCompact,
    Step::WitSubject,
    Step::TrustDomain,
    Step::WitType,
    Step::WitProfile,
    Step::WitAlgorithm,
    Step::WitValidity,
    Step::WitKey,
    Step::WitSignature,
    Step::WitIssuer,
    Step::WitConfirmation,
    Step::SignatureCoverage,
    Step::SignatureParameters,
    Step::ProofValidity,
    Step::ProofAudience,
    Step::ProofSignature,
    Step::ContentDigest,
    Step::Replay,
];

#[test]
fn aud_01_every_decision_about_a_signature_is_observed_exactly_once() {
    let world = World::new();
    let seen = Seen::default();
    let verifier = observed(&world, &seen);
    let mut expected = Vec::new();
    let mut after = |what: &str, decision: Result<(), Reason>| {
        expected.push(decision.map(|()| CALLER.to_owned()));
        assert_eq!(seen.all(), expected, "{what}");
    };

    // All at once: accepted, replayed, refused over its content, and not checked at all.
    let request = world.signed();
    let _ = verdict_all(&verifier, &request, CONTENT);
    after("accepted", Ok(()));
    let _ = verdict_all(&verifier, &request, CONTENT);
    after("replayed", Err(Reason::Replayed));
    let _ = verdict_all(&verifier, &world.signed(), b"x");
    after("content", Err(Reason::DigestMismatch));
    let _ = verdict(&verifier, &world.signed());
    after("unchecked", Err(Reason::ContentUnchecked));
    drop(verifier.verify_traced(&world.signed(), b"x", &mut Steps::default()));
    after("explained", Err(Reason::DigestMismatch));
    drop(verifier.verify_with_content(&world.signed(), CONTENT));
    after("never polled", Ok(()));

    // By head: a head that is sound is no decision yet.
    for failing in failing_signatures(&world, false) {
        if verifier.verify_head(&failing.request).is_err() {
            after(failing.what, Err(failing.reason));
        }
    }
    let mut head = verifier.verify_head(&world.signed()).unwrap();
    head.update(CONTENT);
    let refused = verifier.verify_head(&world.signed()).unwrap();
    let mut wrong = verifier.verify_head(&world.signed()).unwrap();
    wrong.update(b"x");
    let unseen = verifier.verify_head(&world.signed()).unwrap();
    drop(verifier.verify_head(&world.signed()).unwrap());
    let rejection = refused.refuse(Reason::ContentTooLarge);
    assert_eq!(rejection.reason(), Reason::ContentTooLarge);
    after("refused by the adapter", Err(Reason::ContentTooLarge));
    drop(wrong.finish());
    after("with other content", Err(Reason::DigestMismatch));
    drop(unseen.finish());
    after("without its content", Err(Reason::ContentUnchecked));
    drop(head.finish());
    after("finished", Ok(()));

    // A proof token by its head: asked for with the head, decided at the end.
    let request = world.request();
    let head = verifier.verify_head(&request).unwrap();
    let again = verifier.verify_head(&request).unwrap();
    let _ = head.finish().now_or_never();
    after("a proof token", Ok(()));
    let _ = again.finish().now_or_never();
    after("a proof token again", Err(Reason::Replayed));
    let _ = verifier.verify_head(&world.request()).unwrap().refuse(Reason::ContentTooLarge);
    after("a proof token refused by the adapter", Err(Reason::ContentTooLarge));
}

#[test]
fn hsq_27_hsq_28_wit_39_an_accepted_signature_passes_every_step() {
    let world = World::new();
    let verifier = observed(&world, &Seen::default());
    // Neither of a profile nor of a list of issuers is there anything to be checked.
    let unasked = [Step::WitProfile, Step::WitIssuer];
    let expected: Vec<_> = ORDER.into_iter().filter(|step| !unasked.contains(step)).collect();
    let mut steps = Steps::default();
    let decision = verifier.verify_traced(&world.signed(), CONTENT, &mut steps).now_or_never().unwrap();
    assert_eq!(decision.unwrap().id().as_str(), CALLER);
    assert!(steps.0.iter().all(|checked| checked.passed), "{steps:?}");
    assert_eq!(first_taken(&steps), expected);

    // Beside a proof token, that one comes between the token and the signature.
    let mut steps = Steps::default();
    let request = world.proven_twice(|_, _| ());
    assert!(verifier.verify_traced(&request, CONTENT, &mut steps).now_or_never().unwrap().is_ok());
    let place = |step: Step| steps.0.iter().position(|checked| checked.step == step).unwrap();
    assert!(place(Step::WitConfirmation) < place(Step::ProofBinding));
    assert!(place(Step::ProofBinding) < place(Step::SignatureCoverage));
    let count = |step: Step| steps.0.iter().filter(|checked| checked.step == step).count();
    assert_eq!((count(Step::ProofSignature), count(Step::Replay)), (2, 2));
    assert_eq!(steps.0.last().unwrap().step, Step::Replay);
}

#[test]
fn an_explanation_of_a_signature_goes_back_only_to_look_at_its_message_again() {
    let world = World::new();
    let verifier = observed(&world, &Seen::default());
    let again = [Step::RequestTarget, Step::SignatureFields, Step::WitField];
    let sound = ("sound", world.signed());
    let failing = failing_signatures(&world, false).into_iter().map(|f| (f.what, f.request));
    for (what, request) in failing.chain([sound]) {
        let mut steps = Steps::default();
        drop(verifier.verify_traced(&request, CONTENT, &mut steps));
        let place = |step: &Step| ORDER.iter().position(|known| known == step).unwrap();
        assert!(first_taken(&steps).iter().map(place).is_sorted(), "{what}: {steps:?}");
        // A failing step is the last one, and may be another look at something.
        let back = steps.0.windows(2).filter(|w| w[1].passed && place(&w[1].step) < place(&w[0].step));
        let back: Vec<_> = back.map(|w| w[1].step).collect();
        assert!(back.iter().all(|step| again.contains(step)), "{what}: {back:?}");
    }
}

#[test]
fn a_refused_signature_ends_with_the_failing_step() {
    let world = World::new();
    for wpt in [false, true] {
        let verifier = observed(&world, &Seen::default());
        for failing in failing_signatures(&world, wpt) {
            let (what, mut steps) = (failing.what, Steps::default());
            let explained = verifier.verify_traced(&failing.request, CONTENT, &mut steps);
            let rejection = explained.now_or_never().unwrap().unwrap_err();
            assert_eq!(rejection.reason(), failing.reason, "{what}");
            let last = steps.0.last().unwrap_or_else(|| panic!("{what} has no steps"));
            assert!(!last.passed, "{what}: {last:?}");
            assert!(steps.0.iter().rev().skip(1).all(|checked| checked.passed), "{what}: {steps:?}");
            assert_eq!(Some(last.step), rejection.step(), "{what}");
            assert!(!last.expected.is_empty() && !last.found.is_empty(), "{what}");
            // What is refused without an explanation is refused with the same words.
            let plain = decide_all(&verifier, &failing.request, CONTENT).unwrap_err();
            assert_eq!(
                (plain.step(), plain.expected(), plain.found()),
                (rejection.step(), rejection.expected(), rejection.found()),
                "{what}"
            );
        }
    }
}
