//! JSON Web Keys, sets of them, and private keys.

use proptest::prelude::*;
use serde_json::{Value, json};
use wimse_core::jose::{Algorithm, Jwk, JwkSet, KeyError, PublicKey, SigningKey};

use crate::common::{TEST_KEYS, TestKey, encode};
use crate::{any_json, change};

fn public_json(key: &TestKey) -> Value {
    serde_json::from_str(&key.signing(key.algorithms[0]).public_jwk().to_string()).unwrap()
}

fn promises_of(jwk: &Jwk) {
    assert_eq!(&Jwk::parse(&jwk.to_string()).unwrap(), jwk);
    assert_eq!(&serde_json::to_string(jwk).unwrap().parse::<Jwk>().unwrap(), jwk);
    assert_eq!(jwk.thumbprint().len(), 43);
    let key = PublicKey::new(jwk.clone()).unwrap();
    assert!(jwk.alg().is_none_or(|alg| key.supports(alg)));
    assert!(key.verify(Algorithm::Es256, b"", b"").is_err());
    let shown = format!("{jwk:?} {key:?}");
    assert!(shown.contains(&jwk.thumbprint()));
}

fn any_key() -> impl Strategy<Value = &'static TestKey> {
    prop::sample::select(TEST_KEYS.iter().collect::<Vec<_>>())
}

fn read_everything(text: &str) {
    let _ = Jwk::parse(text).map(|jwk| promises_of(&jwk));
    let _ = JwkSet::parse(text).map(|set| set.keys().iter().for_each(promises_of));
    for algorithm in Algorithm::ALL {
        for key in [SigningKey::from_jwk_with(text, algorithm), SigningKey::from_pkcs8_pem(text, algorithm)] {
            let _ = key.map(|key| promises_of_private(&key));
        }
    }
    let _ = SigningKey::from_jwk(text).map(|key| promises_of_private(&key));
}

/// A private key that was accepted makes signatures that its public half verifies, or fails to sign.
fn promises_of_private(key: &SigningKey) {
    let public = PublicKey::new(key.public_jwk().clone()).unwrap();
    if let Ok(signature) = key.sign(b"message") {
        assert_eq!(public.verify(key.algorithm(), b"message", &signature), Ok(()));
    }
    promises_of(key.public_jwk());
}

proptest! {
    #[test]
    fn arbitrary_text_does_no_harm(text in ".{0,200}", octets in prop::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&text);
        read_everything(&String::from_utf8_lossy(&octets));
    }

    #[test]
    fn arbitrary_json_does_no_harm(value in any_json(), names in prop::collection::vec("[a-z]{1,4}", 0..4)) {
        read_everything(&value.to_string());
        let mut jwk = json!({ "kty": "EC", "crv": "P-256", "x": value, "y": value });
        for name in names {
            jwk[name] = value.clone();
        }
        read_everything(&jwk.to_string());
        read_everything(&json!({ "keys": [jwk] }).to_string());
    }

    #[test]
    fn an_altered_public_jwk_is_refused_or_keeps_its_promises(key in any_key(), change in change()) {
        let altered = change.apply(&public_json(key).to_string());
        read_everything(&altered);
        read_everything(&format!("{{\"keys\":[{altered}]}}"));
    }

    #[test]
    fn an_altered_private_key_is_refused_or_signs_soundly(key in any_key(), change in change()) {
        read_everything(&change.apply(key.jwk));
        read_everything(&change.apply(key.pem));
    }

    #[test]
    fn a_member_of_another_type_is_refused(key in any_key(), name in prop::sample::select(vec!["kty", "crv", "x", "y",
        "n", "e", "alg", "kid", "use"]), value in any_json().prop_filter("text", |value| !value.is_string()))
    {
        let mut jwk = public_json(key);
        let matters = jwk.get(name).is_some() || matches!(name, "kid" | "use");
        jwk[name] = value;
        prop_assert_eq!(Jwk::parse(&jwk.to_string()).is_err(), matters, "{}", jwk);
    }

    #[test]
    fn any_kid_and_use_round_trip(key in any_key(), kid in any::<String>(), key_use in any::<String>()) {
        let jwk = key.signing(key.algorithms[0]).public_jwk().clone().with_kid(kid.clone()).with_use(key_use.clone());
        promises_of(&jwk);
        let again = Jwk::parse(&jwk.to_string()).unwrap();
        prop_assert_eq!((again.kid(), again.key_use()), (Some(kid.as_str()), Some(key_use.as_str())));
        let set = JwkSet::from(jwk);
        let kept = JwkSet::parse(&set.to_string()).unwrap();
        prop_assert_eq!(kept.keys().len(), usize::from(key_use != "enc"));
    }
}

#[test]
fn key_01_amb_25_private_and_symmetric_members_are_refused_in_public_keys() {
    for key in &TEST_KEYS {
        assert_eq!(Jwk::parse(key.jwk), Err(KeyError::Private));
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            let mut jwk = public_json(key);
            jwk[name] = Value::Null;
            assert_eq!(Jwk::parse(&jwk.to_string()), Err(KeyError::Private), "{name}");
            let set = json!({ "keys": [public_json(key), jwk] });
            assert_eq!(JwkSet::parse(&set.to_string()), Err(KeyError::Private), "{name}");
        }
    }
    let symmetric = json!({ "kty": "oct", "k": "AAAA" });
    assert_eq!(Jwk::parse(&symmetric.to_string()), Err(KeyError::Private));
    assert_eq!(JwkSet::parse(&json!({ "keys": [symmetric] }).to_string()), Err(KeyError::Private));
}

#[test]
fn wit_15_wit_16_wit_17_wit_18_alg_is_a_signature_algorithm_of_the_key_type() {
    for key in &TEST_KEYS {
        let with = |alg: &str| {
            let mut jwk = public_json(key);
            jwk["alg"] = alg.into();
            Jwk::parse(&jwk.to_string()).map(|jwk| jwk.alg())
        };
        for algorithm in Algorithm::ALL {
            let fits = key.algorithms.contains(&algorithm);
            let expected = if fits { Ok(Some(algorithm)) } else { Err(KeyError::AlgorithmMismatch) };
            assert_eq!(with(algorithm.as_str()), expected);
        }
        for name in ["none", "HS256", "RSA-OAEP", "ECDH-ES", "es256", "", "ES256 "] {
            assert_eq!(with(name), Err(KeyError::UnsupportedAlgorithm), "{name}");
        }
    }
}

#[test]
fn wit_14_numbers_are_minimal_on_their_curve_and_of_a_safe_size() {
    let rsa =
        |n: &[u8], e: &[u8]| Jwk::parse(&json!({ "kty": "RSA", "n": encode(n), "e": encode(e) }).to_string());
    let modulus = |octets: usize| {
        let mut n = vec![0xff; octets];
        n[octets - 1] = 0x2f;
        n
    };
    for octets in [256, 384, 512] {
        assert!(rsa(&modulus(octets), &[1, 0, 1]).is_ok(), "{octets}");
    }
    for octets in [1, 64, 128, 255, 513, 1024, 2048] {
        assert!(rsa(&modulus(octets), &[1, 0, 1]).is_err(), "{octets}");
    }
    let n = modulus(256);
    assert!(rsa(&[&[0], n.as_slice()].concat(), &[1, 0, 1]).is_err());
    for e in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[1, 0, 0],
        &[0, 1],
        &[0, 0, 0, 1],
        &[0, 3],
        &[0, 1, 0, 1],
        &[1, 0, 0, 0, 1],
    ] {
        assert!(rsa(&n, e).is_err(), "{e:?}");
    }

    for key in &TEST_KEYS[..3] {
        let sound = public_json(key);
        let coordinate = |name: &str| {
            data_encoding::BASE64URL_NOPAD.decode(sound[name].as_str().unwrap().as_bytes()).unwrap()
        };
        let refused = |name: &str, octets: &[u8]| {
            let mut jwk = sound.clone();
            jwk[name] = encode(octets).into();
            assert!(Jwk::parse(&jwk.to_string()).is_err(), "{jwk}");
        };
        for name in ["x", "y"] {
            let good = coordinate(name);
            refused(name, &[&[0], good.as_slice()].concat());
            refused(name, &good[1..]);
            refused(name, &vec![0; good.len()]);
            refused(name, &vec![0xff; good.len()]);
            let mut off = good.clone();
            off[good.len() - 1] ^= 1;
            refused(name, &off);
        }
    }
}

#[test]
fn wit_14_an_ed25519_key_is_a_point_of_the_curve_of_full_order() {
    let key = |first: u8, last: u8| {
        let mut x = [0; 32];
        (x[0], x[31]) = (first, last);
        Jwk::parse(&json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x) }).to_string())
    };
    // With the neutral element as the key, this signature verifies for every message.
    let mut universal = [0; 64];
    universal[0] = 1;
    let anything =
        key(1, 0).and_then(PublicKey::new).map(|key| key.verify(Algorithm::Ed25519, b"anything", &universal));
    let accepted: Vec<_> =
        [("off the curve", 2, 0), ("neutral", 1, 0), ("of order four", 0, 0), ("not reduced", 0xff, 0xff)]
            .into_iter()
            .filter(|(_, first, last)| key(*first, *last).is_ok())
            .map(|(what, ..)| what)
            .collect();
    assert_eq!((accepted, anything.is_ok_and(|verdict| verdict.is_ok())), (vec![], false));
}

#[test]
fn key_01_private_and_public_halves_that_do_not_fit_are_refused() {
    for key in &TEST_KEYS {
        let sound: Value = serde_json::from_str(key.jwk).unwrap();
        let members = ["d", "p", "q", "dp", "dq", "qi"].into_iter().filter(|name| sound.get(name).is_some());
        for name in members {
            let octets =
                data_encoding::BASE64URL_NOPAD.decode(sound[name].as_str().unwrap().as_bytes()).unwrap();
            for position in [0, octets.len() / 2, octets.len() - 1] {
                let mut other = octets.clone();
                other[position] ^= 0b10;
                let mut jwk = sound.clone();
                jwk[name] = encode(other).into();
                assert_eq!(
                    SigningKey::from_jwk(&jwk.to_string()).err(),
                    Some(KeyError::Invalid),
                    "{name} {position}"
                );
            }
            let mut jwk = sound.clone();
            jwk.as_object_mut().unwrap().remove(name);
            assert_eq!(SigningKey::from_jwk(&jwk.to_string()).err(), Some(KeyError::Member(name)));
        }
        assert!(SigningKey::from_jwk(key.jwk).is_ok());
    }
}

#[test]
fn wit_31_keys_for_another_operation_than_verifying_are_left_out() {
    let foreign = [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!([])),
    ];
    let mut kept = Vec::new();
    for (key, (member, value)) in TEST_KEYS.iter().flat_map(|key| foreign.clone().map(|change| (key, change)))
    {
        let mut jwk = public_json(key);
        jwk[member] = value;
        if JwkSet::parse(&json!({ "keys": [jwk] }).to_string()).is_ok_and(|set| !set.keys().is_empty()) {
            kept.push(format!("{}: {member} {}", jwk["alg"], jwk[member]));
        }
    }
    assert_eq!(kept, Vec::<String>::new());
}

#[test]
fn ta_09_sets_leave_out_what_is_not_ours_and_bound_their_size() {
    let ours = public_json(&TEST_KEYS[0]);
    let set = json!({ "keys": [
        ours, { "kty": "AKP" }, { "kty": "OKP", "crv": "X25519", "x": "AAAA" }, { "kty": "EC", "crv": "secp256k1" },
    ] });
    let set = JwkSet::parse(&set.to_string()).unwrap();
    assert_eq!((set.keys().len(), set.ignored()), (1, 3));
    let padded = format!("{{\"keys\":[]{}}}", " ".repeat(1 << 20));
    assert_eq!(JwkSet::parse(&padded), Err(KeyError::TooLarge));
    for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(JwkSet::parse(bad).is_err(), "{bad}");
    }
}
