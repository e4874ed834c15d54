//! The loop of a source of files: read, make sure that nobody is writing, use.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::disk::{Contents, Disk, Reading};
use crate::SourceError;

/// How far apart two readings are that have to be the same, and how long a burst of changes is gathered.
const SETTLE: Duration = Duration::from_millis(100);

/// How long files may be wrong after a change until this is reported: token and key are seldom written at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often files are read while nothing of them is in use.
const RETRY: Duration = Duration::from_secs(1);

/// What a source does with its files. A source has one or more parts, each made of one or more files.
pub(super) trait Follower: Send + 'static {
    /// Looks at the clock.
    fn tick(&mut self) {}

    /// Uses these files from now on, and says so.
    fn take(&mut self, part: usize, files: &[Contents]) -> Result<(), SourceError>;

    /// The files still hold what is in use.
    fn confirm(&mut self, part: usize);

    /// The files cannot be used.
    fn fail(&mut self, part: usize, error: SourceError);

    /// Changes may go unnoticed.
    fn warn(&mut self, error: &SourceError);

    /// Whether something of this part is in use.
    fn holds(&self, part: usize) -> bool;

    /// When the clock is to be looked at, at the latest.
    fn deadline(&self) -> Option<Duration> {
        None
    }
}

/// Follows the files for ever. `changes` is what the disk notifies.
pub(super) async fn follow(
    mut disk: Disk,
    changes: Arc<Notify>,
    poll: Duration,
    mut follower: impl Follower,
) {
    let mut parts: Vec<Part> = Vec::new();
    let mut deaf = None;
    loop {
        // Reading blocks, on a network file system for long.
        let read = tokio::task::spawn_blocking(move || {
            let reading = disk.read();
            (disk, reading)
        });
        let Ok((back, (readings, problem))) = read.await else { return };
        disk = back;
        if deaf != problem {
            if let Some(problem) = &problem {
                follower.warn(problem);
            }
            deaf = problem;
        }
        follower.tick();
        let mut wait = follower.deadline().map_or(poll, |deadline| deadline.clamp(RETRY.min(poll), poll));
        parts.resize_with(readings.len(), Part::new);
        for (index, (part, reading)) in parts.iter_mut().zip(readings).enumerate() {
            wait = wait.min(part.consider(index, reading, poll, &mut follower));
        }
        tokio::select! {
            () = changes.notified() => sleep(SETTLE).await,
            () = sleep(wait) => {}
        }
    }
}

struct Part {
    last: Option<Reading>,
    /// When the last reading was seen for the first time.
    since: Instant,
    /// Since when no two readings were the same.
    restless: Option<Instant>,
    /// Whether the last reading is what is in use.
    taken: bool,
    reported: Option<(SourceError, Instant)>,
}

impl Part {
    fn new() -> Self {
        Self { last: None, since: Instant::now(), restless: None, taken: false, reported: None }
    }

    /// Decides about a reading, and says how soon the next one is due.
    fn consider(
        &mut self,
        index: usize,
        reading: Reading,
        poll: Duration,
        follower: &mut impl Follower,
    ) -> Duration {
        if self.last.as_ref() != Some(&reading) {
            (self.last, self.since, self.taken) = (Some(reading), Instant::now(), false);
            if self.restless.get_or_insert(self.since).elapsed() >= PATIENCE {
                let error = SourceError::new("file_unsettled", "the files change too often to be read");
                self.report(index, error, poll, follower);
            }
            return SETTLE;
        }
        self.restless = None;
        if self.taken && follower.holds(index) {
            self.reported = None;
            follower.confirm(index);
            return poll;
        }
        let outcome = match reading {
            Ok(files) => follower.take(index, &files),
            Err(error) => Err(error),
        };
        let Err(error) = outcome else {
            (self.taken, self.reported) = (true, None);
            return poll;
        };
        let patient = self.since.elapsed() < PATIENCE;
        // With nothing in use there is nothing to be patient for.
        if !patient || !follower.holds(index) {
            self.report(index, error, poll, follower);
        }
        match (patient, follower.holds(index)) {
            (true, _) => SETTLE,
            (false, true) => poll,
            (false, false) => RETRY.min(poll),
        }
    }

    /// Reports the same error once per poll interval at most.
    fn report(&mut self, index: usize, error: SourceError, poll: Duration, follower: &mut impl Follower) {
        let known = |(reported, at): &(SourceError, Instant)| *reported == error && at.elapsed() < poll;
        if !self.reported.as_ref().is_some_and(known) {
            self.reported = Some((error.clone(), Instant::now()));
            follower.fail(index, error);
        }
    }
}
