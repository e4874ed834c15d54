//! JSON as a tree of borrowed values: no duplicate member names at any depth, bounded depth.
//!
//! Parsing is `serde_json`'s; the tree is ours because neither its `Value` nor typed structs notice
//! duplicate members, which two parsers may read differently (RFC 8725 §2.4).

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

use crate::clock::UnixTime;

/// How deeply arrays and objects may nest.
const MAX_DEPTH: u8 = 16;

/// How many values a token may hold, and a set of keys. A value takes far more room in memory than in a text.
const MAX_VALUES: u32 = 1_024;
const MAX_VALUES_OF_SET: u32 = 65_536;

/// Up to this many members, comparing names pairwise beats hashing them.
const FEW: usize = 16;

/// One JSON value, borrowing from the text where it has no escapes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer above what `Int` holds.
    Large(u64),
    Float(f64),
    Text(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// A JSON object whose member names are all different.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Why a text is not acceptable JSON. Carries no content, which could be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonInvalid;

impl<'a> Object<'a> {
    /// Parses a text that must be exactly one object.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, JsonInvalid> {
        Self::parse_with(text, MAX_VALUES)
    }

    /// As [`Object::parse`], for texts that hold many keys.
    pub(crate) fn parse_set(text: &'a [u8]) -> Result<Self, JsonInvalid> {
        Self::parse_with(text, MAX_VALUES_OF_SET)
    }

    fn parse_with(text: &'a [u8], values: u32) -> Result<Self, JsonInvalid> {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let tree = Tree { depth: 0, values_left: &Cell::new(values) };
        let value = tree.deserialize(&mut deserializer).map_err(|_| JsonInvalid)?;
        deserializer.end().map_err(|_| JsonInvalid)?;
        match value {
            Json::Object(object) => Ok(object),
            _ => Err(JsonInvalid),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::as_text)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl Json<'_> {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A `NumericDate` (RFC 7519 §2). Fractions are dropped, values out of range saturate.
    pub(crate) fn as_time(&self) -> Option<UnixTime> {
        match self {
            Self::Int(seconds) => Some(UnixTime::from_secs(*seconds)),
            Self::Large(_) => Some(UnixTime::from_secs(i64::MAX)),
            #[expect(clippy::cast_possible_truncation, reason = "saturates, which is what is wanted")]
            Self::Float(seconds) => Some(UnixTime::from_secs(seconds.floor() as i64)),
            _ => None,
        }
    }

    /// The same value, owned, in `serde_json`'s type.
    pub(crate) fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => Value::from(*i),
            Self::Large(i) => Value::from(*i),
            Self::Float(f) => Value::from(*f),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::Array(items) => items.iter().map(Json::to_value).collect(),
            Self::Object(object) => {
                object.iter().map(|(name, value)| (name.to_owned(), value.to_value())).collect()
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Tree<'c> {
    depth: u8,
    values_left: &'c Cell<u32>,
}

impl Tree<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Json<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let left =
            self.values_left.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.values_left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Large(value), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let deeper = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let deeper = self.deeper()?;
        // The claims of a token are rarely more than eight; what nests in them is mostly nothing.
        let expected = if self.depth == 0 { 8 } else { 0 };
        let mut object: Vec<(Cow<'de, str>, Json<'de>)> = Vec::with_capacity(expected);
        let mut names = HashSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            if object.is_empty() && name == NUMBER && numbers_come_as_maps() {
                let text: Cow<'_, str> = members.next_value()?;
                return number(&text).ok_or_else(|| A::Error::custom("not a number"));
            }
            let repeated = if object.len() < FEW {
                object.iter().any(|(n, _)| *n == name)
            } else {
                if names.is_empty() {
                    names.extend(object.iter().map(|(n, _)| n.clone()));
                }
                !names.insert(name.clone())
            };
            if repeated {
                return Err(A::Error::custom("duplicate member"));
            }
            object.push((name, members.next_value_seed(deeper)?));
        }
        Ok(Json::Object(Object(object)))
    }
}

/// The one member of a number, where numbers come as maps.
const NUMBER: &str = "$serde_json::private::Number";

/// Whether some crate of the build has switched on `arbitrary_precision` of `serde_json`, which changes what a
/// visitor sees of a number for every crate in it.
fn numbers_come_as_maps() -> bool {
    static ANSWER: LazyLock<bool> =
        LazyLock::new(|| serde_json::from_str::<serde_json::Value>("1e400").is_ok());
    *ANSWER
}

fn number(text: &str) -> Option<Json<'static>> {
    let large = || text.parse().map(Json::Large);
    let float = || text.parse().ok().filter(|float: &f64| float.is_finite()).map(Json::Float);
    text.parse().map(Json::Int).or_else(|_| large()).ok().or_else(float)
}

/// A member name, after escapes: `"s\u0075b"` is `sub`.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Object<'_>, JsonInvalid> {
        Object::parse(text.as_bytes())
    }

    #[test]
    fn amb_25_duplicate_members_are_refused_at_any_depth_and_after_escapes() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[0,{"a":1,"a":2}]}"#,
        ] {
            assert_eq!(parse(bad), Err(JsonInvalid), "{bad}");
        }
        assert!(parse(r#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn duplicates_are_found_among_many_members_in_linear_time() {
        let many = (0..50_000).map(|i| format!("\"m{i}\":0")).collect::<Vec<_>>().join(",");
        let parse_set = |text: String| Object::parse_set(text.as_bytes()).map(|object| object.iter().count());
        assert_eq!(parse_set(format!("{{{many}}}")), Ok(50_000));
        assert_eq!(parse_set(format!("{{{many},\"m7\":0}}")), Err(JsonInvalid));
        assert_eq!(parse_set(format!("{{{many},\"m49999\":0}}")), Err(JsonInvalid));
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let holding = |n: usize| format!("{{\"x\":[{}]}}", vec!["{}"; n].join(","));
        // The object and the array count too.
        assert!(parse(&holding(1_022)).is_ok());
        assert_eq!(parse(&holding(1_023)), Err(JsonInvalid));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| format!("{{\"x\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(parse(&nested(15)).is_ok());
        assert_eq!(parse(&nested(16)), Err(JsonInvalid));
        assert_eq!(parse(&nested(10_000)), Err(JsonInvalid));
        assert_eq!(parse(&"{\"x\":".repeat(10_000)), Err(JsonInvalid));
    }

    #[test]
    fn only_one_whole_object_is_accepted() {
        for bad in ["", "[]", "1", "\"x\"", "null", "{} {}", "{}x", "{\"a\":1,}", "{'a':1}", "\u{feff}{}"] {
            assert_eq!(parse(bad), Err(JsonInvalid), "{bad:?}");
        }
        assert!(Object::parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn wit_08_numeric_dates_saturate_and_drop_fractions() {
        let time = |text: &str| parse(&format!("{{\"exp\":{text}}}")).ok()?.get("exp")?.as_time();
        assert_eq!(time("1745512510.9"), Some(UnixTime::from_secs(1_745_512_510)));
        assert_eq!(time("-0.5"), Some(UnixTime::from_secs(-1)));
        assert_eq!(time("18446744073709551615"), Some(UnixTime::from_secs(i64::MAX)));
        assert_eq!(time("1e300"), Some(UnixTime::from_secs(i64::MAX)));
        assert_eq!(time("-1e300"), Some(UnixTime::from_secs(i64::MIN)));
        assert_eq!(time("\"1745512510\""), None);
        assert_eq!(time("1e999"), None);
    }

    #[test]
    fn wit_37_further_claims_keep_their_value() {
        let text = r#"{"a":18446744073709551615,"b":-1,"c":0.5,"d":[null,true,{"e":"\n"}]}"#;
        let ours = Json::Object(parse(text).unwrap()).to_value();
        assert_eq!(ours.to_string(), serde_json::from_str::<serde_json::Value>(text).unwrap().to_string());
    }

    #[test]
    fn an_object_does_not_pass_for_a_number() {
        let odd = format!(r#"{{"exp":{{"{NUMBER}":"7"}}}}"#);
        let time = parse(&odd).unwrap().get("exp").unwrap().as_time();
        assert_eq!(time.is_some(), numbers_come_as_maps());
    }

    proptest! {
        #[test]
        fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = Object::parse(&text);
        }

        #[test]
        fn agrees_with_serde_json_on_what_it_accepts(text in r#"\{("[a-c]":(1|"x"|\[\]|\{"y":null\})(,"[d-f]":(2|true))?)?\}"#) {
            let ours = Json::Object(parse(&text).unwrap()).to_value();
            prop_assert_eq!(ours, serde_json::from_str::<serde_json::Value>(&text).unwrap());
        }
    }
}
