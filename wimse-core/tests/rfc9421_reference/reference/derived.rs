//! The values of derived components (RFC 9421 §2.2).

use super::{Lax, Request};

/// Any of them but `@query-param` and `@status`.
pub(super) fn of_request(request: &Request, name: &str, lax: &mut Vec<Lax>) -> Option<String> {
    match name {
        // §2.2.1
        "@method" => Some(request.method.clone()),
        // §2.2.2
        "@target-uri" => {
            let (scheme, authority) = (scheme(request)?, authority(request, lax)?);
            let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
            Some(format!("{scheme}://{authority}{}{query}", path(request)?))
        }
        // §2.2.3
        "@authority" => authority(request, lax),
        // §2.2.4
        "@scheme" => scheme(request),
        // §2.2.5
        "@request-target" => request.target.clone(),
        // §2.2.6
        "@path" => path(request),
        // §2.2.7: without a query the value is a question mark.
        "@query" => {
            path(request)?;
            Some(format!("?{}", request.query.clone().unwrap_or_default()))
        }
        _ => None,
    }
}

fn scheme(request: &Request) -> Option<String> {
    request.scheme.as_ref().map(|scheme| scheme.to_ascii_lowercase())
}

/// §2.2.6: an empty path is a slash, octets stay encoded.
fn path(request: &Request) -> Option<String> {
    request.path.as_ref().map(|path| if path.is_empty() { "/".to_owned() } else { path.clone() })
}

/// §2.2.3, by RFC 9110 §4.2.3: host in lower case, default port left out. The port is told from the host by the last
/// colon outside of brackets (RFC 3986 §3.2).
fn authority(request: &Request, lax: &mut Vec<Lax>) -> Option<String> {
    let authority = match &request.authority {
        Some(authority) => authority.clone(),
        None => {
            let hosts: Vec<&Vec<u8>> =
                request.fields.iter().filter(|(name, _)| name == "host").map(|(_, value)| value).collect();
            let [host] = hosts.as_slice() else { return None };
            String::from_utf8((*host).clone()).ok()?.trim_matches([' ', '\t']).to_owned()
        }
    };
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => (&authority[..colon], &authority[colon + 1..]),
        _ => (authority.as_str(), ""),
    };
    let literal = host.len() > 2 && host.starts_with('[') && host.ends_with(']');
    let inner = if literal { &host[1..host.len() - 1] } else { host };
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=".contains(c) || literal && c == ':';
    if inner.is_empty() || !inner.chars().all(allowed) || !port.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let host = host.to_ascii_lowercase();
    if port.is_empty() {
        return Some(host);
    }
    let significant = port.trim_start_matches('0');
    if significant != port || significant.len() > 5 {
        lax.push(Lax::Port);
    }
    let default = match scheme(request).as_deref() {
        Some("https") => significant == "443",
        Some("http") => significant == "80",
        // Whether it is the default cannot be told.
        None if matches!(significant, "80" | "443") => return None,
        _ => false,
    };
    Some(if default { host } else { format!("{host}:{port}") })
}

/// §2.2.8: the parameter with this name, parsed as a form, decoded, and encoded again.
pub(super) fn query_param(request: &Request, name: &str, lax: &mut Vec<Lax>) -> Option<String> {
    let query = request.query.as_ref()?;
    let (mut values, mut replaced) = (Vec::new(), false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = match pair.find('=') {
            Some(equals) => (&pair[..equals], &pair[equals + 1..]),
            None => (pair, ""),
        };
        let key = decoded(key);
        if encoded(&key) == name {
            replaced |= key.contains('\u{fffd}');
            values.push(value);
        }
    }
    // A name that occurs twice cannot be covered.
    let [value] = values.as_slice() else { return None };
    let value = decoded(value);
    if replaced || value.contains('\u{fffd}') {
        lax.push(Lax::Replaced);
    }
    Some(encoded(&value))
}

/// The URL Standard §5.1, steps 3.4 to 3.6: plus is a space, then percent-decode, then UTF-8.
fn decoded(text: &str) -> String {
    let octets = text.replace('+', " ").into_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < octets.len() {
        let digits = octets.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let hex = digits.filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
        match (octets[at], hex) {
            (b'%', Some(hex)) => {
                out.push(u8::from_str_radix(hex, 16).unwrap());
                at += 3;
            }
            (octet, _) => {
                out.push(octet);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The application/x-www-form-urlencoded percent-encode set: all but letters, digits and `*-._`. A space is `%20`.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || "*-._".contains(char::from(octet)) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}
