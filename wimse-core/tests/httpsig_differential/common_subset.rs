//! What both can do: equal bases, and each takes what the other signs.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use wimse_core::httpsig::{SIGNATURE, SIGNATURE_INPUT};
use wimse_core::jose::Algorithm;

use crate::sides::{FUTURE, Parts, Said, signed_by_them, signed_by_us, they_verify, we_verify};

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Ed25519, Algorithm::Es256];

const DERIVED: [&str; 6] = ["@method", "@path", "@query", "@authority", "@target-uri", "@scheme"];

fn parts() -> impl Strategy<Value = Parts> {
    // A method of small letters is not in the common subset, see below.
    let method = select(vec!["GET", "POST", "PUT", "DELETE", "PATCH", "QUERY", "M-SEARCH"]);
    let scheme = select(vec!["http", "https"]);
    let host =
        "[a-zA-Z][a-zA-Z0-9-]{0,8}(\\.[a-zA-Z][a-z]{1,5}){0,2}|\\[2001:DB8::[1-9]\\]|192\\.0\\.2\\.[1-9]";
    let port = proptest::option::of(prop_oneof![Just(80), Just(443), 1..=u16::MAX]);
    let path = "(/([a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}){0,6}){0,4}";
    let query = proptest::option::of("([a-zA-Z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2}){0,12}");
    let line = "[ \t]{0,2}([!-~]([ -~\t]{0,12}[!-~])?)?[ \t]{0,2}";
    let fields = proptest::collection::vec(proptest::collection::vec(line, 1..4), 0..4);
    (method, scheme, host, port, path, query, fields).prop_map(
        |(method, scheme, host, port, path, query, fields)| Parts {
            method,
            scheme,
            host,
            port,
            path,
            query,
            fields,
        },
    )
}

fn said() -> impl Strategy<Value = Said> {
    // Quotes and backslashes are not in the common subset, see below.
    let text = || proptest::option::of("[ !#-\\[\\]-~]{0,20}");
    let created = proptest::option::of(0..=999_999_999_999_999_i64);
    let expires = proptest::option::of(FUTURE..=999_999_999_999_999);
    (created, expires, text(), text(), text()).prop_map(|(created, expires, nonce, keyid, tag)| Said {
        created,
        expires,
        nonce,
        keyid,
        tag,
    })
}

/// A request and some of what it has, in any order.
fn covered() -> impl Strategy<Value = (Parts, Vec<String>)> {
    parts().prop_flat_map(|parts| {
        let fields = (0..parts.fields.len()).map(|index| format!("x-{index}"));
        let names: Vec<String> = DERIVED.iter().map(|name| (*name).to_owned()).chain(fields).collect();
        let count = names.len();
        (Just(parts), subsequence(names, 1..=count).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn hsq_40_bases_are_equal_and_signatures_verify_on_the_other_side((parts, names) in covered(), said in said()) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let identifiers: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let identifiers: Vec<&str> = identifiers.iter().map(String::as_str).collect();
        for algorithm in ALGORITHMS {
            let (by_us, our_text) = signed_by_us(&parts, &said.ours(&identifiers), algorithm);
            let (by_them, their_text) = signed_by_them(&parts, &said.theirs(&names), algorithm);
            prop_assert_eq!(our_text, their_text);
            prop_assert_eq!(&by_us.headers()[SIGNATURE_INPUT], &by_them.headers()[SIGNATURE_INPUT]);
            for request in [&by_us, &by_them] {
                prop_assert!(they_verify(&parts, request, algorithm).is_ok());
                prop_assert_eq!(we_verify(request, algorithm), Ok(()));
            }
        }
    }

    #[test]
    fn hsq_40_neither_side_takes_the_signature_of_another_request(
        (parts, names) in covered(), other in parts(), said in said(),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // One line `a, b` is the same as two lines, and what is absent is empty to them.
        let equal = |name: &&str| {
            let joined = |parts: &Parts| parts.values(name).map(|lines| lines.join(", "));
            (joined(&parts) == joined(&other), joined(&parts).unwrap() == joined(&other).unwrap_or_default())
        };
        let same = names.iter().all(|name| equal(name).0);
        let same_to_them = names.iter().all(|name| equal(name).1);
        let (signed, _) = signed_by_them(&parts, &said.theirs(&names), Algorithm::Ed25519);
        let mut moved = other.request();
        for name in [SIGNATURE_INPUT, SIGNATURE] {
            moved.headers_mut().insert(&name, signed.headers()[&name].clone());
        }
        prop_assert_eq!(they_verify(&other, &moved, Algorithm::Ed25519).is_ok(), same_to_them);
        prop_assert_eq!(we_verify(&moved, Algorithm::Ed25519).is_ok(), same);
    }
}
