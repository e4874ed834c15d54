//! Where a workload finds the evidence that it presents: read anew for each attempt, since platforms rotate it.

use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::protocol::{Evidence, EvidenceKind};
use crate::SourceError;

/// The longest evidence, in octets.
const MAX_EVIDENCE: u64 = 16 * 1024;

type ReadEvidence = dyn Fn() -> Result<String, String> + Send + Sync;

/// Evidence that a workload can present at any time. `Debug` shows the kind alone.
#[derive(Clone)]
pub(super) struct EvidenceSource {
    kind: EvidenceKind,
    read: Arc<ReadEvidence>,
}

impl EvidenceSource {
    pub(super) fn from_closure<E: Display>(
        kind: EvidenceKind,
        read: impl Fn() -> Result<String, E> + Send + Sync + 'static,
    ) -> Self {
        Self { kind, read: Arc::new(move || read().map_err(|error| error.to_string())) }
    }

    pub(super) fn from_file(kind: EvidenceKind, path: PathBuf) -> Self {
        Self::from_closure(kind, move || match read_file(&path) {
            Ok(text) => Ok(text),
            Err(error) => Err(format!("{}: {error}", path.display())),
        })
    }

    pub(super) fn kind(&self) -> EvidenceKind {
        self.kind
    }

    /// Reads the evidence, where waiting for it holds up nobody else.
    pub(super) async fn read(&self) -> Result<Evidence, SourceError> {
        let (kind, read) = (self.kind, Arc::clone(&self.read));
        let unavailable = |why: String| {
            SourceError::new("evidence_unavailable", format_args!("no {}: {why}", kind.as_str()))
        };
        let read = tokio::task::spawn_blocking(move || read()).await;
        let value = read.map_err(|_| unavailable("its source panicked".to_owned()))?.map_err(unavailable)?;
        let value = value.trim();
        match value.len() as u64 {
            0 => Err(unavailable("it is empty".to_owned())),
            len if len > MAX_EVIDENCE => Err(unavailable(format!("{len} octets, over {MAX_EVIDENCE}"))),
            _ => Ok(Evidence { kind, value: value.to_owned() }),
        }
    }
}

fn read_file(path: &PathBuf) -> io::Result<String> {
    let mut text = String::new();
    // One octet more than allowed is enough to notice.
    File::open(path)?.take(MAX_EVIDENCE + 1).read_to_string(&mut text)?;
    Ok(text)
}

impl fmt::Debug for EvidenceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvidenceSource").field("kind", &self.kind).finish_non_exhaustive()
    }
}
