#![no_main]
//! Configuration: a text is read the same way every time and in every format, an unknown key is an error wherever it
//! stands at the top, and an error names a key and a reason on one line.

use libfuzzer_sys::fuzz_target;
use wimse_config::{Config, ConfigError, from_toml, read};
use wimse_fuzz::timed;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    timed(|| {
        let first = from_toml::<Config>(text);
        assert_eq!(format!("{first:?}"), format!("{:?}", from_toml::<Config>(text)));
        if let Err(error) = &first {
            named(error, text);
        }
        // The same in JSON, apart from what JSON does not have: dates, infinity and what is no number.
        let Ok(table) = text.parse::<toml::Table>() else { return assert!(first.is_err()) };
        if plain(&toml::Value::Table(table.clone())) {
            let json = serde_json::to_string(&table).unwrap();
            let again = read::<Config, _>(&mut serde_json::Deserializer::from_str(&json));
            assert_eq!(first.is_ok(), again.is_ok(), "{first:?} and {again:?}");
        }
        if first.is_ok() {
            let more = from_toml::<Config>(&format!("no_such_key = 1\n{text}")).unwrap_err();
            assert_eq!(more.reason(), "unknown_key");
            named(&more, text);
        }
    });
});

fn named(error: &ConfigError, text: &str) {
    // TOML has a key without a letter, which is then the path.
    let nameless = text.contains("''") || text.contains("\"\"");
    assert!((nameless || !error.path().is_empty()) && !error.message().is_empty());
    assert!(error.reason().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
}

fn plain(value: &toml::Value) -> bool {
    match value {
        toml::Value::Datetime(_) => false,
        toml::Value::Float(number) => number.is_finite(),
        toml::Value::Array(items) => items.iter().all(plain),
        toml::Value::Table(table) => table.values().all(plain),
        _ => true,
    }
}
