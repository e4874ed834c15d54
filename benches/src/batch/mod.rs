//! What would make the check of an Ed25519 signature cheaper than one aws-lc-rs check a request: another backend, a batch of
//! several requests' signatures, a table of the key's multiples. And what a batch lets through that no single check does.

mod crafted;
mod signatures;

use std::cell::RefCell;
use std::hint::black_box;

use curve25519_dalek::edwards::{EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::BasepointTable;
use ed25519_dalek::verify_batch;

use self::signatures::Signatures;
use crate::measure::{Effort, count, in_turns};
use crate::report::Report;
use crate::row::{Row, Unit};

pub(crate) fn run(report: &mut Report, quick: bool) {
    let effort = Effort::new(quick);
    report.row("one by dalek, beside one by aws-lc-rs", |name| {
        row(name, effort, 16, |one| one.each(Signatures::dalek), |one| one.each(Signatures::aws_lc))
    });
    for size in [8, 16, 64] {
        batch(report, effort, size);
    }
    table(report, effort);
    crafted::run(report, quick);
}

/// Time of one signature among `size` of as many callers, on either side.
fn row(
    name: &str,
    effort: Effort,
    size: usize,
    ours: impl Fn(&Signatures),
    base: impl Fn(&Signatures),
) -> Row {
    let one = Effort { block: size, ..effort };
    let measured = in_turns(one, || Signatures::new(size), |block| ours(block), |block| base(block));
    Row::new(name, Unit::Nanoseconds, measured.ours).beside(measured.base)
}

fn batch(report: &mut Report, effort: Effort, size: usize) {
    let name = |what: &str| format!("one of a batch of {size}{what}");
    let single = |block: &Signatures| block.each(Signatures::aws_lc);
    report.row(&name(", beside one by aws-lc-rs"), |name| row(name, effort, size, Signatures::batch, single));
    report.row(&name(", beside one by dalek"), |name| {
        row(name, effort, size, Signatures::batch, |block| block.each(Signatures::dalek))
    });
    report.row(&name(" and its R in the right group, beside one by aws-lc-rs"), |name| {
        row(name, effort, size, Signatures::exact_batch, single)
    });
    report.row(&name(" and its R in the right group, beside one by dalek"), |name| {
        row(name, effort, size, Signatures::exact_batch, |block| block.each(Signatures::dalek))
    });
    report.row(&name(" of which one is bad, then singly, beside one by aws-lc-rs"), |name| {
        let one = Effort { block: size, ..effort };
        let fresh = || Signatures::new(size).with_a_bad_one();
        let failing = |block: &mut Signatures| {
            assert!(verify_batch(&block.messages(), &block.signatures, &block.keys).is_err());
            block.each(Signatures::aws_lc_verdict);
        };
        let measured = in_turns(one, fresh, failing, |block| block.each(Signatures::aws_lc_verdict));
        Row::new(name, Unit::Nanoseconds, measured.ours).beside(measured.base)
    });
}

fn table(report: &mut Report, effort: Effort) {
    report.row("whether a point is in the right group, beside a check by aws-lc-rs", |name| {
        row(name, effort, 16, |one| one.each(Signatures::in_group), |one| one.each(Signatures::aws_lc))
    });
    let key = EdwardsPoint::mul_base(&Scalar::from(3_u64));
    report.row("making a table, beside a check by aws-lc-rs", |name| {
        let make = |block: &Signatures| {
            block.each(|_, _| {
                black_box(EdwardsBasepointTable::create(black_box(&key)));
            });
        };
        row(name, Effort { blocks: effort.blocks.min(50), ..effort }, 4, make, |one| {
            one.each(Signatures::aws_lc);
        })
    });
    for callers in [1, 100, 1000] {
        let name = format!("a check with a table, callers in turns: {callers}, beside one by aws-lc-rs");
        report.row(&name, |name| with_tables(name, effort, callers));
    }
}

/// Each check with another of so many tables: a thousand no longer fit into the nearer caches of a processor.
fn with_tables(name: &str, effort: Effort, callers: u32) -> Row {
    let keys = (1..=callers).map(|number| EdwardsPoint::mul_base(&Scalar::from(number)));
    let tables: Vec<_> = keys.map(|key| EdwardsBasepointTable::create(&key)).collect();
    let next = RefCell::new(tables.iter().cycle());
    let check = |block: &Signatures| {
        block.each(|one, i| {
            let (k, s, r) = one.parts(i);
            let table = next.borrow_mut().next().unwrap();
            let computed = (EdwardsPoint::mul_base(&s) + table.mul_base(&k)).compress();
            // The tables are those of other keys: what is compared costs the same whatever the outcome is.
            let _ = black_box(computed == r);
        });
    };
    row(name, effort, 16, check, |one| one.each(Signatures::aws_lc))
}

/// `of` as a share, for rows that count.
fn share(name: &str, passed: u32, of: u32) -> Row {
    Row::new(name, Unit::Count, count(passed.into())).beside(count(of.into()))
}
