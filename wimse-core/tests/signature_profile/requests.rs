//! Requests.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use wimse_core::httpsig::RequestParts;
use wimse_core::httpsig::profile::{RequestCheck, RequestSignature, SignatureError};
use wimse_core::jose::Algorithm;
use wimse_core::{Audiences, Credential, Revision, UnixTime};

use crate::{NOW, Sent, TARGET, World, reason};

#[test]
fn hsq_01_hsq_29_every_algorithm_and_revision_signs_and_verifies() {
    for algorithm in Algorithm::ALL {
        let world = World::new(algorithm);
        for revision in Revision::ALL {
            for content in ["", "some content"] {
                let sent = world.signed(revision, content);
                let verified = world.check_at(&sent, revision, NOW).unwrap().unwrap();
                assert_eq!(verified.nonce(), sent.nonce, "{algorithm} {revision:?}");
                assert!(verified.wants_signed_response());
                assert_eq!(verified.expires_at().as_secs(), NOW + 120);
                assert_eq!(sent.headers.contains_key("content-digest"), !content.is_empty());
            }
        }
    }
}

#[test]
fn hsq_02_amb_01_a_signature_of_one_revision_is_none_of_the_other() {
    let world = World::new(Algorithm::Es256);
    for (signed, receiver) in [
        (Revision::Wpt01HttpSignature06, Revision::Wpt02HttpSignature07),
        (Revision::Wpt02HttpSignature07, Revision::Wpt01HttpSignature06),
    ] {
        let sent = world.signed(signed, "");
        assert_eq!(reason(world.check_at(&sent, receiver, NOW)), "component_not_covered");
    }
}

type Change = fn(&mut Sent);

#[test]
fn hsq_05_hsq_11_hsq_35_whatever_is_changed_on_the_way_is_noticed() {
    let world = World::new(Algorithm::Es256);
    let sound = world.signed(Revision::default(), "some content");
    let changes: [(&str, Change, &str); 22] = [
        ("nothing", |_| (), "accepted"),
        ("an unrelated field", |s| drop(s.headers.remove("x-unrelated")), "accepted"),
        ("the method", |s| s.method = Method::PUT, "proof_signature"),
        ("the path", |s| s.uri = "/order?x=1".parse().unwrap(), "audience_mismatch"),
        ("the query", |s| s.uri = "/orders?x=2".parse().unwrap(), "proof_signature"),
        ("no query", |s| s.uri = "/orders".parse().unwrap(), "proof_signature"),
        ("the content", |s| s.content[0] ^= 1, "digest_mismatch"),
        ("less content", |s| s.content.clear(), "digest_mismatch"),
        ("the digest", |s| set(s, "content-digest", "sha-256=:AAAA:"), "digest_malformed"),
        ("another digest", |s| set(s, "content-digest", OTHER_DIGEST), "proof_signature"),
        ("no digest", |s| drop(s.headers.remove("content-digest")), "component_unresolved"),
        ("the type", |s| set(s, "content-type", "text/html"), "proof_signature"),
        ("no type", |s| drop(s.headers.remove("content-type")), "component_unresolved"),
        ("the transaction", |s| set(s, "txn-token", "another"), "proof_signature"),
        ("two transactions", |s| add(s, "txn-token", "another"), "txn_token_mismatch"),
        ("authorization added", |s| set(s, "authorization", "Bearer x"), "component_not_covered"),
        ("no signature", |s| drop(s.headers.remove("signature")), "proof_malformed"),
        ("no input", |s| drop(s.headers.remove("signature-input")), "unsigned"),
        (
            "neither",
            |s| drop((s.headers.remove("signature"), s.headers.remove("signature-input"))),
            "unsigned",
        ),
        ("another label", relabel, "accepted"),
        ("another tag", |s| edit_input(s, "wimse-workload", "another-workload"), "unsigned"),
        ("another nonce", |s| edit_input(s, "nonce=\"", "nonce=\"x"), "proof_signature"),
    ];
    for (what, change, expected) in changes {
        let mut sent = sound.clone();
        change(&mut sent);
        assert_eq!(reason(world.check(&sent)), expected, "{what}");
    }
}

/// What a proxy changed cannot be told, but what to compare. A query may hold secrets, and `Authorization` does.
#[test]
fn aud_02_a_signature_that_does_not_verify_is_reported_with_what_it_covers() {
    let world = World::new(Algorithm::Es256);
    let mut sent = world.signed(Revision::default(), "");
    for (uri, received) in
        [("/orders?key=secret", "/orders with a query of 10 octets"), ("/orders", "/orders without a query")]
    {
        sent.uri = uri.parse().unwrap();
        let refused = world.check(&sent).unwrap_err();
        let covered = "\"@method\", \"@path\", \"@query\", \"content-type\", \"txn-token\"";
        let found = format!("none that verifies over {covered} as received: POST {received}");
        assert_eq!(refused.found(), Some(found.as_str()));
    }
}

const OTHER_DIGEST: &str = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

fn set(sent: &mut Sent, name: &'static str, value: &'static str) {
    sent.headers.insert(name, HeaderValue::from_static(value));
}

fn add(sent: &mut Sent, name: &'static str, value: &'static str) {
    sent.headers.append(name, HeaderValue::from_static(value));
}

fn edit(sent: &mut Sent, field: &'static str, from: &str, to: &str) {
    let value = sent.headers[field].to_str().unwrap().replacen(from, to, 1);
    sent.headers.insert(field, value.parse().unwrap());
}

fn edit_input(sent: &mut Sent, from: &str, to: &str) {
    edit(sent, "signature-input", from, to);
}

fn relabel(sent: &mut Sent) {
    edit(sent, "signature-input", "wimse=", "sig9=");
    edit(sent, "signature", "wimse=", "sig9=");
}

#[test]
fn hsq_12_hsq_35_amb_08_a_signature_counts_from_created_to_expires() {
    let world = World::new(Algorithm::Es256);
    let sent = world.signed(Revision::default(), "");
    for (at, expected) in [
        (-61, "proof_not_yet_valid"),
        (-60, "accepted"),
        (0, "accepted"),
        (179, "accepted"),
        (180, "proof_expired"),
    ] {
        assert_eq!(reason(world.check_at(&sent, Revision::default(), NOW + at)), expected, "{at}");
    }
}

#[test]
fn hsq_08_hsq_29_the_token_of_another_workload_does_not_fit() {
    let world = World::new(Algorithm::Es256);
    let mut sent = world.signed(Revision::default(), "");
    sent.headers.insert("workload-identity-token", world.callee.token().parse().unwrap());
    assert_eq!(reason(world.check(&sent)), "proof_signature");
}

#[test]
fn hsq_25_a_request_that_is_signed_again_has_one_signature_and_another_nonce() {
    let world = World::new(Algorithm::Ed25519);
    let first = world.signed(Revision::default(), "a");
    let mut again = first.clone();
    let method = again.method.clone();
    let uri = again.uri.clone();
    again.nonce = signature(&world).apply(&method, &uri, &mut again.headers, b"b").unwrap();
    again.content = b"b".to_vec();
    assert_ne!(first.nonce, again.nonce);
    assert_eq!(again.headers.get_all("signature").iter().count(), 1);
    assert_eq!(reason(world.check(&again)), "accepted");
}

#[test]
fn hsq_23_two_signatures_with_the_tag_are_refused() {
    let world = World::new(Algorithm::Es256);
    let mut one = world.signed(Revision::default(), "");
    let mut other = one.clone();
    relabel(&mut other);
    for field in ["signature-input", "signature"] {
        one.headers.append(field, other.headers[field].clone());
    }
    assert_eq!(reason(world.check(&one)), "proof_repeated");
}

#[test]
fn key_03_an_expired_credential_does_not_sign() {
    let world = World::new(Algorithm::Es256);
    let credential: &Credential = world.caller.credential();
    let signature = RequestSignature { now: credential.expires_at(), ..signature(&world) };
    let uri = TARGET.parse().unwrap();
    let refused = signature.apply(&Method::GET, &uri, &mut HeaderMap::new(), b"").unwrap_err();
    assert!(refused.to_string().contains("expired"), "{refused}");
}

pub(super) fn signature<'a>(world: &'a World) -> RequestSignature<'a> {
    RequestSignature {
        credential: world.caller.credential(),
        audience: crate::AUDIENCE,
        sign_response: false,
        context: &[],
        revision: Revision::default(),
        now: UnixTime::from_secs(NOW),
        lifetime: Duration::from_secs(60),
    }
}

#[test]
fn amb_17_ctx_01_two_lines_of_what_must_be_one_are_refused() {
    let world = World::new(Algorithm::Es256);
    for (field, expected) in [
        ("authorization", "proof_repeated"),
        ("txn-token", "txn_token_mismatch"),
        ("content-type", "component_unresolved"),
        ("workload-identity-token", "wit_repeated"),
    ] {
        // Two lines that read as one to the signature: what was signed as `a, b` arrives as `a` and `b`.
        let mut sent = world.signed(Revision::default(), "");
        let token = world.caller.token().to_owned();
        let first = if field == "workload-identity-token" { token.as_str() } else { "a" };
        sent.headers.insert(field, first.parse().unwrap());
        sent.headers.append(field, HeaderValue::from_static("b"));
        assert_eq!(reason(world.check(&sent)), expected, "{field}");
        if field == "workload-identity-token" {
            continue;
        }
        let (method, uri) = (sent.method.clone(), sent.uri.clone());
        let refused = signature(&world).apply(&method, &uri, &mut sent.headers, b"");
        assert!(matches!(refused, Err(SignatureError::RepeatedField(name)) if name == field));
    }
}

#[test]
fn wit_39_hsq_27_the_token_that_was_validated_is_the_one_that_is_sent() {
    let world = World::new(Algorithm::Es256);
    let sent = world.signed(Revision::default(), "");
    let wit = world.wit(&world_headers(&world)).unwrap();
    let audiences = Audiences::base_url("https://orders.example.com");
    let check = RequestCheck {
        request: RequestParts::new(&sent.method, &sent.uri, &sent.headers),
        wit: &wit,
        audiences: &audiences,
        context: &[],
        terms: crate::terms(Revision::default(), NOW),
    };
    assert_eq!(check.verify().unwrap_err().reason().code(), "proof_wit_mismatch");
}

/// The callee's token where the caller's belongs.
fn world_headers(world: &World) -> HeaderMap {
    let token = HeaderValue::from_str(world.callee.token()).unwrap();
    HeaderMap::from_iter([(http::HeaderName::from_static("workload-identity-token"), token)])
}

#[test]
fn amb_32_connect_and_options_star_are_neither_signed_nor_accepted() {
    let world = World::new(Algorithm::Es256);
    for (method, uri) in
        [(Method::CONNECT, "/x"), (Method::CONNECT, "https://a.example/x"), (Method::OPTIONS, "*")]
    {
        let uri: http::Uri = uri.parse().unwrap();
        let refused = signature(&world).apply(&method, &uri, &mut HeaderMap::new(), b"");
        assert_eq!(refused, Err(SignatureError::RequestTarget), "{method} {uri}");
        for revision in Revision::ALL {
            let mut sent = world.signed(revision, "");
            (sent.method, sent.uri) = (method.clone(), uri.clone());
            assert_eq!(reason(world.check_at(&sent, revision, NOW)), "request_target", "{method} {uri}");
        }
    }
}

#[test]
fn hsq_13_hsq_31_what_no_receiver_would_accept_is_not_signed() {
    let world = World::new(Algorithm::Es256);
    let (uri, mut headers) = (TARGET.parse().unwrap(), HeaderMap::new());
    for (seconds, sound) in [(0, false), (1, true), (600, true), (601, false)] {
        let signature = RequestSignature { lifetime: Duration::from_secs(seconds), ..signature(&world) };
        assert_eq!(signature.apply(&Method::GET, &uri, &mut headers, b"").is_ok(), sound, "{seconds}");
    }
    let nameless = RequestSignature { audience: "", ..signature(&world) };
    let refused = nameless.apply(&Method::GET, &uri, &mut headers, b"");
    assert_eq!(refused, Err(SignatureError::Audience));
}

#[test]
fn hsq_23_signing_beside_several_earlier_signatures_is_refused() {
    let world = World::new(Algorithm::Es256);
    let mut sent = world.signed(Revision::default(), "");
    let mut other = sent.clone();
    relabel(&mut other);
    for field in ["signature-input", "signature"] {
        sent.headers.append(field, other.headers[field].clone());
    }
    let (method, uri) = (sent.method.clone(), sent.uri.clone());
    let refused = signature(&world).apply(&method, &uri, &mut sent.headers, b"");
    assert_eq!(refused, Err(SignatureError::OtherSignatures));
}
