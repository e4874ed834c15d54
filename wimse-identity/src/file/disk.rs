//! Reading files, with limits. Blocking: for a thread that may wait.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::watch::Watch;
use crate::SourceError;

/// What one file held when it was read.
#[derive(PartialEq, Eq)]
pub(super) struct Contents {
    bytes: Zeroizing<Vec<u8>>,
    path: Arc<Path>,
    /// Whether every user of the machine may read or write the file, where this can be told.
    pub(super) open_to_all: bool,
}

impl Contents {
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    pub(super) fn path(&self) -> impl std::fmt::Display {
        self.path.display()
    }
}

/// The files that make one thing together: all of them, or why not.
pub(super) type Reading = Result<Vec<Contents>, SourceError>;

/// Reads the files of every part of a source, and sees to it that their changes are notified of.
pub(super) struct Disk {
    parts: Vec<Vec<Arc<Path>>>,
    max_size: usize,
    watch: Watch,
}

impl Disk {
    pub(super) fn new(parts: Vec<Vec<PathBuf>>, max_size: usize, changes: Arc<Notify>) -> Self {
        let parts = parts.into_iter().map(|files| files.into_iter().map(Arc::from).collect()).collect();
        Self { parts, max_size, watch: Watch::new(changes) }
    }

    /// One reading for each part. The second value says what keeps changes from being notified of, if something does.
    pub(super) fn read(&mut self) -> (Vec<Reading>, Option<SourceError>) {
        let deaf = self.watch.aim(self.parts.iter().flatten().map(|path| &**path)).err().map(|error| {
            SourceError::new(
                "watch_failed",
                format_args!(
                    "changes of files go unnoticed until the next poll, since watching failed: {error}"
                ),
            )
        });
        let read = |files: &Vec<Arc<Path>>| files.iter().map(|path| read(path, self.max_size)).collect();
        (self.parts.iter().map(read).collect(), deaf)
    }
}

fn read(path: &Arc<Path>, max_size: usize) -> Result<Contents, SourceError> {
    let named = path.display();
    let failed = |error: io::Error| {
        let reason = if error.kind() == io::ErrorKind::NotFound { "file_missing" } else { "file_unreadable" };
        SourceError::new(reason, format_args!("{named} cannot be read: {error}"))
    };
    // Opening a pipe would wait for a writer, so that the path is asked first, and the open file again.
    regular(path, &std::fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    regular(path, &metadata)?;
    let limit = u64::try_from(max_size).unwrap_or(u64::MAX).saturating_add(1);
    // Room for all of it, so that no copy of a key is left behind where a buffer grew.
    let expected = metadata.len().saturating_add(1).min(limit);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(expected).unwrap_or(max_size)));
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max_size {
        return Err(SourceError::new(
            "file_too_large",
            format_args!("{named} is larger than {max_size} octets"),
        ));
    }
    Ok(Contents { bytes, path: Arc::clone(path), open_to_all: open_to_all(&metadata) })
}

fn regular(path: &Path, metadata: &Metadata) -> Result<(), SourceError> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(SourceError::new("file_not_regular", format_args!("{} is no regular file", path.display())))
}

#[cfg(unix)]
fn open_to_all(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o006 != 0
}

#[cfg(not(unix))]
fn open_to_all(_: &Metadata) -> bool {
    false
}
