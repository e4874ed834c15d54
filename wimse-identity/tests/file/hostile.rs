//! What never replaces a good pair, and how the source says so.

use std::fs;
use std::process::Command;

use tokio::task::JoinSet;
use wimse_core::jose::{Algorithm, SigningKey};

use crate::common::eventually;
use crate::fixture::{World, private};

/// Changes the files, waits until the reason is reported, makes sure that the good pair is in use, and mends the files.
async fn refused(what: &str, reason: &str, change: Change) {
    let world = World::new();
    world.write("/good");
    let source = world.builder().max_size(10_000).start().unwrap();
    world.signs_as(&source, "/good").await;
    change(&world);
    eventually(|| world.log.has("failed")).await;
    assert!(world.log.has(&format!("failed file credential {reason}")), "{what}: {:?}", world.log.all());
    let health = source.handle().health();
    assert_eq!(health.last_error.unwrap().reason(), reason);
    assert!(health.age.is_some() && !source.handle().is_healthy());
    world.signs_as(&source, "/good").await;

    for name in ["token", "key"] {
        let path = world.path(name);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    world.write("/mended");
    world.signs_as(&source, "/mended").await;
    assert!(source.handle().is_healthy());
}

type Change = fn(&World);

#[tokio::test]
async fn wit_14_wit_19_nothing_but_a_whole_pair_replaces_a_good_one() {
    let cases: [(&str, &str, Change); 17] = [
        ("a key that does not fit", "key_mismatch", |world| {
            private(&world.path("key"), &world.issuer.pair("/x").1);
        }),
        ("a token for another key", "key_mismatch", |world| {
            fs::write(world.path("token"), world.issuer.pair("/x").0).unwrap();
        }),
        ("a token for another algorithm", "key_invalid", |world| {
            let key = SigningKey::generate(Algorithm::Es384).unwrap();
            fs::write(world.path("token"), world.issuer.token_for(&key)).unwrap();
        }),
        ("a deleted token", "file_missing", |world| fs::remove_file(world.path("token")).unwrap()),
        ("a deleted key", "file_missing", |world| fs::remove_file(world.path("key")).unwrap()),
        ("an empty token", "token_malformed", |world| fs::write(world.path("token"), "").unwrap()),
        // To 60 octets of 64, in good base64url: only the length tells.
        ("a token whose signature is cut off", "token_malformed", |world| {
            let token = fs::read_to_string(world.path("token")).unwrap();
            fs::write(world.path("token"), &token[..token.len() - 6]).unwrap();
        }),
        ("a token of another type", "token_malformed", |world| {
            let (token, _) = world.issuer.pair("/x");
            let (_, rest) = token.split_once('.').unwrap();
            let header = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"ES256","typ":"JWT"}"#);
            fs::write(world.path("token"), format!("{header}.{rest}")).unwrap();
        }),
        ("octets that are no text are refused", "token_malformed", |world| {
            fs::write(world.path("token"), [0xff; 100]).unwrap();
        }),
        ("half a key", "key_pem", |world| {
            let key = fs::read_to_string(world.path("key")).unwrap();
            private(&world.path("key"), &key[..key.len() / 2]);
        }),
        ("half a jwk", "key_json", |world| private(&world.path("key"), r#"{"kty":"EC","crv":"P-256","d":"#)),
        ("a public jwk", "key_member", |world| private(&world.path("key"), &world.issuer.jwk().to_string())),
        ("a file over the limit", "file_too_large", |world| {
            fs::write(world.path("token"), vec![b'a'; 10_001]).unwrap();
        }),
        ("a directory", "file_not_regular", |world| {
            fs::remove_file(world.path("token")).unwrap();
            fs::create_dir(world.path("token")).unwrap();
        }),
        // Opening it would wait for ever.
        ("a pipe", "file_not_regular", |world| {
            fs::remove_file(world.path("key")).unwrap();
            assert!(Command::new("mkfifo").arg(world.path("key")).status().unwrap().success());
        }),
        ("a device that never ends", "file_not_regular", |world| {
            fs::remove_file(world.path("token")).unwrap();
            std::os::unix::fs::symlink("/dev/zero", world.path("token")).unwrap();
        }),
        ("a link to itself", "file_unreadable", |world| {
            fs::remove_file(world.path("token")).unwrap();
            std::os::unix::fs::symlink("token", world.path("token")).unwrap();
        }),
    ];
    let mut running = JoinSet::new();
    for (what, reason, change) in cases {
        running.spawn(refused(what, reason, change));
    }
    running.join_all().await;
}

/// Each reading is a good token, and none is the same as the one before.
#[tokio::test]
async fn a_file_that_never_rests_is_not_used_and_reported() {
    let world = World::new();
    world.write("/good");
    let source = world.start();
    world.signs_as(&source, "/good").await;
    let writer = async {
        loop {
            world.write("/restless");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = writer => {}
        () = eventually(|| world.log.has("failed file credential file_unsettled")) => {}
    }
    world.signs_as(&source, "/restless").await;
}
