//! Many callers and many trust domains: does a request cost more when the service knows more of them?

use std::hint::black_box;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Method, Request};

use super::world::World;
use crate::measure::{count, middle};
use crate::report::Report;
use crate::requests::{ORDERS, signed, to};
use crate::row::{Row, Unit};
use crate::stopwatch::timed;

/// Requests in a block.
const BLOCK: usize = 16;

pub(crate) fn run(report: &mut Report, quick: bool) {
    let callers: &[usize] = if quick { &[10, 1_000] } else { &[10, 10_000, 1_000_000] };
    compare(report, quick, callers, "callers", |callers| World::new(1, callers));
    let (domains, each): (&[usize], _) = if quick { (&[1, 100], 200) } else { (&[1, 100, 10_000], 10_000) };
    compare(report, quick, domains, "trust domains", |domains| World::new(domains, each));
}

/// A row for each size but the smallest, beside the smallest.
fn compare(report: &mut Report, quick: bool, sizes: &[usize], of: &str, world: impl Fn(usize) -> World) {
    let name = |size: &usize| format!("WPT verify with {size} {of}, beside {}", sizes.first().unwrap_or(&0));
    if !sizes.iter().skip(1).any(|size| report.wants(&name(size))) {
        return;
    }
    let worlds: Vec<_> = sizes.iter().map(|size| world(*size)).collect();
    let mut times: Vec<Vec<Duration>> = sizes.iter().map(|_| Vec::new()).collect();
    for block in 0..if quick { 20 } else { 1_200 } {
        for (world, times) in worlds.iter().zip(&mut times) {
            let requests = requests(world, block);
            times.push(timed(|| verify_all(world, &requests)));
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

/// The next callers' requests: fresh in the processor's caches, as the network leaves them, while what the service
/// knows of these callers is wherever it is.
fn requests(world: &World, block: usize) -> Vec<Request<()>> {
    let callers = world.signers.iter().cycle().skip(block * BLOCK % world.signers.len());
    callers.take(BLOCK).map(|caller| signed(caller, to(Method::GET, ORDERS), b"")).collect()
}

fn verify_all(world: &World, requests: &[Request<()>]) {
    for request in requests {
        black_box(world.verifier.verify(black_box(request)).now_or_never().unwrap().unwrap());
    }
}
