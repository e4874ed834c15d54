//! Creating proofs beside the raw signature over the same octets.

use std::hint::black_box;

use http::Request;
use wimse_core::{Proof, SignOptions, Signer};

use super::verify::row;
use crate::caller::Caller;
use crate::measure::{Effort, Measured, in_turns};
use crate::raw::RawSign;
use crate::report::Report;
use crate::requests::{Batch, CONTENT, request};

pub(crate) fn run(report: &mut Report, effort: Effort, caller: &Caller) {
    let raw = RawSign::new(caller.algorithm);
    let name = |what: &str| format!("{what}, {}, beside raw", caller.algorithm);
    let (wpt, signature) = (caller.signer(Proof::Wpt), caller.signer(Proof::HttpSignature));

    report.row(&name("WPT create"), |name| {
        row(name, &measure(effort, &wpt, b"", &raw)).at_most(1.05).allowing(4.0)
    });
    report.row(&name("HTTP signature create"), |name| {
        row(name, &measure(effort, &signature, b"", &raw)).allowing(4.0)
    });
    // The raw side signs the same base, which names the digest; it does not compute it.
    report.row(&name("HTTP signature create with a digest of 1 KiB"), |name| {
        row(name, &measure(effort, &signature, CONTENT, &raw)).at_most(1.15).allowing(4.0)
    });
}

pub(crate) fn requests(size: usize) -> Vec<Request<()>> {
    (0..size).map(|_| request()).collect()
}

pub(crate) fn sign_all(signer: &Signer, requests: &mut [Request<()>], content: &[u8]) {
    let options = SignOptions::default();
    for request in requests {
        let _ = black_box(signer.sign_request(request, Some(black_box(content)), &options).unwrap());
    }
}

fn measure(effort: Effort, signer: &Signer, content: &[u8], raw: &RawSign) -> Measured {
    let same = Batch::new(signer, effort.block, content);
    in_turns(
        effort,
        || requests(effort.block),
        |requests| sign_all(signer, requests, content),
        |_| same.signed.iter().for_each(|signed| raw.sign(&signed.message)),
    )
}
