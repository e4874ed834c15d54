//! What files may hold.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use wimse_core::identifier::Schemes;
use wimse_core::jose::{Algorithm, SigningKey};
use wimse_core::{CredentialSource, WitRequest};

use crate::common::eventually;
use crate::fixture::{World, private, subject};

const SECOND: Duration = Duration::from_secs(1);

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../wimse-core/tests/keys/", $name))
    };
}

#[tokio::test]
async fn wit_15_wit_19_every_kind_of_key_is_read_and_used_with_the_algorithm_of_the_token() {
    for (key, algorithm) in [
        (key!("ec-p256.pem"), Algorithm::Es256),
        (key!("ec-p384.pem"), Algorithm::Es384),
        (key!("ec-p521.pem"), Algorithm::Es512),
        (key!("ed25519.pem"), Algorithm::Ed25519),
        (key!("ed25519.pem"), Algorithm::EdDsa),
        (key!("rsa-2048.pem"), Algorithm::Rs256),
        (key!("rsa-2048.pem"), Algorithm::Ps384),
        (key!("ec-p256.jwk"), Algorithm::Es256),
        (key!("ec-p384.jwk"), Algorithm::Es384),
        (key!("ec-p521.jwk"), Algorithm::Es512),
    ] {
        let world = World::new();
        let read = |key| {
            if key_is_jwk(key) {
                SigningKey::from_jwk_with(key, algorithm)
            } else {
                SigningKey::from_pkcs8_pem(key, algorithm)
            }
        };
        let token = world.issuer.token_for(&read(key).unwrap());
        private(&world.path("key"), &format!("\n{key}"));
        fs::write(world.path("token"), format!("  {token}\r\n")).unwrap();
        let source = world.start();
        source.handle().ready(5 * SECOND).await.unwrap();
        world.accepted(&source).await;
        assert!(source.handle().is_healthy(), "{algorithm}");
    }
}

fn key_is_jwk(key: &str) -> bool {
    key.starts_with('{')
}

#[tokio::test]
async fn a_source_may_start_before_its_files_and_their_directory_exist() {
    let world = World::new();
    let deep = world.path("a/b");
    let source = world.builder().token(deep.join("token")).key(deep.join("key")).start().unwrap();
    let missing = source.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(missing.last_error().unwrap().reason(), "file_missing");
    assert!(source.current().is_err() && !source.handle().is_healthy());
    fs::create_dir_all(&deep).unwrap();
    world.write_into(&deep, "/late");
    world.signs_as(&source, "/late").await;
    assert!(source.handle().is_healthy());
}

#[tokio::test]
async fn id_09_a_subject_of_a_registered_scheme_is_taken_if_the_scheme_was_registered() {
    let world = World::new();
    let schemes = Schemes::default().register("acme", |_| true).unwrap();
    let id = schemes.parse("acme://example.com/x").unwrap();
    let key = SigningKey::from_pkcs8_pem(key!("ec-p256.pem"), Algorithm::Es256).unwrap();
    let token = world.issuer.wits.issue_with(WitRequest::new(id, key.public_jwk().clone())).unwrap();
    private(&world.path("key"), key!("ec-p256.pem"));
    fs::write(world.path("token"), token).unwrap();
    let refused = world.start();
    let error = refused.handle().ready(SECOND).await.unwrap_err();
    assert_eq!(error.last_error().unwrap().reason(), "token_malformed");
    let source = world.builder().schemes(schemes).start().unwrap();
    source.handle().ready(5 * SECOND).await.unwrap();
    assert_eq!(subject(&source).unwrap(), "/x");
}

#[tokio::test]
async fn key_01_a_key_file_that_is_open_to_every_user_is_used_and_warned_of() {
    for (mode, warns) in [(0o600, false), (0o640, false), (0o644, true), (0o602, true), (0o400, false)] {
        let world = World::new();
        world.write("/a");
        fs::set_permissions(world.path("key"), fs::Permissions::from_mode(mode)).unwrap();
        let source = world.start();
        world.signs_as(&source, "/a").await;
        eventually(|| world.log.has("updated")).await;
        assert_eq!(world.log.has("warned file credential key_file_open"), warns, "{mode:o}");
        assert!(source.handle().is_healthy());
    }
}

#[tokio::test]
async fn neither_errors_nor_debug_show_the_token_or_the_key() {
    let world = World::new();
    let (token, key) = world.issuer.pair("/a");
    let (_, other) = world.issuer.pair("/a");
    for (token, key) in [(&token, &other), (&token[..token.len() - 3].to_owned(), &key), (&key, &token)] {
        fs::write(world.path("token"), token).unwrap();
        private(&world.path("key"), key);
        let source = world.start();
        let error = source.handle().ready(SECOND).await.unwrap_err();
        let shown =
            format!("{error} {error:?} {source:?} {:?} {:?}", world.builder(), source.handle().health());
        for secret in [token, key] {
            for part in secret.split(['.', '\n']).filter(|part| part.len() > 40) {
                assert!(!shown.contains(part), "{shown}");
            }
        }
    }
}
