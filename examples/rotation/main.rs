//! A service and two clients at full speed, while everything changes that can: each of the three gets a new key and a new
//! token every second, and their issuer a new key every five seconds. No call may be refused. Then the issuer's key is
//! withdrawn, and every call must be.
//!
//! `cargo run --example rotation`, or with a number of seconds other than 60. Exits non-zero if any outcome differs from
//! what is expected.

mod clients;
mod counts;
mod identity;
#[path = "../quickstart/report.rs"]
mod report;
#[path = "../quickstart/server.rs"]
mod server;
mod service;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clients::Clients;
use counts::Counts;
use identity::{Identity, REFRESH};
use report::Report;
use service::Service;
use tokio::time::{sleep, timeout};

/// How long tokens live; each is renewed after about a second.
const LIFETIME: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(60), |argument| argument.parse())?;
    Ok(run(seconds).await?.finish())
}

/// Runs for so many seconds, in steps of five, and says what happened.
pub(crate) async fn run(seconds: u64) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::default();
    report.heading("an identity server, a service, two clients");
    let counts = Arc::new(Counts::default());
    let identity = Identity::start(LIFETIME).await?;
    let service = Service::start(identity.base(), &counts).await?;
    report.note(format!("{} issues tokens that live for {LIFETIME:?}", identity.base()));
    report.note(format!("{} asks for the issuer's keys every {REFRESH:?}", service.base()));

    report.heading("at full speed: an HTTP signature and a signed response, then a proof token, and again");
    let clients = Clients::start(identity.base(), &service, &counts).await?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(seconds) {
        identity.publish_next_key()?;
        sleep(2 * REFRESH).await;
        identity.sign_with_next_key();
        sleep(LIFETIME).await;
        let (calls, seconds) = (counts.accepted(), started.elapsed().as_secs());
        report.note(format!(
            "{seconds:>4} s {calls:>7} calls {:>5} tokens, each with a new key",
            counts.tokens()
        ));
    }
    let seconds = started.elapsed().as_secs();
    report.expect("refused", "none", counts.refused());
    report.expect("failed", "none", counts.failed());
    // Three workloads. On a machine that builds something meanwhile a renewal may come a little late.
    let often = counts.tokens() >= 3 * seconds * 3 / 4;
    report.expect("every workload renews about once a second", "true", often);

    report.heading("the issuer's key is withdrawn, while tokens are still signed with it");
    let mut anchors = service.anchors().clone();
    anchors.updated().await;
    identity.withdraw_key()?;
    let withdrawn = Instant::now();
    timeout(2 * REFRESH, anchors.updated()).await?;
    counts.expect_refusals_from_now_on();
    report.note(format!("the service knows {:.0?} later", withdrawn.elapsed()));
    sleep(2 * REFRESH).await;
    report.expect("accepted of what was sent after that", "0", counts.accepted_too_late());
    let first = counts.first_refusal().map(|at| at.saturating_duration_since(withdrawn));
    report.expect("first refusal within one update", "true", first.is_some_and(|after| after < 2 * REFRESH));
    report.note(format!("it came {:.0?} after the withdrawal", first.unwrap_or_default()));
    report.note(format!("refused: {}", counts.refused()));
    drop(clients);
    Ok(report)
}
