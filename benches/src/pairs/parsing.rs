//! What does not end in a signature check: digests of large bodies, and signature fields made to be slow.

use std::hint::black_box;

use http::{HeaderMap, HeaderValue};
use wimse_core::httpsig::digest::{ContentDigest, DigestAlgorithm};
use wimse_core::httpsig::{Limits, ReceivedSignatures};

use crate::measure::{Effort, Measured, in_turns};
use crate::report::Report;
use crate::row::{Row, Unit};
use crate::stopwatch::timed;

/// What the worst field may take until it is refused, in ns.
const HOSTILE_LIMIT: f64 = 20e6;

pub(crate) fn run(report: &mut Report, effort: Effort) {
    report.row("SHA-256 of 1 MiB in pieces of 16 KiB, beside raw", |name| {
        let measured = digest(Effort { block: 1, blocks: effort.blocks });
        Row::new(name, Unit::Nanoseconds, measured.ours).beside(measured.base).allocs(measured.allocs)
    });
    hostile(report);
}

/// The digest of a large body in pieces, as a layer reads it, against SHA-256 of the same pieces.
fn digest(effort: Effort) -> Measured {
    let body = vec![7; 1 << 20];
    let digest = ContentDigest::of(&body, DigestAlgorithm::Sha256);
    let pieces = || body.chunks(16 * 1024);
    in_turns(
        effort,
        || (),
        |()| {
            let mut check = digest.verifier();
            pieces().for_each(|piece| check.update(black_box(piece)));
            check.finish().unwrap();
        },
        |()| {
            let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
            pieces().for_each(|piece| context.update(black_box(piece)));
            black_box(context.finish());
        },
    )
}

/// Signature fields of 128 KB, and of as much as is let through, in shapes that cost other parsers dearly.
fn hostile(report: &mut Report) {
    let shapes = [
        ("parentheses", "", "(", ""),
        ("parameters of one component", "a=(\"x\"", ";a", ")"),
        ("components", "a=(", "\"x\" ", ")"),
        ("labels", "", "a=(),", "b=()"),
        ("parameters", "a=()", ";a", ""),
        ("quotes", "a=(", "\"", ""),
        ("commas", "", ",", ""),
        ("white space", "a=(", " ", ")"),
    ];
    for size in [128_000, 32_000] {
        for (what, before, again, after) in shapes {
            let name = format!("hostile Signature-Input, {} KB of {what}, beside 20 ms", size / 1000);
            report.row(&name, |name| {
                let field = [before, &again.repeat(size / again.len()), after].concat();
                let mut headers = HeaderMap::new();
                headers.insert("signature-input", HeaderValue::try_from(field).unwrap());
                let parse = || drop(black_box(ReceivedSignatures::parse(&headers, &Limits::default())));
                // The worst of some: a caller would choose it.
                let worst = (0..20).map(|_| timed(parse)).max().unwrap_or_default();
                let worst = worst.as_secs_f64() * 1e9;
                Row::new(name, Unit::Nanoseconds, worst).beside(HOSTILE_LIMIT).at_most(1.0)
            });
        }
    }
}
