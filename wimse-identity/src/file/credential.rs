//! A workload's credential from two files.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use wimse_core::identifier::Schemes;
use wimse_core::jose::SigningKey;
use wimse_core::{
    Clock, Credential, CredentialError, CredentialSource, RotatingCredential, SystemClock, UnixTime,
};

use super::BuildError;
use super::disk::{Contents, Disk};
use super::follow::{Follower, follow};
use super::token::key_algorithm;
use crate::observer::default_observer;
use crate::{Handle, Reporter, SourceError, SourceObserver};

/// What the source is called.
const NAME: &str = "file credential";

/// The default limit on the size of token and key files: four times the longest token that verifiers take by default.
const MAX_SIZE: usize = 64 * 1024;

/// Keeps a credential in line with a file that holds the Workload Identity Token and one that holds its private key.
///
/// The key is a private JWK or an unencrypted PKCS #8 key in PEM; it is used with the algorithm of the token's `cnf.jwk.alg`. White
/// space around the token does not matter. The pair is exchanged as a whole or not at all. An expired token is not taken; when the one
/// in use expires, it is withdrawn, until there is another one. A file that is deleted changes nothing before that.
///
/// ```no_run
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use wimse_core::Signer;
/// use wimse_identity::file::FileCredential;
///
/// let source = FileCredential::builder()
///     .token("/var/run/wimse/token")
///     .key("/var/run/wimse/key.pem")
///     .start()?;
/// source.handle().ready(Duration::from_secs(10)).await?;
/// let signer = Signer::builder().credentials(source.credentials()).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FileCredential {
    credentials: RotatingCredential,
    handle: Handle,
}

impl FileCredential {
    /// Begins the configuration.
    pub fn builder() -> FileCredentialBuilder {
        FileCredentialBuilder::default()
    }

    /// The credential of the moment, for a signer. It outlives the source, but then nobody renews it.
    pub fn credentials(&self) -> RotatingCredential {
        self.credentials.clone()
    }

    /// How the source is doing. It stops when the last clone of this handle is dropped.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl CredentialSource for FileCredential {
    fn current(&self) -> Result<Credential, CredentialError> {
        self.credentials.current()
    }
}

/// Configures a [`FileCredential`].
#[must_use]
pub struct FileCredentialBuilder {
    token: Option<PathBuf>,
    key: Option<PathBuf>,
    schemes: Schemes,
    poll: Duration,
    max_size: usize,
    observer: Arc<dyn SourceObserver>,
    clock: Arc<dyn Clock>,
}

impl Default for FileCredentialBuilder {
    fn default() -> Self {
        Self {
            token: None,
            key: None,
            schemes: Schemes::default(),
            poll: Duration::from_secs(30),
            max_size: MAX_SIZE,
            observer: default_observer(),
            clock: Arc::new(SystemClock),
        }
    }
}

impl FileCredentialBuilder {
    /// The file of the Workload Identity Token, required.
    pub fn token(mut self, path: impl Into<PathBuf>) -> Self {
        self.token = Some(path.into());
        self
    }

    /// The file of the private key, JWK or PEM, required.
    pub fn key(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = Some(path.into());
        self
    }

    /// Takes tokens whose subject is of a registered scheme, too.
    pub fn schemes(mut self, schemes: Schemes) -> Self {
        self.schemes = schemes;
        self
    }

    /// How often the files are read although no change was notified of, at least every 100 ms. Default 30 s.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// The largest file that is read, in octets, at most 1 MiB. Default 64 KiB.
    pub fn max_size(mut self, octets: usize) -> Self {
        self.max_size = octets;
        self
    }

    /// Who is told what happens. Default: `tracing`, if that feature is on.
    pub fn observer(mut self, observer: impl SourceObserver) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Replaces the system's clock, by which tokens expire.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts to follow the files, which need not exist yet: see [`Handle::ready`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what is missing or cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<FileCredential, BuildError> {
        let paths = [self.token.ok_or(BuildError::Token)?, self.key.ok_or(BuildError::Key)?];
        let paths = super::absolute(paths)?;
        super::check(self.poll, self.max_size)?;
        let credentials = RotatingCredential::pending();
        let (current, observer, poll) = (credentials.clone(), Arc::clone(&self.observer), self.poll);
        let (schemes, clock) = (self.schemes, self.clock);
        let handle = Handle::spawn(NAME, self.observer, |reporter| {
            let changes = Arc::new(Notify::new());
            let disk = Disk::new(vec![paths], self.max_size, Arc::clone(&changes));
            follow(
                disk,
                changes,
                poll,
                Pair { current, expires_at: None, schemes, clock, reporter, observer },
            )
        });
        Ok(FileCredential { credentials, handle })
    }
}

impl fmt::Debug for FileCredentialBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileCredentialBuilder")
            .field("token", &self.token)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The token and the key that are in use.
struct Pair {
    current: RotatingCredential,
    /// When what is in use expires; `None` if nothing is.
    expires_at: Option<UnixTime>,
    schemes: Schemes,
    clock: Arc<dyn Clock>,
    reporter: Reporter,
    observer: Arc<dyn SourceObserver>,
}

impl Follower for Pair {
    fn tick(&mut self) {
        if let Some(expires_at) = self.expires_at.filter(|at| *at <= self.clock.now()) {
            self.current.withdraw();
            self.expires_at = None;
            self.reporter.withdrawn(expired(expires_at, "the token in use"));
        }
    }

    fn take(&mut self, _: usize, files: &[Contents]) -> Result<(), SourceError> {
        let [token, key] = files else { return Ok(()) };
        let malformed = || {
            let what = "is no Workload Identity Token with `sub`, `exp` and `cnf.jwk`, or only part of one";
            SourceError::new("token_malformed", format_args!("{} {what}", token.path()))
        };
        let text = token.text().map(str::trim_ascii).ok_or_else(malformed)?;
        let algorithm = key_algorithm(text).ok_or_else(malformed)?;
        let key_text = key.text().unwrap_or_default().trim_ascii_start();
        let signing = if key_text.starts_with('{') {
            SigningKey::from_jwk_with(key_text, algorithm)
        } else {
            SigningKey::from_pkcs8_pem(key_text, algorithm)
        };
        let signing = signing.map_err(|error| {
            let detail = format_args!("{} holds no private key for {algorithm}: {error}", key.path());
            SourceError::new(error.reason(), detail)
        })?;
        let credential =
            Credential::with_schemes(text, signing, &self.schemes).map_err(|error| match error {
                CredentialError::KeyMismatch => SourceError::new(
                    "key_mismatch",
                    format_args!("{} holds another key than the one that {} names", key.path(), token.path()),
                ),
                _ => malformed(),
            })?;
        let expires_at = credential.expires_at();
        if expires_at <= self.clock.now() {
            return Err(expired(expires_at, token.path()));
        }
        if key.open_to_all {
            let detail =
                format_args!("every user of the machine may read or write {}: use mode 0600", key.path());
            self.observer.warned(NAME, &SourceError::new("key_file_open", detail));
        }
        self.current.replace(credential);
        self.expires_at = Some(expires_at);
        self.reporter.updated();
        Ok(())
    }

    fn confirm(&mut self, _: usize) {
        self.reporter.confirmed();
    }

    fn fail(&mut self, _: usize, error: SourceError) {
        self.reporter.failed(error);
    }

    fn warn(&mut self, error: &SourceError) {
        self.observer.warned(NAME, error);
    }

    fn holds(&self, _: usize) -> bool {
        self.expires_at.is_some()
    }

    fn deadline(&self) -> Option<Duration> {
        let left = self.expires_at?.seconds_since(self.clock.now());
        Some(Duration::from_secs(u64::try_from(left).unwrap_or_default()))
    }
}

fn expired(at: UnixTime, what: impl fmt::Display) -> SourceError {
    let detail =
        format_args!("{what} expired at {at} (seconds since 1970): renew it, or set the clock right");
    SourceError::new("credential_expired", detail)
}
