//! `docs/configuration.md` shows configurations that can be read, and knows every key.

use std::collections::BTreeSet;

use wimse_config::{Config, from_toml};

const DOCUMENT: &str = include_str!("../../../docs/configuration.md");

/// Every section, as a line of TOML that has an unknown key in it.
const SECTIONS: &[&str] = &[
    "?.x = 1",
    "server.? = 1",
    "server.audiences.? = 1",
    "server.limits.? = 1",
    "server.replay.? = 1",
    "server.replay.memory.? = 1",
    "server.replay.redis.? = 1",
    "client.? = 1",
    "client.audience.? = 1",
    "client.callees = [{ ? = 1 }]",
    "client.dangerous.? = 1",
    "identity.? = 1",
    "identity.file.? = 1",
    "identity.server.? = 1",
    "identity.server.backoff.? = 1",
    "identity.server.proxy.? = 1",
    "identity.spiffe.? = 1",
    "trust.? = 1",
    "trust.domains = [{ ? = 1 }]",
    "trust.file.? = 1",
    "trust.jwks.? = 1",
    "trust.jwks.refresh_bounds.? = 1",
    "trust.spiffe.? = 1",
];

#[test]
fn every_block_of_the_document_can_be_read() {
    let blocks: Vec<_> =
        DOCUMENT.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        from_toml::<Config>(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
}

#[test]
fn every_key_is_in_the_document() {
    let mut keys = BTreeSet::new();
    for section in SECTIONS {
        let error = from_toml::<Config>(&section.replace('?', "no-such-key")).unwrap_err();
        assert_eq!(error.reason(), "unknown_key", "{error}");
        let (_, known) = error.message().split_once("expected").unwrap();
        let names = known.split('`').skip(1).step_by(2).map(str::to_owned);
        let before = keys.len();
        keys.extend(names);
        assert!(keys.len() > before || known.contains('`'), "{section}: {error}");
    }
    assert!(keys.len() > 70, "{}", keys.len());
    let written: BTreeSet<_> = DOCUMENT.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let missing: Vec<_> = keys.iter().filter(|key| !written.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
