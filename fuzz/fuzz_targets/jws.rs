#![no_main]
//! The compact form and the header. As text: three segments are what is split. As a header: signed by the right key over
//! sound claims, so that only what the header says decides.

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wimse_core::jose::CompactJws;
use wimse_fuzz::{CALLER, ISSUER, KID, judged_wit, timed, token, wit_claims};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    timed(|| {
        let segments: Vec<&str> = text.split('.').collect();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let sound = segments.len() == 3 && segments.iter().all(|s| !s.is_empty() && s.chars().all(plain));
        let jws = CompactJws::split(text);
        assert_eq!(jws.is_ok(), sound, "{text:?}");
        if let Ok(jws) = jws {
            assert_eq!(jws.signing_input(), format!("{}.{}", segments[0], segments[1]).as_bytes());
        }
        // Nobody signed this, whatever it is.
        assert!(judged_wit(text).is_err());

        let forged = token(text, &Value::Object(wit_claims(CALLER)).to_string(), &ISSUER);
        let accepted = judged_wit(&forged).is_ok();
        if forged.len() <= 16_384 {
            assert_eq!(accepted, allowed(text), "{text:?}");
        }
    });
});

/// What a header of a token by [`ISSUER`] must say.
fn allowed(text: &str) -> bool {
    let Some(Value::Object(header)) = wimse_fuzz::sound_json(text) else { return false };
    let typ = header.get("typ").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let kid = match header.get("kid") {
        None => true,
        Some(kid) => kid == KID,
    };
    header.get("alg").is_some_and(|alg| alg == "ES256")
        && typ.strip_prefix("application/").unwrap_or(&typ) == "wit+jwt"
        && kid
        && !header.contains_key("crit")
        && !header.contains_key("b64")
}
