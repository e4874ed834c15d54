//! Requests that must be refused, each for one reason.

use http::{HeaderValue, Method, Request, Uri};
use serde_json::{Value, json};
use wimse_core::Reason;
use wimse_core::jose::{Algorithm, SigningKey};

use crate::common::{encode, forge};
use crate::{BASE, NOW, TARGET, World, foreign_key, header, proof_of, request};

/// A request that must be refused, and why.
pub(crate) struct Failing {
    pub(crate) what: &'static str,
    pub(crate) request: Request<()>,
    pub(crate) reason: Reason,
}

/// At least one request for every refusal that a request itself can bring about under the newest revision. The
/// verifier knows `x-user` as a context token.
pub(crate) fn failing_requests(world: &World) -> Vec<Failing> {
    let mut all = fields(world);
    all.extend(tokens(world));
    all.extend(proofs(world));
    all
}

fn edit(world: &World, edit: impl FnOnce(&mut Request<()>)) -> Request<()> {
    let mut request = world.request();
    edit(&mut request);
    request
}

fn fields(world: &World) -> Vec<Failing> {
    let set = |name: &'static str, value: &str| {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        edit(world, |r| drop(r.headers_mut().insert(name, value)))
    };
    let again = |name: &'static str, value: Option<&str>| {
        edit(world, |r| {
            let value = value.map_or_else(|| r.headers()[name].clone(), |value| value.parse().unwrap());
            r.headers_mut().append(name, value);
        })
    };
    let without = |name: &'static str| edit(world, |r| drop(r.headers_mut().remove(name)));
    let sound = world.request();
    let (wit, proof) = (header(&sound, "workload-identity-token").to_str().unwrap(), proof_of(&sound));
    let lines = [
        ("no fields", Request::get(TARGET).body(()).unwrap(), Reason::CredentialsMissing),
        (
            "an unrelated bearer token",
            Request::get(TARGET).header("authorization", "Bearer x").body(()).unwrap(),
            Reason::CredentialsMissing,
        ),
        ("a proof without a token", without("workload-identity-token"), Reason::WitMissing),
        ("a token without a proof", without("authorization"), Reason::ProofMissing),
        ("a bearer token in place of the proof", set("authorization", "Bearer x"), Reason::ProofMissing),
        ("the token as a bearer token", set("authorization", &format!("Bearer {wit}")), Reason::ProofMissing),
        ("the token twice", again("workload-identity-token", None), Reason::WitRepeated),
        ("the proof twice", again("authorization", None), Reason::ProofRepeated),
        ("a bearer token beside the proof", again("authorization", Some("Bearer x")), Reason::ProofRepeated),
        (
            "two tokens joined by a proxy",
            set("workload-identity-token", &format!("{wit}, {wit}")),
            Reason::WitMalformed,
        ),
        (
            "two proofs joined by a proxy",
            set("authorization", &format!("WPT {proof}, WPT {proof}")),
            Reason::ProofMalformed,
        ),
        ("no proof after the scheme", set("authorization", "WPT"), Reason::ProofMalformed),
        ("spaces after the scheme", set("authorization", "WPT   "), Reason::ProofMalformed),
        ("a tab after the scheme", set("authorization", &format!("WPT\t{proof}")), Reason::ProofMalformed),
        ("an auth-param", set("authorization", &format!("WPT token={proof}")), Reason::ProofMalformed),
        ("a token that is not ASCII", set("workload-identity-token", "\u{e9}"), Reason::WitMalformed),
        ("a proof that is not ASCII", set("authorization", "WPT \u{e9}"), Reason::ProofMalformed),
        ("an empty token", set("workload-identity-token", ""), Reason::WitMalformed),
        ("the token as the proof", set("authorization", &format!("WPT {wit}")), Reason::ProofType),
        ("the proof as the token", set("workload-identity-token", proof), Reason::WitClaims),
        ("a huge token", set("workload-identity-token", &"A".repeat(16_385)), Reason::WitTooLarge),
        ("a huge proof", set("authorization", &format!("WPT {}", "A".repeat(8_193))), Reason::ProofTooLarge),
        ("the older revision", set("workload-proof-token", "x"), Reason::RevisionsMixed),
        (
            "the older revision alone",
            edit(world, |r| {
                let proof = r.headers_mut().remove("authorization").unwrap();
                r.headers_mut().insert("workload-proof-token", proof);
            }),
            Reason::RevisionNotAccepted,
        ),
        (
            "CONNECT",
            edit(world, |r| {
                *r.method_mut() = Method::CONNECT;
                *r.uri_mut() = Uri::from_static("orders.example.com:443");
            }),
            Reason::RequestTarget,
        ),
        (
            "an asterisk",
            edit(world, |r| {
                *r.method_mut() = Method::OPTIONS;
                *r.uri_mut() = Uri::from_static("*");
            }),
            Reason::RequestTarget,
        ),
        ("a transaction token that the proof does not know", set("txn-token", "x"), Reason::TxnToken),
        ("a context token that the proof does not know", set("x-user", "x"), Reason::ContextTokenNotCovered),
    ];
    lines.map(|(what, request, reason)| Failing { what, request, reason }).into()
}

fn tokens(world: &World) -> Vec<Failing> {
    let claim = |name: &'static str, value: Value| world.request_with_wit(|_, claims| claims[name] = value);
    let lacks = |name: &'static str| {
        world.request_with_wit(|_, claims| drop(claims.as_object_mut().unwrap().remove(name)))
    };
    let says = |name: &'static str, value: Value| world.request_with_wit(|header, _| header[name] = value);
    let jwk = |name: &'static str, value: Value| {
        world.request_with_wit(|_, claims| claims["cnf"]["jwk"][name] = value)
    };
    let by = |key: &SigningKey| {
        let wit = forge(world.wit_header().to_string(), world.wit_claims().to_string(), key);
        request(&wit, &world.proof_with(&wit, |_, _| ()))
    };
    let raw = |claims: &str| {
        let wit = forge(world.wit_header().to_string(), claims, &world.issuer);
        request(&wit, &world.proof_with(&wit, |_, _| ()))
    };
    let duplicate =
        world.wit_claims().to_string().replacen('{', r#"{"s\u0075b":"wimse://example.com/admin","#, 1);
    let lines = [
        ("wit typ", says("typ", json!("JWT")), Reason::WitType),
        ("wit alg none", says("alg", json!("none")), Reason::WitAlgorithm),
        ("wit alg of another kind", says("alg", json!("ES384")), Reason::WitSignature),
        ("wit crit", says("crit", json!(["exp"])), Reason::WitMalformed),
        ("wit crit null", says("crit", Value::Null), Reason::WitMalformed),
        ("wit b64", says("b64", json!(true)), Reason::WitMalformed),
        ("wit kid", says("kid", json!("k2")), Reason::WitKeyUnknown),
        ("wit by another key", by(&foreign_key()), Reason::WitSignature),
        ("wit by its own key", by(&world.workload), Reason::WitSignature),
        ("wit claims", raw("[]"), Reason::WitClaims),
        ("wit duplicate", raw(&duplicate), Reason::WitClaims),
        ("wit sub absent", lacks("sub"), Reason::WitClaims),
        ("wit sub list", claim("sub", json!([crate::CALLER])), Reason::WitClaims),
        ("wit sub not canonical", claim("sub", json!("wimse://Example.com/a")), Reason::WitSubject),
        (
            "wit sub of an unknown domain",
            claim("sub", json!("wimse://example.net/a")),
            Reason::TrustDomainUnknown,
        ),
        (
            "wit sub under another scheme",
            claim("sub", json!("spiffe://example.com/a")),
            Reason::TrustDomainUnknown,
        ),
        ("wit exp absent", lacks("exp"), Reason::WitClaims),
        ("wit exp text", claim("exp", json!("1800003600")), Reason::WitClaims),
        ("wit exp past", claim("exp", json!(NOW - 60)), Reason::WitExpired),
        ("wit exp far", claim("exp", json!(NOW + 1_000_000)), Reason::WitLifetime),
        ("wit exp 2^64-1", claim("exp", json!(u64::MAX)), Reason::WitLifetime),
        ("wit nbf", claim("nbf", json!(NOW + 61)), Reason::WitNotYetValid),
        ("wit nbf text", claim("nbf", json!("0")), Reason::WitClaims),
        ("wit iss number", claim("iss", json!(1)), Reason::WitClaims),
        ("wit cnf absent", lacks("cnf"), Reason::WitConfirmation),
        ("wit cnf without jwk", claim("cnf", json!({ "kid": "k" })), Reason::WitConfirmation),
        ("wit cnf with a private key", jwk("d", json!("AAAA")), Reason::WitConfirmation),
        ("wit cnf alg none", jwk("alg", json!("none")), Reason::WitConfirmation),
        ("wit cnf alg HS256", jwk("alg", json!("HS256")), Reason::WitConfirmation),
        ("wit cnf alg ECDH-ES", jwk("alg", json!("ECDH-ES")), Reason::WitConfirmation),
        ("wit cnf alg null", jwk("alg", Value::Null), Reason::WitConfirmation),
        ("wit cnf off the curve", jwk("x", json!(encode([1; 32]))), Reason::WitConfirmation),
    ];
    lines.map(|(what, request, reason)| Failing { what, request, reason }).into()
}

fn proofs(world: &World) -> Vec<Failing> {
    let claim = |name: &'static str, value: Value| world.request_with_proof(|_, claims| claims[name] = value);
    let lacks = |name: &'static str| {
        world.request_with_proof(|_, claims| drop(claims.as_object_mut().unwrap().remove(name)))
    };
    let says = |name: &'static str, value: Value| world.request_with_proof(|header, _| header[name] = value);
    let raw =
        |header: &str, claims: &str, key: &SigningKey| request(&world.wit(), &forge(header, claims, key));
    let (typ, wit) = (r#"{"alg":"ES256","typ":"wpt+jwt"}"#, world.wit());
    let claims = world.proof_claims(&wit).to_string();
    let other_key = SigningKey::generate(Algorithm::Es256).unwrap();
    let lines = [
        ("proof garbage", request(&wit, "a.b"), Reason::ProofMalformed),
        ("proof typ", says("typ", json!("wit+jwt")), Reason::ProofType),
        ("proof typ absent", raw(r#"{"alg":"ES256"}"#, &claims, &world.workload), Reason::ProofType),
        ("proof alg", says("alg", json!("ES384")), Reason::ProofAlgorithm),
        ("proof alg none", says("alg", json!("none")), Reason::ProofAlgorithm),
        ("proof alg in lower case", says("alg", json!("es256")), Reason::ProofAlgorithm),
        ("proof crit", says("crit", json!(["jti"])), Reason::ProofMalformed),
        ("proof claims", raw(typ, "7", &world.workload), Reason::ProofClaims),
        ("proof wth absent", lacks("wth"), Reason::ProofClaims),
        ("proof wth of another token", raw(typ, &claims, &world.workload), Reason::ProofWitMismatch),
        ("proof wth empty", claim("wth", json!("")), Reason::ProofWitMismatch),
        ("proof aud absent", lacks("aud"), Reason::ProofClaims),
        (
            "proof aud of another service",
            claim("aud", json!("https://orders.example.com.evil.test/orders/7")),
            Reason::AudienceMismatch,
        ),
        (
            "proof aud of another path",
            claim("aud", json!(format!("{BASE}/orders/70"))),
            Reason::AudienceMismatch,
        ),
        (
            "proof aud several",
            claim("aud", json!([format!("{BASE}/orders/7"), "https://b.example"])),
            Reason::AudienceMismatch,
        ),
        ("proof aud empty list", claim("aud", json!([])), Reason::ProofClaims),
        ("proof aud number", claim("aud", json!(7)), Reason::ProofClaims),
        ("proof exp absent", lacks("exp"), Reason::ProofClaims),
        ("proof exp past", claim("exp", json!(NOW - 60)), Reason::ProofExpired),
        ("proof nbf ahead", claim("nbf", json!(NOW + 61)), Reason::ProofNotYetValid),
        ("proof nbf of another type", claim("nbf", json!("soon")), Reason::ProofClaims),
        ("proof exp far", claim("exp", json!(NOW + 361)), Reason::ProofLifetime),
        ("proof exp 2^64-1", claim("exp", json!(u64::MAX)), Reason::ProofLifetime),
        ("proof jti absent", lacks("jti"), Reason::ProofClaims),
        ("proof jti empty", claim("jti", json!("")), Reason::ProofClaims),
        ("proof jti long", claim("jti", json!("x".repeat(257))), Reason::ProofClaims),
        ("proof tth without a field", claim("tth", json!("x")), Reason::TxnToken),
        ("proof oth without a field", claim("oth", json!({ "x-user": "x" })), Reason::ContextTokenMismatch),
        ("proof oth unknown", claim("oth", json!({ "x-other": "x" })), Reason::ContextTokenUnknown),
        ("proof oth list", claim("oth", json!([])), Reason::ProofClaims),
        (
            "proof by another key",
            {
                let wit = world.wit();
                request(&wit, &forge(typ, world.proof_claims(&wit).to_string(), &other_key))
            },
            Reason::ProofSignature,
        ),
    ];
    lines.map(|(what, request, reason)| Failing { what, request, reason }).into()
}
