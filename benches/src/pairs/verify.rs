//! Verifying beside the raw check of the same signature.

use std::hint::black_box;

use futures_util::FutureExt;
use wimse_core::{Proof, Signer, TrustStore, Verifier};

use crate::caller::{Caller, busy_cache, verifier};
use crate::measure::{Effort, Measured, in_turns};
use crate::raw::RawVerify;
use crate::report::Report;
use crate::requests::{Batch, CONTENT};
use crate::row::{Row, Unit};

pub(crate) fn run(report: &mut Report, effort: Effort, caller: &Caller) {
    let raw = RawVerify::new(&caller.jwk);
    let name = |what: &str| format!("{what}, {}, beside raw", caller.algorithm);
    let (wpt, signature) = (caller.signer(Proof::Wpt), caller.signer(Proof::HttpSignature));
    let known = caller.verifier();
    let pair = |signer: &Signer, content| measure(effort, &known, signer, content, &raw);

    report.row(&name("WPT verify"), |name| row(name, &pair(&wpt, b"")).at_most(1.03).allowing(0.0));
    report.row(&name("WPT verify, nothing remembered against replay"), |name| {
        let verifier = verifier(&caller.store).allow_replay().build().unwrap();
        row(name, &measure(effort, &verifier, &wpt, b"", &raw))
    });
    report.row(&name("HTTP signature verify"), |name| {
        row(name, &pair(&signature, b"")).at_most(1.06).allowing(0.0)
    });
    report.row(&name("HTTP signature verify with 1 KiB"), |name| {
        row(name, &pair(&signature, CONTENT)).allowing(0.0)
    });
    report.row(&name("WIT and WPT verify, WIT not remembered"), |name| {
        let forgetful = TrustStore::with_cache_capacity(caller.store.anchors(), 0);
        let verifier = verifier(&forgetful).replay_cache(busy_cache(1000)).build().unwrap();
        row(name, &measure(effort, &verifier, &wpt, b"", &raw))
    });
}

pub(crate) fn verify_all(verifier: &Verifier, batch: &Batch, content: &[u8]) {
    for request in &batch.requests {
        let verifying = verifier.verify_with_content(black_box(request), black_box(content));
        black_box(verifying.now_or_never().unwrap().unwrap());
    }
}

fn measure(
    effort: Effort,
    verifier: &Verifier,
    signer: &Signer,
    content: &[u8],
    raw: &RawVerify,
) -> Measured {
    // The caller's first request has its token validated and remembered.
    verify_all(verifier, &Batch::new(signer, 1, content), content);
    in_turns(
        effort,
        || Batch::new(signer, effort.block, content),
        |batch| verify_all(verifier, batch, content),
        |batch| batch.signed.iter().for_each(|signed| raw.verify(signed)),
    )
}

pub(crate) fn row(name: &str, measured: &Measured) -> Row {
    Row::new(name, Unit::Nanoseconds, measured.ours).beside(measured.base).allocs(measured.allocs)
}
