//! JSON texts that differ from a value in one place.

use serde_json::{Map, Value};

/// A text with one thing changed.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    /// What was done, e.g. `member removed`.
    pub(crate) kind: &'static str,
    /// Where, e.g. `/cnf/jwk/alg`, and what stands there now if that is not clear.
    pub(crate) place: String,
    pub(crate) text: String,
}

/// What a member is replaced with, besides its own kin.
const OTHERS: [&str; 13] = [
    "\"x\"",
    "\"\"",
    "0",
    "1",
    "-1",
    "1.5",
    "1e400",
    "18446744073709551615",
    "true",
    "false",
    "[]",
    "{}",
    "[null]",
];

/// Every text with one member of `value`, at whatever depth, removed, doubled, nulled, retyped or renamed.
pub(crate) fn variants(value: &Value) -> Vec<Variant> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                of_member(members, name, member, &mut found);
            }
        }
        Value::Array(items) => {
            let list = |items: &[String]| format!("[{}]", items.join(","));
            let texts: Vec<_> = items.iter().map(Value::to_string).collect();
            for (index, item) in items.iter().enumerate() {
                let with = |text: String| {
                    let mut texts = texts.clone();
                    texts[index] = text;
                    list(&texts)
                };
                let mut push = |kind, text| found.push(Variant { kind, place: format!("/{index}"), text });
                push("element removed", list(&[&texts[..index], &texts[index + 1..]].concat()));
                push("element doubled", with(format!("{item},{item}")));
                push("element nulled", with("null".to_owned()));
                found.extend(variants(item).into_iter().map(|variant| Variant {
                    place: format!("/{index}{}", variant.place),
                    text: with(variant.text),
                    ..variant
                }));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

fn of_member(members: &Map<String, Value>, name: &str, member: &Value, found: &mut Vec<Variant>) {
    let key = Value::from(name).to_string();
    let with = |own: &[String]| {
        let kept = members.iter().filter(|(other, _)| *other != name);
        let kept = kept.map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
        format!("{{{}}}", kept.chain(own.iter().cloned()).collect::<Vec<_>>().join(","))
    };
    let mut push = |kind, detail: &str, own: &[String]| {
        found.push(Variant { kind, place: format!("/{name}{detail}"), text: with(own) });
    };
    let is = |text: &str| format!("{key}:{text}");
    push("member removed", "", &[]);
    push("member doubled", "", &[is(&member.to_string()), is(&member.to_string())]);
    push("member doubled", " then null", &[is(&member.to_string()), is("null")]);
    push("member doubled", " after null", &[is("null"), is(&member.to_string())]);
    push(
        "member doubled",
        " by an escape",
        &[is(&member.to_string()), format!("{}:{member}", escaped(name))],
    );
    push("member nulled", "", &[is("null")]);
    let present = member.to_string();
    for other in OTHERS.into_iter().filter(|other| *other != present) {
        push("member retyped", &format!(" = {other}"), &[is(other)]);
    }
    push("member retyped", " = [it]", &[is(&format!("[{member}]"))]);
    push("member retyped", " = [it,it]", &[is(&format!("[{member},{member}]"))]);
    push("member retyped", " = {it}", &[is(&format!("{{\"value\":{member}}}"))]);
    match member {
        Value::Number(number) => {
            push("member retyped", " as text", &[is(&format!("\"{number}\""))]);
            push("member retyped", " with a fraction", &[is(&format!("{number}.5"))]);
            push("member retyped", " with an exponent", &[is(&format!("{number}e0"))]);
            push("value altered", " negative", &[is(&format!("-{number}"))]);
            if !number.is_f64() {
                push("value altered", " times ten", &[is(&format!("{number}0"))]);
            }
        }
        Value::String(text) => {
            for (detail, text) in altered(text) {
                push("value altered", detail, &[is(&Value::from(text).to_string())]);
            }
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
    }
    push("member renamed", " upper case", &[format!("{}:{member}", Value::from(name.to_uppercase()))]);
    push("member renamed", " with a space", &[format!("{}:{member}", Value::from(format!("{name} ")))]);
    push("member renamed", " with NUL", &[format!("{}:{member}", Value::from(format!("{name}\0")))]);
    push("member respelled", " by an escape", &[format!("{}:{member}", escaped(name))]);
    found.extend(variants(member).into_iter().map(|variant| Variant {
        place: format!("/{name}{}", variant.place),
        text: with(&[is(&variant.text)]),
        ..variant
    }));
}

/// Texts that a careless comparison takes for this one.
fn altered(text: &str) -> Vec<(&'static str, String)> {
    let mut others = vec![
        (" upper case", text.to_uppercase()),
        (" lower case", text.to_lowercase()),
        (" then a space", format!("{text} ")),
        (" after a space", format!(" {text}")),
        (" then NUL", format!("{text}\0")),
        (" then a slash", format!("{text}/")),
        (" then a letter", format!("{text}x")),
        (" then a comma and itself", format!("{text},{text}")),
        (" then an equals sign", format!("{text}=")),
        (" then a fragment", format!("{text}#x")),
        (" then a query", format!("{text}?x")),
        (" cut short", text.chars().take(text.chars().count().saturating_sub(1)).collect()),
    ];
    others.retain(|(_, other)| other != text);
    others
}

/// The same name, with its first character as an escape.
fn escaped(name: &str) -> String {
    let mut units = name.encode_utf16();
    let first = units.next().map(|unit| format!("\\u{unit:04x}")).unwrap_or_default();
    let rest = Value::from(String::from_utf16(&units.collect::<Vec<_>>()).unwrap_or_default()).to_string();
    format!("\"{first}{}", &rest[1..])
}
