//! Ours beside the same job done with other libraries, on the same octets where they read each other's.
//!
//! Ours remembers the token and used proofs; no peer does either. Peers get their keys parsed in advance wherever their
//! interfaces take a parsed key.

use http::Request;
use wimse_core::httpsig::{SIGNATURE, SIGNATURE_INPUT};
use wimse_core::jose::Algorithm;
use wimse_core::{Proof, Signer, Verifier};

use super::create::{requests, sign_all};
use super::verify::verify_all;
use crate::caller::{Caller, audience};
use crate::measure::{Effort, Measured, in_turns};
use crate::peers::httpsig::Httpsig;
use crate::peers::jsonwebtoken::Jwt;
use crate::peers::wimsey::Wimsey;
use crate::report::Report;
use crate::requests::{Batch, ORDERS};
use crate::row::{Row, Unit};

/// Ours for one caller.
struct Ours {
    effort: Effort,
    verifier: Verifier,
    wpt: Signer,
    signature: Signer,
}

pub(crate) fn run(report: &mut Report, effort: Effort) {
    // `EdDSA` is the only name that the peers know Ed25519 by.
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let caller = Caller::new(algorithm);
        let (wpt, signature) = (caller.signer(Proof::Wpt), caller.signer(Proof::HttpSignature));
        let ours = Ours { effort, verifier: caller.verifier(), wpt, signature };
        let shown = if algorithm == Algorithm::EdDsa { "Ed25519" } else { algorithm.as_str() };
        wimsey(report, &ours, &caller, shown);
        jsonwebtoken(report, &ours, &caller, shown);
        httpsig(report, &ours, algorithm, shown);
    }
}

fn wimsey(report: &mut Report, ours: &Ours, caller: &Caller, algorithm: &str) {
    let name = |what: &str| format!("{what}, {algorithm}, beside wimsey");
    let mut peer = Wimsey::new(caller, audience(ORDERS));
    let times = if algorithm == "ES256" { 10.0 } else { 2.0 };
    report.row(&name("WIT and WPT verify"), |name| {
        row(name, &ours.verify(&ours.wpt, |request| peer.verify_wit_and_wpt(request))).times_as_fast(times)
    });
    report.row(&name("WPT verify, its WIT kept by hand"), |name| {
        row(name, &ours.verify(&ours.wpt, |request| peer.verify_wpt(request))).times_as_fast(1.0)
    });
    report.row(&name("WPT create"), |name| row(name, &ours.create(&ours.wpt, |_| peer.create_wpt())));
    report.row(&name("WIT and HTTP signature verify"), |name| {
        let both = |request: &_| {
            peer.verify_wit(request);
            peer.verify_signature(request);
        };
        row(name, &ours.verify(&ours.signature, both))
    });
    report.row(&name("HTTP signature verify, its WIT kept by hand"), |name| {
        row(name, &ours.verify(&ours.signature, |request| peer.verify_signature(request)))
    });
    report.row(&name("HTTP signature create"), |name| {
        row(name, &ours.create(&ours.signature, |request| peer.create_signature(request)))
    });
}

fn jsonwebtoken(report: &mut Report, ours: &Ours, caller: &Caller, algorithm: &str) {
    let name = |what: &str| format!("{what}, {algorithm}, beside jsonwebtoken");
    let peer = Jwt::new(caller, audience(ORDERS));
    report.row(&name("WIT and WPT verify"), |name| {
        let both = |request: &_| assert!(peer.verify_wit_and_wpt(request), "refused");
        row(name, &ours.verify(&ours.wpt, both)).times_as_fast(1.9)
    });
    report.row(&name("WPT verify, its WIT kept by hand"), |name| {
        let proof = |request: &_| assert!(peer.verify_wpt(request), "refused");
        row(name, &ours.verify(&ours.wpt, proof))
    });
    report.row(&name("WPT create"), |name| row(name, &ours.create(&ours.wpt, |_| peer.create_wpt())));
}

fn httpsig(report: &mut Report, ours: &Ours, algorithm: Algorithm, shown: &str) {
    let name = |what: &str| format!("HTTP signature {what}, {shown}, beside httpsig");
    let peer = Httpsig::new(algorithm);
    report.row(&name("verify"), |name| {
        let Ours { effort, verifier, signature, .. } = ours;
        let fresh = || {
            // It cannot verify a signature with `wimse-aud`: it gets its own without.
            let batch = Batch::new(signature, effort.block, b"");
            let mut theirs = Batch::new(signature, effort.block, b"").requests;
            theirs.iter_mut().for_each(|request| peer.sign(request));
            (batch, theirs)
        };
        let measured = in_turns(
            *effort,
            fresh,
            |(batch, _)| verify_all(verifier, batch, b""),
            |(_, theirs)| theirs.iter().for_each(|request| peer.verify(request)),
        );
        row(name, &measured)
    });
    report
        .row(&name("create"), |name| row(name, &ours.create(&ours.signature, |request| peer.sign(request))));
}

impl Ours {
    fn verify(&self, signer: &Signer, mut peer: impl FnMut(&Request<()>)) -> Measured {
        verify_all(&self.verifier, &Batch::new(signer, 1, b""), b"");
        in_turns(
            self.effort,
            || Batch::new(signer, self.effort.block, b""),
            |batch| verify_all(&self.verifier, batch, b""),
            |batch| batch.requests.iter().for_each(&mut peer),
        )
    }

    fn create(&self, signer: &Signer, mut peer: impl FnMut(&mut Request<()>)) -> Measured {
        let size = self.effort.block;
        in_turns(
            self.effort,
            || {
                // Theirs carry the token, which a signature covers.
                let mut theirs = Batch::new(signer, size, b"").requests;
                for request in &mut theirs {
                    request.headers_mut().remove(SIGNATURE);
                    request.headers_mut().remove(SIGNATURE_INPUT);
                }
                (requests(size), theirs)
            },
            |(ours, _)| sign_all(signer, ours, b""),
            |(_, theirs)| theirs.iter_mut().for_each(&mut peer),
        )
    }
}

fn row(name: &str, measured: &Measured) -> Row {
    Row::new(name, Unit::Nanoseconds, measured.ours).beside_peer(measured.base)
}
