//! Demanding signed responses, and asking for them.

use futures_util::FutureExt;
use http::{HeaderMap, Method, Request};
use wimse_core::httpsig::profile::{wanted_of_request, wanted_of_response};
use wimse_core::{
    Audience, BuildError, CalleeMap, Expectation, Proof, Reason, Revision, SignError, SignOptions, Signer,
    SignerBuilder, TrustDomain, WorkloadId,
};

use crate::by_hand::{CONTENT, parameter, set};
use crate::responses::{Answer, CALLEE, Server, call_with, demanding};
use crate::{BASE, TARGET, World};

fn callees() -> CalleeMap {
    CalleeMap::new().with("orders.example.com", WorkloadId::parse(CALLEE).unwrap())
}

fn sign(signer: &Signer, options: &SignOptions) -> Result<HeaderMap, SignError> {
    let mut headers = HeaderMap::new();
    let _ = signer.sign(&Method::GET, &TARGET.parse().unwrap(), &mut headers, Some(b""), options)?;
    Ok(headers)
}

#[test]
fn amb_12_amb_20_what_is_asked_of_responses_must_be_checkable() {
    let world = World::new();
    let signature = || world.signer().proof(Proof::HttpSignature);
    let full = || signature().response_anchors(world.anchors()).expected_callees(callees());
    for ask in [SignerBuilder::require_signed_responses, SignerBuilder::prefer_signed_responses] {
        for (builder, error) in [
            (world.signer(), Some(BuildError::ResponseProof)),
            (full().proof(Proof::Wpt), Some(BuildError::ResponseProof)),
            (signature(), Some(BuildError::ResponseAnchors)),
            (signature().expected_callees(callees()), Some(BuildError::ResponseAnchors)),
            (signature().response_anchors(world.anchors()), Some(BuildError::Callees)),
            (full(), None),
        ] {
            assert_eq!(ask(builder).build().err(), error);
            assert!(error.is_none_or(|error| error.to_string().len() > 20));
        }
    }
    // Nothing of it is needed to sign, nor to check signed responses that come unasked.
    assert!(signature().build().is_ok() && signature().response_anchors(world.anchors()).build().is_ok());
}

#[test]
fn hsq_17_hsq_18_hsr_23_hsr_24_a_demand_is_signed_and_a_wish_is_not() {
    let world = World::new();
    let full = || {
        world
            .signer()
            .proof(Proof::HttpSignature)
            .response_anchors(world.anchors())
            .expected_callees(callees())
    };
    let (plain, demanding, preferring) =
        (full(), full().require_signed_responses(), full().prefer_signed_responses());
    let both = full().require_signed_responses().prefer_signed_responses();
    let required = |yes| SignOptions::default().require_signed_response(yes);
    for (what, signer, by_default, forced, released) in [
        ("plain", plain, (false, false), (true, false), (false, false)),
        ("demanding", demanding, (true, false), (true, false), (false, false)),
        ("preferring", preferring, (false, true), (true, false), (false, true)),
        ("both", both, (true, false), (true, false), (false, true)),
    ] {
        let signer = signer.build().unwrap();
        for (options, expected) in
            [(SignOptions::default(), by_default), (required(true), forced), (required(false), released)]
        {
            let headers = sign(&signer, &options).unwrap();
            let demand = parameter(&headers, "wimse-sign-response");
            assert!(demand.as_deref().is_none_or(|demand| demand == "?1"), "{demand:?}");
            let asked = headers.get("accept-signature");
            assert_eq!((demand.is_some(), asked.is_some()), expected, "{what}: {options:?}");
            assert!(asked.is_none_or(|asked| *asked == wanted_of_response(Revision::default())));
            let exchange = {
                let call = call_with(&world, &signer, &Method::GET, &options);
                (call.exchange.requires_signed_response(), call.exchange.prefers_signed_response())
            };
            assert_eq!(exchange, expected, "{what}: {options:?}");
        }
    }
}

#[test]
fn hsr_23_hsr_25_hsr_27_a_wish_is_in_the_revision_of_the_request() {
    let world = World::new();
    for revision in Revision::ALL {
        let signer = demanding(&world).revision(revision).prefer_signed_responses().allow_unknown_transport();
        let signer = signer.audience(Audience::base_url(BASE).unwrap()).build().unwrap();
        let mut request = Request::get("/orders/7").body(()).unwrap();
        let options = SignOptions::default().require_signed_response(false);
        let _ = signer.sign_request(&mut request, Some(b""), &options).unwrap();
        assert_eq!(request.headers()["accept-signature"], wanted_of_response(revision));
        let verifier =
            world.builder().allow_replay().allow_revision(Revision::Wpt01HttpSignature06).build().unwrap();
        let exchange = |request: &Request<()>| verifier.verify_head(request).unwrap().exchange().unwrap();
        assert!(exchange(&request).prefers_signed_response());
        // A wish for less, or one of a server, is none, and neither is what cannot be read.
        for wish in ["a=(\"@status\");tag=\"wimse-workload-to-workload\"", "a=(", ""] {
            set(request.headers_mut(), "accept-signature", wish);
            assert!(!exchange(&request).prefers_signed_response(), "{wish}");
        }
        request.headers_mut().insert("accept-signature", wanted_of_request(revision));
        assert!(!exchange(&request).prefers_signed_response());
    }
    // What the application asks for by itself is left as it is.
    let signer = demanding(&world).prefer_signed_responses().build().unwrap();
    let mut request = Request::get(TARGET).header("accept-signature", "its-own=()").body(()).unwrap();
    let options = SignOptions::default().require_signed_response(false);
    let _ = signer.sign_request(&mut request, Some(b""), &options).unwrap();
    assert!(request.headers().get_all("accept-signature").iter().eq(["its-own=()"]));
    // HSR-24: beside a signed demand no wish counts, and a demand that is taken back is none.
    for (demand, demanded) in [("", true), ("?0", false)] {
        let mut request = world.signed_saying(|draft| draft.says("wimse-sign-response", demand));
        request.headers_mut().insert("accept-signature", wanted_of_response(Revision::default()));
        let exchange = world.verifier().verify_head(&request).unwrap().exchange().unwrap();
        let asked = (exchange.requires_signed_response(), exchange.prefers_signed_response());
        assert_eq!(asked, (demanded, !demanded), "{demand}");
    }
    // Over a proof token nothing can be signed, whatever the request would like.
    let mut request = world.request();
    request.headers_mut().insert("accept-signature", wanted_of_response(Revision::default()));
    assert!(world.verifier().verify_head(&request).unwrap().exchange().is_none());
}

#[test]
fn hsr_20_hsr_23_whoever_would_like_a_signed_response_takes_either() {
    let world = World::new();
    let signer = world.signer().proof(Proof::HttpSignature).response_anchors(world.anchors());
    let signer = signer.expected_callees(callees()).prefer_signed_responses().build().unwrap();
    let call = || call_with(&world, &signer, &Method::GET, &SignOptions::default());
    assert!(Answer::unsigned(200, CONTENT).judged(call().expected).unwrap().is_none());
    let server = Server::new(&world);
    let sound = call();
    let answer = Answer::signed(&server, &sound.exchange, 200, CONTENT);
    assert_eq!(answer.judged(sound.expected).unwrap().unwrap().0.id().as_str(), CALLEE);
    let altered = call();
    let mut answer = Answer::signed(&server, &altered.exchange, 200, CONTENT);
    answer.content.push(b' ');
    assert_eq!(answer.judged(altered.expected).unwrap_err().reason(), Reason::DigestMismatch);
}

#[test]
fn amb_12_a_single_request_may_demand_a_signed_response() {
    let world = World::new();
    let id = WorkloadId::parse(CALLEE).unwrap();
    let signature = || world.signer().proof(Proof::HttpSignature);
    let anchored = signature().response_anchors(world.anchors()).build().unwrap();
    let demand = || SignOptions::default().require_signed_response(true);
    let expecting = || demand().expected_callee(id.clone());
    let uncheckable = Some(SignError::ResponseUncheckable);
    let demanding = demanding(&world).build().unwrap();
    for (what, signer, options, error) in [
        ("anchors and a callee", &anchored, expecting(), None),
        ("a mapping", &demanding, demand(), None),
        ("no callee", &anchored, demand(), Some(SignError::CalleeUnknown)),
        ("no anchors", &signature().build().unwrap(), expecting(), uncheckable.clone()),
        ("a token", &anchored, expecting().proof(Proof::Wpt), uncheckable.clone()),
        ("a token by default", &world.signer().build().unwrap(), expecting(), uncheckable.clone()),
        // The signer's own demand is not given up in silence, either.
        ("a token after all", &demanding, SignOptions::default().proof(Proof::Wpt), uncheckable),
        (
            "a token and no demand",
            &demanding,
            demand().require_signed_response(false).proof(Proof::Wpt),
            None,
        ),
        ("no credentials", &demanding, SignOptions::default().skip(), None),
    ] {
        assert_eq!(sign(signer, &options).err(), error, "{what}");
    }
}

#[test]
fn amb_20_wit_46_id_19_id_20_whoever_is_to_sign_the_response_is_known_before() {
    let world = World::new();
    let billing = WorkloadId::parse("wimse://example.com/billing").unwrap();
    let domain = TrustDomain::parse("example.com").unwrap();
    let signer = demanding(&world).build().unwrap();
    let to = |target: &str, options: &SignOptions| {
        let mut headers = HeaderMap::new();
        signer.sign(&Method::GET, &target.parse().unwrap(), &mut headers, Some(b""), options).map(drop)
    };
    let none = SignOptions::default();
    assert_eq!(to(TARGET, &none), Ok(()));
    assert_eq!(to("https://ORDERS.example.com:443/", &none), Ok(()));
    for unknown in
        ["https://orders.example.com:8443/", "https://orders.example.com.evil.test/", "https://10.0.0.1/"]
    {
        assert_eq!(to(unknown, &none), Err(SignError::CalleeUnknown), "{unknown}");
        let named = SignOptions::default().expected_callee(billing.clone());
        assert_eq!(to(unknown, &named), Ok(()), "the options name somebody");
        // Without a demand nobody needs to be known, and an expectation would go unchecked.
        assert_eq!(to(unknown, &none.clone().require_signed_response(false)), Ok(()));
        let unchecked = named.require_signed_response(false);
        assert_eq!(to(unknown, &unchecked), Err(SignError::CalleeUnverifiable));
    }
    // The options go first, also when they name less than the mapping.
    let server = Server::new(&world);
    for (expected, refused) in [
        (Expectation::from(billing), Some(Reason::CalleeUnexpected)),
        (Expectation::from(domain.clone()), None),
    ] {
        let options = SignOptions::default().expected_callee(expected);
        let call = call_with(&world, &signer, &Method::GET, &options);
        let answer = Answer::signed(&server, &call.exchange, 200, CONTENT);
        assert_eq!(answer.judged(call.expected).err().map(|error| error.reason()), refused);
    }
    // An audience must name one workload, whatever is expected of the response.
    let options = SignOptions::default().audience(Audience::CalleeIdentifier);
    assert_eq!(to(TARGET, &options), Ok(()));
    assert_eq!(to(TARGET, &options.expected_callee(domain)), Err(SignError::CalleeUnverifiable));
}

#[test]
fn hsr_22_the_callee_that_the_audience_names_is_the_one_that_may_answer() {
    let world = World::new();
    let signer = demanding(&world).audience(Audience::CalleeIdentifier).build().unwrap();
    let mut request = Request::get(TARGET).body(()).unwrap();
    let expected = signer.sign_request(&mut request, Some(b""), &SignOptions::default()).unwrap();
    assert_eq!(parameter(request.headers(), "wimse-aud").as_deref(), Some(CALLEE));
    let verifier =
        world.builder().allow_replay().audiences(wimse_core::Audiences::exact([CALLEE])).build().unwrap();
    let mut head = verifier.verify_head(&request).unwrap();
    let exchange = head.exchange().unwrap();
    head.update(b"");
    assert!(head.finish().now_or_never().unwrap().is_ok());
    let other = Server::named(&world, "wimse://example.com/billing");
    let answer = Answer::signed(&other, &exchange, 200, CONTENT);
    assert_eq!(answer.judged(expected).unwrap_err().reason(), Reason::CalleeUnexpected);
}
