#![no_main]
//! Workload Identity Tokens. As text: nobody signed it, so nothing is accepted. Else a valid token, of which octets,
//! header and claims are changed and which is signed again: accepted is what a plain reading of the rules allows, and only
//! if the issuer signed it.

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use wimse_core::WorkloadId;
use wimse_core::jose::Jwk;
use wimse_fuzz::{
    CALLER, DOMAIN, Draw, ISSUER, KID, NOW, STRANGER, WORKLOAD, judged_wit, time, timed, token, wit,
    wit_claims, wit_header,
};

fuzz_target!(|data: &[u8]| {
    timed(|| match data.split_first() {
        Some((b'0', rest)) => octets(&mut Draw::new(rest)),
        Some((b'1', rest)) => claims(&mut Draw::new(rest)),
        _ => {
            let text = std::str::from_utf8(data).unwrap_or_default();
            assert!(judged_wit(text).is_err(), "a token that nobody signed");
        }
    });
});

/// Any other octet in any place is another token.
fn octets(draw: &mut Draw<'_>) {
    let valid = wit(CALLER);
    let mut changed = valid.clone().into_bytes();
    for _ in 0..=draw.below(3) {
        let at = draw.number() as usize % (changed.len() + 1);
        match (draw.below(4), at < changed.len()) {
            (0, _) => changed.insert(at, draw.below(128) as u8),
            (1, true) if changed.len() > 1 => drop(changed.remove(at)),
            (2, true) => changed.truncate(at),
            (_, true) => changed[at] = draw.below(128) as u8,
            _ => changed.extend_from_slice(b"="),
        }
        if changed.is_empty() {
            return;
        }
    }
    let Ok(changed) = String::from_utf8(changed) else { return };
    assert!(judged_wit(&valid).is_ok());
    assert!(changed == valid || judged_wit(&changed).is_err(), "{changed}");
}

fn claims(draw: &mut Draw<'_>) {
    let (mut header, mut claims) = (wit_header(), wit_claims(CALLER));
    for _ in 0..=draw.below(3) {
        let (object, names): (&mut Map<String, Value>, &[&str]) = match draw.below(3) {
            0 => (&mut header, &["alg", "kid", "typ", "crit", "b64", "jku", "x"]),
            1 => (&mut claims, &["sub", "exp", "nbf", "iat", "iss", "jti", "cnf", "aud", "x"]),
            _ => match claims.get_mut("cnf").and_then(|cnf| cnf.get_mut("jwk")) {
                Some(Value::Object(jwk)) => {
                    (jwk, &["alg", "kid", "use", "key_ops", "kty", "crv", "x", "y", "d", "k"])
                }
                _ => (&mut header, &["x"]),
            },
        };
        let name = draw.pick(names);
        match draw.one_in(4) {
            true => drop(object.remove(name)),
            false => drop(object.insert(name.to_owned(), replacement(draw))),
        }
    }
    let key = if draw.one_in(4) { &*STRANGER } else { &*ISSUER };
    let (header, claims) = (Value::Object(header), Value::Object(claims));
    let forged = token(&header.to_string(), &claims.to_string(), key);
    let judged = judged_wit(&forged);
    let by_issuer = std::ptr::eq(key, &*ISSUER);
    assert_eq!(
        judged.is_ok(),
        by_issuer && allowed(&header, &claims),
        "{header} {claims}: {:?}",
        judged.err()
    );
    if let Ok(wit) = judged {
        assert_eq!(claims["sub"], wit.subject().as_str());
        assert_eq!(time(&claims["exp"]), Some(wit.expires_at().as_secs()));
    }
    // Decisions do not depend on when they are asked for.
    assert_eq!(judged_wit(&forged).is_ok(), by_issuer && allowed(&header, &claims));
}

fn replacement(draw: &mut Draw<'_>) -> Value {
    let own = [
        json!("ES256"),
        json!("ES384"),
        json!("none"),
        json!("HS256"),
        json!("EdDSA"),
        json!("Ed25519"),
        json!(KID),
        json!("WIT+JWT"),
        json!("application/wit+jwt"),
        json!("wpt+jwt"),
        json!(CALLER),
        json!("wimse://example.com/x/y"),
        json!("wimse://other.example/x"),
        json!("spiffe://example.com/x"),
        json!("wimse://EXAMPLE.com/x"),
        json!("sig"),
        json!("enc"),
        json!(["verify"]),
        json!(["sign"]),
        json!({ "jwk": WORKLOAD.public_jwk() }),
        json!({ "jwk": ISSUER.public_jwk() }),
        json!("wimse://example.com"),
        json!("wimse://example.com/../x"),
    ];
    draw.value(&own)
}

fn allowed(header: &Value, claims: &Value) -> bool {
    let typ = header["typ"].as_str().unwrap_or_default().to_ascii_lowercase();
    let optional_text = |name: &str| claims.get(name).is_none_or(Value::is_string);
    let subject = claims["sub"].as_str().and_then(|sub| WorkloadId::parse(sub).ok());
    let key = &claims["cnf"]["jwk"];
    header["alg"] == "ES256"
        && header.get("kid").is_none_or(|kid| kid == KID)
        && typ.strip_prefix("application/").unwrap_or(&typ) == "wit+jwt"
        && header.get("crit").is_none()
        && header.get("b64").is_none()
        && subject.is_some_and(|subject| subject.trust_domain().as_str() == DOMAIN)
        && time(&claims["exp"]).is_some_and(|exp| NOW < exp.saturating_add(60) && exp <= NOW + 86_460)
        && claims.get("nbf").is_none_or(|nbf| time(nbf).is_some_and(|nbf| nbf <= NOW + 60))
        && optional_text("iss")
        && optional_text("jti")
        && key.is_object()
        && Jwk::parse(&key.to_string()).is_ok_and(|key| key.alg().is_some())
}
