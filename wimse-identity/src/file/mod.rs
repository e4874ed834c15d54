//! Credentials and trust anchors from files, which something else keeps up to date: a sidecar, Kubernetes, an agent, a
//! person.
//!
//! Files are followed through atomic renames, through symbolic links that change anywhere on the way to them (`..data` in
//! Kubernetes volumes), and through writes in place. Notifications come from the operating system; since they get lost, and
//! network file systems have none, files are also read once in a while ([`FileCredentialBuilder::poll_interval`]).
//!
//! What was read counts once two readings, a tenth of a second apart, were the same. A token and a key that do not fit each other
//! (yet), a truncated token, a set that is not complete: none of them replaces what is in use. They get two seconds to become
//! right, then the source reports them. Its reasons:
//!
//! | reason | what it found |
//! |---|---|
//! | `file_missing`, `file_unreadable`, `file_not_regular` | no file, no permission or a failing disk, a directory or pipe |
//! | `file_too_large` | a file over the limit |
//! | `file_unsettled` | a file that changes too often to be read |
//! | `token_malformed` | no Workload Identity Token, or part of one |
//! | `key_mismatch` | a key, or an algorithm, other than the token's `cnf.jwk` |
//! | `credential_expired` | a token whose time is over |
//! | `key_…` | no private key: see [`KeyError`](wimse_core::jose::KeyError) |
//! | `anchor_…`, `no_usable_anchor` | keys that cannot be trust anchors: see [`TrustError`](wimse_core::trust::TrustError) |
//! | `watch_failed` | no notifications from the system; as a warning only, since the files are still read at intervals |
//! | `key_file_open` | a key file that every user of the machine may read or write; as a warning only |

mod anchors;
mod credential;
mod disk;
mod error;
mod follow;
mod token;
mod watch;

pub use anchors::{FileAnchors, FileAnchorsBuilder};
pub use credential::{FileCredential, FileCredentialBuilder};
pub use error::BuildError;

use std::path::PathBuf;
use std::time::Duration;

/// Paths as they are now, whatever the working directory is later.
fn absolute(paths: impl IntoIterator<Item = PathBuf>) -> Result<Vec<PathBuf>, BuildError> {
    paths.into_iter().map(|path| std::path::absolute(path).map_err(BuildError::Path)).collect()
}

fn check(poll: Duration, max_size: usize) -> Result<(), BuildError> {
    if poll < Duration::from_millis(100) {
        return Err(BuildError::PollInterval);
    }
    if max_size == 0 || max_size > 1 << 20 {
        return Err(BuildError::MaxSize);
    }
    Ok(())
}
