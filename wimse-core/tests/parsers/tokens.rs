//! Tokens: taken apart, put into a credential, validated.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use wimse_core::dangerous::validate_wit_without_proof;
use wimse_core::jose::{Algorithm, CompactJws, SigningKey};
use wimse_core::testing::{FrozenClock, TestDomain};
use wimse_core::trace::{NoTrace, Steps};
use wimse_core::{Credential, Limits, Reason, Rejection, TrustAnchors, TrustStore, UnixTime, WorkloadId};

use crate::common::{TestKey, forge};
use crate::{any_json, change};

const NOW: i64 = 1_800_000_000;

/// An issuer key, anchors that trust it, and a sound token that it signed.
struct World {
    issuer: SigningKey,
    workload: SigningKey,
    trust: TrustStore,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let issuer = TestKey::of(Algorithm::Es256).signing(Algorithm::Es256);
    let anchor = issuer.public_jwk().clone().with_kid("k1");
    let anchors = TrustAnchors::new().domain("example.com", wimse_core::jose::JwkSet::from(anchor)).unwrap();
    World { issuer, workload: SigningKey::generate(Algorithm::Ed25519).unwrap(), trust: anchors.into() }
});

impl World {
    fn header() -> Value {
        json!({ "alg": "ES256", "typ": "wit+jwt", "kid": "k1" })
    }

    fn claims(&self) -> Value {
        json!({
            "sub": "wimse://example.com/orders",
            "exp": NOW + 3600,
            "jti": "7",
            "cnf": { "jwk": self.workload.public_jwk() },
        })
    }

    fn sound(&self) -> String {
        forge(Self::header().to_string(), self.claims().to_string(), &self.issuer)
    }

    fn validate(&self, token: &str) -> Result<WorkloadId, Rejection> {
        let limits = Limits::default();
        let mut steps = Steps::default();
        let now = UnixTime::from_secs(NOW);
        let verdict = validate_wit_without_proof(token, &self.trust, &limits, now, &mut steps);
        // The trace and the verdict tell the same story.
        let untraced = validate_wit_without_proof(token, &self.trust, &limits, now, &mut NoTrace);
        assert_eq!(
            verdict.as_ref().map(|_| ()).map_err(Rejection::reason),
            untraced.map(|_| ()).map_err(|r| r.reason())
        );
        let failed = steps.0.iter().find(|checked| !checked.passed).map(|checked| checked.step);
        assert_eq!(failed, verdict.as_ref().err().and_then(Rejection::step));
        verdict.map(|wit| wit.subject().clone())
    }
}

proptest! {
    #[test]
    fn wit_01_wit_25_a_token_is_three_non_empty_segments(text in "[A-Za-z0-9_.-]{0,40}", other in ".{0,40}") {
        for text in [&text, &other] {
            let segments: Vec<&str> = text.split('.').collect();
            let sound = |s: &&str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            let expected = segments.len() == 3 && segments.iter().all(sound);
            let jws = CompactJws::split(text);
            prop_assert_eq!(jws.is_ok(), expected, "{:?}", text);
            if let Ok(jws) = jws {
                let input = segments[..2].join(".");
                prop_assert_eq!(jws.signing_input(), input.as_bytes());
            }
        }
    }

    #[test]
    fn wit_28_arbitrary_text_is_no_token(text in ".{0,200}", segments in "[A-Za-z0-9_-]{1,80}(\\.[A-Za-z0-9_-]{1,80}){2}") {
        for text in [&text, &segments] {
            prop_assert!(WORLD.validate(text).is_err());
            prop_assert!(Credential::new(text, WORLD.workload.clone()).is_err());
        }
    }

    #[test]
    fn wit_28_an_altered_token_is_refused(change in change()) {
        let sound = WORLD.sound();
        let altered = change.apply(&sound);
        prop_assert_eq!(WORLD.validate(&altered).is_ok(), altered == sound);
        let _ = Credential::new(&altered, WORLD.workload.clone());
    }

    #[test]
    fn wit_06_wit_08_wit_14_signed_but_senseless_claims_are_refused(
        name in prop::sample::select(vec!["sub", "exp", "nbf", "iss", "jti", "iat", "cnf", "aud", "x"]),
        value in prop_oneof![any_json(), (-100_i64..86_600).prop_map(|after| json!(NOW + after))],
    ) {
        let mut claims = WORLD.claims();
        claims[name] = value.clone();
        let token = forge(World::header().to_string(), claims.to_string(), &WORLD.issuer);
        let verdict = WORLD.validate(&token);
        let harmless = match name {
            "iat" | "aud" | "x" => true,
            "iss" | "jti" => value.is_string(),
            "nbf" => value.as_f64().is_some_and(|nbf| nbf < (NOW + 61) as f64),
            "exp" => value.as_f64().is_some_and(|exp| exp > (NOW - 60) as f64 && exp < (NOW + 86_461) as f64),
            _ => false,
        };
        prop_assert_eq!(verdict.is_ok(), harmless, "{} {}", name, value);
        let credential = Credential::new(&token, WORLD.workload.clone());
        let usable = match name {
            "sub" | "cnf" => false,
            "exp" => value.is_number(),
            _ => true,
        };
        prop_assert_eq!(credential.is_ok(), usable, "{} {}", name, value);
    }

    #[test]
    fn wit_01_wit_31_signed_but_senseless_segments_are_refused(header in any_json(), payload in any_json()) {
        let (header, payload) = (header.to_string(), payload.to_string());
        let claims = WORLD.claims().to_string();
        for token in [
            forge(&header, &claims, &WORLD.issuer),
            forge(World::header().to_string(), &payload, &WORLD.issuer),
            forge(&header, &payload, &WORLD.issuer),
        ] {
            prop_assert!(WORLD.validate(&token).is_err());
            prop_assert!(Credential::new(&token, WORLD.workload.clone()).is_err());
        }
    }
}

#[test]
fn wit_28_every_single_octet_of_a_token_matters() {
    let sound = WORLD.sound();
    assert!(WORLD.validate(&sound).is_ok());
    for position in 0..sound.len() {
        for with in ['A', 'B', 'a', '0', '_', '-', '.', '=', ' ', '\u{e9}'] {
            let mut altered: Vec<char> = sound.chars().collect();
            if altered[position] == with {
                continue;
            }
            altered[position] = with;
            let altered: String = altered.into_iter().collect();
            assert!(WORLD.validate(&altered).is_err(), "{with:?} at {position}");
        }
        let mut shorter = sound.clone();
        shorter.remove(position);
        assert!(WORLD.validate(&shorter).is_err(), "without {position}");
    }
    for altered in [
        format!("{sound}."),
        format!("{sound}\n"),
        format!(" {sound}"),
        format!("{sound}, {sound}"),
        format!("Bearer {sound}"),
    ] {
        assert_eq!(WORLD.validate(&altered).unwrap_err().reason(), Reason::WitMalformed);
    }
}

#[test]
fn wit_28_the_other_signature_of_ecdsa_is_of_no_use_as_another_token_name() {
    // Whoever sees a token can turn (r, s) into (r, n - s), which verifies too. `wth` and the cache are over the whole
    // token, so the twin is a token of its own that no captured proof fits.
    let clock = FrozenClock::at(NOW);
    let domain = TestDomain::new("example.com").clock(clock);
    let token = domain.workload("/a").token().to_owned();
    let limits = Limits::default();
    let hash = |token: &str| {
        let trust = domain.trust_anchors().into();
        validate_wit_without_proof(token, &trust, &limits, UnixTime::from_secs(NOW), &mut NoTrace)
            .map(|wit| wit.token_hash())
    };
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut twin = data_encoding::BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let negated = subtract(&P256_ORDER, &twin[32..]);
    twin[32..].copy_from_slice(&negated);
    let twin = format!("{input}.{}", crate::common::encode(&twin));
    assert_ne!(hash(&twin).unwrap(), hash(&token).unwrap());
}

const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Big-endian subtraction of numbers of the same length.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = false;
    let mut difference: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let (digit, first) = a.overflowing_sub(*b);
            let (digit, second) = digit.overflowing_sub(u8::from(borrow));
            borrow = first || second;
            digit
        })
        .collect();
    difference.reverse();
    difference
}
