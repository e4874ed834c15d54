//! The private key is in nothing that is shown, logged or told to an observer.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::OWN;
use super::issuing::Authority;
use crate::agent::{Agent, eventually};
use crate::credential::{READY, reason};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Whether a text shows some octets in a row, in any of the ways in which octets are shown.
fn shows(text: &str, secret: &[u8]) -> bool {
    secret.windows(8).any(|part| {
        let hex: String = part.iter().map(|octet| format!("{octet:02x}")).collect();
        let list = format!("{part:?}");
        let list = list.trim_matches(['[', ']']);
        let base64 = data_encoding::BASE64.encode(&part[..6]);
        let escaped = part.escape_ascii().to_string();
        [hex.as_str(), list, &base64, &escaped].iter().any(|shown| text.contains(shown))
    })
}

// One thread, so that the subscriber sees the source's task as well.
#[tokio::test]
async fn key_01_wic_25_aud_02_the_private_key_is_shown_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    let (agent, authority) = (Agent::start(), Authority::new(OWN));
    let good = authority.svid("/a");
    agent.says_x509([good.clone()]);
    let source = super::builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    let now = source.snapshot().unwrap();
    let mut shown = format!("{source:?} {now:?} {:?}", now.svid().private_key());

    let mut other = authority.svid("/a");
    other.x509_svid_key = authority.svid("/a").x509_svid_key;
    let mut broken = authority.svid("/a");
    broken.x509_svid_key.pop();
    for bad in [&other, &broken] {
        agent.says_x509([bad.clone()]);
        eventually("refused", || reason(source.handle()) == Some("svid_malformed")).await;
        shown += &format!("{source:?} {}", source.handle().health().last_error.unwrap());
        agent.says_x509([good.clone()]);
        eventually("good again", || source.handle().is_healthy()).await;
    }
    shown += &log.text();
    assert!(shown.contains("svid_malformed") && shown.contains("spiffe-x509"), "{shown}");
    for key in [&good, &other, &broken].map(|svid| &svid.x509_svid_key) {
        // The first octets name the kind of key, and are no secret.
        let secret = &key[36..68];
        assert!(shows(&format!("{key:?}"), secret) && shows(&data_encoding::HEXLOWER.encode(key), secret));
        assert!(!shows(&shown, secret));
    }
}
