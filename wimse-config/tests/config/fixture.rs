//! A folder with an issuer's keys and a workload's token, and configurations over it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rcgen::KeyPair;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use wimse_config::{Config, ConfigError, Running, from_toml};
use wimse_core::jose::{Algorithm, JwkSet, SigningKey};
use wimse_core::{WitIssuer, WorkloadId};

/// Lines of a configuration that is complete: key and value.
pub(crate) const SOUND: [(&str, &str); 6] = [
    ("trust.domains", r#"[{ name = "example.com", file = "example.com.json" }]"#),
    ("server.audiences.base_urls", r#"["https://orders.example.com"]"#),
    ("server.replay.memory", "{ capacity = 10000 }"),
    ("identity.file.token", r#""orders.token""#),
    ("identity.file.key", r#""orders.pem""#),
    ("client.proof", r#""wpt""#),
];

/// The sound configuration with other lines: a key of it gets another value, or goes if that is empty; others are added.
pub(crate) fn changed(changes: &[(&str, &str)]) -> String {
    let kept = SOUND.iter().filter(|(key, _)| changes.iter().all(|(changed, _)| changed != key));
    let lines = kept.chain(changes.iter().filter(|(_, value)| !value.is_empty()));
    lines.map(|(key, value)| format!("{key} = {value}\n")).collect()
}

/// What reading and starting it comes to.
pub(crate) fn start(text: &str) -> Result<Running, ConfigError> {
    from_toml::<Config>(text)?.start()
}

pub(crate) struct Folder {
    pub(crate) dir: TempDir,
    pub(crate) issuer: WitIssuer,
    key: SigningKey,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        Self { dir: TempDir::new().unwrap(), issuer: WitIssuer::new(key.clone(), "k1"), key }
    }

    /// One that holds everything.
    pub(crate) fn full() -> Self {
        let folder = Self::new();
        folder.write_anchors();
        folder.write_credential("orders");
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    pub(crate) fn write_anchors(&self) {
        let set = JwkSet::from(self.key.public_jwk().clone().with_kid("k1"));
        self.write("example.com.json", &set.to_string());
    }

    /// A token and a key for the workload of this name.
    pub(crate) fn write_credential(&self, name: &str) {
        let pem = KeyPair::generate().unwrap().serialize_pem();
        let key = SigningKey::from_pkcs8_pem(&pem, Algorithm::Es256).unwrap();
        let id = WorkloadId::parse(&format!("wimse://example.com/{name}")).unwrap();
        self.write(&format!("{name}.token"), &self.issuer.issue(&id, key.public_jwk()).unwrap());
        self.write(&format!("{name}.pem"), &pem);
    }

    pub(crate) fn start(&self, text: &str) -> Running {
        from_toml::<Config>(text).unwrap().starter().base_dir(self.path()).start().unwrap()
    }
}

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Waits until something holds.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "not in time");
        sleep(Duration::from_millis(5)).await;
    }
}
