//! Every reason for a refusal is brought about by something.

use serde_json::{Value, json};
use wimse_core::policy::Decision;
use wimse_core::replay::{ReplayError, Use};
use wimse_core::{
    DomainAnchors, Limits, Profile, Proof, Reason, Revision, SignOptions, TrustAnchors, TrustStore,
};

use crate::by_hand::{CONTENT, verdict_all};
use crate::failing::failing_requests;
use crate::failing_responses::failing_responses;
use crate::failing_signatures::failing_signatures;
use crate::replay::Scripted;
use crate::{World, verdict};

/// What only an adapter can find out: it reads contents, sends responses and puts the layers together.
const OF_ADAPTERS: [Reason; 4] =
    [Reason::ContentTooLarge, Reason::ContentIncomplete, Reason::ResponseNotSignable, Reason::LayerMissing];

/// What a verifier refuses that is set up or equipped in another way than most.
fn configured(world: &World) -> Vec<Result<(), Reason>> {
    let older = Revision::Wpt01HttpSignature06;
    let key = || world.issuer.public_jwk().clone().with_kid("k1").with_use("wit-svid");
    let strict = DomainAnchors::new(key().into()).issuers(["https://issuer.example"]);
    let svid = DomainAnchors::new(key().into()).profile(Profile::WitSvid);
    let anchors = |domain, anchors| TrustAnchors::new().domain(domain, anchors).unwrap();
    let trusting = |anchors| world.builder().trust_anchors(anchors).allow_replay().build().unwrap();
    let asking = |answer| world.builder().replay_cache(Scripted::says(answer)).build().unwrap();
    let pending = world.builder().trust_anchors(TrustStore::pending()).allow_replay().build().unwrap();
    let signatures = world.builder().proofs([Proof::HttpSignature]).allow_replay().build().unwrap();
    let lenient = world.builder().allow_revision(older).allow_replay().build().unwrap();

    let spiffe = world.request_with_wit(|header, claims| {
        header.as_object_mut().unwrap().remove("kid");
        claims["sub"] = json!("spiffe://example.com/frontend");
    });
    let mut uncovered = http::Request::get(crate::TARGET).body(()).unwrap();
    let signer = world.signer().revision(older).build().unwrap();
    let _ = signer.sign_request(&mut uncovered, None, &SignOptions::default()).unwrap();
    uncovered.headers_mut().insert("authorization", "Bearer added".parse().unwrap());
    vec![
        verdict(&trusting(anchors("example.com", strict)), &world.request()),
        verdict(&trusting(anchors("spiffe://example.com", svid)), &spiffe),
        verdict(&lenient, &uncovered),
        verdict(&signatures, &world.request()),
        verdict(&pending, &world.request()),
        verdict(&asking(Ok(Use::Again)), &world.request()),
        verdict(&asking(Err(ReplayError::Full)), &world.request()),
        verdict(&asking(Err(ReplayError::Unavailable)), &world.request()),
        verdict(&world.verifier(), &world.signed()),
    ]
}

#[test]
fn every_reason_was_brought_about() {
    let world = World::new();
    let verifier = world.verifier_with_context();
    let requests = failing_requests(&world).into_iter().map(|failing| verdict(&verifier, &failing.request));
    let mut seen: Vec<_> = requests.map(Result::unwrap_err).collect();
    let signed = failing_signatures(&world, false).into_iter();
    seen.extend(signed.map(|failing| verdict_all(&verifier, &failing.request, CONTENT).unwrap_err()));
    let answered = failing_responses(&world).into_iter();
    seen.extend(answered.map(|failing| failing.answer.judged(failing.call.expected).unwrap_err().reason()));
    seen.extend(configured(&world).into_iter().map(Result::unwrap_err));
    seen.extend([Decision::Deny, Decision::Unavailable].map(|decision| decision.refusal().unwrap()));
    let unseen: Vec<_> = Reason::ALL.iter().filter(|reason| !seen.contains(reason)).copied().collect();
    assert_eq!(unseen, OF_ADAPTERS);
}

#[test]
fn svid_01_svid_12_wit_12_refusals_that_take_another_configuration() {
    let world = World::new();
    let key = world.issuer.public_jwk().clone().with_kid("k1").with_use("wit-svid");
    let svid = DomainAnchors::new(key.into()).profile(Profile::WitSvid).issuers(["https://issuer.example"]);
    let anchors = TrustAnchors::new().domain("spiffe://example.com", svid).unwrap();
    let verifier =
        world.builder().trust_anchors(anchors).allow_replay().limits(Limits::default()).build().unwrap();
    type Edit = fn(&mut Value, &mut Value);
    let rows: [(&str, Edit, Result<(), Reason>); 8] = [
        ("sound", |_, _| (), Ok(())),
        ("no kid", |h, _| drop(h.as_object_mut().unwrap().remove("kid")), Err(Reason::WitProfile)),
        ("aud", |_, c| c["aud"] = json!("x"), Err(Reason::WitProfile)),
        ("typ not exact", |h, _| h["typ"] = json!("application/wit+jwt"), Err(Reason::WitType)),
        ("EdDSA", |h, _| h["alg"] = json!("EdDSA"), Err(Reason::WitAlgorithm)),
        ("iss absent", |_, c| drop(c.as_object_mut().unwrap().remove("iss")), Err(Reason::WitIssuer)),
        ("iss another", |_, c| c["iss"] = json!("https://issuer.example/"), Err(Reason::WitIssuer)),
        ("tilde", |_, c| c["sub"] = json!("spiffe://example.com/~a"), Err(Reason::WitSubject)),
    ];
    for (what, edit, expected) in rows {
        let request = world.request_with_wit(|header, claims| {
            claims["sub"] = json!("spiffe://example.com/frontend");
            claims["iss"] = json!("https://issuer.example");
            edit(header, claims);
        });
        assert_eq!(verdict(&verifier, &request), expected, "{what}");
    }
}
