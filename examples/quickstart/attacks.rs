//! Everything that must be refused, each for its own reason.

use std::error::Error;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};
use wimse::jose::{Algorithm, SigningKey, random_id};
use wimse::reqwest::RequestBuilderExt;
use wimse::{Clock, Credential, SignOptions, Signer, SystemClock, UnixTime, WitIssuer, WorkloadId};

use crate::callers::{reqwest_client, signer};
use crate::identity_server;
use crate::report::Report;

type Outcome = Result<String, Box<dyn Error>>;

pub(crate) async fn run(
    orders: &str,
    identity: &str,
    frontend: &Credential,
    batch: &Credential,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let url = format!("{orders}/orders");

    let got = send(&url, HeaderMap::new()).await?;
    report.expect("no token", "401 credentials_missing", got);

    let got = stolen_token(&url, frontend).await?;
    report.expect("stolen token, proof by another key", "401 proof_signature", got);

    let signed = signed_headers(&url, &signer(frontend)?)?;
    let first = send(&url, signed.clone()).await?;
    report.expect("a proof, first time", "200", first);
    report.expect("the same proof again", "401 replayed", send(&url, signed).await?);

    let client = reqwest_client(signer(frontend)?)?;
    let misdirected = client.get(&url).wimse(|o| o.audience("https://payments.example.com/orders"));
    report.expect(
        "proof for another audience",
        "401 audience_mismatch",
        outcome(misdirected.send().await?).await?,
    );

    let expired = identity_server::expired_credential(identity).await?;
    let unwilling = signed_headers(&url, &signer(&expired)?).err().map(|error| error.to_string());
    let unwilling = unwilling.is_some_and(|error| error.contains("expired"));
    report.expect(
        "expired token, our own signer",
        "not signed",
        if unwilling { "not signed" } else { "signed" },
    );
    let careless =
        Signer::builder().credentials(expired).clock(Yesterday).allow_plaintext_loopback().build()?;
    let got = send(&url, signed_headers(&url, &careless)?).await?;
    report.expect("expired token, a caller that sends it anyway", "401 wit_expired", got);

    let elsewhere = foreign_credential()?;
    let got = send(&url, signed_headers(&url, &signer(&elsewhere)?)?).await?;
    report.expect("token of an unknown trust domain", "401 trust_domain_unknown", got);

    let url = format!("{orders}/admin/refunds");
    let client = reqwest_client(signer(batch)?)?;
    let got = outcome(client.get(&url).send().await?).await?;
    report.expect("batch job on the frontend's route", "403 caller_not_allowed", got);
    Ok(())
}

/// A clock for which nothing has expired yet.
struct Yesterday;

impl Clock for Yesterday {
    fn now(&self) -> UnixTime {
        SystemClock.now().minus(Duration::from_secs(24 * 3600))
    }
}

/// The fields that a signer puts on a request, for sending them in other ways than a client would.
fn signed_headers(url: &str, signer: &Signer) -> Result<HeaderMap, Box<dyn Error>> {
    let mut headers = HeaderMap::new();
    let _ = signer.sign(&Method::GET, &url.parse()?, &mut headers, None, &SignOptions::default())?;
    Ok(headers)
}

/// Sends a request with just these fields.
async fn send(url: &str, headers: HeaderMap) -> Outcome {
    outcome(reqwest::Client::new().get(url).headers(headers).send().await?).await
}

/// Status and, for a refusal, its reason.
async fn outcome(response: reqwest::Response) -> Outcome {
    let status = response.status().as_u16();
    if response.status().is_success() {
        return Ok(status.to_string());
    }
    let problem: Value = response.json().await?;
    Ok(format!("{status} {}", problem.get("reason").and_then(Value::as_str).unwrap_or("without a reason")))
}

/// Somebody who saw the frontend's token makes a perfect proof for it, except that the key is another one.
async fn stolen_token(url: &str, victim: &Credential) -> Outcome {
    let mut headers = signed_headers(url, &signer(victim)?)?;
    let own_key = SigningKey::generate(Algorithm::Es256)?;
    let proof = headers.get("authorization").ok_or("no proof")?.to_str()?;
    let proof = proof.trim_start_matches("WPT ").to_owned();
    let header = proof.split('.').next().unwrap_or_default();
    let payload = BASE64URL_NOPAD.decode(proof.split('.').nth(1).unwrap_or_default().as_bytes())?;
    let mut claims: Map<String, Value> = serde_json::from_slice(&payload)?;
    claims.insert("jti".to_owned(), json!(random_id()?));
    let forged = format!("{header}.{}", BASE64URL_NOPAD.encode(json!(claims).to_string().as_bytes()));
    let signature = BASE64URL_NOPAD.encode(&own_key.sign(forged.as_bytes())?);
    headers.insert("authorization", format!("WPT {forged}.{signature}").parse()?);
    send(url, headers).await
}

/// A credential whose issuer nobody here knows.
fn foreign_credential() -> Result<Credential, Box<dyn Error>> {
    let (issuer, key) = (SigningKey::generate(Algorithm::Es256)?, SigningKey::generate(Algorithm::Es256)?);
    let subject = WorkloadId::parse("wimse://elsewhere.example/frontend")?;
    let token = WitIssuer::new(issuer, "issuer-1").issue(&subject, key.public_jwk())?;
    Ok(Credential::new(&token, key)?)
}
