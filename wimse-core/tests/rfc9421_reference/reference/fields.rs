//! The values of fields: combined, strict, one member, wrapped (RFC 9421 §2.1 to §2.1.3).

use super::structured::{self, Member};
use super::{Kind, Lax, written};

/// A line without the white space around it (§2.1, step 2). A line of HTTP/1.1 has no line folding left.
fn stripped(line: &[u8]) -> &[u8] {
    let blank = |octet: &u8| *octet == b' ' || *octet == b'\t';
    let Some(first) = line.iter().position(|octet| !blank(octet)) else { return &[] };
    let last = line.iter().rposition(|octet| !blank(octet)).unwrap();
    &line[first..=last]
}

/// §2.1: all lines, with a comma and a space in between. `None` for what is not ASCII, since the base cannot be.
pub(super) fn combined(lines: &[&[u8]]) -> Option<String> {
    let lines: Vec<String> =
        lines.iter().map(|line| String::from_utf8(stripped(line).to_vec()).ok()).collect::<Option<_>>()?;
    Some(lines.join(", ")).filter(|text| text.is_ascii())
}

/// §2.1.3: each line as a byte sequence, in a list.
pub(super) fn wrapped(lines: &[&[u8]]) -> String {
    let lines: Vec<String> =
        lines.iter().map(|line| format!(":{}:", written::base64(stripped(line)))).collect();
    lines.join(", ")
}

/// §2.1.1: the whole field, parsed and serialised.
pub(super) fn strict(text: &str, kind: Kind, lax: &mut Vec<Lax>) -> Option<String> {
    Some(match kind {
        Kind::Item => written::write_member(&structured::item(text.as_bytes(), lax)?),
        Kind::List => {
            let members = structured::list(text.as_bytes(), lax)?;
            members.iter().map(written::write_member).collect::<Vec<_>>().join(", ")
        }
        Kind::Dictionary => {
            let members = structured::dictionary(text.as_bytes(), lax)?;
            members.iter().map(|(key, member)| keyed(key, member)).collect::<Vec<_>>().join(", ")
        }
    })
}

/// RFC 9651 §4.1.2: true is left out behind a key.
fn keyed(key: &str, member: &Member) -> String {
    let text = written::write_member(member);
    match (member, text.strip_prefix("?1")) {
        (Member::Item(structured::Bare::Boolean(true), _), Some(parameters)) => format!("{key}{parameters}"),
        _ => format!("{key}={text}"),
    }
}

/// §2.1.2: the value of one member.
pub(super) fn member(text: &str, key: &str, lax: &mut Vec<Lax>) -> Option<String> {
    let members = structured::dictionary(text.as_bytes(), lax)?;
    members.iter().find(|(name, _)| name == key).map(|(_, member)| written::write_member(member))
}
