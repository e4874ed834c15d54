//! How long an answer may be used without asking again (RFC 9111 §4.2, §5.2.2).

use std::time::Duration;

use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap};

/// What `Cache-Control` and `Age` leave; `None` if they say nothing about it.
///
/// What cannot be read counts as stale (RFC 9111 §4.2.1), and the shortest of several values counts.
pub(super) fn freshness(headers: &HeaderMap) -> Option<Duration> {
    let mut max_age: Option<u64> = None;
    for line in headers.get_all(CACHE_CONTROL) {
        for directive in line.to_str().unwrap_or("no-cache").split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = match name.trim().to_ascii_lowercase().as_str() {
                "max-age" => seconds(value.trim().trim_matches('"')),
                "no-cache" | "no-store" => 0,
                _ => continue,
            };
            max_age = Some(max_age.map_or(seconds, |known| known.min(seconds)));
        }
    }
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()).map_or(0, |age| seconds(age.trim()));
    max_age.map(|max_age| Duration::from_secs(max_age.saturating_sub(age)))
}

/// Digits, as many as there are (RFC 9111 §1.2.2).
fn seconds(text: &str) -> u64 {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    text.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn the_shortest_readable_freshness_counts_and_what_is_unreadable_is_stale() {
        let of = |lines: &[&[u8]], age: Option<&str>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_bytes(line).unwrap());
            }
            if let Some(age) = age {
                headers.append(AGE, age.parse().unwrap());
            }
            freshness(&headers).map(|left| left.as_secs())
        };
        assert_eq!(of(&[], None), None);
        assert_eq!(of(&[], Some("100")), None);
        for (line, expected) in [
            ("public", None),
            ("max-age=600", Some(600)),
            ("public, Max-Age = \"600\" , must-revalidate", Some(600)),
            ("max-age=600, max-age=60", Some(60)),
            ("max-age=600, no-cache", Some(0)),
            ("no-store", Some(0)),
            ("s-maxage=600", None),
            ("max-age", Some(0)),
            ("max-age=-1", Some(0)),
            ("max-age=1.5", Some(0)),
            ("max-age=0x10", Some(0)),
            ("max-age=99999999999999999999999", Some(u64::MAX)),
            ("xmax-age=600", None),
        ] {
            assert_eq!(of(&[line.as_bytes()], None), expected, "{line}");
        }
        assert_eq!(of(&[b"max-age=600", b"max-age=30"], None), Some(30));
        assert_eq!(of(&[b"max-age=600, \xff"], None), Some(0));
        assert_eq!(of(&[b"max-age=600"], Some("100")), Some(500));
        assert_eq!(of(&[b"max-age=600"], Some("9999")), Some(0));
        assert_eq!(of(&[b"max-age=600"], Some("x")), Some(600));
    }
}
