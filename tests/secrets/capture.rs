//! Everything that is shown, and everything that must not be.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, Once, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;

/// A cut token is still a piece of one: this many octets in a row are too many.
const WINDOW: usize = 16;

/// The logs of all crates at all levels, and the messages of all panics.
static SHOWN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        show(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn show(octets: &[u8]) {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
}

/// Captures from now on.
pub(crate) fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        tracing::subscriber::set_global_default(subscriber.with_writer(|| Log).finish()).unwrap();
        std::panic::set_hook(Box::new(|panic| show(format!("{panic}\n").as_bytes())));
    });
}

/// All that was captured, with what else was shown. Panics are said to the terminal again.
pub(crate) fn stop(more: &str) -> String {
    let _ = std::panic::take_hook();
    let log = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    format!("{}{more}", String::from_utf8_lossy(&log))
}

/// What must not be shown: credentials that went over the wire, and those that must never.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<HashSet<Vec<u8>>>>);

impl Secrets {
    pub(crate) fn add(&self, text: &[u8]) {
        let parts = text.split(|octet| b". ,:\"\n".contains(octet)).filter(|part| part.len() >= WINDOW);
        self.0.lock().unwrap().extend(parts.map(<[u8]>::to_vec));
    }

    pub(crate) fn add_fields(&self, headers: &HeaderMap) {
        for name in ["workload-identity-token", "authorization", "signature", "txn-token", "x-user"] {
            headers.get_all(name).iter().for_each(|value| self.add(value.as_bytes()));
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The pieces of secrets in this text.
    pub(crate) fn pieces_in(&self, text: &str) -> Vec<String> {
        let windows: HashSet<&[u8]> = text.as_bytes().windows(WINDOW).collect();
        let secrets = self.0.lock().unwrap();
        let pieces = secrets.iter().flat_map(|secret| secret.windows(WINDOW));
        pieces
            .filter(|piece| windows.contains(piece))
            .map(|piece| String::from_utf8_lossy(piece).into())
            .collect()
    }
}

/// Keeps the credentials of requests and responses as they are on the wire.
pub(crate) async fn record(State(secrets): State<Secrets>, request: Request, next: Next) -> Response {
    secrets.add_fields(request.headers());
    let response = next.run(request).await;
    secrets.add_fields(response.headers());
    response
}
