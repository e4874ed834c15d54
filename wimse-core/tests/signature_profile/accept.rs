//! Asking for the WIMSE signature with `Accept-Signature`.

use http::{HeaderMap, HeaderValue, Method, Uri};
use wimse_core::Revision;
use wimse_core::httpsig::profile::{
    Exchange, RequestSignature, TAG, asks_for_signed_response, wanted_of_request, wanted_of_response,
};
use wimse_core::httpsig::{ACCEPT_SIGNATURE, Limits, ReceivedSignatures, RequestedSignatures};
use wimse_core::jose::Algorithm;

use crate::requests::signature;
use crate::responses::{answer, callee, check_as, exchange, reason as answered};
use crate::{World, reason};

fn asking(line: impl AsRef<[u8]>) -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_SIGNATURE, HeaderValue::from_bytes(line.as_ref()).unwrap())])
}

/// The components that a field with one member asks for.
fn listed(wanted: HeaderValue) -> Vec<String> {
    let fields = HeaderMap::from_iter([(ACCEPT_SIGNATURE, wanted)]);
    let requested = RequestedSignatures::parse(&fields, &Limits::default()).unwrap();
    let input = requested.by_tag(TAG).unwrap().input().unwrap();
    input.components().iter().map(ToString::to_string).collect()
}

/// The components that the WIMSE signature of a message covers.
fn covered(headers: &HeaderMap) -> Vec<String> {
    let received = ReceivedSignatures::parse(headers, &Limits::default()).unwrap();
    let input = received.by_tag(TAG).unwrap().input().unwrap();
    input.components().iter().map(ToString::to_string).collect()
}

#[test]
fn hsr_25_hsr_26_what_is_asked_for_is_the_set_of_the_profile() {
    let fields = r#""workload-identity-token" "content-type" "content-digest""#;
    let end = r#";created;expires;tag="wimse-workload-to-workload""#;
    for (revision, target, of_request) in [
        (Revision::Wpt02HttpSignature07, r#""@path" "@query""#, r#""@path";req "@query";req"#),
        (Revision::Wpt01HttpSignature06, r#""@request-target""#, r#""@request-target";req"#),
    ] {
        let request = format!(r#"wimse=("@method" {target} {fields} "authorization" "txn-token"){end}"#);
        assert_eq!(wanted_of_request(revision), request);
        let response = format!(r#"wimse=("@status" "@method";req {of_request} {fields}){end}"#);
        assert_eq!(wanted_of_response(revision), response);
    }
}

#[test]
fn hsr_26_hsr_27_no_request_is_asked_for_less_than_it_must_sign() {
    let world = World::new(Algorithm::Ed25519);
    let uri = Uri::from_static("/orders?x=1");
    for revision in Revision::ALL {
        let signature = RequestSignature { revision, ..signature(&world) };
        let wanted = listed(wanted_of_request(revision));
        let mut least = HeaderMap::new();
        signature.apply(&Method::GET, &uri, &mut least, b"").unwrap();
        assert!(covered(&least).len() < wanted.len());
        assert!(covered(&least).iter().all(|component| wanted.contains(component)));
        let mut most = HeaderMap::new();
        for name in ["content-type", "authorization", "txn-token"] {
            most.insert(name, HeaderValue::from_static("x"));
        }
        signature.apply(&Method::POST, &uri, &mut most, b"x").unwrap();
        assert_eq!(covered(&most), wanted, "{revision:?}");
    }
}

#[test]
fn hsr_25_hsr_27_no_response_is_asked_for_less_than_it_must_sign() {
    let world = World::new(Algorithm::Ed25519);
    for revision in Revision::ALL {
        let sent = world.signed(revision, "");
        let wanted = listed(wanted_of_response(revision));
        assert_eq!(covered(&answer(&world, &sent, revision, "x").headers), wanted, "{revision:?}");
        let least = covered(&answer(&world, &sent, revision, "").headers);
        assert!(least.len() < wanted.len() && least.iter().all(|component| wanted.contains(component)));
    }
}

#[test]
fn hsr_23_what_a_client_asks_for_is_understood_by_a_server_of_its_revision() {
    for client in Revision::ALL {
        let fields = asking(wanted_of_response(client));
        for server in Revision::ALL {
            assert_eq!(asks_for_signed_response(&fields, server), client == server);
        }
        assert!(!asks_for_signed_response(&asking(wanted_of_request(client)), client));
    }
    assert!(!asks_for_signed_response(&HeaderMap::new(), Revision::default()));
}

#[test]
fn hsr_27_a_wish_for_less_than_the_profile_is_none() {
    let least =
        ["\"@status\"", "\"@method\";req", "\"@path\";req", "\"@query\";req", "\"workload-identity-token\""];
    let asks = |components: &[&str]| {
        let line = format!("a=({});tag=\"{TAG}\"", components.join(" "));
        asks_for_signed_response(&asking(line), Revision::default())
    };
    assert!(asks(&least));
    for missing in 0..least.len() {
        let mut weaker = least.to_vec();
        let taken = weaker.remove(missing);
        assert!(!asks(&weaker), "{taken}");
        // The same name as another component is not the same.
        weaker.push(if taken.ends_with(";req") { taken.trim_end_matches(";req") } else { "\"x\"" });
        assert!(!asks(&weaker), "{taken}");
    }
    let mut more = least.to_vec();
    more.push("\"x\"");
    more.reverse();
    assert!(asks(&more));
}

#[test]
fn hsr_23_a_wish_that_cannot_be_read_is_none() {
    let sound = wanted_of_response(Revision::default());
    let sound = sound.to_str().unwrap();
    let weak = format!("w=(\"@status\");tag=\"{TAG}\"");
    for (line, expected) in [
        (sound.to_owned(), true),
        (sound.replace("wimse=", "sig9="), true),
        (format!("x=(\"date\"), {sound}"), true),
        (format!("{weak}, {sound}"), true),
        (format!("x=1, y=(\"@new\");tag=\"{TAG}\", {sound}"), true),
        (weak, false),
        (sound.replace("tag=\"wimse", "tag=\"Wimse"), false),
        (sound.replace(&format!("\"{TAG}\""), TAG), false),
        (sound.replace(";tag", ";nonce"), false),
        (sound.replace("\"@status\"", "\"@status\" \"@new\""), false),
        (sound.replace("\"@status\"", "\"@status\" \"@status\""), false),
        (format!("{sound}, {sound}"), false),
        (format!("{sound};tag=\"{TAG}\""), false),
        (format!("{sound},"), false),
        (format!("{sound}, x=("), false),
        (format!("{sound};a=\"{}\"", "x".repeat(64 * 1024)), false),
        ("?1".to_owned(), false),
        ("wimse".to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(asks_for_signed_response(&asking(&line), Revision::default()), expected, "{line:.200}");
    }
    let octets = [sound.as_bytes(), b"\xff"].concat();
    assert!(!asks_for_signed_response(&asking(octets), Revision::default()));
}

#[test]
fn hsr_23_asking_does_not_oblige_the_server() {
    let world = World::new(Algorithm::Es256);
    let mut sent = world.signed(Revision::default(), "");
    let (method, uri) = (sent.method.clone(), sent.uri.clone());
    sent.nonce = signature(&world).apply(&method, &uri, &mut sent.headers, b"").unwrap();
    sent.headers.insert(ACCEPT_SIGNATURE, wanted_of_response(Revision::default()));
    let verified = world.check(&sent).unwrap().unwrap();
    assert!(!verified.wants_signed_response());
    assert!(asks_for_signed_response(&sent.headers, Revision::default()));

    let mut unsigned = answer(&world, &sent, Revision::default(), "x");
    unsigned.headers.remove("signature");
    unsigned.headers.remove("signature-input");
    let asked = Exchange { signed_response_wanted: false, ..exchange(&sent) };
    assert_eq!(answered(check_as(&world, asked, &unsigned, &callee(), Revision::default())), "unsigned");
}

#[test]
fn hsr_24_the_signed_demand_stands_whatever_accept_signature_says() {
    let world = World::new(Algorithm::Es256);
    let lines = ["", "a=(\"@status\")", "a=(", "wimse=(\"@status\");tag=\"wimse-workload-to-workload\""];
    for line in lines {
        let mut sent = world.signed(Revision::default(), "");
        sent.headers.insert(ACCEPT_SIGNATURE, HeaderValue::from_static(line));
        assert_eq!(reason(world.check(&sent)), "accepted", "{line}");
        let verified = world.check(&sent).unwrap().unwrap();
        assert!(verified.wants_signed_response(), "{line}");
        assert!(!asks_for_signed_response(&sent.headers, Revision::default()), "{line}");
    }
}
