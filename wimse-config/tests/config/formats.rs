//! Any serde format, alone or within a service's own settings.

use serde::Deserialize;
use wimse_config::{Config, from_toml, read};

use crate::fixture::changed;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: String,
    wimse: Config,
}

#[tokio::test]
async fn the_configuration_may_be_part_of_the_services_own() {
    let text = "listen = '127.0.0.1:0'\n[wimse.client]\n[wimse.identity.file]\ntoken = 't'\nkey = 'k'\n";
    let settings: Settings = from_toml(text).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:0");
    drop(settings.wimse.start().unwrap());

    let error = from_toml::<Settings>(&format!("{text}poll = '1s'\n")).unwrap_err();
    assert_eq!((error.path(), error.reason()), ("wimse.identity.file.poll", "unknown_key"));
    let error = from_toml::<Settings>("listen = ''\n[wimse]\n").unwrap().wimse.start().unwrap_err();
    assert_eq!(error.under("wimse").path(), "wimse");
    let error = from_toml::<Settings>("listen = ''\n[wimse.client]\n").unwrap().wimse.start().unwrap_err();
    assert_eq!(error.under("wimse").path(), "wimse.identity");
}

#[test]
fn json_has_the_same_paths() {
    for (json, path, reason) in [
        (r#"{"server":{"audience":{}}}"#, "server.audience", "unknown_key"),
        (r#"{"server":{"limits":{"leeway":60}}}"#, "server.limits.leeway", "wrong_type"),
        (
            r#"{"trust":{"domains":[{"name":"a.example"},{"name":"A"}]}}"#,
            "trust.domains[1].name",
            "invalid_identifier",
        ),
        (r#"{"server":{"body_limit":1,"body_limit":2}}"#, "server", "duplicate_key"),
        (r#"{"server":"#, "server", "syntax"),
    ] {
        let read: Result<Config, _> = read(&mut serde_json::Deserializer::from_str(json));
        let error = read.unwrap_err();
        assert_eq!((error.path(), error.reason()), (path, reason), "{error}");
    }
}

#[test]
fn an_error_of_toml_has_its_line() {
    let error = from_toml::<Config>(&changed(&[("server.audience", "1")])).unwrap_err();
    assert!(error.to_string().ends_with("(line 7)"), "{error}");
}
