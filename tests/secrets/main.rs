//! A full run, client and server and sources, of what works and of what fails. Nothing that is logged by any crate, returned as an
//! error, shown by `Debug` or said in a panic holds a token, a proof, a signature or a private key.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::use_debug,
    reason = "test code"
)]

mod capture;
mod run;

use std::fmt::Write as _;

use capture::Secrets;
use run::Run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aud_02_key_01_wpt_38_a_full_run_shows_no_token_signature_or_key() {
    capture::start();
    let mut run = Run::start().await;
    run.calls().await;
    run.attacks().await;
    run.sources().await;
    let shown = capture::stop(&run.shown);

    // What is searched is what the run was about, and the search finds what is there.
    for part in [
        "request authenticated",
        "request refused",
        "digest_mismatch",
        "wit_signature",
        "a handler that shows",
    ] {
        assert!(shown.contains(part), "{part}");
    }
    assert!(run.secrets.count() > 40, "{}", run.secrets.count());
    let mut careless = shown.clone();
    let _ = write!(careless, "{}", run::PRIVATE);
    assert!(!run.secrets.pieces_in(&careless).is_empty());

    let pieces = run.secrets.pieces_in(&shown);
    for piece in pieces.iter().take(5) {
        let line = shown.lines().find(|line| line.contains(piece.as_str())).unwrap_or_default();
        eprintln!("{piece} in {line}");
    }
    assert!(pieces.is_empty());
}
