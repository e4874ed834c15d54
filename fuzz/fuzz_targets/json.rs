#![no_main]
//! JSON, through the claims of a token whose signature is not asked for: read is exactly what has one reading, and what
//! is handed out equals what another parser reads.

use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wimse_core::dangerous::read_wit_unverified;
use wimse_core::{Limits, UnixTime};
use wimse_fuzz::{CALLER, NOW, sound_json, time, timed, wit_claims};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    timed(|| {
        // The claims of a sound token, and one more whose value is the input, or more than that.
        let claims = Value::Object(wit_claims(CALLER)).to_string();
        let payload = format!("{},\"x\":{text}}}", claims.strip_suffix('}').unwrap());
        judge(&payload, text);
        // The whole payload.
        judge(text, text);
    });
});

fn judge(payload: &str, text: &str) {
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let token = format!("{}.{}.YQ", encode(r#"{"alg":"ES256"}"#), encode(payload));
    let limits = Limits::default();
    if token.len() > limits.wit_size {
        return;
    }
    let read = read_wit_unverified(&token, &limits, UnixTime::from_secs(NOW));
    let expected = sound_json(payload).filter(sound);
    assert_eq!(read.is_ok(), expected.is_some(), "{text:?}: {:?}", read.err());
    if let (Ok(wit), Some(Value::Object(expected))) = (read, expected) {
        let known = ["sub", "exp", "nbf", "iat", "iss", "jti", "cnf"];
        for (name, value) in expected.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            assert_eq!(wit.claim(name), Some(value), "{text:?}");
        }
        assert_eq!(
            wit.claims().count(),
            expected.keys().filter(|name| !known.contains(&name.as_str())).count()
        );
    }
}

/// What the claims must be besides JSON.
fn sound(claims: &Value) -> bool {
    let text = |name: &str| claims.get(name).is_none_or(Value::is_string);
    let valid = |name: &str| claims.get(name).and_then(time);
    claims.is_object()
        && claims["sub"].as_str().is_some_and(|sub| wimse_core::WorkloadId::parse(sub).is_ok())
        && valid("exp").is_some_and(|exp| NOW < exp.saturating_add(60) && exp <= NOW + 86_460)
        && (claims.get("nbf").is_none() || valid("nbf").is_some_and(|nbf| nbf <= NOW + 60))
        && text("iss")
        && text("jti")
        && claims["cnf"]["jwk"].is_object()
        && wimse_core::jose::Jwk::parse(&claims["cnf"]["jwk"].to_string())
            .is_ok_and(|jwk| jwk.alg().is_some())
}
