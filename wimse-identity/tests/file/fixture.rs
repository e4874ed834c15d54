//! A directory with a token and a key, and a source that follows them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use wimse_core::{CredentialSource, Verifier};
use wimse_identity::file::{FileCredential, FileCredentialBuilder};

use crate::common::{Issuer, Log, eventually, verdict, verifier};

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) issuer: Issuer,
    pub(crate) log: Log,
    verifier: Verifier,
}

impl World {
    pub(crate) fn new() -> Self {
        let issuer = Issuer::new("example.com", "k1");
        let keys = wimse_core::jose::JwkSet::from(issuer.jwk());
        let anchors = wimse_core::TrustAnchors::new().domain("example.com", keys).unwrap();
        let verifier = verifier(&wimse_core::TrustStore::new(anchors));
        Self { dir: TempDir::new().unwrap(), issuer, log: Log::default(), verifier }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes both files as one would by hand, for a workload of this name.
    pub(crate) fn write(&self, name: &str) {
        self.write_into(self.dir.path(), name);
    }

    pub(crate) fn write_into(&self, dir: &Path, name: &str) {
        let (token, key) = self.issuer.pair(name);
        private(&dir.join("key"), &key);
        fs::write(dir.join("token"), token).unwrap();
    }

    /// A source that relies on notifications: a poll would come too late for any test.
    pub(crate) fn builder(&self) -> FileCredentialBuilder {
        FileCredential::builder()
            .token(self.path("token"))
            .key(self.path("key"))
            .poll_interval(Duration::from_secs(300))
            .observer(self.log.clone())
    }

    pub(crate) fn start(&self) -> FileCredential {
        self.builder().start().unwrap()
    }

    /// Waits until requests are signed as this workload, and has a verifier accept one.
    #[track_caller]
    pub(crate) fn signs_as(&self, source: &FileCredential, name: &str) -> impl Future<Output = ()> {
        let arrived = eventually({
            let source = source.clone();
            let name = name.to_owned();
            move || subject(&source).as_deref() == Some(&*name)
        });
        async move {
            arrived.await;
            self.accepted(source).await;
        }
    }

    pub(crate) async fn accepted(&self, source: &FileCredential) {
        assert_eq!(verdict(&self.verifier, source.credentials()).await, "accepted");
    }
}

/// The path of the workload that the source's credential names.
pub(crate) fn subject(source: &FileCredential) -> Option<String> {
    source.current().ok().map(|credential| credential.subject().path().to_owned())
}

/// Writes a file that its owner alone can read.
pub(crate) fn private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
