//! JSON as the library is to read it, told by another way of reading.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

/// The value of a text of which there is one reading: no member twice at any depth, at most 16 levels and 1,024 values.
pub fn sound_json(text: &str) -> Option<Value> {
    sound_json_of(text, 1024)
}

/// The same with at most so many values.
pub fn sound_json_of(text: &str, values: usize) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let left = Cell::new(values);
    single(raw, 0, &left).then_some(value)
}

/// Takes a value apart level by level.
fn single(raw: &RawValue, depth: usize, left: &Cell<usize>) -> bool {
    if left.get() == 0 {
        return false;
    }
    left.set(left.get() - 1);
    match raw.get().as_bytes().first() {
        Some(b'[') => {
            let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else { return false };
            depth < 16 && items.iter().all(|item| single(item, depth + 1, left))
        }
        Some(b'{') => {
            let Ok(Members(members)) = serde_json::from_str(raw.get()) else { return false };
            let names: BTreeSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            depth < 16
                && names.len() == members.len()
                && members.iter().all(|(_, value)| single(value, depth + 1, left))
        }
        _ => true,
    }
}

/// All members, those of the same name too.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
