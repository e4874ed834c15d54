//! Being told when a path may name something else.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode, RemoveKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// As many symbolic links on one path as Linux follows.
const MAX_LINKS: usize = 40;

/// Watches the directories that decide what some paths name.
pub(super) struct Watch {
    changes: Arc<Notify>,
    /// Whether a directory went away, which may be one that is watched: its watch went with it.
    lost: Arc<AtomicBool>,
    watched: BTreeMap<PathBuf, Identity>,
    watcher: Option<RecommendedWatcher>,
}

/// Which directory it is, whatever it is called.
type Identity = Option<(u64, u64)>;

impl Watch {
    /// Notifies `changes` of everything that happens there, except that somebody reads.
    pub(super) fn new(changes: Arc<Notify>) -> Self {
        Self { changes, lost: Arc::default(), watched: BTreeMap::new(), watcher: None }
    }

    /// Watches what decides about these paths now. To be called before they are read: what changes afterwards is
    /// notified of.
    pub(super) fn aim<'a>(&mut self, paths: impl Iterator<Item = &'a Path>) -> notify::Result<()> {
        let wanted: BTreeMap<_, _> =
            paths.flat_map(directories).map(|dir| (dir.clone(), identity(&dir))).collect();
        // A number of a directory is given to another one when it is free.
        if self.lost.swap(false, Ordering::SeqCst) || self.watcher.is_none() || self.watched != wanted {
            // A new watcher each time: one that is given a path again, of which it has yet to hear that it was deleted, forgets it
            // when it does.
            let mut watcher = self.watcher()?;
            let mut outcome = Ok(());
            self.watched.clear();
            for (dir, identity) in wanted {
                match watcher.watch(&dir, RecursiveMode::NonRecursive) {
                    Ok(()) => drop(self.watched.insert(dir, identity)),
                    Err(error) => outcome = Err(error),
                }
            }
            self.watcher = Some(watcher);
            return outcome;
        }
        Ok(())
    }

    fn watcher(&self) -> notify::Result<RecommendedWatcher> {
        let (changes, lost) = (Arc::clone(&self.changes), Arc::clone(&self.lost));
        notify::recommended_watcher(move |event: notify::Result<Event>| {
            match event.map(|event| event.kind) {
                Ok(EventKind::Access(access)) if access != AccessKind::Close(AccessMode::Write) => return,
                Ok(EventKind::Remove(removed)) if removed != RemoveKind::File => {
                    lost.store(true, Ordering::SeqCst);
                }
                _ => {}
            }
            changes.notify_one();
        })
    }
}

#[cfg(unix)]
fn identity(dir: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(dir).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Identity {
    None
}

/// The directories, free of links, in which a change of an entry can make an absolute path name something else: where its last
/// component lies, where each link on the way lies, and where the first component lies that does not exist.
fn directories(path: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut at = PathBuf::new();
    let mut rest = components(path);
    let mut links = 0;
    while let Some(next) = rest.pop() {
        match next {
            Step::Root(root) => at.push(root),
            Step::Up => drop(at.pop()),
            Step::Into(name) => {
                let entry = at.join(name);
                match std::fs::read_link(&entry) {
                    Ok(target) if links < MAX_LINKS => {
                        links += 1;
                        found.insert(at.clone());
                        if target.is_absolute() {
                            at = PathBuf::new();
                        }
                        rest.extend(components(&target));
                    }
                    _ if rest.is_empty() || !entry.exists() => {
                        found.insert(at);
                        return found;
                    }
                    _ => at = entry,
                }
            }
        }
    }
    found
}

enum Step {
    Root(OsString),
    Up,
    Into(OsString),
}

/// The components of a path, the last one first.
fn components(path: &Path) -> Vec<Step> {
    let step = |component: Component<'_>| match component {
        Component::Prefix(_) | Component::RootDir => Some(Step::Root(component.as_os_str().to_owned())),
        Component::CurDir => None,
        Component::ParentDir => Some(Step::Up),
        Component::Normal(name) => Some(Step::Into(name.to_owned())),
    };
    path.components().rev().filter_map(step).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_directory_that_decides_about_a_path_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        fs::create_dir_all(base.join("store/v1")).unwrap();
        fs::create_dir(base.join("mount")).unwrap();
        fs::write(base.join("store/v1/token"), "x").unwrap();
        symlink("../store/v1", base.join("mount/..data")).unwrap();
        symlink("..data/token", base.join("mount/token")).unwrap();
        symlink(base.join("mount"), base.join("link")).unwrap();
        symlink("loop", base.join("loop")).unwrap();
        for (path, expected) in [
            ("store/v1/token", &["store/v1"][..]),
            ("store/./v1/../v1/token", &["store/v1"]),
            ("mount/token", &["mount", "store/v1"]),
            ("link/token", &["", "mount", "store/v1"]),
            ("link/missing", &["", "mount"]),
            ("nowhere/further/token", &[""]),
            ("store/v1/token/below", &["store/v1/token"]),
            ("loop/token", &[""]),
        ] {
            let expected: BTreeSet<_> = expected.iter().map(|dir| base.join(dir)).collect();
            let found: BTreeSet<_> = directories(&base.join(path)).iter().map(|dir| base.join(dir)).collect();
            assert_eq!(found, expected, "{path}");
        }
    }
}
