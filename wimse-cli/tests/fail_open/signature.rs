//! The signature of a message, taken apart as text and made anew.

use data_encoding::BASE64;
use serde_json::Value;
use wimse_core::jose::SigningKey;

use crate::base::{Base, Lines};

/// What makes a signature a WIMSE signature.
pub(crate) const TAG: &str = "tag=\"wimse-workload-to-workload\"";

/// A WIMSE signature: what it covers, with what it says, as it is written down.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) label: String,
    /// The identifiers and the values of the covered components.
    pub(crate) components: Vec<(String, String)>,
    pub(crate) parameters: Vec<String>,
    pub(crate) octets: Vec<u8>,
    /// `label=(…);…` and `label=:…:` as they stand in the fields.
    input: String,
    value: String,
}

impl Signature {
    /// `None` for other proofs.
    pub(crate) fn of(base: &Base) -> Option<Self> {
        let (covered, written) = base.vector.get("signature_base")?.as_str()?.rsplit_once('\n')?;
        let (list, parameters) = inner_list(written.strip_prefix("\"@signature-params\": ")?)?;
        let components = covered.split('\n').zip(list).map(|(line, name)| {
            let value = line.strip_prefix(&name)?.strip_prefix(": ")?.to_owned();
            Some((name, value))
        });
        let input = member_of(base, "signature-input", |member| member.contains(TAG))?;
        let label = input.split_once('=')?.0.to_owned();
        let value = member_of(base, "signature", |member| member.starts_with(&format!("{label}=:")))?;
        let octets = value.get(label.len() + 2..)?.split(':').next()?;
        Some(Self {
            components: components.collect::<Option<_>>()?,
            octets: BASE64.decode(octets.as_bytes()).ok()?,
            label,
            parameters,
            input,
            value,
        })
    }

    /// The component's value, as it would be if the message had another one.
    pub(crate) fn with_value(mut self, component: &str, value: &str) -> Self {
        for (_, other) in self.components.iter_mut().filter(|(name, _)| name == component) {
            value.clone_into(other);
        }
        self
    }

    fn member(&self) -> String {
        let components: Vec<_> = self.components.iter().map(|(name, _)| name.as_str()).collect();
        let parameters: String = self.parameters.iter().map(|parameter| format!(";{parameter}")).collect();
        format!("({}){parameters}", components.join(" "))
    }

    /// The member of Signature-Input as the vector has it.
    pub(crate) fn input(&self) -> &str {
        &self.input
    }

    /// The member of Signature as the vector has it.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// The text that is signed.
    pub(crate) fn base(&self) -> String {
        let lines: String =
            self.components.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{lines}\"@signature-params\": {}", self.member())
    }

    /// The vector with this in the place of the signature that it had, and the one that goes with it.
    pub(crate) fn put(
        &self,
        base: &Base,
        key: &SigningKey,
        change: impl FnOnce(&mut Lines),
    ) -> Option<Value> {
        let octets = key.sign(self.base().as_bytes()).ok()?;
        let value = format!("{}=:{}:", self.label, BASE64.encode(&octets));
        Some(self.put_with(base, &value, change))
    }

    /// The same with the old signature.
    pub(crate) fn put_unsigned(&self, base: &Base) -> Value {
        let value = self.value.clone();
        self.put_with(base, &value, |_| ())
    }

    fn put_with(&self, base: &Base, value: &str, change: impl FnOnce(&mut Lines)) -> Value {
        let input = format!("{}={}", self.label, self.member());
        base.with_fields(|fields| {
            for (_, line) in fields.iter_mut() {
                *line = line.replacen(&self.input, &input, 1).replacen(&self.value, value, 1);
            }
            change(fields);
        })
    }

    /// The vector with another signature in the place of its own.
    pub(crate) fn replaced(&self, base: &Base, octets: &[u8]) -> Value {
        self.put_with(base, &format!("{}=:{}:", self.label, BASE64.encode(octets)), |_| ())
    }
}

/// A member of a dictionary, as text.
fn member_of(base: &Base, field: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let lines = base.fields().into_iter().filter(|(name, _)| name.eq_ignore_ascii_case(field));
    let members = lines.flat_map(|(_, value)| split(&value, ','));
    members.map(|member| member.trim_matches([' ', '\t']).to_owned()).find(|member| wanted(member))
}

/// The name in a component identifier.
pub(crate) fn component_name(component: &str) -> &str {
    component.split(';').next().unwrap_or_default().trim_matches('"')
}

/// The items and the parameters of an inner list, as text.
fn inner_list(text: &str) -> Option<(Vec<String>, Vec<String>)> {
    let mut quoted = false;
    let mut escaped = false;
    let end = text.bytes().position(|octet| {
        (quoted, escaped) = match octet {
            _ if escaped => (quoted, false),
            b'\\' => (quoted, true),
            b'"' => (!quoted, false),
            _ => (quoted, false),
        };
        octet == b')' && !quoted
    })?;
    let items = split(text.get(1..end)?, ' ');
    let parameters = split(&text[end + 1..], ';');
    Some((items, parameters))
}

/// The parts between separators that stand outside quotes.
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for character in text.chars() {
        if character == separator && !quoted {
            parts.push(String::new());
            continue;
        }
        (quoted, escaped) = match character {
            _ if escaped => (quoted, false),
            '\\' => (quoted, true),
            '"' => (!quoted, false),
            _ => (quoted, false),
        };
        parts.last_mut().unwrap().push(character);
    }
    parts.retain(|part| !part.is_empty());
    parts
}
