//! Every octet of every value, and the bits of base64 that no octet uses.

use crate::base::{Base, Kind};
use crate::mutant::{Mutant, Sink};

const ALPHABETS: [&[u8; 64]; 2] = [
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
];

/// The bits that are flipped: the lowest, the one between upper and lower case, and the one that leaves ASCII. A vector
/// is JSON text, so that the last of them puts two octets in the place of one.
const FLIPS: [(&str, u8); 3] = [("bit 0 flipped", 0x01), ("bit 5 flipped", 0x20), ("bit 7 flipped", 0x80)];

pub(crate) fn mutate(base: &Base, sink: &mut Sink<'_>) {
    let Some(message) = base.message() else {
        return of_value(base, None, "wit", &base.token(), sink);
    };
    for (line, (name, value)) in base.fields().into_iter().enumerate() {
        of_value(base, Some(line), &name.to_ascii_lowercase(), &value, sink);
    }
    // A proof token says nothing about the content, and its vectors have the content for readers only.
    if base.kind != Kind::Proof {
        let body = base.vector[message]["body"].as_str().unwrap_or_default();
        flipped(base, body, |kind, place, text| {
            let vector = base.with(|vector| vector[message]["body"] = text.into());
            sink(Mutant::new(kind, "content", place, vector));
        });
        for (place, text) in
            [("emptied", String::new()), ("longer", format!("{body}\n")), ("doubled", [body, body].concat())]
        {
            if text != body {
                let vector = base.with(|vector| vector[message]["body"] = text.into());
                sink(Mutant::new("content altered", "content", place, vector));
            }
        }
    }
}

fn of_value(base: &Base, line: Option<usize>, name: &str, value: &str, sink: &mut Sink<'_>) {
    let mut put = |kind, place: String, text: String| {
        sink(Mutant::new(kind, name, place, base.with_text(line, &text)));
    };
    flipped(base, value, &mut put);
    // The ends of all runs that look like base64.
    for (at, _) in value.char_indices().filter(|&(at, _)| is_end(value, at)) {
        for alphabet in ALPHABETS {
            let Some(index) = alphabet.iter().position(|&c| c == value.as_bytes()[at]) else { continue };
            for bits in [1, 2, 3, 4, 8, 15, 32] {
                let other = char::from(alphabet[index ^ bits]);
                put("base64 tail altered", format!("@{at} ^{bits}"), replaced(value, at, &other.to_string()));
            }
        }
        for added in ["=", "==", "A", "AA", ".", "%3D"] {
            let text = [&value[..=at], added, &value[at + 1..]].concat();
            put("base64 tail altered", format!("@{at} then {added}"), text);
        }
    }
}

/// Whether a base64 text may end at this octet: a longer run of its characters does.
fn is_end(value: &str, at: usize) -> bool {
    let part = |at: usize| {
        value.as_bytes().get(at).is_some_and(|c| c.is_ascii_alphanumeric() || b"-_+/".contains(c))
    };
    part(at) && !part(at + 1) && at >= 16 && (at - 16..at).all(part)
}

fn flipped(base: &Base, text: &str, mut put: impl FnMut(&'static str, String, String)) {
    // Every octet is flipped, each time another way; whatever is done to this one is done to others elsewhere.
    let turn = base.id.len();
    for (at, character) in text.char_indices().filter(|(_, character)| character.is_ascii()) {
        let (kind, bit) = FLIPS[(at + turn) % FLIPS.len()];
        let octet = char::from(text.as_bytes()[at] ^ bit);
        put(kind, format!("@{at}"), replaced(text, at, &octet.to_string()));
        match (at + turn) % 8 {
            0 => put("octet removed", format!("@{at}"), replaced(text, at, "")),
            4 => {
                put(
                    "octet doubled",
                    format!("@{at}"),
                    replaced(text, at, &String::from_iter([character; 2])),
                );
            }
            _ => {}
        }
    }
}

/// The text with another one in the place of the ASCII character at `at`.
fn replaced(text: &str, at: usize, by: &str) -> String {
    [&text[..at], by, &text[at + 1..]].concat()
}
