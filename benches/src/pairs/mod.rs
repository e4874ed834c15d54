//! Every pair, interleaved in one process.

mod beside_peers;
mod create;
mod layer;
mod parsing;
mod refusals;
mod verify;

pub(crate) use verify::verify_all;
use wimse_core::jose::Algorithm;

use crate::caller::Caller;
use crate::measure::Effort;
use crate::report::Report;

pub(crate) fn run(report: &mut Report, quick: bool) {
    let effort = Effort::new(quick);
    for algorithm in [Algorithm::Ed25519, Algorithm::Es256] {
        let caller = Caller::new(algorithm);
        verify::run(report, effort, &caller);
        create::run(report, effort, &caller);
        layer::run(report, effort, &caller);
    }
    refusals::run(report, effort, &Caller::new(Algorithm::Es256));
    parsing::run(report, effort);
    beside_peers::run(report, effort);
}
