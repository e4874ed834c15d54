//! What a request costs when there are many: callers, trust domains, live nonces, cores.

mod callers;
mod cores;
mod memory;
mod nonces;
mod replay;
mod world;

use crate::report::Report;

pub(crate) fn run(report: &mut Report, quick: bool) {
    callers::run(report, quick);
    nonces::run(report, quick);
    replay::run(report, quick);
    cores::run(report, quick);
}
