//! The handle of a source: how it is doing, and the end of its task.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::{SourceError, SourceObserver};

/// Watches over a source that runs in the background, and stops it: when the last clone is dropped, or by
/// [`Handle::stop`].
#[derive(Clone)]
pub struct Handle {
    name: Arc<str>,
    status: watch::Receiver<Status>,
    seen: u64,
    task: Arc<Task>,
}

struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug, Clone, Default)]
struct Status {
    version: u64,
    updated: Option<Instant>,
    error: Option<SourceError>,
}

/// How a source is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How long ago the source was last found current; `None` if it has nothing to offer.
    pub age: Option<Duration>,
    /// What went wrong since.
    pub last_error: Option<SourceError>,
}

impl Handle {
    /// Runs the work of a source of this name as a task of the current tokio runtime, which the last handle ends. For sources of
    /// your own, too.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(
        name: impl Into<Arc<str>>,
        observer: Arc<dyn SourceObserver>,
        work: impl FnOnce(Reporter) -> F,
    ) -> Self {
        let name = name.into();
        let (sender, status) = watch::channel(Status::default());
        let reporter = Reporter { name: Arc::clone(&name), observer, status: sender };
        let task = Arc::new(Task(tokio::spawn(work(reporter))));
        Self { name, status, seen: 0, task }
    }

    /// What the source is called in logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until the source has something new that this handle has not told of yet. Pends for ever once the source
    /// was stopped.
    pub async fn updated(&mut self) {
        let seen = self.seen;
        let version = match self.status.wait_for(|status| status.version > seen).await {
            Ok(status) => status.version,
            Err(_) => return std::future::pending().await,
        };
        self.seen = version;
    }

    /// Waits until the source has something to offer, at most for `limit`.
    ///
    /// # Errors
    ///
    /// [`NotReady`] with what went wrong until then. The source goes on trying.
    pub async fn ready(&self, limit: Duration) -> Result<(), NotReady> {
        let mut status = self.status.clone();
        let waiting = status.wait_for(|status| status.updated.is_some());
        if let Ok(Ok(_)) = timeout(limit, waiting).await {
            return Ok(());
        }
        Err(NotReady { source: Arc::clone(&self.name), last_error: self.health().last_error })
    }

    /// How the source is doing.
    pub fn health(&self) -> Health {
        let status = self.status.borrow();
        Health { age: status.updated.map(|at| at.elapsed()), last_error: status.error.clone() }
    }

    /// Whether the source has something to offer and nothing went wrong since.
    pub fn is_healthy(&self) -> bool {
        let status = self.status.borrow();
        status.updated.is_some() && status.error.is_none() && !self.task.0.is_finished()
    }

    /// Stops the source for all its handles. What it offered stays as it is, and grows old.
    pub fn stop(&self) {
        self.task.0.abort();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("source", &self.name).field("health", &self.health()).finish()
    }
}

/// Where a source says how it is doing. Given to the work of [`Handle::spawn`].
pub struct Reporter {
    name: Arc<str>,
    observer: Arc<dyn SourceObserver>,
    status: watch::Sender<Status>,
}

impl Reporter {
    /// There is something new.
    pub fn updated(&self) {
        self.status.send_modify(|status| {
            *status = Status { version: status.version + 1, updated: Some(Instant::now()), error: None };
        });
        self.observer.updated(&self.name);
    }

    /// What there is was found to be current.
    pub fn confirmed(&self) {
        self.status.send_modify(|status| {
            status.updated = Some(Instant::now());
            status.error = None;
        });
    }

    /// What there is stays, but could not be brought up to date.
    pub fn failed(&self, error: SourceError) {
        self.observer.failed(&self.name, &error);
        self.status.send_modify(|status| status.error = Some(error));
    }

    /// There is nothing any more.
    pub fn withdrawn(&self, error: SourceError) {
        self.observer.withdrawn(&self.name, &error);
        self.status.send_modify(|status| {
            *status = Status { version: status.version + 1, updated: None, error: Some(error) };
        });
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("source", &self.name).finish_non_exhaustive()
    }
}

/// A source had nothing to offer in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    source: Arc<str>,
    last_error: Option<SourceError>,
}

impl NotReady {
    /// What went wrong last.
    pub fn last_error(&self) -> Option<&SourceError> {
        self.last_error.as_ref()
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the source {} had nothing to offer in time", self.source)?;
        match &self.last_error {
            Some(error) => write!(f, ": {error}"),
            None => f.write_str(": it has not answered yet"),
        }
    }
}

impl std::error::Error for NotReady {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Silent;
    use tokio::sync::mpsc;

    enum Tell {
        Updated,
        Failed,
        Withdrawn,
    }

    fn source() -> (mpsc::UnboundedSender<Tell>, Handle) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let handle = Handle::spawn("test", Arc::new(Silent), |reporter| async move {
            while let Some(tell) = receiver.recv().await {
                match tell {
                    Tell::Updated => reporter.updated(),
                    Tell::Failed => reporter.failed(SourceError::new("broken", "it is broken")),
                    Tell::Withdrawn => reporter.withdrawn(SourceError::new("gone", "it is gone")),
                }
            }
        });
        (sender, handle)
    }

    #[tokio::test(start_paused = true)]
    async fn a_handle_tells_of_updates_failures_and_withdrawal() {
        let (tell, mut handle) = source();
        assert!(!handle.is_healthy() && handle.health().age.is_none());
        let error = handle.ready(Duration::from_secs(1)).await.unwrap_err();
        assert!(error.to_string().contains("has not answered"));

        tell.send(Tell::Updated).unwrap();
        handle.updated().await;
        handle.ready(Duration::ZERO).await.unwrap();
        assert!(handle.is_healthy());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(handle.health().age, Some(Duration::from_secs(5)));

        tell.send(Tell::Failed).unwrap();
        tokio::task::yield_now().await;
        assert!(!handle.is_healthy() && handle.health().age.is_some());
        assert_eq!(handle.health().last_error.unwrap().reason(), "broken");

        tell.send(Tell::Withdrawn).unwrap();
        handle.updated().await;
        assert_eq!(handle.health().age, None);
        let error = handle.ready(Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.last_error().unwrap().reason(), "gone");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_handle_ends_the_task() {
        let (tell, handle) = source();
        let clone = handle.clone();
        drop(handle);
        tokio::task::yield_now().await;
        assert!(!tell.is_closed());
        drop(clone);
        tell.closed().await;

        let (tell, handle) = source();
        handle.stop();
        tell.closed().await;
        assert!(!handle.is_healthy());
    }
}
