//! Nothing that is shown, logged or answered holds a token, a proof, a signature or a private key.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::sync::Once;

use futures_util::FutureExt;
use serde_json::Value;
use wimse_core::jose::SigningKey;
use wimse_core::testing::TestDomain;
use wimse_core::trace::Steps;
use wimse_core::{RequestHead, RotatingCredential, SignOptions, WitIssuer};

use crate::common::TEST_KEYS;
use crate::failing::failing_requests;
use crate::{BASE, TARGET, World, decide};

thread_local! {
    /// What the tests of this thread made the library log.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThreadLog;

impl io::Write for ThreadLog {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(octets));
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that `tracing` is told while `run` runs. The subscriber is the whole process's, since one of a single
/// thread misses events whose call sites another thread reached first.
pub(crate) fn logged(run: impl FnOnce()) -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        tracing::subscriber::set_global_default(subscriber.with_writer(|| ThreadLog).finish()).unwrap();
    });
    LOG.take();
    run();
    String::from_utf8(LOG.take()).unwrap()
}

/// The parts of a message's credentials, long enough to be told apart from ordinary words.
pub(crate) fn secrets(headers: &http::HeaderMap) -> Vec<Vec<u8>> {
    let proofs = ["authorization", "workload-proof-token", "signature"];
    let fields = proofs.iter().chain(&["workload-identity-token", "txn-token", "x-user"]);
    let values = fields.flat_map(|name| headers.get_all(*name));
    let parts = values.flat_map(|value| value.as_bytes().split(|octet| b". ,:".contains(octet)));
    parts.filter(|part| part.len() >= WINDOW).map(<[u8]>::to_vec).collect()
}

/// A cut token is still a piece of one: this many octets in a row are too many.
const WINDOW: usize = 16;

/// Text that was shown, to be searched for pieces of secrets.
pub(crate) struct Shown<'a>(&'a str, HashSet<&'a [u8]>);

impl<'a> Shown<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(text, text.as_bytes().windows(WINDOW).collect())
    }

    pub(crate) fn hides(&self, secret: impl AsRef<[u8]>) {
        for piece in secret.as_ref().windows(WINDOW) {
            let piece_text = String::from_utf8_lossy(piece);
            assert!(!self.1.contains(piece), "{piece_text} in {}", self.0);
        }
    }
}

#[test]
fn aud_02_wpt_38_a_full_run_of_refusals_and_acceptances_shows_no_credential() {
    let world = World::new();
    let verifier = world.verifier_with_context();
    let signer = world.signer().context_tokens(["x-user"]).build().unwrap();
    let mut sound = http::Request::get(TARGET)
        .header("txn-token", "a-transaction-token-of-some-length")
        .header("x-user", "a-user-token-of-some-length")
        .body(())
        .unwrap();
    let mut requests: Vec<_> = failing_requests(&world).into_iter().map(|failing| failing.request).collect();

    let mut shown = String::new();
    let log = logged(|| {
        let _ = signer.sign_request(&mut sound, None, &SignOptions::default()).unwrap();
        requests.extend([sound.clone(), sound]);
        for request in &requests {
            let mut steps = Steps::default();
            let explained = verifier.verify_traced(request, b"", &mut steps).now_or_never().unwrap();
            for decision in [explained, decide(&verifier, request)] {
                match decision {
                    Ok(peer) => writeln!(shown, "{peer:?} {:?} {:?}", peer.wit(), peer.context()).unwrap(),
                    Err(rejection) => {
                        let response = rejection.to_response();
                        writeln!(shown, "{rejection} {rejection:?} {response:?}").unwrap();
                    }
                }
            }
            writeln!(shown, "{steps:?} {:?}", RequestHead::from(request)).unwrap();
        }
        writeln!(shown, "{verifier:?} {signer:?}").unwrap();
    });
    // One event for each decision, two decisions for each request.
    assert_eq!(log.lines().filter(|line| line.contains("request authenticated")).count(), 1);
    assert_eq!(log.lines().filter(|line| line.contains("request refused")).count(), 2 * requests.len() - 1);
    for text in [&log, &shown] {
        let shown = Shown::new(text);
        requests.iter().flat_map(|request| secrets(request.headers())).for_each(|secret| shown.hides(secret));
    }
}

#[test]
fn aud_02_signed_fields_are_marked_sensitive() {
    let world = World::new();
    let mut request = http::Request::get(TARGET).body(()).unwrap();
    let _ =
        world.signer().build().unwrap().sign_request(&mut request, None, &SignOptions::default()).unwrap();
    for name in ["workload-identity-token", "authorization"] {
        assert!(request.headers()[name].is_sensitive(), "{name}");
    }
    let shown = format!("{:?}", request.headers());
    let shown = Shown::new(&shown);
    secrets(request.headers()).into_iter().for_each(|secret| shown.hides(secret));
}

#[test]
fn key_01_aud_02_no_debug_shows_a_private_key() {
    for key in &TEST_KEYS {
        let signing = key.signing(key.algorithms[0]);
        let issuer = WitIssuer::new(signing.clone(), "k1");
        let from_jwk = SigningKey::from_jwk(key.jwk).unwrap();
        let shown = format!("{signing:?} {from_jwk:?} {issuer:?} {}", signing.public_jwk());
        let jwk: Value = serde_json::from_str(key.jwk).unwrap();
        let members = ["d", "p", "q", "dp", "dq", "qi"].into_iter().filter_map(|name| jwk.get(name));
        members.for_each(|secret| Shown::new(&shown).hides(secret.as_str().unwrap()));
    }
}

#[test]
fn aud_02_no_debug_of_a_credential_shows_its_token() {
    let world = World::new();
    let credential = world.credential();
    let shown = format!(
        "{credential:?} {:?} {:?} {:?}",
        RotatingCredential::new(credential.clone()),
        world.signer(),
        world.signer().audience(BASE).build()
    );
    let mut request = http::Request::get(TARGET).body(()).unwrap();
    let _ =
        world.signer().build().unwrap().sign_request(&mut request, None, &SignOptions::default()).unwrap();
    let shown = Shown::new(&shown);
    secrets(request.headers()).into_iter().for_each(|secret| shown.hides(secret));
}

#[test]
fn aud_02_no_debug_of_a_test_workload_shows_its_token() {
    let workload = TestDomain::new("example.com").workload("/a");
    let shown = format!("{workload:?}");
    workload.token().split('.').for_each(|secret| Shown::new(&shown).hides(secret));
}
