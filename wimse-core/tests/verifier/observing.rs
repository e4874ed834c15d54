//! What an operator sees of a decision: the observer's events, and the steps of an explained one.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use serde_json::json;
use wimse_core::trace::{Step, Steps};
use wimse_core::{
    MemoryReplayCache, Observer, Peer, Reason, Rejection, RequestHead, Revision, SignOptions, Target,
    Verifier,
};

use crate::failing::failing_requests;
use crate::{CALLER, NOW, TARGET, World, decide, verdict};

/// Remembers who was accepted and why others were not.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Result<String, Reason>>>>);

impl Seen {
    pub(crate) fn all(&self) -> Vec<Result<String, Reason>> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Seen {
    fn accepted(&self, peer: &Peer, _: Target<'_>) {
        self.0.lock().unwrap().push(Ok(peer.id().to_string()));
    }

    fn rejected(&self, rejection: &Rejection, _: Target<'_>) {
        self.0.lock().unwrap().push(Err(rejection.reason()));
    }
}

fn observed(world: &World, seen: &Seen) -> Verifier {
    let builder = world.builder().replay_cache(MemoryReplayCache::default()).context_tokens(["x-user"]);
    builder.observer(seen.clone()).build().unwrap()
}

#[test]
fn aud_01_every_decision_is_observed_exactly_once() {
    let world = World::new();
    let seen = Seen::default();
    let verifier = observed(&world, &seen);
    let request = world.request();
    let _ = (decide(&verifier, &request), decide(&verifier, &request));
    let mut expected = vec![Ok(CALLER.to_owned()), Err(Reason::Replayed)];
    for failing in failing_requests(&world) {
        assert!(decide(&verifier, &failing.request).is_err());
        expected.push(Err(failing.reason));
    }
    assert_eq!(seen.all(), expected);

    // Explaining a request is a decision too.
    let _ = verifier.verify_traced(&request, b"", &mut Steps::default()).now_or_never();
    assert_eq!(seen.all().last(), Some(&Err(Reason::Replayed)));
    // A future that nobody polls has decided all the same.
    drop(verifier.verify(&world.request()));
    assert_eq!(seen.all().len(), expected.len() + 2);
}

#[test]
fn the_default_observer_can_be_shared() {
    let world = World::new();
    let seen: Arc<dyn Observer> = Arc::new(Seen::default());
    let verifier = world.builder().allow_replay().observer(Arc::clone(&seen)).build().unwrap();
    assert_eq!(verdict(&verifier, &world.request()), Ok(()));
    let request = world.request();
    verifier.observer().anonymous(Target::from(&RequestHead::from(&request)));
}

/// The steps in the order in which they were first taken.
pub(crate) fn first_taken(steps: &Steps) -> Vec<Step> {
    let mut taken = Vec::new();
    for checked in &steps.0 {
        if !taken.contains(&checked.step) {
            taken.push(checked.step);
        }
    }
    taken
}

#[test]
fn wit_39_wpt_06_an_accepted_request_passes_every_step_in_the_documented_order() {
    let world = World::new();
    let seen = Seen::default();
    let verifier = observed(&world, &seen);
    let expected_of = |optional: &[Step]| -> Vec<Step> {
        // What HTTP signatures and responses alone have, and what this request does not.
        let other = [
            Step::SignatureFields,
            Step::Callee,
            Step::SignatureCoverage,
            Step::SignatureParameters,
            Step::RequestNonce,
            Step::ContentDigest,
        ];
        let unasked =
            [Step::WitProfile, Step::WitIssuer, Step::TxnToken, Step::ContextTokens, Step::AccessToken];
        let asked = |step: &Step| !unasked.contains(step) && !other.contains(step) || optional.contains(step);
        Step::ALL.iter().copied().filter(asked).collect()
    };

    let mut steps = Steps::default();
    let peer = verifier.verify_traced(&world.request(), b"", &mut steps).now_or_never().unwrap().unwrap();
    assert_eq!((peer.id().as_str(), peer.expires_at().as_secs()), (CALLER, NOW + 60));
    assert!(steps.0.iter().all(|checked| checked.passed), "{steps:?}");
    assert_eq!(first_taken(&steps), expected_of(&[]));

    // A remembered token is explained in full as well.
    let wit = world.wit();
    for _ in 0..2 {
        let proof = || world.proof_with(&wit, |_, _| ());
        assert_eq!(verdict(&verifier, &crate::request(&wit, &proof())), Ok(()));
        let mut steps = Steps::default();
        let _ = verifier.verify_traced(&crate::request(&wit, &proof()), b"", &mut steps).now_or_never();
        assert_eq!(first_taken(&steps), expected_of(&[]));
    }

    // Context tokens take their steps only where there are some.
    let signer = world.signer().context_tokens(["x-user"]).build().unwrap();
    let mut request =
        http::Request::get(TARGET).header("txn-token", "t").header("x-user", "u").body(()).unwrap();
    let _ = signer.sign_request(&mut request, None, &SignOptions::default()).unwrap();
    let mut steps = Steps::default();
    assert!(verifier.verify_traced(&request, b"", &mut steps).now_or_never().unwrap().is_ok());
    assert_eq!(first_taken(&steps), expected_of(&[Step::TxnToken, Step::ContextTokens]));
}

#[test]
fn an_explanation_never_goes_back_to_an_earlier_step() {
    let world = World::new();
    let mut steps = Steps::default();
    let _ = world.verifier().verify_traced(&world.request(), b"", &mut steps).now_or_never();
    let places: Vec<_> =
        steps.0.iter().map(|c| Step::ALL.iter().position(|s| *s == c.step).unwrap()).collect();
    let back: Vec<_> =
        places.windows(2).filter(|w| w[1] < w[0]).map(|w| (Step::ALL[w[0]], Step::ALL[w[1]])).collect();
    assert_eq!(back, [], "a later step is followed by an earlier one");
}

#[test]
fn a_refused_request_ends_with_the_failing_step() {
    let world = World::new();
    let verifier = observed(&world, &Seen::default());
    for failing in failing_requests(&world) {
        let mut steps = Steps::default();
        let rejection =
            verifier.verify_traced(&failing.request, b"", &mut steps).now_or_never().unwrap().unwrap_err();
        let what = failing.what;
        assert_eq!(rejection.reason(), failing.reason, "{what}");
        let last = steps.0.last().unwrap_or_else(|| panic!("{what} has no steps"));
        assert!(!last.passed, "{what}: {last:?}");
        assert!(steps.0.iter().rev().skip(1).all(|checked| checked.passed), "{what}");
        assert_eq!(Some(last.step), rejection.step(), "{what}");
        assert!(!last.expected.is_empty() && !last.found.is_empty(), "{what}");
        // What is refused without an explanation is refused with the same words.
        let plain = decide(&verifier, &failing.request).unwrap_err();
        assert_eq!(
            (plain.step(), plain.expected(), plain.found()),
            (rejection.step(), rejection.expected(), rejection.found())
        );
    }
}

#[test]
fn a_replay_is_the_last_step_and_uses_the_proof_up() {
    let world = World::new();
    let verifier = world.verifier();
    let request = world.request();
    for passed in [true, false] {
        let mut steps = Steps::default();
        let decision = verifier.verify_traced(&request, b"", &mut steps).now_or_never().unwrap();
        assert_eq!(decision.is_ok(), passed);
        let last = steps.0.last().unwrap();
        assert_eq!((last.step, last.passed), (Step::Replay, passed));
    }
}

#[test]
fn a_peer_tells_how_it_authenticated() {
    let world = World::new();
    let verifier =
        world.builder().allow_replay().allow_revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let wit = world.wit_with(|_, claims| {
        claims["iss"] = json!("https://issuer.example");
        claims["team"] = json!({ "name": "web" });
        claims["iat"] = json!(NOW + 1_000_000);
        claims["exp"] = json!(NOW + 30);
    });
    let request = crate::request(&wit, &world.proof_with(&wit, |_, _| ()));
    let peer = decide(&verifier, &request).unwrap();
    assert_eq!((peer.id().as_str(), peer.proof().as_str()), (CALLER, "wpt"));
    assert_eq!(peer.expires_at().as_secs(), NOW + 30, "whichever is first");
    assert_eq!((peer.wit().issuer(), peer.wit().id()), (Some("https://issuer.example"), Some("wit-7")));
    assert_eq!(peer.wit().claim("team"), Some(&json!({ "name": "web" })));
    assert_eq!(peer.wit().claims().map(|(name, _)| name).collect::<Vec<_>>(), ["team"]);
    assert_eq!(peer.wit().issued_at().map(|t| t.as_secs()), Some(NOW + 1_000_000));
    assert_eq!(peer.wit().token_hash(), crate::sha256(&wit));
    assert!(peer.wit().key().jwk().same_key(world.workload.public_jwk()));
    assert_eq!(peer.authentications().count(), 1);
    assert_eq!(peer.authentications().next().unwrap().revision(), Revision::Wpt02HttpSignature07);
    assert!(peer.context().is_empty());
}
