//! What the server's side of the protocol checks.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use wimse_core::jose::{Algorithm, SigningKey};
use wimse_core::testing::{FrozenClock, TestDomain, TestWorkload};
use wimse_core::{Audiences, Clock, Credential, Peer, Proof, SignOptions, Signer};
use wimse_identity::server::protocol::{
    Claimant, Enrolments, Evidence, EvidenceKind, MAX_MESSAGE, PROOF_TYPE, Refusal, TOKEN_PATH, TokenRequest,
};

const BASE: &str = "https://identity.example.com";
const NOW: i64 = 1_800_000_000;

struct Server {
    enrolments: Enrolments,
    clock: FrozenClock,
}

impl Server {
    fn new() -> Self {
        let clock = FrozenClock::at(NOW);
        Self { enrolments: Enrolments::new(BASE).unwrap().clock(clock.clone()), clock }
    }

    fn nonce(&self) -> String {
        self.enrolments.nonce().unwrap().nonce
    }

    fn request(&self, key: &SigningKey, evidence: Evidence) -> TokenRequest {
        TokenRequest::new(evidence, key, BASE, &self.nonce(), self.clock.now()).unwrap()
    }

    fn judge(&self, request: &TokenRequest) -> Result<(), Refusal> {
        self.enrolments.verify(&serde_json::to_vec(request).unwrap(), None).map(drop)
    }
}

fn join_token() -> Evidence {
    Evidence { kind: EvidenceKind::JoinToken, value: "join".to_owned() }
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

/// A proof that says whatever it is to say, signed by this key.
fn proof(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let text = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes())).join(".");
    let signature = BASE64URL_NOPAD.encode(&key.sign(text.as_bytes()).unwrap());
    format!("{text}.{signature}")
}

fn header(key: &SigningKey) -> Value {
    json!({ "typ": PROOF_TYPE, "alg": key.algorithm().as_str(), "jwk": key.public_jwk() })
}

/// The claims of a sound proof for the evidence of [`join_token`].
fn claims(server: &Server) -> Value {
    let sound = server.request(&key(), join_token()).proof;
    let claims = BASE64URL_NOPAD.decode(sound.split('.').nth(1).unwrap().as_bytes()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

#[test]
fn a_sound_request_is_sound_once() {
    let server = Server::new();
    let key = key();
    let request = serde_json::to_vec(&server.request(&key, join_token())).unwrap();
    let enrolment = server.enrolments.verify(&request, None).unwrap();
    assert!(enrolment.key().same_key(key.public_jwk()) && enrolment.key().alg() == Some(Algorithm::Es256));
    let claimant = enrolment.claimant();
    assert!(claimant.is_join_token("join"));
    assert!(["", "joi", "joins", "Join"].into_iter().all(|other| !claimant.is_join_token(other)));
    assert!(!format!("{enrolment:?}").contains("join\""));
    assert_eq!(server.enrolments.verify(&request, None).unwrap_err(), Refusal::NonceUnknown);
}

#[test]
fn the_proof_is_bound_to_server_nonce_evidence_time_and_key() {
    let (server, key) = (Server::new(), key());
    let judge = |change: &dyn Fn(&mut Value, &mut Value)| {
        let (mut header, mut claims) = (header(&key), claims(&server));
        change(&mut header, &mut claims);
        server.judge(&TokenRequest { evidence: join_token(), proof: proof(&key, &header, &claims) })
    };
    assert_eq!(judge(&|_, _| ()), Ok(()));
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let ed25519 = SigningKey::generate(Algorithm::Ed25519).unwrap();
    type Change<'a> = &'a dyn Fn(&mut Value, &mut Value);
    let table: &[(&str, Refusal, Change<'_>)] = &[
        ("other server", Refusal::ProofAudience, &|_, c| c["aud"] = json!("https://evil.example")),
        ("longer base", Refusal::ProofAudience, &|_, c| c["aud"] = json!(format!("{BASE}/"))),
        ("other nonce", Refusal::NonceUnknown, &|_, c| c["nonce"] = json!("n")),
        ("other evidence", Refusal::ProofEvidence, &|_, c| c["evh"] = json!("x")),
        ("an old proof", Refusal::ProofTime, &|_, c| c["iat"] = json!(NOW - 61)),
        ("a proof of the future", Refusal::ProofTime, &|_, c| c["iat"] = json!(NOW + 61)),
        ("the end of time", Refusal::ProofTime, &|_, c| c["iat"] = json!(i64::MIN)),
        ("a fraction", Refusal::ProofMalformed, &|_, c| c["iat"] = json!(1.5)),
        ("other key", Refusal::ProofSignature, &|h, _| h["jwk"] = json!(other.public_jwk())),
        ("other type", Refusal::ProofMalformed, &|h, _| h["typ"] = json!("wpt+jwt")),
        ("alg of another key", Refusal::ProofMalformed, &|h, _| h["alg"] = json!("Ed25519")),
        ("none", Refusal::ProofMalformed, &|h, _| h["alg"] = json!("none")),
        ("key without alg", Refusal::ProofMalformed, &|h, _| {
            h["jwk"].as_object_mut().unwrap().remove("alg");
        }),
        ("key with a name", Refusal::ProofMalformed, &|h, _| h["jwk"]["kid"] = json!("me")),
        ("private key", Refusal::ProofMalformed, &|h, _| h["jwk"]["d"] = json!("AAAA")),
        ("key of another type", Refusal::ProofMalformed, &|h, _| h["jwk"] = json!(ed25519.public_jwk())),
        ("crit", Refusal::ProofMalformed, &|h, _| h["crit"] = json!(["exp"])),
        ("more claims", Refusal::ProofMalformed, &|_, c| c["sub"] = json!("me")),
        ("no nonce", Refusal::ProofMalformed, &|_, c| {
            c.as_object_mut().unwrap().remove("nonce");
        }),
    ];
    for (what, refusal, change) in table {
        assert_eq!(judge(change), Err(*refusal), "{what}");
    }
}

#[test]
fn a_proof_is_for_its_evidence_and_its_kind() {
    let (server, key) = (Server::new(), key());
    let sound = server.request(&key, join_token());
    let other = Evidence { kind: EvidenceKind::JoinToken, value: "stolen".to_owned() };
    assert_eq!(server.judge(&TokenRequest { evidence: other, ..sound }), Err(Refusal::ProofEvidence));
    let sound = server.request(&key, join_token());
    let kind = Evidence { kind: EvidenceKind::ServiceAccountJwt, value: "join".to_owned() };
    assert_eq!(server.judge(&TokenRequest { evidence: kind, ..sound }), Err(Refusal::ProofEvidence));
}

#[test]
fn messages_are_strict_and_bounded() {
    let (server, key) = (Server::new(), key());
    let judge = |body: &str| server.enrolments.verify(body.as_bytes(), None).map(drop);
    let sound = || serde_json::to_string(&server.request(&key, join_token())).unwrap();
    assert_eq!(judge(&sound()), Ok(()));
    for body in [
        sound().replacen('{', r#"{"more":1,"#, 1),
        sound().replacen('{', r#"{"proof":"a.b.c","#, 1),
        sound().replace(r#""kind":"#, r#""more":1,"kind":"#),
        sound().replace("join_token", "wish"),
        format!("{} x", sound()),
        "[]".to_owned(),
        String::new(),
    ] {
        assert_eq!(judge(&body), Err(Refusal::Malformed), "{body}");
    }
    assert_eq!(judge(&" ".repeat(MAX_MESSAGE + 1)), Err(Refusal::TooLarge));
    let (header, claims) = (header(&key).to_string(), claims(&server).to_string());
    let twice = header.replacen(r#""kty":"#, r#""kty":"EC","kty":"#, 1);
    for (header, claims) in [(twice, claims.clone()), (header, claims.replacen('{', r#"{"iat":1,"#, 1))] {
        let text = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join(".");
        let signature = BASE64URL_NOPAD.encode(&key.sign(text.as_bytes()).unwrap());
        let request = TokenRequest { evidence: join_token(), proof: format!("{text}.{signature}") };
        assert_eq!(server.judge(&request), Err(Refusal::ProofMalformed), "{text}");
    }
}

#[test]
fn nonces_expire_and_algorithms_can_be_narrowed() {
    let mut server = Server::new();
    server.enrolments = server.enrolments.algorithms([Algorithm::Ed25519]);
    let refused = server.judge(&server.request(&key(), join_token()));
    assert_eq!(refused, Err(Refusal::AlgorithmNotAllowed));
    let mut server = Server::new();
    server.enrolments = server.enrolments.nonce_lifetime(Duration::ZERO);
    assert_eq!(server.judge(&server.request(&key(), join_token())), Err(Refusal::NonceUnknown));
}

/// Who sent this content, signed in this way, to the server.
async fn caller(domain: &TestDomain, workload: &TestWorkload, proof: Proof, body: &[u8]) -> Peer {
    let url = format!("{BASE}{TOKEN_PATH}");
    let mut request = http::Request::post(&url).header("content-type", "application/json").body(()).unwrap();
    match proof {
        Proof::HttpSignature => workload.sign_content(&mut request, body, &SignOptions::default()),
        _ => workload.sign(&mut request),
    }
    let verifier = domain.verifier(Audiences::base_url(BASE)).build().unwrap();
    verifier.verify_with_content(&request, body).await.unwrap()
}

#[tokio::test]
async fn key_04_a_credential_is_evidence_when_it_signed_the_new_key() {
    let server = Server::new();
    let domain = TestDomain::new("example.com").clock(server.clock.clone());
    let (workload, other) = (domain.workload("/frontend"), domain.workload("/frontend"));
    let body = |holder: &TestWorkload, key: &SigningKey| {
        let evidence = Evidence { kind: EvidenceKind::Credential, value: hash_of(holder.token()) };
        serde_json::to_vec(&server.request(key, evidence)).unwrap()
    };
    let sound = body(&workload, &key());
    let peer = caller(&domain, &workload, Proof::HttpSignature, &sound).await;
    let enrolment = server.enrolments.verify(&sound, Some(&peer)).unwrap();
    assert!(matches!(enrolment.claimant(), Claimant::Credential(id) if id == peer.id()));

    // A proof token says nothing about the content, and so nothing about the new key.
    let unsigned = body(&workload, &key());
    let peer = caller(&domain, &workload, Proof::Wpt, &unsigned).await;
    let refused = server.enrolments.verify(&unsigned, Some(&peer)).unwrap_err();
    assert_eq!(refused, Refusal::EvidenceRefused);

    let anonymous = server.enrolments.verify(&body(&workload, &key()), None).unwrap_err();
    assert_eq!(anonymous, Refusal::EvidenceRefused);

    // Names the token of one workload, signed by another.
    let foreign = body(&workload, &key());
    let peer = caller(&domain, &other, Proof::HttpSignature, &foreign).await;
    assert_eq!(server.enrolments.verify(&foreign, Some(&peer)).unwrap_err(), Refusal::EvidenceRefused);

    let own = key();
    let token = domain.issuer().issue(&domain.id("/frontend"), own.public_jwk()).unwrap();
    let evidence = Evidence { kind: EvidenceKind::Credential, value: hash_of(&token) };
    let reused = serde_json::to_vec(&server.request(&own, evidence)).unwrap();
    let peer = signed_by(&domain, &token, own, &reused).await;
    assert_eq!(server.enrolments.verify(&reused, Some(&peer)).unwrap_err(), Refusal::KeyReused);
}

/// As [`caller`], for a key that the test holds itself.
async fn signed_by(domain: &TestDomain, token: &str, key: SigningKey, body: &[u8]) -> Peer {
    let signer = Signer::builder()
        .credentials(Credential::new(token, key).unwrap())
        .proof(Proof::HttpSignature)
        .clock(FrozenClock::at(NOW))
        .build()
        .unwrap();
    let url = format!("{BASE}{TOKEN_PATH}");
    let mut request = http::Request::post(&url).header("content-type", "application/json").body(()).unwrap();
    let _ = signer.sign_request(&mut request, Some(body), &SignOptions::default()).unwrap();
    let verifier = domain.verifier(Audiences::base_url(BASE)).build().unwrap();
    verifier.verify_with_content(&request, body).await.unwrap()
}

fn hash_of(token: &str) -> String {
    BASE64URL_NOPAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref())
}
