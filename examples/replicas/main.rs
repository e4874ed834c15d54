//! Three replicas of one service and one Redis: a proof that one of them accepted is refused by all.
//!
//! Needs a Redis or Valkey, whose URL is the argument or `REDIS_URL`. Exits non-zero if any outcome differs from what is
//! expected.

#[path = "../quickstart/report.rs"]
mod report;
#[path = "../quickstart/server.rs"]
mod server;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use axum::{Router, routing::get};
use http::{HeaderMap, Request};
use report::Report;
use wimse::axum::{Workload, authenticate};
use wimse::jose::random_id;
use wimse::redis::RedisReplayCache;
use wimse::testing::{TestDomain, TestWorkload};
use wimse::{Audience, Audiences, LayeredReplayCache, MemoryReplayCache, SignOptions};

/// What all replicas are known by, whatever address they listen on.
const SERVICE: &str = "https://orders.example.com";

const PROOFS: usize = 1_000;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut report = Report::default();
    let Some(url) = std::env::args().nth(1).or_else(|| std::env::var("REDIS_URL").ok()) else {
        return Ok(missing(&report, "no URL of a Redis was given"));
    };
    // Stands in for an identity server.
    let domain = TestDomain::new("example.com");
    // A memory of this run's own.
    let prefix = format!("wimse-example-{}:", random_id()?);

    let mut replicas = Vec::new();
    for _ in 0..3 {
        let shared = RedisReplayCache::builder(&url)
            .prefix(&prefix)
            // Nobody has used a proof of this run before.
            .allow_new_memory()
            // A machine that builds and runs examples is slower than one that serves.
            .timeout(Duration::from_secs(1))
            .build()?;
        if let Err(fault) = shared.ready(Duration::from_secs(5)).await {
            return Ok(missing(&report, &fault.to_string()));
        }
        let replay = LayeredReplayCache::new(MemoryReplayCache::default(), shared);
        let verifier = domain.verifier(Audiences::base_url(SERVICE)).replay_cache(replay).build()?;
        let app = Router::new().route("/orders", get(orders)).layer(authenticate(verifier));
        let (listener, base) = server::bind().await?;
        server::serve(listener, app);
        replicas.push(base);
    }
    report.heading("three replicas");
    report.note(replicas.join(" "));

    let caller = Caller { workload: domain.workload("/frontend"), client: reqwest::Client::new() };
    report.heading("one proof, sent to each of them and once more");
    let proof = caller.proof()?;
    for (number, replica) in (1..).zip(replicas.iter().chain(replicas.first())) {
        let expected =
            if number == 1 { "200 orders for wimse://example.com/frontend" } else { "401 replayed" };
        report.expect(&format!("request {number}"), expected, caller.send(replica, &proof).await?);
    }

    report.heading(&format!("{PROOFS} proofs, each sent to all of them at once"));
    let (mut accepted, mut replayed) = (0, 0);
    for _ in 0..PROOFS {
        let proof = caller.proof()?;
        let sent: Vec<_> = replicas
            .iter()
            .map(|replica| {
                let (caller, replica, proof) = (caller.clone(), replica.clone(), proof.clone());
                tokio::spawn(async move { caller.send(&replica, &proof).await })
            })
            .collect();
        for reply in sent {
            match reply.await?? {
                reply if reply.starts_with("200") => accepted += 1,
                reply if reply == "401 replayed" => replayed += 1,
                other => report.note(other),
            }
        }
    }
    report.expect("accepted", &PROOFS.to_string(), accepted);
    report.expect("refused as replayed", &(2 * PROOFS).to_string(), replayed);
    Ok(report.finish())
}

async fn orders(Workload(caller): Workload) -> String {
    format!("orders for {}", caller.id())
}

#[derive(Clone)]
struct Caller {
    workload: TestWorkload,
    client: reqwest::Client,
}

impl Caller {
    /// The fields of a signed request, to be sent as often as an attacker likes.
    fn proof(&self) -> Result<HeaderMap, Box<dyn Error>> {
        let mut request = Request::get("/orders").body(())?;
        self.workload.sign_with(&mut request, &SignOptions::default().audience(Audience::base_url(SERVICE)?));
        Ok(request.into_parts().0.headers)
    }

    /// The status and the body, or the reason of a refusal.
    async fn send(&self, replica: &str, proof: &HeaderMap) -> Result<String, reqwest::Error> {
        let response = self.client.get(format!("{replica}/orders")).headers(proof.clone()).send().await?;
        let (status, body) = (response.status().as_u16(), response.text().await?);
        let problem: Option<serde_json::Value> = serde_json::from_str(&body).ok();
        let reason = problem.as_ref().and_then(|problem| problem.get("reason")?.as_str());
        Ok(format!("{status} {}", reason.unwrap_or(&body)))
    }
}

fn missing(report: &Report, what: &str) -> ExitCode {
    report.heading(what);
    report.note("Start a Redis:     redis-server --port 6379 --save '' --maxmemory-policy noeviction");
    report.note("and say where:     cargo run --example replicas -- redis://127.0.0.1:6379");
    ExitCode::FAILURE
}
