#![no_main]
//! Bundles, through the two calls that every source of trust anchors ends in: a bundle is used whole or not at all, only
//! keys with the purpose `wit-svid` and a name of their own count, and other domains are left alone.

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wimse_core::jose::JwkSet;
use wimse_core::{TrustAnchors, TrustStore};
use wimse_fuzz::{KID, NOW, object, sound_json_of, timed, token};

const DOMAIN: &str = "spiffe://example.org";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    timed(|| {
        let ours =
            || JwkSet::from(wimse_fuzz::ISSUER.public_jwk().clone().with_kid(KID).with_use("wit-svid"));
        let store = TrustStore::new(TrustAnchors::new().domain(DOMAIN, ours()).unwrap());
        store.replace_keys("spiffe://example.net", &ours()).unwrap();
        assert!(trusts(&store, DOMAIN) && trusts(&store, "spiffe://example.net"));

        let parsed = JwkSet::parse(text);
        let used = parsed.as_ref().is_ok_and(|set| store.replace_keys(DOMAIN, set).is_ok());
        let other = trusts(&store, "spiffe://example.net");
        assert!(other, "a bundle changed another domain");
        let now = trusts(&store, DOMAIN);
        if !used {
            assert!(now, "a bundle that was refused took the keys away");
            return;
        }
        // Whether our key is in the bundle, by what the text says.
        let source = sound_json_of(text, 65_536).expect("one reading");
        let wanted: Value = serde_json::from_str(&wimse_fuzz::ISSUER.public_jwk().to_string()).unwrap();
        let named = |key: &&Value| key["kid"] == KID && key["use"] == "wit-svid";
        let keys = source["keys"].as_array().unwrap();
        let same = |key: &Value| ["kty", "crv", "x", "y"].iter().all(|name| key[*name] == wanted[*name]);
        let there = keys.iter().filter(named).any(same);
        assert!(there || !now, "a key that is not in the bundle is trusted");
        assert_eq!(parsed.unwrap(), JwkSet::parse(text).unwrap());
    });
});

/// Whether a token by our key is accepted for a domain.
fn trusts(store: &TrustStore, domain: &str) -> bool {
    let mut claims = wimse_fuzz::wit_claims(&format!("{domain}/x"));
    claims["cnf"]["jwk"] = Value::Object(object(serde_json::json!(wimse_fuzz::ISSUER.public_jwk())));
    let token = token(
        &Value::Object(wimse_fuzz::wit_header()).to_string(),
        &Value::Object(claims).to_string(),
        &wimse_fuzz::ISSUER,
    );
    wimse_core::dangerous::validate_wit_without_proof(
        &token,
        store,
        &wimse_core::Limits::default(),
        wimse_core::UnixTime::from_secs(NOW),
        &mut wimse_core::trace::NoTrace,
    )
    .is_ok()
}
