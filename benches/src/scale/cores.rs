//! A second core: does it nearly double what one service verifies? Both work for one caller, on the same entries.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use wimse_core::jose::Algorithm;
use wimse_core::{Proof, Signer};

use crate::caller::Caller;
use crate::measure::{count, median};
use crate::pairs::verify_all;
use crate::pin;
use crate::raw::RawVerify;
use crate::report::Report;
use crate::requests::Batch;
use crate::row::{Row, Unit};

pub(crate) fn run(report: &mut Report, quick: bool) {
    let (rounds, requests) = if quick { (3, 500) } else { (11, 10_000) };
    for algorithm in [Algorithm::Ed25519, Algorithm::Es256] {
        let caller = Caller::new(algorithm);
        let (signer, verifier, raw) =
            (caller.signer(Proof::Wpt), caller.verifier(), RawVerify::new(&caller.jwk));
        let ours = |batch: &Batch| verify_all(&verifier, batch, b"");
        let base = |batch: &Batch| batch.signed.iter().for_each(|signed| raw.verify(signed));
        let setting = Setting { rounds, requests, signer: &signer };
        // What the machine itself gives: its second core may be slower, or busy.
        report.row(&format!("raw checks on two cores, {algorithm}, beside one"), |name| {
            setting.row(name, &base)
        });
        report.row(&format!("WPT verify on two cores, {algorithm}, beside one"), |name| {
            setting.row(name, &ours).at_least(1.8)
        });
    }
}

struct Setting<'a> {
    rounds: usize,
    requests: usize,
    signer: &'a Signer,
}

impl Setting<'_> {
    fn row(&self, name: &str, work: &(impl Fn(&Batch) + Sync)) -> Row {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            one.push(self.rate(1, work));
            two.push(self.rate(2, work));
        }
        Row::new(name, Unit::RequestsPerSecond, median(&mut two)).beside(median(&mut one))
    }

    /// Operations a second of that many threads together, on a core each.
    fn rate(&self, threads: usize, work: &(impl Fn(&Batch) + Sync)) -> f64 {
        let begin = &Barrier::new(threads + 1);
        let total = count((threads * self.requests) as u64);
        thread::scope(|scope| {
            let run = move |core| {
                pin::to_core(core);
                let batch = Batch::new(self.signer, self.requests, b"");
                begin.wait();
                work(&batch);
            };
            let workers: Vec<_> = (0..threads).map(|core| scope.spawn(move || run(core))).collect();
            begin.wait();
            let start = Instant::now();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            total / start.elapsed().as_secs_f64()
        })
    }
}
