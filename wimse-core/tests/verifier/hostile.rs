//! Requests that are out to hurt: huge, deep, many, or misspelt. Each is answered, soundly and soon.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde_json::json;
use wimse_core::{Limits, MemoryReplayCache, Reason, Verifier};

use crate::common::{encode, forge};
use crate::{NOW, TARGET, World, header, proof_of, request, verdict};

/// Far more than any answer needs even without optimisation, far less than a quadratic check would take.
const SOON: Duration = Duration::from_secs(5);

fn soon<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    result
}

/// A verifier without limits on sizes, so that nothing is refused for being long.
fn boundless(world: &World) -> Verifier {
    let mut limits = Limits::default();
    (limits.wit_size, limits.wpt_size) = (usize::MAX, usize::MAX);
    world.builder().limits(limits).replay_cache(MemoryReplayCache::default()).build().unwrap()
}

#[test]
fn wit_26_a_field_with_underscores_is_another_field() {
    let world = World::new();
    let verifier = world.verifier();
    let mut smuggled = world.request();
    let wit = smuggled.headers_mut().remove("workload-identity-token").unwrap();
    smuggled.headers_mut().insert("workload_identity_token", wit.clone());
    assert_eq!(verdict(&verifier, &smuggled), Err(Reason::WitMissing));
    assert!(!verifier.is_anonymous(smuggled.headers()));
    smuggled.headers_mut().remove("authorization");
    assert_eq!(verdict(&verifier, &smuggled), Err(Reason::CredentialsMissing));
    assert!(verifier.is_anonymous(smuggled.headers()));

    // Beside the real one it changes nothing; the real one counts in any case of letters.
    let mut beside = world.request();
    beside.headers_mut().insert("workload_identity_token", HeaderValue::from_static("x"));
    assert_eq!(verdict(&verifier, &beside), Ok(()));
    let proof = world.proof_with(wit.to_str().unwrap(), |_, _| ());
    let name = HeaderName::try_from("WORKLOAD-Identity-Token").unwrap();
    let cased = Request::get(TARGET)
        .header(name, wit)
        .header("AUTHORIZATION", format!("wPt   {proof}"))
        .body(())
        .unwrap();
    assert_eq!(verdict(&verifier, &cased), Ok(()));
}

#[test]
fn wit_22_anonymous_is_only_who_carries_nothing() {
    let world = World::new();
    let verifier = world.verifier();
    for (name, value, anonymous) in [
        ("accept", "text/html", true),
        ("authorization", "Bearer x", true),
        ("authorization", "WPTX y", true),
        ("authorization", "WPT", false),
        ("authorization", "wpt x", false),
        ("authorization", "WPT,x", false),
        ("authorization", "WPT\tx", false),
        ("workload-proof-token", "x", false),
        ("workload-proof-token", "", false),
        ("workload-identity-token", "", false),
    ] {
        let request = Request::get(TARGET).header(name, value).body(()).unwrap();
        assert_eq!(verifier.is_anonymous(request.headers()), anonymous, "{name}: {value}");
        assert!(verdict(&verifier, &request).is_err());
    }
    let mut second = HeaderMap::new();
    second.append("authorization", HeaderValue::from_static("Bearer x"));
    second.append("authorization", HeaderValue::from_static("WPT x"));
    assert!(!verifier.is_anonymous(&second));
}

#[test]
fn wit_25_wpt_05_two_values_joined_by_a_proxy_are_no_value() {
    let world = World::new();
    let (a, b) = (world.request(), world.request());
    let wit = |r: &Request<()>| header(r, "workload-identity-token").to_str().unwrap().to_owned();
    for separator in [", ", ",", ",\t", " ", "; "] {
        let joined = request(&[wit(&a), wit(&b)].join(separator), proof_of(&a));
        assert_eq!(verdict(&world.verifier(), &joined), Err(Reason::WitMalformed), "{separator:?}");
        let joined = request(&wit(&a), &[proof_of(&a), proof_of(&b)].join(separator));
        assert_eq!(verdict(&world.verifier(), &joined), Err(Reason::ProofMalformed), "{separator:?}");
        let joined = request(&wit(&a), &[proof_of(&a), "Bearer x"].join(separator));
        assert_eq!(verdict(&world.verifier(), &joined), Err(Reason::ProofMalformed), "{separator:?}");
    }
}

#[test]
fn tokens_of_two_megabytes_are_refused_by_size_or_content() {
    let world = World::new();
    let size = 2 << 20;
    let (sound, strict, lax) = (world.request(), world.verifier(), boundless(&world));
    let (wit, proof) = (header(&sound, "workload-identity-token").to_str().unwrap(), proof_of(&sound));
    for filling in
        ["A".repeat(size), ".".repeat(size), "A.".repeat(size / 2), format!("A.{}.A", "A".repeat(size))]
    {
        let (big_wit, big_proof) = (request(&filling, proof), request(wit, &filling));
        assert_eq!(soon("wit", || verdict(&strict, &big_wit)), Err(Reason::WitTooLarge));
        assert_eq!(soon("proof", || verdict(&strict, &big_proof)), Err(Reason::ProofTooLarge));
        assert_eq!(soon("wit", || verdict(&lax, &big_wit)), Err(Reason::WitMalformed));
        assert_eq!(soon("proof", || verdict(&lax, &big_proof)), Err(Reason::ProofMalformed));
    }
    // Sound but enormous: the size alone decides.
    let wit = world.wit_with(|_, claims| claims["filling"] = json!("x".repeat(size)));
    let enormous = request(&wit, &world.proof_with(&wit, |_, _| ()));
    assert_eq!(soon("sound", || verdict(&strict, &enormous)), Err(Reason::WitTooLarge));
    assert_eq!(soon("sound", || verdict(&lax, &enormous)), Ok(()));
}

#[test]
fn ten_thousand_fields_are_read_in_linear_time() {
    let world = World::new();
    let verifier = world.verifier_with_context();
    let mut many = world.request();
    for i in 0..10_000 {
        many.headers_mut()
            .append(HeaderName::try_from(format!("x-{i}")).unwrap(), HeaderValue::from_static("v"));
    }
    assert_eq!(soon("distinct fields", || verdict(&verifier, &many)), Ok(()));
    for (name, reason) in [
        ("workload-identity-token", Reason::WitRepeated),
        ("authorization", Reason::ProofRepeated),
        ("txn-token", Reason::TxnToken),
        ("x-user", Reason::ContextTokenNotCovered),
    ] {
        let mut many = world.request();
        for _ in 0..10_000 {
            many.headers_mut().append(name, HeaderValue::from_static("WPT x"));
        }
        assert_eq!(soon(name, || verdict(&verifier, &many)), Err(reason), "{name}");
    }
}

#[test]
fn json_nested_ten_thousand_deep_overflows_nothing() {
    let world = World::new();
    let verifier = boundless(&world);
    let depth = 10_000;
    for nested in [
        "[".repeat(depth) + &"]".repeat(depth),
        "{\"x\":".repeat(depth) + "1" + &"}".repeat(depth),
        "[".repeat(depth),
    ] {
        let deep = format!("{{\"alg\":\"ES256\",\"typ\":\"wit+jwt\",\"x\":{nested}}}");
        let header = |typ: &str| format!("{{\"alg\":\"ES256\",\"typ\":\"{typ}\",\"kid\":\"k1\"}}");
        let wit = world.wit();
        for (what, wit, proof, reason) in [
            ("wit claims", forge(header("wit+jwt"), &deep, &world.issuer), None, Reason::WitClaims),
            (
                "wit header",
                forge(&deep, world.wit_claims().to_string(), &world.issuer),
                None,
                Reason::WitMalformed,
            ),
            (
                "proof claims",
                wit.clone(),
                Some(forge(header("wpt+jwt"), &deep, &world.workload)),
                Reason::ProofClaims,
            ),
            ("proof header", wit.clone(), Some(forge(&deep, "{}", &world.workload)), Reason::ProofMalformed),
        ] {
            let proof = proof.unwrap_or_else(|| world.proof_with(&wit, |_, _| ()));
            assert_eq!(soon(what, || verdict(&verifier, &request(&wit, &proof))), Err(reason), "{what}");
        }
    }
}

#[test]
fn many_members_cost_little_and_too_many_are_refused() {
    let world = World::new();
    let verifier = boundless(&world);
    let many = |n: usize| (0..n).map(|i| (format!("m{i}"), json!(i))).collect::<serde_json::Map<_, _>>();
    let sent = |n: usize| {
        let wit = world.wit_with(|_, claims| claims.as_object_mut().unwrap().extend(many(n)));
        request(&wit, &world.proof_with(&wit, |_, _| ()))
    };
    assert_eq!(soon("claims", || verdict(&verifier, &sent(900))), Ok(()));
    assert_eq!(soon("claims", || verdict(&verifier, &sent(50_000))), Err(Reason::WitClaims));
    let oth = world.request_with_proof(|_, claims| claims["oth"] = many(900).into());
    assert_eq!(soon("oth", || verdict(&verifier, &oth)), Err(Reason::ContextTokenUnknown));
    let oth = world.request_with_proof(|_, claims| claims["oth"] = many(50_000).into());
    assert_eq!(soon("oth", || verdict(&verifier, &oth)), Err(Reason::ProofClaims));
    let aud = world.request_with_proof(|_, claims| claims["aud"] = vec!["https://a.example"; 900].into());
    assert_eq!(soon("aud", || verdict(&verifier, &aud)), Err(Reason::AudienceMismatch));
}

#[test]
fn wit_08_wpt_19_times_at_the_edge_of_numbers_never_wrap_around() {
    let world = World::new();
    let verifier = world.verifier();
    for (exp, wit, proof) in [
        ("18446744073709551615", Reason::WitLifetime, Reason::ProofLifetime),
        ("9223372036854775807", Reason::WitLifetime, Reason::ProofLifetime),
        ("-9223372036854775808", Reason::WitExpired, Reason::ProofExpired),
        ("1e18", Reason::WitLifetime, Reason::ProofLifetime),
        ("1e308", Reason::WitLifetime, Reason::ProofLifetime),
        ("-1e308", Reason::WitExpired, Reason::ProofExpired),
        ("-0.0", Reason::WitExpired, Reason::ProofExpired),
        ("0", Reason::WitExpired, Reason::ProofExpired),
        ("1e999", Reason::WitClaims, Reason::ProofClaims),
        ("NaN", Reason::WitClaims, Reason::ProofClaims),
        ("01800003600", Reason::WitClaims, Reason::ProofClaims),
        ("true", Reason::WitClaims, Reason::ProofClaims),
        ("null", Reason::WitClaims, Reason::ProofClaims),
        ("[1800003600]", Reason::WitClaims, Reason::ProofClaims),
    ] {
        let with = |claims: serde_json::Value| {
            let placeholder = claims["exp"].to_string();
            claims.to_string().replacen(&format!("\"exp\":{placeholder}"), &format!("\"exp\":{exp}"), 1)
        };
        let token = forge(world.wit_header().to_string(), with(world.wit_claims()), &world.issuer);
        let sent = request(&token, &world.proof_with(&token, |_, _| ()));
        assert_eq!(verdict(&verifier, &sent), Err(wit), "wit exp {exp}");
        let token = world.wit();
        let header = json!({ "alg": "ES256", "typ": "wpt+jwt" }).to_string();
        let sent = request(&token, &forge(header, with(world.proof_claims(&token)), &world.workload));
        assert_eq!(verdict(&verifier, &sent), Err(proof), "proof exp {exp}");
    }
    // Leeway and fractions at both ends of the window.
    for (exp, expected) in [
        (json!(NOW - 59), Ok(())),
        (json!(NOW as f64 - 59.5), Err(Reason::ProofExpired)),
        (json!(NOW + 360), Ok(())),
        (json!(NOW as f64 + 360.9), Ok(())),
        (json!(NOW + 361), Err(Reason::ProofLifetime)),
    ] {
        let sent = world.request_with_proof(|_, claims| claims["exp"] = exp.clone());
        assert_eq!(verdict(&verifier, &sent), expected, "{exp}");
    }
}

#[test]
fn wit_31_keys_that_a_token_brings_along_are_not_looked_at() {
    let world = World::new();
    let own = world.workload.public_jwk();
    for (name, value) in [
        ("jwk", json!(own)),
        ("jku", json!("https://evil.test/keys")),
        ("x5u", json!("https://evil.test/cert")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = world.wit_header();
        header[name] = value;
        let self_signed = forge(header.to_string(), world.wit_claims().to_string(), &world.workload);
        let sent = request(&self_signed, &world.proof_with(&self_signed, |_, _| ()));
        assert_eq!(verdict(&world.verifier(), &sent), Err(Reason::WitSignature), "{name}");
        let honest = forge(header.to_string(), world.wit_claims().to_string(), &world.issuer);
        let sent = request(&honest, &world.proof_with(&honest, |_, _| ()));
        assert_eq!(verdict(&world.verifier(), &sent), Ok(()), "{name}");
    }
}

#[test]
fn wit_14_wit_31_a_confirmation_key_for_something_else_than_signatures_is_refused() {
    let world = World::new();
    let mut accepted = Vec::new();
    for (member, value) in [("use", json!("enc")), ("key_ops", json!(["deriveKey"]))] {
        let sent = world.request_with_wit(|_, claims| claims["cnf"]["jwk"][member] = value);
        if verdict(&world.verifier(), &sent) != Err(Reason::WitConfirmation) {
            accepted.push(member);
        }
    }
    assert_eq!(accepted, Vec::<&str>::new());
}

#[test]
fn a_proof_is_not_accepted_before_its_nbf() {
    // RFC 7519 §4.1.5. A proof has no `nbf` by the draft, but whoever sets one means it.
    let world = World::new();
    let sent = world.request_with_proof(|_, claims| claims["nbf"] = json!(NOW + 300));
    assert!(verdict(&world.verifier(), &sent).is_err());
    let sent = world.request_with_proof(|_, claims| claims["nbf"] = json!(NOW - 300));
    assert_eq!(verdict(&world.verifier(), &sent), Ok(()));
}

#[test]
fn wpt_31_a_proof_says_nothing_twice() {
    let world = World::new();
    let verifier = world.builder().allow_replay().context_tokens(["x-user"]).build().unwrap();
    let wit = world.wit();
    let claims = world.proof_claims(&wit).to_string();
    let header = json!({ "alg": "ES256", "typ": "wpt+jwt" }).to_string();
    for doubled in [
        r#"{"aud":"https://evil.test","#,
        r#"{"\u0061ud":"https://evil.test","#,
        r#"{"oth":{"x-user":"a","x-user":"b"},"#,
        r#"{"oth":{"x-user":"a","\u0078-user":"b"},"#,
        r#"{"unknown":[{"a":1,"a":2}],"#,
    ] {
        let sent = request(&wit, &forge(&header, claims.replacen('{', doubled, 1), &world.workload));
        assert_eq!(verdict(&verifier, &sent), Err(Reason::ProofClaims), "{doubled}");
    }
    let bytes = [claims.as_bytes(), b"\xff"].concat();
    let sent = request(&wit, &format!("{}.{}.{}", encode(&header), encode(bytes), encode([0; 64])));
    assert_eq!(verdict(&verifier, &sent), Err(Reason::ProofClaims));
}
