#![no_main]
//! Component identifiers: what is read is written and read again as the same, and read is what the reference reads.

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use reference::structured::{Bare, Member};
use wimse_core::httpsig::{Component, ComponentParameter};
use wimse_fuzz::timed;

#[path = "../../wimse-core/tests/rfc9421_reference/reference/mod.rs"]
mod reference;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    timed(|| {
        let component = text.parse::<Component<'static>>();
        assert_eq!(component.is_ok(), sound(text), "{text:?}: {component:?}");
        let Ok(component) = component else { return };
        let written = component.to_string();
        let again: Component<'static> = written.parse().unwrap();
        assert_eq!(again, component);
        assert_eq!(again.to_string(), written);
        assert_eq!(component.as_derived().is_some(), component.name().starts_with('@'));
        let with_request = component.clone().with(ComponentParameter::Req);
        assert_eq!(with_request.is_err(), component.from_request() || component.name() == "@status");
    });
});

/// RFC 9421 §2: a name with the parameters that go with it, each of them once.
fn sound(text: &str) -> bool {
    let mut lax = Vec::new();
    let Some(Member::Item(Bare::String(name), parameters)) =
        reference::structured::item(text.as_bytes(), &mut lax)
    else {
        return false;
    };
    let parameters: BTreeMap<&str, &Bare> =
        parameters.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let has = |name: &str| parameters.contains_key(name);
    let typed = parameters.iter().all(|(name, value)| match *name {
        "sf" | "bs" | "tr" | "req" => **value == Bare::Boolean(true),
        "key" | "name" => matches!(value, Bare::String(_)),
        _ => false,
    });
    let token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "!#$%&'*+-.^_`|~".contains(c);
    let only = |allowed: &[&str]| parameters.keys().all(|name| allowed.contains(name));
    let fits = match name.as_str() {
        "@method" | "@target-uri" | "@authority" | "@scheme" | "@request-target" | "@path" | "@query" => {
            only(&["req"])
        }
        "@query-param" => only(&["req", "name"]) && has("name"),
        "@status" => only(&[]),
        field => {
            !field.is_empty()
                && field.chars().all(token)
                && !has("name")
                && !(has("bs") && (has("sf") || has("key")))
        }
    };
    lax.is_empty() && typed && fits
}
