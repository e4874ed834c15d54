//! A real axum server over loopback: what a service serves with each middleware, server and client on a core each.

mod load;
mod serve;
mod variant;

use wimse_core::jose::Algorithm;

use crate::measure::median;
use crate::pin;
use crate::report::Report;
use crate::row::{Row, Unit};
use load::Round;
use variant::{Ask, Variant};

/// Connections that are kept open and always have a request in flight.
const CONNECTIONS: usize = 32;

pub(crate) fn run(report: &mut Report, quick: bool) {
    let (rounds, requests) = if quick { (3, 400) } else { (11, 8_000) };
    let mut variants =
        vec![Variant::plain("no middleware", Ask::Head), Variant::plain("no middleware", Ask::Content)];
    for algorithm in [Algorithm::Ed25519, Algorithm::Es256] {
        variants.extend(variant::all(algorithm));
    }
    let server = serve::start(variant::router(&variants));
    pin::to_core(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut results: Vec<Vec<Round>> = variants.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        // In turns, so that whatever else the machine does meets all of them alike.
        for (variant, results) in variants.iter().zip(&mut results) {
            let signed = variant.requests(requests);
            results.push(runtime.block_on(load::run(server.address, signed, CONNECTIONS)));
        }
    }
    drop(runtime);
    drop(server);
    let middle: Vec<_> = results.iter().map(|rounds| Middle::of(rounds)).collect();
    rows(report, &variants, &middle);
}

/// The middle of all rounds, of each figure on its own.
#[derive(Clone, Copy)]
struct Middle {
    rate: f64,
    p50: f64,
    p99: f64,
}

impl Middle {
    fn of(rounds: &[Round]) -> Self {
        let middle = |figure: fn(&Round) -> f64| median(&mut rounds.iter().map(figure).collect::<Vec<_>>());
        Self { rate: middle(|r| r.rate), p50: middle(|r| r.p50), p99: middle(|r| r.p99) }
    }
}

fn rows(report: &mut Report, variants: &[Variant], results: &[Middle]) {
    let of = |what: &str, algorithm: &str, ask: Ask| {
        let mut all = variants.iter().zip(results);
        let found = all.find(|(v, _)| v.what == what && v.algorithm == algorithm && v.ask == ask);
        found.map(|(_, result)| *result)
    };
    for (variant, result) in variants.iter().zip(results) {
        let mut row = Row::new(variant.name(), Unit::RequestsPerSecond, result.rate);
        row = row.latency(result.p50, result.p99);
        if let Some(raw) =
            of(variant::RAW, variant.algorithm, variant.ask).filter(|_| variant.what != variant::RAW)
        {
            row = row.beside(raw.rate);
            // Checking the digest of content and holding it back is work that a raw check does not have.
            if variant.ours && variant.ask == Ask::Head {
                row = row.at_least(0.97);
            }
        }
        push(report, &variant.name(), row);
    }
    for algorithm in ["Ed25519", "ES256"] {
        let Some(ours) = of(variant::WPT, algorithm, Ask::Head) else { continue };
        for peer in variant::PEERS {
            let Some(theirs) = of(peer, algorithm, Ask::Head) else { continue };
            let name = format!("{}, {algorithm}, beside {peer}", variant::WPT);
            let row = Row::new(&name, Unit::RequestsPerSecond, ours.rate).beside(theirs.rate);
            push(report, &name, row);
        }
    }
}

fn push(report: &mut Report, name: &str, row: Row) {
    if report.wants(name) {
        report.push(row);
    }
}
