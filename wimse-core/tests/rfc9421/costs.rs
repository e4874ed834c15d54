//! What the engine adds to the cryptography: heap allocations.

use http::Request;
use wimse_core::UnixTime;
use wimse_core::httpsig::{
    BaseBuilder, Component, Derived, Limits, Message, ReceivedSignatures, SignatureBuilder,
};
use wimse_core::jose::{Algorithm, PublicKey, SigningKey};

fn sign(request: &mut Request<()>, key: &SigningKey) {
    let signed = SignatureBuilder::new("wimse")
        .cover([Derived::Method, Derived::Path, Derived::Query])
        .cover([
            Component::field("content-type").unwrap(),
            Component::field("content-digest").unwrap(),
            Component::field("workload-identity-token").unwrap(),
        ])
        .created(UnixTime::from_secs(1_745_508_910))
        .expires(UnixTime::from_secs(1_745_509_210))
        .nonce("kQJ1WLDoXz7ZbQd4uYcBfg")
        .tag("wimse-workload-to-workload")
        .parameter("wimse-aud", wimse_core::httpsig::Value::string("https://orders.example.com").unwrap())
        .sign(&Message::from(&*request), key, &mut BaseBuilder::new())
        .unwrap();
    signed.append_to(request.headers_mut(), &Limits::default()).unwrap();
}

fn unsigned(unrelated: usize) -> Request<()> {
    let mut request = Request::post("https://orders.example.com/orders?id=1")
        .header("content-type", "application/json")
        .header("content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
        .header("workload-identity-token", "e".repeat(700));
    for i in 0..unrelated {
        request = request.header(format!("x-{i}"), "unrelated");
    }
    request.body(()).unwrap()
}

#[test]
fn verifying_and_signing_take_few_allocations_whatever_else_is_in_the_message() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let public = PublicKey::new(key.public_jwk().clone()).unwrap();
    let mut counts = Vec::new();
    for unrelated in [0, 60] {
        let mut request = unsigned(unrelated);
        sign(&mut request, &key);
        let verify = || {
            let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default()).unwrap();
            let signature = signatures.by_tag("wimse-workload-to-workload").unwrap();
            let message = Message::from(&request);
            signature.verify(&message, &public, Algorithm::Ed25519, &mut BaseBuilder::new()).unwrap();
        };
        let verifying = allocation_counter::measure(verify).count_total;
        let mut other = unsigned(unrelated);
        let signing = allocation_counter::measure(|| sign(&mut other, &key)).count_total;
        counts.push((verifying, signing));
    }
    assert_eq!(counts[0], counts[1]);
    // Eight are allowed for all of a profile above this too.
    assert!(counts[0].0 <= 5 && counts[0].1 <= 6, "{counts:?}");
}
