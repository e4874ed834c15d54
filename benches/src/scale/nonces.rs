//! Many live nonces: does a request cost more when the service remembers more proofs?

use std::time::Duration;

use wimse_core::jose::Algorithm;
use wimse_core::{Proof, Verifier};

use crate::caller::{Caller, busy_cache, verifier};
use crate::measure::{count, middle};
use crate::pairs::verify_all;
use crate::report::Report;
use crate::requests::Batch;
use crate::row::{Row, Unit};
use crate::stopwatch::timed;

const BLOCK: usize = 16;

pub(crate) fn run(report: &mut Report, quick: bool) {
    let sizes: &[u32] = if quick { &[0, 10_000] } else { &[0, 1_000_000, 10_000_000] };
    let name = |size: &u32| format!("WPT verify with {size} live nonces, beside 0");
    if !sizes.iter().skip(1).any(|size| report.wants(&name(size))) {
        return;
    }
    let caller = Caller::new(Algorithm::Ed25519);
    let signer = caller.signer(Proof::Wpt);
    let service = |live: &u32| verifier(&caller.store).replay_cache(busy_cache(*live)).build().unwrap();
    let services: Vec<Verifier> = sizes.iter().map(service).collect();
    let mut times: Vec<Vec<Duration>> = sizes.iter().map(|_| Vec::new()).collect();
    for _ in 0..if quick { 20 } else { 1_200 } {
        for (service, times) in services.iter().zip(&mut times) {
            let batch = Batch::new(&signer, BLOCK, b"");
            times.push(timed(|| verify_all(service, &batch, b"")));
        }
    }
    let figures: Vec<_> = times.iter_mut().map(|times| middle(times) / count(BLOCK as u64)).collect();
    for (size, figure) in sizes.iter().zip(&figures).skip(1) {
        report.row(&name(size), |name| {
            let smallest = figures.first().copied().unwrap_or(f64::NAN);
            Row::new(name, Unit::Nanoseconds, *figure).beside(smallest).at_most(1.10)
        });
    }
}
