//! Structured fields as text (RFC 9651 §4.1).

use super::structured::{Bare, Member, Parameters};

pub(super) const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn base64(octets: &[u8]) -> String {
    let mut out = String::new();
    for chunk in octets.chunks(3) {
        let padded = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from(padded[0]) << 16 | u32::from(padded[1]) << 8 | u32::from(padded[2]);
        for i in 0..4 {
            let digit = (bits >> (18 - 6 * i) & 63) as usize;
            out.push_str(if i > chunk.len() { "=" } else { &ALPHABET[digit..=digit] });
        }
    }
    out
}

/// §4.1.1.
pub(crate) fn write_member(member: &Member) -> String {
    match member {
        Member::Item(bare, parameters) => write_item(bare, parameters),
        Member::List(items, parameters) => {
            let items: Vec<String> = items.iter().map(|(bare, own)| write_item(bare, own)).collect();
            format!("({}){}", items.join(" "), write_parameters(parameters))
        }
    }
}

/// §4.1.3.
pub(crate) fn write_item(bare: &Bare, parameters: &Parameters) -> String {
    write_bare(bare) + &write_parameters(parameters)
}

/// §4.1.1.2.
fn write_parameters(parameters: &Parameters) -> String {
    let write = |(key, value): &(String, Bare)| match value {
        Bare::Boolean(true) => format!(";{key}"),
        other => format!(";{key}={}", write_bare(other)),
    };
    parameters.iter().map(write).collect()
}

/// §4.1.3.1.
fn write_bare(bare: &Bare) -> String {
    match bare {
        Bare::Integer(number) => number.to_string(),
        Bare::Decimal(thousandths) => {
            let sign = if *thousandths < 0 { "-" } else { "" };
            let (whole, fraction) = (thousandths.abs() / 1000, format!("{:03}", thousandths.abs() % 1000));
            let fraction = fraction.trim_end_matches('0');
            format!("{sign}{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
        }
        Bare::String(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Bare::Token(text) => text.clone(),
        Bare::Bytes(octets) => format!(":{}:", base64(octets)),
        Bare::Boolean(true) => "?1".to_owned(),
        Bare::Boolean(false) => "?0".to_owned(),
        Bare::Date(seconds) => format!("@{seconds}"),
        Bare::Display(text) => {
            let octet = |octet: u8| match octet {
                b'%' | b'"' | 0..=0x1f | 0x7f.. => format!("%{octet:02x}"),
                plain => char::from(plain).to_string(),
            };
            format!("%\"{}\"", text.bytes().map(octet).collect::<String>())
        }
    }
}
