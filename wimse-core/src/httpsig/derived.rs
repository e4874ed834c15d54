//! The values of derived components (RFC 9421 §2.2), from the octets as received.

use std::borrow::Cow;

use http::Method;
use http::header::HOST;

use super::component::Derived;
use super::error::Problem;
use super::message::RequestParts;

/// Writes the value of any component of a request but `@query-param`.
pub(super) fn write(derived: Derived, request: &RequestParts<'_>, out: &mut String) -> Result<(), Problem> {
    match derived {
        Derived::Method => put(request.method.as_str(), out),
        Derived::TargetUri => {
            put_lower(scheme(request).ok_or(Problem::SchemeUnknown)?, out)?;
            out.push_str("://");
            put_authority(request, out)?;
            put(path(request)?, out)?;
            match request.uri.query() {
                Some(query) => {
                    out.push('?');
                    put(query, out)
                }
                None => Ok(()),
            }
        }
        Derived::Authority => put_authority(request, out),
        Derived::Scheme => put_lower(scheme(request).ok_or(Problem::SchemeUnknown)?, out),
        Derived::RequestTarget => put(&request_target(request)?, out),
        Derived::Path => put(path(request)?, out),
        Derived::Query => {
            path(request)?;
            out.push('?');
            put(request.uri.query().unwrap_or_default(), out)
        }
        Derived::QueryParam | Derived::Status => Err(Problem::WrongMessage),
    }
}

/// Refuses what could end the line or is read differently from charset to charset.
pub(super) fn put(text: &str, out: &mut String) -> Result<(), Problem> {
    if !text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return Err(Problem::Octets);
    }
    out.push_str(text);
    Ok(())
}

fn put_lower(text: &str, out: &mut String) -> Result<(), Problem> {
    let start = out.len();
    put(text, out)?;
    if let Some(written) = out.get_mut(start..) {
        written.make_ascii_lowercase();
    }
    Ok(())
}

fn scheme<'a>(request: &RequestParts<'a>) -> Option<&'a str> {
    request.uri.scheme_str().or(request.scheme)
}

fn path<'a>(request: &RequestParts<'a>) -> Result<&'a str, Problem> {
    let authority_form = request.uri.authority().is_some() && request.uri.scheme().is_none();
    match request.uri.path() {
        "*" => Err(Problem::NotApplicable),
        _ if authority_form => Err(Problem::NotApplicable),
        "" => Ok("/"),
        path => Ok(path),
    }
}

fn request_target<'a>(request: &RequestParts<'a>) -> Result<Cow<'a, str>, Problem> {
    if let Some(target) = request.request_target {
        return Ok(Cow::Borrowed(target));
    }
    match (request.uri.authority(), request.uri.path_and_query()) {
        (None, Some(target)) => Ok(Cow::Borrowed(target.as_str())),
        (Some(_), Some(target)) if request.origin_form => Ok(match target.as_str() {
            // An empty path travels as a slash (RFC 9112 §3.2.1).
            query if query.starts_with('?') => Cow::Owned(["/", query].concat()),
            target => Cow::Borrowed(target),
        }),
        (Some(authority), _) if request.method == Method::CONNECT && request.uri.scheme().is_none() => {
            Ok(Cow::Borrowed(authority.as_str()))
        }
        _ => Err(Problem::NotApplicable),
    }
}

/// RFC 9421 §2.2.3: host in lower case, no default port.
fn put_authority(request: &RequestParts<'_>, out: &mut String) -> Result<(), Problem> {
    let authority = match (request.uri.authority(), request.authority) {
        (Some(authority), _) => authority.as_str(),
        (None, Some(authority)) => authority,
        (None, None) => {
            let mut fields = request.headers.get_all(HOST).iter();
            let host = match (fields.next(), fields.next()) {
                (None, _) => return Err(Problem::Absent),
                (Some(host), None) => host.to_str().map_err(|_| Problem::Octets)?,
                (Some(_), Some(_)) => return Err(Problem::Ambiguous),
            };
            host.trim_matches([' ', '\t'])
        }
    };
    let (host, port) = split_port(authority).ok_or(Problem::Authority)?;
    put_lower(host, out)?;
    let default = match scheme(request) {
        _ if port.is_empty() => return Ok(()),
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => port == "443",
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => port == "80",
        None if matches!(port, "80" | "443") => return Err(Problem::SchemeUnknown),
        _ => false,
    };
    if !default {
        out.push(':');
        put(port, out)?;
    }
    Ok(())
}

/// Host and port of `host[:port]`; the port may be empty. `None` for user information and anything else.
fn split_port(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    };
    let name = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%".contains(&b);
    let sound = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(literal) => !literal.is_empty() && literal.bytes().all(|b| name(b) || b == b':'),
        None => !host.is_empty() && host.bytes().all(name),
    };
    (sound && port.len() <= 5).then_some((host, port))
}
