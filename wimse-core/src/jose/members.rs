//! The members of a token's header or claims. Ordinary ones are read where they stand.

use std::borrow::Cow;

use memchr::memchr;

use super::json::{Json, JsonInvalid, Object};
use crate::clock::UnixTime;
use crate::few::{Blank, Few};

/// Members that are read in place: more than the tokens of the drafts have.
const USUAL: usize = 12;

/// The longest whole number that is read in place, in digits: every one of them is an `i64`.
const DIGITS: usize = 18;

/// The members of exactly one JSON object, whose names are all different.
#[expect(clippy::large_enum_variant, reason = "in place is the point of the larger one")]
pub(crate) enum Members<'a> {
    /// Texts without escapes and whole numbers, all in ASCII.
    Plain(Few<(&'a str, Plain<'a>), USUAL>),
    /// Anything else.
    Tree(Object<'a>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Plain<'a> {
    Text(&'a str),
    Int(i64),
}

/// The value of a member.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Member<'m> {
    Text(&'m str),
    Time(UnixTime),
    Array(&'m [Json<'m>]),
    Object(&'m Object<'m>),
    Other,
}

impl Blank for Plain<'_> {
    const BLANK: Self = Self::Int(0);
}

impl<'a> Members<'a> {
    /// Reads a text as [`Object::parse`] does, with the same result.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, JsonInvalid> {
        match plain(text) {
            Some(members) => Ok(Self::Plain(members)),
            None => Object::parse(text).map(Self::Tree),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Member<'_>> {
        match self {
            Self::Plain(members) => find(members.as_slice(), name).map(|value| match value {
                Plain::Text(text) => Member::Text(text),
                Plain::Int(number) => Member::Time(UnixTime::from_secs(number)),
            }),
            Self::Tree(object) => object.get(name).map(|value| match value {
                Json::Text(text) => Member::Text(text),
                Json::Array(list) => Member::Array(list),
                Json::Object(object) => Member::Object(object),
                other => other.as_time().map_or(Member::Other, Member::Time),
            }),
        }
    }

    /// A text that outlives the members where it can.
    pub(crate) fn shared_text(&self, name: &str) -> Option<Cow<'a, str>> {
        match self {
            Self::Plain(members) => match find(members.as_slice(), name)? {
                Plain::Text(text) => Some(Cow::Borrowed(text)),
                Plain::Int(_) => None,
            },
            Self::Tree(object) => match object.get(name)? {
                Json::Text(text) => Some(text.clone()),
                _ => None,
            },
        }
    }
}

impl<'m> Member<'m> {
    pub(crate) fn as_text(self) -> Option<&'m str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A `NumericDate` (RFC 7519 §2), as [`Json::as_time`] reads it.
    pub(crate) fn as_time(self) -> Option<UnixTime> {
        match self {
            Self::Time(time) => Some(time),
            _ => None,
        }
    }
}

fn find<'a>(members: &[(&'a str, Plain<'a>)], name: &str) -> Option<Plain<'a>> {
    members.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

/// `None` means that the text needs the whole parser, not that it is wrong.
fn plain(text: &[u8]) -> Option<Few<(&str, Plain<'_>), USUAL>> {
    // Without a branch, so that it looks at many octets at once. After that, every quotation mark begins or ends a text.
    let simple = text.iter().fold(true, |all, b| all & (b.wrapping_sub(b' ') < 0x5f) & (*b != b'\\'));
    let text = std::str::from_utf8(text).ok().filter(|_| simple)?;
    let mut rest = text.trim_matches(' ').strip_prefix('{')?.strip_suffix('}')?;
    let mut members = Few::new();
    loop {
        let (name, behind) = quoted(skip(rest))?;
        // What begins with a dollar sign may be a number in the parser's disguise.
        if find(members.as_slice(), name).is_some() || name.starts_with('$') || members.len() == USUAL {
            return None;
        }
        let (value, behind) = value(skip(skip(behind).strip_prefix(':')?))?;
        members.push((name, value));
        rest = skip(behind);
        if rest.is_empty() {
            return Some(members);
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn skip(text: &str) -> &str {
    if text.starts_with(' ') { text.trim_start_matches(' ') } else { text }
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let end = memchr(b'"', text.as_bytes())?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

fn value(text: &str) -> Option<(Plain<'_>, &str)> {
    if let Some((text, behind)) = quoted(text) {
        return Some((Plain::Text(text), behind));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, behind) = text.split_at_checked(digits)?;
    let whole = (1..=DIGITS).contains(&digits) && (digits == 1 || !number.starts_with('0'));
    Some((Plain::Int(number.parse().ok().filter(|_| whole)?), behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_plain(text: &str) -> bool {
        matches!(Members::parse(text.as_bytes()), Ok(Members::Plain(_)))
    }

    #[test]
    fn ordinary_claims_are_read_in_place() {
        assert!(is_plain(r#"{"alg":"ES256","typ":"wpt+jwt"}"#));
        assert!(is_plain(r#"{"aud":"https://a.example/x?y","exp":1745512510,"jti":"a","wth":"b","n":0}"#));
        assert!(is_plain(r#" { "exp" : 7 , "jti":"" } "#));
    }

    #[test]
    fn amb_25_everything_else_is_left_to_the_parser() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":"é"}"#,
            r#"{"a":01}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e3}"#,
            r#"{"a":-1}"#,
            r#"{"a":1234567890123456789}"#,
            r#"{"a":"b"}}"#,
            r#"{"a":"b",}"#,
            r#"{"a" "b"}"#,
            r#"{"a":{}}"#,
            r#"{"a":["b"]}"#,
            r#"{"a":null}"#,
            r#"{}"#,
            "{\"a\":\t1}",
            "{\"a\":\"\u{7f}\"}",
            r#"{"$serde_json::private::Number":"7"}"#,
            r#"{"a":1"b":2}"#,
            r#"{"a":1 2}"#,
        ] {
            assert!(!is_plain(text), "{text}");
            assert_eq!(
                Members::parse(text.as_bytes()).is_ok(),
                Object::parse(text.as_bytes()).is_ok(),
                "{text}"
            );
        }
    }

    proptest! {
        /// Whatever is read in place, the parser reads in the same way.
        #[test]
        fn in_place_is_as_the_parser_reads(
            text in r#" ?\{ ?("[a-c$]{1,2}" ?: ?("[ -~é]{0,3}"|0|[0-9]{1,20}|-?[0-9]{1,2}(\.[0-9]|e1)?|true|\{\}|\[1\])[, ]{0,2}){0,14}\}{1,2} ?"#
        ) {
            if let Some(members) = plain(text.as_bytes()) {
                let tree = Object::parse(text.as_bytes()).unwrap();
                let ours = members.as_slice().iter().map(|(name, value)| match value {
                    Plain::Text(text) => (*name, Json::Text((*text).into())),
                    Plain::Int(number) => (*name, Json::Int(*number)),
                });
                prop_assert!(ours.eq(tree.iter().map(|(name, value)| (name, value.clone()))), "{}", text);
            }
        }
    }
}
