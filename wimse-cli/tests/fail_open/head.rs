//! Start line and field lines.

use serde_json::json;

use crate::base::{Base, Kind, Lines};
use crate::mutant::{Mutant, Sink};

/// Fields that a proxy or an attacker may add, and that must not change who the caller is or where he may go.
const ADDED: [(&str, &str); 9] = [
    ("Authorization", "Bearer abc"),
    ("Authorization", "WPT abc"),
    ("Workload-Identity-Token", "a.b.c"),
    ("Workload-Proof-Token", "a.b.c"),
    ("Txn-Token", "a.b.c"),
    ("Content-Type", "text/html"),
    ("Content-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
    ("Signature-Input", "evil=();tag=\"wimse-workload-to-workload\""),
    ("Signature", "evil=:AAAA:"),
];

pub(crate) fn mutate(base: &Base, sink: &mut Sink<'_>) {
    if base.kind == Kind::Token {
        return of_token(base, sink);
    }
    for line in 0..base.fields().len() {
        of_line(base, line, sink);
    }
    for (name, value) in ADDED {
        for (place, at) in [("first", 0), ("last", base.fields().len())] {
            let vector = base.with_fields(|fields| fields.insert(at, (name.to_owned(), value.to_owned())));
            sink(Mutant::new("field added", &name.to_ascii_lowercase(), format!("{value} {place}"), vector));
        }
    }
    of_start(base, sink);
}

fn of_token(base: &Base, sink: &mut Sink<'_>) {
    for (kind, place, text) in texts(&base.token()) {
        sink(Mutant::new(kind, "wit", place, base.with_text(None, &text)));
    }
}

fn of_line(base: &Base, line: usize, sink: &mut Sink<'_>) {
    let fields = base.fields();
    let (name, value) = &fields[line];
    let shown = name.to_ascii_lowercase();
    let mut put = |kind, place: &str, change: &mut dyn FnMut(&mut Lines)| {
        sink(Mutant::new(kind, &shown, place, base.with_fields(|fields| change(fields))));
    };
    put("field removed", "", &mut |fields| drop(fields.remove(line)));
    put("field doubled", "", &mut |fields| fields.insert(line, fields[line].clone()));
    put("field doubled", " at the end", &mut |fields| fields.push(fields[line].clone()));
    for (place, text) in [(" before an empty one", ""), (" before another", "x")] {
        put("field doubled", place, &mut |fields| fields.push((name.clone(), text.to_owned())));
    }
    for (place, text) in [(" after an empty one", ""), (" after another", "x")] {
        put("field doubled", place, &mut |fields| fields.insert(0, (name.clone(), text.to_owned())));
    }
    put("field name re-cased", " upper", &mut |fields| fields[line].0 = name.to_uppercase());
    put("field name re-cased", " lower", &mut |fields| fields[line].0 = name.to_lowercase());
    for (place, other) in [
        (" with underscores", name.replace('-', "_")),
        (" with a prefix", format!("x-{name}")),
        (" with a suffix", format!("{name}-")),
        (" with a space", format!("{name} ")),
    ] {
        if other != *name {
            put("field renamed", place, &mut |fields| fields[line].0.clone_from(&other));
        }
    }
    put("field moved", " first", &mut |fields| fields[..=line].rotate_right(1));
    put("field moved", " last", &mut |fields| fields[line..].rotate_left(1));
    for (kind, place, text) in texts(value) {
        put(kind, &place, &mut |fields| fields[line].1.clone_from(&text));
    }
}

/// Other values for the place of this one.
fn texts(value: &str) -> Vec<(&'static str, String, String)> {
    let mut texts: Vec<(&'static str, String, String)> = Vec::new();
    let mut put = |kind, place: &str, text: String| {
        if text != value {
            texts.push((kind, place.to_owned(), text));
        }
    };
    put("value emptied", "", String::new());
    for (place, text) in [
        (" with itself", format!("{value}, {value}")),
        (" with itself, closely", format!("{value},{value}")),
        (" with another", format!("{value}, x")),
        (" after another", format!("x, {value}")),
        (" with nothing", format!("{value},")),
        (" after nothing", format!(",{value}")),
    ] {
        put("field joined", place, text);
    }
    put("value re-cased", " upper", value.to_uppercase());
    put("value re-cased", " lower", value.to_lowercase());
    for (place, text) in [
        (" space before", format!(" {value}")),
        (" space after", format!("{value} ")),
        (" tab before", format!("\t{value}")),
        (" tab after", format!("{value}\t")),
        (" line feed after", format!("{value}\n")),
        (" NUL after", format!("{value}\0")),
    ] {
        put("white space added", place, text);
    }
    for (place, text) in [
        (" quoted", format!("\"{value}\"")),
        (" in brackets", format!("<{value}>")),
        (" with a parameter", format!("{value};x=1")),
        (" with padding", format!("{value}=")),
        (" after a scheme", format!("Bearer {value}")),
        (" then a fourth part", format!("{value}.AAAA")),
        (" without its last part", value.rsplit_once('.').map_or(value, |(head, _)| head).to_owned()),
        (
            " with an empty last part",
            value.rsplit_once('.').map_or(value.to_owned(), |(head, _)| format!("{head}.")),
        ),
    ] {
        put("value wrapped", place, text);
    }
    texts
}

fn of_start(base: &Base, sink: &mut Sink<'_>) {
    let request = &base.vector["request"];
    let (method, target, version) = match request["start_line"].as_str() {
        Some(line) => {
            let mut parts = line.split(' ').map(str::to_owned);
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
        }
        None => {
            let text = |name: &str| request[name].as_str().unwrap().to_owned();
            (text("method"), text("target_uri"), String::new())
        }
    };
    // In a response case this is what the client sent: the answer to something else.
    let mut put = |kind, place: String, method: &str, target: &str| {
        let vector = base.with(|vector| match base.kind {
            Kind::Proof => {
                vector["request"]["method"] = json!(method);
                vector["request"]["target_uri"] = json!(target);
            }
            _ => vector["request"]["start_line"] = json!(format!("{method} {target} {version}")),
        });
        sink(Mutant::new(kind, "", place, vector));
    };
    for other in
        ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "post", "get", "POSTX", "X"]
    {
        if other != method {
            put("method altered", other.to_owned(), other, &target);
        }
    }
    for (place, other) in targets(&target) {
        put("target altered", place, &method, &other);
    }
    if base.kind == Kind::Response {
        let line = base.vector["response"]["start_line"].as_str().unwrap();
        let status = line.split(' ').nth(1).unwrap();
        for other in
            ["100", "200", "201", "202", "204", "206", "301", "304", "400", "401", "403", "404", "500", "503"]
        {
            if other != status {
                let line = line.replacen(status, other, 1);
                let vector = base.with(|vector| vector["response"]["start_line"] = json!(line));
                sink(Mutant::new("status altered", "", format!("{status} to {other}"), vector));
            }
        }
    }
}

/// Targets that a proxy or a router may take for this one.
fn targets(target: &str) -> Vec<(String, String)> {
    let end = target.find('?').unwrap_or(target.len());
    let path_at = match target.find("://") {
        Some(at) => target[at + 3..end].find('/').map_or(end, |path| at + 3 + path),
        None => 0,
    };
    let (origin, path, query) = (&target[..path_at], &target[path_at..end], &target[end..]);
    let mut others = Vec::new();
    let mut put = |place: &str, other: String| {
        if other != target {
            others.push((place.to_owned(), other));
        }
    };
    put("no query", format!("{origin}{path}"));
    put("empty query", format!("{origin}{path}?"));
    put("another query", format!("{origin}{path}?admin=1"));
    put("longer query", format!("{target}{}admin=1", if query.is_empty() { "?" } else { "&" }));
    put("query upper case", format!("{origin}{path}{}", query.to_uppercase()));
    put("query doubled", format!("{target}{query}"));
    put("trailing slash", format!("{origin}{path}/{query}"));
    put("leading slash doubled", format!("{origin}/{path}{query}"));
    put("dot segment", format!("{origin}/.{path}{query}"));
    put("dot segments", format!("{origin}/a/..{path}{query}"));
    put("path parameter", format!("{origin}{path};a=b{query}"));
    put("upper case", format!("{origin}{}{query}", path.to_uppercase()));
    put("longer path", format!("{origin}{path}-tools{query}"));
    put("deeper path", format!("{origin}{path}/admin{query}"));
    put("another path", format!("{origin}/admin{query}"));
    put("no path", format!("{origin}/{query}"));
    put("asterisk", "*".to_owned());
    put("query mark encoded", format!("{origin}{path}{}", query.replacen('?', "%3F", 1)));
    for (at, octet) in path.bytes().enumerate().filter(|(_, octet)| octet.is_ascii_alphanumeric()) {
        put(
            &format!("encoded @{at}"),
            format!("{origin}{}%{octet:02X}{}{query}", &path[..at], &path[at + 1..]),
        );
        put(
            &format!("octet @{at}"),
            format!("{origin}{}{}{}{query}", &path[..at], char::from(octet ^ 1), &path[at + 1..]),
        );
    }
    put("absolute at another host", format!("https://evil.example{path}{query}"));
    others
}
