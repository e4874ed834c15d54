#![no_main]
//! Keys and sets of them: what is read is written and read again as the same key, and never with a private member.

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wimse_core::jose::{Algorithm, Jwk, JwkSet, PublicKey, SigningKey};
use wimse_fuzz::{sound_json, sound_json_of, timed};

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    timed(|| {
        if let Ok(jwk) = Jwk::parse(text) {
            let source = sound_json(text).expect("one reading");
            assert!(PRIVATE.iter().all(|name| source.get(name).is_none()));
            public(&jwk, &source);
        }
        if let Ok(set) = JwkSet::parse(text) {
            let source = sound_json_of(text, 65_536).expect("one reading");
            let keys = source["keys"].as_array().unwrap();
            assert_eq!(set.keys().len() + set.ignored(), keys.len());
            // What is left out may be any other key, but no published secret.
            assert!(keys.iter().all(|key| PRIVATE.iter().all(|name| key.get(name).is_none())));
            let again = JwkSet::parse(&set.to_string()).unwrap();
            assert_eq!((again.keys(), again.ignored()), (set.keys(), 0));
            assert_eq!(JwkSet::parse(text).unwrap(), set);
        }
        if let Ok(key) = SigningKey::from_jwk(text) {
            let source = sound_json(text).expect("one reading");
            public(key.public_jwk(), &source);
            let (message, public) = (b"message", PublicKey::new(key.public_jwk().clone()).unwrap());
            let signature = key.sign(message).unwrap();
            assert!(public.verify(key.algorithm(), message, &signature).is_ok());
            assert!(public.verify(key.algorithm(), b"massage", &signature).is_err());
            // Unless somebody put the secret into a public member, such as `kid`.
            let secret = source["d"].as_str().unwrap();
            assert!(!format!("{key:?}").contains(secret) || key.public_jwk().to_string().contains(secret));
        }
    });
});

fn public(jwk: &Jwk, source: &Value) {
    let written = jwk.to_string();
    let again = Jwk::parse(&written).unwrap();
    assert_eq!(again, *jwk);
    assert!(again.same_key(jwk) && again.thumbprint() == jwk.thumbprint() && jwk.thumbprint().len() == 43);
    let written: Value = serde_json::from_str(&written).unwrap();
    for (name, value) in written.as_object().unwrap() {
        assert_eq!(source.get(name), Some(value), "{name}");
    }
    // A key serves one kind of algorithm only, and none but the one that it names.
    let key = PublicKey::new(jwk.clone()).unwrap();
    for algorithm in Algorithm::ALL {
        let named = jwk.alg().is_none_or(|only| only == algorithm);
        let kind = match (written["kty"].as_str(), written["crv"].as_str()) {
            (Some("RSA"), _) => ["RS", "PS"].contains(&&algorithm.as_str()[..2]),
            (_, Some("P-256")) => algorithm == Algorithm::Es256,
            (_, Some("P-384")) => algorithm == Algorithm::Es384,
            (_, Some("P-521")) => algorithm == Algorithm::Es512,
            _ => matches!(algorithm, Algorithm::Ed25519 | Algorithm::EdDsa),
        };
        assert_eq!(key.supports(algorithm), named && kind, "{algorithm}");
    }
}
