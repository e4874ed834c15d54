//! Where credentials may travel, and whom a proof is meant for.

use http::{HeaderMap, Method, Uri};
use wimse_core::{
    Audience, CalleeMap, Expectation, MemoryReplayCache, Proof, Reason, SignError, SignOptions, Signer,
    SignerBuilder, TrustDomain, Verifier, WorkloadId,
};

use crate::common::segment;
use crate::{World, verdict};

/// The audience of a proof for `target`, or why there is none.
fn audience_of(signer: &Signer, target: &str, options: &SignOptions) -> Result<String, &'static str> {
    let mut headers = HeaderMap::new();
    let uri: Uri = target.parse().unwrap();
    match signer.sign(&Method::GET, &uri, &mut headers, None, options) {
        Ok(_) => {
            let proof = headers["authorization"].to_str().unwrap().strip_prefix("WPT ").unwrap();
            Ok(segment(proof, 1)["aud"].as_str().unwrap().to_owned())
        }
        Err(error) => {
            assert!(headers.is_empty(), "{target}");
            assert!(error.to_string().len() > 20);
            Err(error.reason())
        }
    }
}

fn outcome(builder: SignerBuilder, target: &str) -> Result<(), &'static str> {
    audience_of(&builder.build().unwrap(), target, &SignOptions::default()).map(|_| ())
}

#[test]
fn wit_40_wpt_39_hsq_36_credentials_travel_over_https_unless_told_otherwise() {
    let world = World::new();
    let refused = Err("plaintext_refused");
    let unknown = Err("transport_unknown");
    for (target, default, loopback, unknown_transport, any) in [
        ("https://svc.example.com/", Ok(()), Ok(()), Ok(()), Ok(())),
        ("HTTPS://svc.example.com/", Ok(()), Ok(()), Ok(()), Ok(())),
        ("http://svc.example.com/", refused, refused, refused, Ok(())),
        ("http://127.0.0.1/", refused, Ok(()), refused, Ok(())),
        ("http://127.8.8.8:8080/", refused, Ok(()), refused, Ok(())),
        ("http://localhost:3000/", refused, Ok(()), refused, Ok(())),
        ("http://LocalHost/", refused, Ok(()), refused, Ok(())),
        ("http://[::1]:8080/", refused, Ok(()), refused, Ok(())),
        ("http://127.0.0.1.evil.test/", refused, refused, refused, Ok(())),
        ("http://localhost.evil.test/", refused, refused, refused, Ok(())),
        ("http://evil.test@svc.example.com/", refused, refused, refused, Ok(())),
        ("http://127.0.0.1@evil.test/", refused, refused, refused, Ok(())),
        ("http://localhost./", refused, refused, refused, Ok(())),
        ("http://127.1/", refused, refused, refused, Ok(())),
        ("http://2130706433/", refused, refused, refused, Ok(())),
        ("http://0.0.0.0/", refused, refused, refused, Ok(())),
        ("http://10.0.0.1/", refused, refused, refused, Ok(())),
        ("http://[::2]/", refused, refused, refused, Ok(())),
        ("http://[2001:db8::1]/", refused, refused, refused, Ok(())),
        ("ws://127.0.0.1/", refused, refused, refused, Ok(())),
        ("ftp://svc.example.com/", refused, refused, refused, Ok(())),
        ("/path/alone", unknown, unknown, Ok(()), Ok(())),
    ] {
        // A fixed audience, so that nothing but the transport is judged.
        let signer = || world.signer().audience("svc");
        assert_eq!(outcome(signer(), target), default, "{target}");
        assert_eq!(outcome(signer().allow_plaintext_loopback(), target), loopback, "{target} with loopback");
        assert_eq!(
            outcome(signer().allow_unknown_transport(), target),
            unknown_transport,
            "{target} with unknown"
        );
        assert_eq!(outcome(signer().dangerous().allow_plaintext(), target), any, "{target} with plaintext");
    }
}

#[test]
fn wit_40_wpt_39_amb_35_an_audience_does_not_say_how_a_request_travels() {
    let world = World::new();
    let signer = |base: &str| world.signer().audience(Audience::base_url(base).unwrap());
    for base in ["https://svc.example.com", "http://svc.example.com", "http://127.0.0.1"] {
        assert_eq!(outcome(signer(base), "/x"), Err("transport_unknown"), "{base}");
        assert_eq!(
            outcome(signer(base).allow_plaintext_loopback(), "/x"),
            Err("transport_unknown"),
            "{base}"
        );
        assert_eq!(outcome(signer(base).allow_unknown_transport(), "/x"), Ok(()), "{base}");
        assert_eq!(outcome(signer(base), "http://svc.example.com/x"), Err("plaintext_refused"), "{base}");
    }
}

#[test]
fn wpt_10_wpt_11_wpt_12_the_audience_is_the_target_or_what_was_agreed() {
    let world = World::new();
    let none = SignOptions::default();
    let target = world.signer().build().unwrap();
    for (uri, audience) in [
        ("https://Svc.Example.com/a/b?q=1", "https://svc.example.com/a/b"),
        ("https://svc.example.com", "https://svc.example.com/"),
        ("https://svc.example.com:443/", "https://svc.example.com/"),
        ("https://svc.example.com:8443/%41", "https://svc.example.com:8443/%41"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443/"),
    ] {
        assert_eq!(audience_of(&target, uri, &none).as_deref(), Ok(audience), "{uri}");
    }
    let unknown = world.signer().allow_unknown_transport().build().unwrap();
    assert_eq!(audience_of(&target, "https://user:secret@svc.example.com/", &none), Err("audience_unknown"));
    assert_eq!(audience_of(&unknown, "/a", &none), Err("audience_unknown"));

    let base =
        world.signer().audience(Audience::base_url("https://SVC.internal/api/").unwrap()).build().unwrap();
    assert_eq!(
        audience_of(&base, "https://10.0.0.1:9/a?q", &none).as_deref(),
        Ok("https://svc.internal/api/a")
    );
    let fixed = world.signer().audience("the service").build().unwrap();
    assert_eq!(audience_of(&fixed, "https://a.example/", &none).as_deref(), Ok("the service"));
    let override_ = SignOptions::default().audience("another");
    assert_eq!(audience_of(&fixed, "https://a.example/", &override_).as_deref(), Ok("another"));
    let empty = SignOptions::default().audience("");
    assert_eq!(audience_of(&fixed, "https://a.example/", &empty), Err("audience_unknown"));
    let quoted = SignOptions::default().audience("a\"b\\c\u{e9}\n");
    assert_eq!(audience_of(&fixed, "https://a.example/", &quoted).as_deref(), Ok("a\"b\\c\u{e9}\n"));
    assert_eq!(fixed.proof(), Proof::Wpt);
}

#[test]
fn wit_46_id_19_id_20_the_deployment_says_which_workload_is_behind_a_name() {
    let world = World::new();
    let orders = WorkloadId::parse("wimse://example.com/orders").unwrap();
    let domain = TrustDomain::parse("example.com").unwrap();
    let callees =
        CalleeMap::new().with("Orders.internal:8443", orders.clone()).with("any.internal", domain.clone());
    let signer =
        world.signer().audience(Audience::CalleeIdentifier).expected_callees(callees).build().unwrap();
    let none = SignOptions::default();
    let unverifiable = Err("callee_unverifiable");
    for (uri, expected) in [
        ("https://orders.internal:8443/x", Ok(orders.to_string())),
        ("https://ORDERS.INTERNAL:8443/x", Ok(orders.to_string())),
        ("https://orders.internal/x", Err("callee_unknown")),
        ("https://orders.internal.evil.test:8443/x", Err("callee_unknown")),
        ("https://u@orders.internal:8443/x", Err("callee_unknown")),
        // No one workload can be named, so nothing would check the expectation.
        ("https://any.internal/x", unverifiable.clone()),
    ] {
        assert_eq!(audience_of(&signer, uri, &none), expected, "{uri}");
    }
    // The options of a request go first.
    let billing = WorkloadId::parse("wimse://example.com/billing").unwrap();
    let options = SignOptions::default().expected_callee(billing.clone());
    assert_eq!(audience_of(&signer, "https://orders.internal:8443/", &options), Ok(billing.to_string()));
    assert_eq!(audience_of(&signer, "https://unknown.internal/", &options), Ok(billing.to_string()));
    let options = SignOptions::default().expected_callee(domain);
    assert_eq!(audience_of(&signer, "https://orders.internal:8443/", &options), unverifiable);

    // An expectation that the audience does not carry is refused, not ignored.
    for audience in
        [Audience::TargetUri, Audience::fixed("x"), Audience::base_url("https://a.example").unwrap()]
    {
        let options = SignOptions::default().expected_callee(billing.clone()).audience(audience);
        assert_eq!(audience_of(&signer, "https://orders.internal:8443/", &options), unverifiable);
    }
    // A closure is a mapping; without one nobody is known.
    let closure = move |name: &str| (name == "a.internal").then(|| Expectation::from(orders.clone()));
    let signer =
        world.signer().audience(Audience::CalleeIdentifier).expected_callees(closure).build().unwrap();
    assert_eq!(
        audience_of(&signer, "https://A.internal/", &none).as_deref(),
        Ok("wimse://example.com/orders")
    );
    let signer = world.signer().audience(Audience::CalleeIdentifier).build().unwrap();
    assert_eq!(audience_of(&signer, "https://a.internal/", &none), Err("callee_unknown"));
}

#[test]
fn wit_46_no_other_workload_accepts_a_proof_for_the_expected_callee() {
    let world = World::new();
    let me = |name: &str| -> Verifier {
        let audiences = wimse_core::Audiences::exact([name]);
        world.builder().audiences(audiences).replay_cache(MemoryReplayCache::default()).build().unwrap()
    };
    let callee = WorkloadId::parse("wimse://example.com/orders").unwrap();
    let signer = world.signer().audience(Audience::CalleeIdentifier).build().unwrap();
    let mut request = http::Request::get("https://anything.internal/x").body(()).unwrap();
    let _ = signer.sign_request(&mut request, None, &SignOptions::default().expected_callee(callee)).unwrap();
    assert_eq!(verdict(&me("wimse://example.com/billing"), &request), Err(Reason::AudienceMismatch));
    assert_eq!(verdict(&me("wimse://example.com/orders"), &request), Ok(()));
}

#[test]
fn wpt_14_amb_14_one_of_several_audiences_is_enough_only_if_allowed() {
    let world = World::new();
    let mine = "https://orders.example.com/orders/7";
    let strict = world.builder().allow_replay().build().unwrap();
    let lenient = world.builder().allow_replay().allow_several_audiences().build().unwrap();
    let mismatch = Err(Reason::AudienceMismatch);
    for (aud, at_strict, at_lenient) in [
        (serde_json::json!([mine]), Ok(()), Ok(())),
        (serde_json::json!([mine, "b"]), mismatch, Ok(())),
        (serde_json::json!(["b", mine]), mismatch, Ok(())),
        (serde_json::json!(["a", "b"]), mismatch, mismatch),
        (serde_json::json!([mine, 7]), Err(Reason::ProofClaims), Err(Reason::ProofClaims)),
    ] {
        let request = world.request_with_proof(|_, claims| claims["aud"] = aud.clone());
        assert_eq!(
            (verdict(&strict, &request), verdict(&lenient, &request)),
            (at_strict, at_lenient),
            "{aud}"
        );
    }
}

#[test]
fn wpt_16_the_host_field_decides_nothing() {
    let world = World::new();
    let verifier = world.verifier();
    for (aud, expected) in [
        ("https://orders.example.com/orders/7", Ok(())),
        ("https://evil.test/orders/7", Err(Reason::AudienceMismatch)),
    ] {
        let mut request = world.request_with_proof(|_, claims| claims["aud"] = aud.into());
        for name in ["host", "x-forwarded-host", "forwarded", "x-forwarded-proto", "x-original-url"] {
            request.headers_mut().insert(name, "evil.test".parse().unwrap());
        }
        *request.uri_mut() = Uri::from_static("https://evil.test/orders/7");
        assert_eq!(verdict(&verifier, &request), expected, "{aud}");
    }
}

#[test]
fn sign_errors_have_stable_codes() {
    let codes: Vec<_> = [
        SignError::Audience.reason(),
        SignError::CalleeUnknown.reason(),
        SignError::CalleeUnverifiable.reason(),
        SignError::Plaintext.reason(),
        SignError::PlaintextLoopback.reason(),
        SignError::TransportUnknown.reason(),
        SignError::AuthorizationTaken.reason(),
    ]
    .into();
    assert_eq!(
        codes,
        [
            "audience_unknown",
            "callee_unknown",
            "callee_unverifiable",
            "plaintext_refused",
            "plaintext_refused",
            "transport_unknown",
            "authorization_taken"
        ]
    );
}
