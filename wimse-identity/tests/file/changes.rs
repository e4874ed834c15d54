//! Every way in which files change, without a moment in which a request could not be signed.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use wimse_core::CredentialSource;
use wimse_identity::file::FileCredential;

use crate::common::{eventually, ms};
use crate::fixture::{World, private, subject};

/// Looks for a credential all the time until it is stopped; says how often, and fails if there was none.
struct Reader {
    stop: Arc<AtomicBool>,
    looks: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<()>,
}

impl Reader {
    fn of(source: &FileCredential) -> Self {
        let (stop, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (credentials, stopped, count) = (source.credentials(), Arc::clone(&stop), Arc::clone(&looks));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                assert!(credentials.current().is_ok(), "no credential for a moment");
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self { stop, looks, thread }
    }

    fn done(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        assert!(self.looks.load(Ordering::SeqCst) > 10);
    }
}

async fn started(world: &World) -> (FileCredential, Reader) {
    let source = world.start();
    source.handle().ready(Duration::from_secs(5)).await.unwrap();
    let reader = Reader::of(&source);
    (source, reader)
}

#[tokio::test]
async fn key_04_atomic_renames_one_file_after_the_other() {
    let world = World::new();
    world.write("/0");
    let (source, reader) = started(&world).await;
    for round in 1..5 {
        let (token, key) = world.issuer.pair(&format!("/{round}"));
        fs::write(world.path("token.new"), token).unwrap();
        private(&world.path("key.new"), &key);
        fs::rename(world.path("key.new"), world.path("key")).unwrap();
        // For this long the pair does not fit.
        ms(300).await;
        fs::rename(world.path("token.new"), world.path("token")).unwrap();
        world.signs_as(&source, &format!("/{round}")).await;
    }
    reader.done();
    assert_eq!(world.log.all(), vec!["updated file credential"; 5]);
    assert!(source.handle().is_healthy());
}

/// What kubelet does with a volume: a new directory, `..data` renamed over, the old directory removed.
#[tokio::test]
async fn key_04_a_symlink_that_is_swapped_as_in_a_kubernetes_volume() {
    let world = World::new();
    let publish = |version: &str| {
        let dir = world.path(&format!("..{version}"));
        fs::create_dir(&dir).unwrap();
        world.write_into(&dir, &format!("/{version}"));
        symlink(format!("..{version}"), world.path("..data_tmp")).unwrap();
        fs::rename(world.path("..data_tmp"), world.path("..data")).unwrap();
    };
    publish("v0");
    for name in ["token", "key"] {
        symlink(format!("..data/{name}"), world.path(name)).unwrap();
    }
    let (source, reader) = started(&world).await;
    for version in 1..5 {
        publish(&format!("v{version}"));
        fs::remove_dir_all(world.path(&format!("..v{}", version - 1))).unwrap();
        world.signs_as(&source, &format!("/v{version}")).await;
    }
    reader.done();
    assert_eq!(world.log.count("updated"), 5);
    assert_eq!(world.log.count("failed"), 0);
}

/// The link is far from the file, and what it pointed to stays as it is.
#[tokio::test]
async fn a_symlinked_directory_on_the_way_is_followed() {
    let world = World::new();
    for version in ["a", "b"] {
        fs::create_dir_all(world.path(&format!("releases/{version}/live"))).unwrap();
        world.write_into(&world.path(&format!("releases/{version}/live")), &format!("/{version}"));
    }
    symlink("releases/a", world.path("current")).unwrap();
    let live = world.path("current/live");
    let source = world.builder().token(live.join("token")).key(live.join("key")).start().unwrap();
    world.signs_as(&source, "/a").await;
    symlink("releases/b", world.path("next")).unwrap();
    fs::rename(world.path("next"), world.path("current")).unwrap();
    world.signs_as(&source, "/b").await;
    // And the new place is watched from now on.
    world.write_into(&world.path("releases/b/live"), "/c");
    world.signs_as(&source, "/c").await;
}

#[tokio::test]
async fn key_04_writes_in_place_however_slow_never_show() {
    let world = World::new();
    world.write("/0");
    let (source, reader) = started(&world).await;
    for (round, pause) in [(1, 0), (2, 150), (3, 2400)] {
        let name = format!("/{round}");
        let (token, key) = world.issuer.pair(&name);
        for (file_name, text) in [("key", key), ("token", token)] {
            let mut file = fs::File::create(world.path(file_name)).unwrap();
            let (half, signature) = (text.len() / 2, text.len() - 20);
            for part in [&text[..half], &text[half..signature], &text[signature..]] {
                file.write_all(part.as_bytes()).unwrap();
                file.sync_all().unwrap();
                assert_ne!(subject(&source).as_deref(), Some(&*name), "half a pair was used");
                if file_name == "token" || pause < 1000 {
                    ms(pause).await;
                }
            }
        }
        world.signs_as(&source, &name).await;
    }
    reader.done();
    // The last round took longer than the source is patient: it said so, and what it had stayed.
    assert!(world.log.has("failed file credential"), "{:?}", world.log.all());
    assert_eq!(world.log.count("updated"), 4);
    assert!(source.handle().is_healthy());
}

#[tokio::test]
async fn a_directory_that_is_deleted_and_made_again_is_found_again() {
    let world = World::new();
    let dir = world.path("dir");
    fs::create_dir(&dir).unwrap();
    world.write_into(&dir, "/0");
    let source = world.builder().token(dir.join("token")).key(dir.join("key")).start().unwrap();
    world.signs_as(&source, "/0").await;
    for round in 1..4 {
        let name = format!("/{round}");
        fs::remove_dir_all(&dir).unwrap();
        fs::create_dir(&dir).unwrap();
        world.write_into(&dir, &name);
        world.signs_as(&source, &name).await;
    }
}

/// Nothing is notified of here: what is watched is still there, under another name.
#[tokio::test]
async fn the_poll_finds_what_no_notification_told_of() {
    let world = World::new();
    for version in ["old", "new"] {
        fs::create_dir_all(world.path(&format!("{version}/x/y"))).unwrap();
        world.write_into(&world.path(&format!("{version}/x/y")), &format!("/{version}"));
    }
    fs::rename(world.path("old"), world.path("live")).unwrap();
    let deep = world.path("live/x/y");
    let start = |poll| {
        let builder = world.builder().token(deep.join("token")).key(deep.join("key"));
        builder.poll_interval(Duration::from_millis(poll)).start().unwrap()
    };
    let (polling, deaf) = (start(300), start(300_000));
    world.signs_as(&polling, "/old").await;
    world.signs_as(&deaf, "/old").await;
    fs::rename(world.path("live"), world.path("old")).unwrap();
    fs::rename(world.path("new"), world.path("live")).unwrap();
    world.signs_as(&polling, "/new").await;
    // Control: without the poll it would not have been found.
    assert_eq!(subject(&deaf).as_deref(), Some("/old"));
}

#[tokio::test]
async fn other_files_in_the_directory_change_nothing() {
    let world = World::new();
    world.write("/0");
    let source = world.start();
    world.signs_as(&source, "/0").await;
    for round in 0..50 {
        fs::write(world.path(&format!("other{round}")), "x").unwrap();
        ms(10).await;
    }
    assert_eq!(world.log.all(), ["updated file credential"]);
}

#[tokio::test]
async fn the_end_of_the_last_handle_ends_the_source() {
    let world = World::new();
    world.write("/0");
    let source = world.start();
    world.signs_as(&source, "/0").await;
    let (credentials, mut handle) = (source.credentials(), source.handle().clone());
    handle.updated().await;
    drop(source);
    world.write("/1");
    handle.updated().await;
    assert_eq!(credentials.current().unwrap().subject().path(), "/1");
    handle.stop();
    eventually(|| !handle.is_healthy()).await;
    world.write("/2");
    ms(600).await;
    assert_eq!(credentials.current().unwrap().subject().path(), "/1");
}
