//! Our part of JOSE against the `jsonwebtoken` crate, both ways, and against the known answers of RFC 7638 and
//! RFC 8037; keys in the forms in which `openssl` writes them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::{TEST_KEYS, TestKey, encode};
use jsonwebtoken::jwk::{Jwk as TheirJwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use wimse_core::dangerous::validate_wit_without_proof;
use wimse_core::jose::{Algorithm, Jwk, KeyError, PublicKey, SigningKey};
use wimse_core::trace::NoTrace;
use wimse_core::{Clock, Limits, Reason, SystemClock, TrustAnchors, TrustStore, WitIssuer, WorkloadId};

/// What both know: `jsonwebtoken` has neither ES512 nor the name `Ed25519`.
const COMMON: [Algorithm; 9] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

fn theirs(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    algorithm.as_str().parse().unwrap()
}

fn their_signing_key(algorithm: Algorithm) -> EncodingKey {
    let pem = TestKey::of(algorithm).pem.as_bytes();
    match algorithm {
        Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_pem(pem),
        Algorithm::EdDsa => EncodingKey::from_ed_pem(pem),
        _ => EncodingKey::from_rsa_pem(pem),
    }
    .unwrap()
}

/// From the public half that `openssl` derived, not from ours.
fn their_public_key(algorithm: Algorithm) -> DecodingKey {
    let pem = TestKey::of(algorithm).public_pem.as_bytes();
    match algorithm {
        Algorithm::Es256 | Algorithm::Es384 => DecodingKey::from_ec_pem(pem),
        Algorithm::EdDsa => DecodingKey::from_ed_pem(pem),
        _ => DecodingKey::from_rsa_pem(pem),
    }
    .unwrap()
}

/// The key with every algorithm of its type allowed.
fn our_public_key(algorithm: Algorithm) -> PublicKey {
    let mut jwk: Value =
        serde_json::from_str(&TestKey::of(algorithm).signing(algorithm).public_jwk().to_string()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg");
    PublicKey::new(Jwk::parse(&jwk.to_string()).unwrap()).unwrap()
}

fn trust(algorithm: Algorithm) -> TrustStore {
    let key = TestKey::of(algorithm).signing(algorithm).public_jwk().clone().with_kid("k1");
    TrustAnchors::new().domain("example.com", wimse_core::jose::JwkSet::from(key)).unwrap().into()
}

fn validate(token: &str, algorithm: Algorithm) -> Result<String, Reason> {
    let wit = validate_wit_without_proof(
        token,
        &trust(algorithm),
        &Limits::default(),
        SystemClock.now(),
        &mut NoTrace,
    );
    wit.map(|wit| wit.subject().to_string()).map_err(|rejection| rejection.reason())
}

#[test]
fn wit_05_wit_06_wit_14_wit_28_jsonwebtoken_accepts_what_we_issue() {
    let subject = WorkloadId::parse("wimse://example.com/orders").unwrap();
    for algorithm in COMMON {
        let issuer = WitIssuer::new(TestKey::of(algorithm).signing(algorithm), "k1");
        let workload = SigningKey::generate(Algorithm::Es256).unwrap();
        let token = issuer.issue(&subject, workload.public_jwk()).unwrap();

        let validation = Validation::new(theirs(algorithm));
        let token = jsonwebtoken::decode::<Value>(&token, &their_public_key(algorithm), &validation).unwrap();
        assert_eq!(token.header.typ.as_deref(), Some("wit+jwt"));
        assert_eq!(token.header.kid.as_deref(), Some("k1"));
        assert_eq!(token.claims["sub"], subject.as_str());
        let confirmation: TheirJwk = serde_json::from_value(token.claims["cnf"]["jwk"].clone()).unwrap();
        assert_eq!(
            confirmation.thumbprint(ThumbprintHash::SHA256).unwrap(),
            workload.public_jwk().thumbprint()
        );
    }
}

#[test]
fn wit_28_wit_31_we_accept_what_jsonwebtoken_signs_if_it_is_a_wit() {
    let workload = SigningKey::generate(Algorithm::Es256).unwrap();
    let expires = SystemClock.now().as_secs() + 600;
    let claims = json!({
        "sub": "wimse://example.com/orders", "exp": expires, "cnf": { "jwk": workload.public_jwk() },
    });
    for algorithm in COMMON {
        let sign = |change: fn(&mut Header)| {
            let mut header = Header::new(theirs(algorithm));
            header.typ = Some("wit+jwt".into());
            header.kid = Some("k1".into());
            change(&mut header);
            let token = jsonwebtoken::encode(&header, &claims, &their_signing_key(algorithm)).unwrap();
            validate(&token, algorithm)
        };
        assert_eq!(sign(|_| ()), Ok("wimse://example.com/orders".into()), "{algorithm}");
        // Stricter than `jsonwebtoken`, which lets all of these pass.
        assert_eq!(sign(|header| header.typ = Some("JWT".into())), Err(Reason::WitType));
        assert_eq!(sign(|header| header.kid = Some("k2".into())), Err(Reason::WitKeyUnknown));
        assert_eq!(sign(|header| header.crit = Some(vec!["exp".into()])), Err(Reason::WitMalformed));
    }
}

/// One attempt on a signature: algorithm, message, signature octets.
fn agree(key: Algorithm, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    let ours = our_public_key(key).verify(algorithm, message, signature).is_ok();
    let their_key = their_public_key(key);
    let verdict = jsonwebtoken::crypto::verify(&encode(signature), message, &their_key, theirs(algorithm));
    assert_eq!(ours, matches!(verdict, Ok(true)), "{algorithm} with a key for {key}");
    ours
}

#[test]
fn wit_28_wpt_08_verdicts_on_altered_signatures_agree() {
    let message = b"what is signed";
    for algorithm in COMMON {
        let ours = TestKey::of(algorithm).signing(algorithm).sign(message).unwrap();
        let by_them =
            jsonwebtoken::crypto::sign(message, &their_signing_key(algorithm), theirs(algorithm)).unwrap();
        let by_them = data_encoding::BASE64URL_NOPAD.decode(by_them.as_bytes()).unwrap();
        for good in [&ours, &by_them] {
            assert!(agree(algorithm, algorithm, message, good));
            let (left, right) = good.split_at(good.len() / 2);
            let bad: Vec<Vec<u8>> = vec![
                vec![],
                vec![0; good.len()],
                vec![0xff; good.len()],
                good[1..].to_vec(),
                good[..good.len() - 1].to_vec(),
                [good.as_slice(), &[0]].concat(),
                [&[0], good.as_slice()].concat(),
                [good.as_slice(), good].concat(),
                [right, left].concat(),
                good.iter().rev().copied().collect(),
            ];
            for bad in bad {
                assert!(!agree(algorithm, algorithm, message, &bad), "{algorithm} {} octets", bad.len());
            }
            for position in 0..good.len() {
                let mut bad = good.clone();
                bad[position] ^= 1 << (position % 8);
                assert!(!agree(algorithm, algorithm, message, &bad), "{algorithm} octet {position}");
            }
            for position in 0..message.len() {
                let mut other = message.to_vec();
                other[position] ^= 1 << (position % 8);
                assert!(!agree(algorithm, algorithm, &other, good));
            }
        }
    }
}

#[test]
fn wit_31_wpt_07_a_signature_counts_under_its_own_algorithm_alone() {
    let message = b"what is signed";
    for key in COMMON {
        let good = TestKey::of(key).signing(key).sign(message).unwrap();
        for algorithm in COMMON {
            assert_eq!(agree(key, algorithm, message, &good), algorithm == key, "{key} as {algorithm}");
        }
    }
}

#[test]
fn thumbprints_agree_with_jsonwebtoken_and_the_known_answers_of_rfc_7638_and_rfc_8037() {
    let known = Jwk::parse(include_str!("keys/rfc7638.jwk")).unwrap();
    assert_eq!(known.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let known = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(Jwk::parse(known).unwrap().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");

    for key in &TEST_KEYS {
        let jwk = key.signing(key.algorithms[0]).public_jwk().clone().with_kid("a kid").with_use("sig");
        let their_jwk: TheirJwk = serde_json::from_str(&jwk.to_string()).unwrap();
        assert_eq!(jwk.thumbprint(), their_jwk.thumbprint(ThumbprintHash::SHA256).unwrap(), "{jwk}");
        // `alg`, `kid` and `use` are not part of it.
        assert_eq!(jwk.thumbprint(), key.signing(key.algorithms[0]).public_jwk().thumbprint());
    }
}

#[test]
fn wit_20_pem_and_jwk_give_the_same_key_and_both_sign() {
    for key in &TEST_KEYS {
        for algorithm in key.algorithms.iter().copied() {
            let from_pem = key.signing(algorithm);
            let json = key.jwk.replace(r#""alg""#, r#""unread""#);
            let from_jwk = SigningKey::from_jwk_with(&json, algorithm).unwrap();
            assert!(from_pem.public_jwk().same_key(from_jwk.public_jwk()), "{algorithm}");
            assert_eq!((from_pem.algorithm(), from_pem.public_jwk().alg()), (algorithm, Some(algorithm)));
            for (signer, verifier) in [(&from_pem, &from_jwk), (&from_jwk, &from_pem)] {
                let signature = signer.sign(b"message").unwrap();
                let public = PublicKey::new(verifier.public_jwk().clone()).unwrap();
                assert!(public.supports(algorithm));
                assert_eq!(public.verify(algorithm, b"message", &signature), Ok(()));
                assert!(public.verify(algorithm, b"massage", &signature).is_err());
            }
        }
        for other in Algorithm::ALL.into_iter().filter(|a| !key.algorithms.contains(a)) {
            assert_eq!(SigningKey::from_pkcs8_pem(key.pem, other).err(), Some(KeyError::Invalid), "{other}");
            assert_eq!(
                SigningKey::from_jwk_with(key.jwk, other).err(),
                Some(KeyError::AlgorithmMismatch),
                "{other}"
            );
        }
    }
}

#[test]
fn key_01_only_an_unencrypted_pkcs_8_block_is_a_key() {
    for key in &TEST_KEYS {
        let algorithm = key.algorithms[0];
        for label in [
            "EC PRIVATE KEY",
            "RSA PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PUBLIC KEY",
        ] {
            let relabelled = key.pem.replace("PRIVATE KEY", label);
            assert_eq!(
                SigningKey::from_pkcs8_pem(&relabelled, algorithm).err(),
                Some(KeyError::Pem),
                "{label}"
            );
        }
        assert_eq!(SigningKey::from_pkcs8_pem(key.public_pem, algorithm).err(), Some(KeyError::Pem));
        let windows = key.pem.replace('\n', "\r\n");
        assert!(SigningKey::from_pkcs8_pem(&windows, algorithm).is_ok());
    }
}
