//! The main job in one run: an identity server, an axum service, a service that calls it through reqwest and a
//! job that calls it through hyper, each on a socket of its own, first with proof tokens, then with HTTP signatures on
//! requests and responses. And everything that must be refused.
//!
//! Exits non-zero if any outcome differs from what is expected.

mod attacks;
mod callers;
mod identity_server;
mod meddler;
mod orders;
mod report;
mod server;
mod signatures;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use identity_server::STALE;
use report::Report;
use signatures::Orders;
use wimse::jose::Algorithm;
use wimse::{CredentialSource, TrustAnchors, TrustStore};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut report = Report::default();

    report.heading("identity server");
    let identity = identity_server::start().await?;
    let jwks = identity_server::fetch_keys(&identity).await?;
    report.note(format!("{identity} publishes {} key for trust domain example.com", jwks.keys().len()));
    // Each of these renews its token with a new key, for as long as it lives.
    let frontend = identity_server::client(&identity, "join-frontend").start()?;
    let batch = identity_server::client(&identity, "join-batch").algorithm(Algorithm::Ed25519).start()?;
    let own = identity_server::client(&identity, "join-orders").start()?;
    for source in [&frontend, &batch, &own] {
        source.handle().ready(Duration::from_secs(10)).await?;
    }
    let (frontend, batch, own) =
        (frontend.credentials().current()?, batch.credentials().current()?, own.credentials().current()?);
    report.note(format!(
        "issued a token to {} (ES256) and {} (Ed25519), keys proven",
        frontend.subject(),
        batch.subject()
    ));
    let got = identity_server::refusal(&identity, "guessed").await?;
    report.expect("enrolment with a guessed join token", "evidence_refused", got);
    let got = identity_server::refusal(&identity, STALE).await?;
    report.expect("a token that has expired already", "token_expired", got);

    let orders = orders::start(jwks.clone(), &own).await?;
    report.heading(&format!("accepted by the orders service at {orders}: Workload Proof Tokens"));
    callers::run(&orders, &frontend, &batch, &mut report).await?;

    report.heading("refused by the orders service");
    attacks::run(&orders, &identity, &frontend, &batch, &mut report).await?;

    let anchors = TrustStore::new(TrustAnchors::new().domain("example.com", jwks)?);
    let orders = Orders { base: orders, id: own.subject().clone(), anchors };
    report.heading("accepted: HTTP signatures on requests and responses");
    signatures::accepted(&orders, &frontend, &batch, &mut report).await?;

    report.heading("somebody on the way meddles with signed messages");
    signatures::refused(&orders, &frontend, &mut report).await?;

    Ok(report.finish())
}
