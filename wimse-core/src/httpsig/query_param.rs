//! `@query-param` (RFC 9421 §2.2.8): one query parameter, decoded as a form and encoded again.

use super::error::Problem;

/// Writes the value of the one parameter whose name encodes to `wanted`.
pub(super) fn write(query: &str, wanted: &str, out: &mut String) -> Result<(), Problem> {
    let mut found = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let octets: Vec<u8> = decoded(name).collect();
        let name = String::from_utf8_lossy(&octets);
        if name.bytes().flat_map(encoded).eq(wanted.bytes()) {
            if found.replace(value).is_some() {
                return Err(Problem::Ambiguous);
            }
            unreplaced(&octets)?;
        }
    }
    let value: Vec<u8> = decoded(found.ok_or(Problem::Absent)?).collect();
    unreplaced(&value)?;
    out.extend(value.into_iter().flat_map(encoded).map(char::from));
    Ok(())
}

/// Refuses what the form decoder would replace, so that different texts became the same.
fn unreplaced(octets: &[u8]) -> Result<(), Problem> {
    std::str::from_utf8(octets).map(drop).map_err(|_| Problem::Octets)
}

/// The octets of a form-encoded text: `+` is a space, a `%` without two hexadecimal digits is itself.
fn decoded(text: &str) -> impl Iterator<Item = u8> {
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (first, after) = rest.split_first()?;
        rest = after;
        Some(match (first, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, beyond @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = beyond;
                    high << 4 | low
                }
                _ => b'%',
            },
            (octet, _) => *octet,
        })
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The form percent-encode set of the URL Standard, with `%20` for a space.
fn encoded(octet: u8) -> impl Iterator<Item = u8> {
    let plain = octet.is_ascii_alphanumeric() || b"*-._".contains(&octet);
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'A' + (value - 10) };
    let triple = [b'%', digit(octet >> 4), digit(octet & 15)];
    let (octets, len) = if plain { ([octet, 0, 0], 1) } else { (triple, 3) };
    octets.into_iter().take(len)
}
