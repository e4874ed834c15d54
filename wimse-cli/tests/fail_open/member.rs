//! Components, parameters, labels and digests, with the old signature and with a new one.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use data_encoding::BASE64;
use serde_json::json;
use wimse_core::jose::SigningKey;

use crate::base::{Base, Lines};
use crate::mutant::{Mutant, Sink};
use crate::signature::Signature;

/// Parameters that say something else than the message, or that do not belong to this direction.
const ADDED: [&str; 16] = [
    "keyid=\"k\"",
    "alg=\"ecdsa-p256-sha256\"",
    "alg=\"ed25519\"",
    "alg=none",
    "tag=\"other\"",
    "tag=\"wimse-workload-to-workload\"",
    "wimse-aud=\"https://evil.example\"",
    "wimse-req-nonce=\"x\"",
    "wimse-sign-response=\"yes\"",
    "wimse-sign-response=1",
    "created=1",
    "expires=99999999999",
    "nonce=\"x\"",
    "x=1",
    "Upper=1",
    "1x=1",
];

const VALUES: [&str; 14] = [
    "\"x\"",
    "\"\"",
    "token",
    "0",
    "-1",
    "1.5",
    "999999999999999",
    "?1",
    "?0",
    ":AAAA:",
    "@1760000000",
    "%\"x\"",
    "()",
    "\"é\"",
];

pub(crate) fn mutate(base: &Base, signature: &Signature, key: &SigningKey, sink: &mut Sink<'_>) {
    let mut put = |kind, subject: &str, place: String, altered: &Signature| {
        sink(Mutant::new(kind, subject, place.as_str(), altered.put_unsigned(base)));
        sink(Mutant::resigned(kind, subject, place, altered.put(base, key, |_| ()).unwrap()));
    };
    components(signature, &mut put);
    parameters(signature, &mut put);
    labels(signature, &mut put);
    contents(base, signature, key, sink);
    headers(base, signature, key, sink);
}

fn components(signature: &Signature, put: &mut dyn FnMut(&'static str, &str, String, &Signature)) {
    for (index, (name, value)) in signature.components.iter().enumerate() {
        let mut with = |kind, place: &str, others: &[(String, String)]| {
            let mut altered = signature.clone();
            altered.components.splice(index..=index, others.iter().cloned());
            put(kind, name, place.to_owned(), &altered);
        };
        let as_it_is = (name.clone(), value.clone());
        with("component removed", "", &[]);
        with("component doubled", "", &[as_it_is.clone(), as_it_is.clone()]);
        for (place, other) in [
            (" upper case", name.to_uppercase()),
            (" as a token", name.trim_matches('"').to_owned()),
            (" as octets", format!(":{}:", BASE64.encode(name.as_bytes()))),
            (" as a number", "1".to_owned()),
            (" as a list", format!("({name})")),
            (" with a space", name.replacen('"', "\" ", 1)),
            (" with an escape", name.replacen('"', "\"\\", 1)),
            (" of the request", format!("{name};req")),
            (" not of the request", name.replace(";req", "")),
            (" of the request, refused", format!("{name};req=?0")),
            (" as a trailer", format!("{name};tr")),
            (" as octets of lines", format!("{name};bs")),
            (" strictly", format!("{name};sf")),
            (" a member of it", format!("{name};key=\"a\"")),
            (" with an unknown parameter", format!("{name};x")),
            (" another", "\"x-absent\"".to_owned()),
            (" the authority", "\"@authority\"".to_owned()),
            (" unknown", "\"@unknown\"".to_owned()),
            (" the parameters", "\"@signature-params\"".to_owned()),
        ] {
            if other != *name {
                with("component retyped", place, &[(other.clone(), value.clone())]);
                with("component added", place, &[as_it_is.clone(), (other, value.clone())]);
            }
        }
    }
    let mut reversed = signature.clone();
    reversed.components.reverse();
    put("components reordered", "", String::new(), &reversed);
    reversed.components.clear();
    put("component removed", "", "all".to_owned(), &reversed);
}

fn parameters(signature: &Signature, put: &mut dyn FnMut(&'static str, &str, String, &Signature)) {
    for (index, parameter) in signature.parameters.iter().enumerate() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, "?1"));
        let mut with = |kind, place: &str, others: &[String]| {
            let mut altered = signature.clone();
            altered.parameters.splice(index..=index, others.iter().cloned());
            put(kind, name, place.to_owned(), &altered);
        };
        with("parameter removed", "", &[]);
        with("parameter doubled", "", &[parameter.clone(), parameter.clone()]);
        with("parameter renamed", " upper case", &[format!("{}={value}", name.to_uppercase())]);
        with("parameter renamed", " with a letter", &[format!("{name}x={value}")]);
        for other in VALUES.into_iter().filter(|other| *other != value) {
            with("parameter retyped", &format!(" = {other}"), &[format!("{name}={other}")]);
            with(
                "parameter doubled",
                &format!(" then {other}"),
                &[parameter.clone(), format!("{name}={other}")],
            );
            with(
                "parameter doubled",
                &format!(" after {other}"),
                &[format!("{name}={other}"), parameter.clone()],
            );
        }
        with("parameter retyped", " alone", &[name.to_owned()]);
        let text = value.trim_matches('"');
        for (place, other) in [
            (" upper case", format!("\"{}\"", text.to_uppercase())),
            (" then a space", format!("\"{text} \"")),
            (" after a space", format!("\" {text}\"")),
            (" then a slash", format!("\"{text}/\"")),
            (" then a query", format!("\"{text}?x\"")),
            (" then another", format!("\"{text},{text}\"")),
            (" as text", format!("\"{text}\"")),
            (" with a fraction", format!("{text}.5")),
            (" as a date", format!("@{text}")),
            (" as octets", format!(":{}:", BASE64.encode(text.as_bytes()))),
            (" as a token", text.to_owned()),
        ] {
            if other != value {
                with("parameter altered", place, &[format!("{name}={other}")]);
            }
        }
    }
    for added in ADDED {
        for (place, at) in [("first", 0), ("last", signature.parameters.len())] {
            let mut altered = signature.clone();
            altered.parameters.insert(at, added.to_owned());
            put("parameter added", added, place.to_owned(), &altered);
        }
    }
    let mut reversed = signature.clone();
    reversed.parameters.reverse();
    put("parameters reordered", "", String::new(), &reversed);
}

fn labels(signature: &Signature, put: &mut dyn FnMut(&'static str, &str, String, &Signature)) {
    for label in ["other", "Upper", "1x", "", "a b", "*"] {
        // The old signature stays under the old label.
        let mut altered = signature.clone();
        label.clone_into(&mut altered.label);
        put("label altered", "", label.to_owned(), &altered);
    }
}

/// Digests that are signed and wrong, or missing.
fn contents(base: &Base, signature: &Signature, key: &SigningKey, sink: &mut Sink<'_>) {
    const COMPONENT: &str = "\"content-digest\"";
    let (Some(line), Some(message)) = (base.field("content-digest"), base.message()) else { return };
    let old = base.fields()[line].1.clone();
    if base.fields().iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-digest")).count() != 1 {
        return;
    }
    let mut put = |kind, place: String, value: &str| {
        let altered = signature.clone().with_value(COMPONENT, value);
        let vector = altered.put(base, key, |fields| value.clone_into(&mut fields[line].1)).unwrap();
        sink(Mutant::resigned(kind, "content-digest", place, vector));
    };
    let other = BASE64.encode(digest(&SHA256, b"another").as_ref());
    for (place, value) in [
        ("empty", String::new()),
        ("of something else", format!("sha-256=:{other}:")),
        ("of something else too", format!("{old}, sha-512=:{}:", BASE64.encode(&[7; 64]))),
        ("of something else in front", format!("sha-512=:{}:, {old}", BASE64.encode(&[7; 64]))),
        ("doubled", format!("{old}, {old}")),
        ("unknown alone", "x-unknown=:AAAA:".to_owned()),
        ("md5 alone", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:".to_owned()),
        ("upper case", old.to_uppercase()),
        ("as a token", "sha-256=abc".to_owned()),
        ("as text", format!("sha-256=\"{other}\"")),
        ("without octets", "sha-256=::".to_owned()),
        ("without a value", "sha-256".to_owned()),
        ("in a list", format!("({old})")),
    ] {
        put("digest altered", place.to_owned(), &value);
    }
    for (at, octet) in old.bytes().enumerate() {
        let text = [&old[..at], &char::from(octet ^ 1).to_string(), &old[at + 1..]].concat();
        put("digest altered", format!("@{at}"), &text);
    }
    for name in [COMPONENT, "\"content-type\""] {
        let Some(line) = base.field(name.trim_matches('"')) else { continue };
        let mut without = signature.clone();
        without.components.retain(|(other, _)| other != name);
        let vector = without.put(base, key, |fields| drop(fields.remove(line))).unwrap();
        sink(Mutant::resigned("field and component removed", name, "", vector));
    }
    let mut vector = signature.put(base, key, |_| ()).unwrap();
    vector[message]["body"] = json!("something else");
    sink(Mutant::resigned("content altered", "content", "something else", vector));
}

/// Covered fields that go missing or change on the way, under a signature over what they were.
fn headers(base: &Base, signature: &Signature, key: &SigningKey, sink: &mut Sink<'_>) {
    for (name, _) in &signature.components {
        let Some(line) = base.field(name.trim_matches('"')) else { continue };
        let mut put = |place: &str, change: &dyn Fn(&mut Lines)| {
            let vector = signature.put(base, key, change).unwrap();
            sink(Mutant::resigned("covered field altered", name, place, vector));
        };
        put("removed", &|fields| drop(fields.remove(line)));
        put("doubled", &|fields| fields.push(fields[line].clone()));
        put("longer", &|fields| fields[line].1.push('x'));
        put("altered", &|fields| fields[line].1.insert(0, 'x'));
    }
}

/// The members that a digest of this content can have.
pub(crate) fn digests_of(content: &str) -> [String; 2] {
    let member = |name: &str, algorithm| {
        format!("{name}=:{}:", BASE64.encode(digest(algorithm, content.as_bytes()).as_ref()))
    };
    [member("sha-256", &SHA256), member("sha-512", &SHA512)]
}
