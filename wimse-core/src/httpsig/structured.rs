//! Fields in their strict serialisation (RFC 9421 §2.1.1, §2.1.2), read and written again in one pass.

use std::collections::HashSet;

use http::HeaderName;
use sfv::visitor::{
    DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ListVisitor, ParameterVisitor,
};
use sfv::{BareItemFromInput, KeyRef, Parser};

use super::error::Problem;
use super::value::{Stop, write_bare_item, write_parameter};

/// The structured type of a field (RFC 9651 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A dictionary.
    Dictionary,
    /// A list.
    List,
    /// An item.
    Item,
}

/// Fields whose structured type is registered and that are likely to be signed.
const REGISTERED: [(&str, FieldType); 13] = [
    ("accept-signature", FieldType::Dictionary),
    ("cache-status", FieldType::List),
    ("client-cert", FieldType::Item),
    ("client-cert-chain", FieldType::List),
    ("content-digest", FieldType::Dictionary),
    ("priority", FieldType::Dictionary),
    ("proxy-status", FieldType::List),
    ("repr-digest", FieldType::Dictionary),
    ("signature", FieldType::Dictionary),
    ("signature-input", FieldType::Dictionary),
    ("want-content-digest", FieldType::Dictionary),
    ("want-repr-digest", FieldType::Dictionary),
    ("cdn-cache-control", FieldType::Dictionary),
];

/// Which fields are structured, and how: what `;sf` and `;key` need to know. Never guessed from a value.
///
/// By default: the registered types of the digest, signature, priority, client certificate and cache status fields.
#[derive(Debug, Clone, Default)]
pub struct FieldTypes(Vec<(HeaderName, FieldType)>);

impl FieldTypes {
    /// Adds a field, or changes its type.
    #[must_use]
    pub fn with(mut self, field: HeaderName, field_type: FieldType) -> Self {
        self.0.retain(|(name, _)| *name != field);
        self.0.push((field, field_type));
        self
    }

    /// The type of a field, by its name in lower case.
    pub fn get(&self, field: &str) -> Option<FieldType> {
        let own = self.0.iter().map(|(name, field_type)| (name.as_str(), field_type));
        let registered = REGISTERED.iter().map(|(name, field_type)| (*name, field_type));
        own.chain(registered).find(|(name, _)| *name == field).map(|(_, field_type)| *field_type)
    }
}

/// Writes the strict serialisation of a whole field.
pub(super) fn write_field(text: &str, field_type: FieldType, out: &mut String) -> Result<(), Problem> {
    let mut writer = Writer { out, only: None, keys: HashSet::new(), members: 0, problem: None };
    let parser = Parser::new(text);
    let parsed = match field_type {
        FieldType::Dictionary => parser.parse_dictionary_with_visitor(&mut writer),
        FieldType::List => parser.parse_list_with_visitor(&mut writer),
        FieldType::Item => parser.parse_item_with_visitor(Member { writer: &mut writer, keyed: false }),
    };
    writer.outcome(parsed.is_ok()).map(|_| ())
}

/// Writes the strict serialisation of one member of a dictionary.
pub(super) fn write_member(text: &str, key: &str, out: &mut String) -> Result<(), Problem> {
    let mut writer = Writer { out, only: Some(key), keys: HashSet::new(), members: 0, problem: None };
    let parsed = Parser::new(text).parse_dictionary_with_visitor(&mut writer);
    match writer.outcome(parsed.is_ok())? {
        0 => Err(Problem::Absent),
        _ => Ok(()),
    }
}

struct Writer<'w, 'a> {
    out: &'w mut String,
    /// The dictionary member that alone is wanted.
    only: Option<&'w str>,
    keys: HashSet<&'a str>,
    members: usize,
    problem: Option<Problem>,
}

impl<'a> Writer<'_, 'a> {
    fn outcome(&self, parsed: bool) -> Result<usize, Problem> {
        if parsed { Ok(self.members) } else { Err(self.problem.unwrap_or(Problem::Structure)) }
    }

    fn stop(&mut self, problem: Problem) -> Stop {
        self.problem = Some(problem);
        Stop
    }

    fn begin_member(&mut self) {
        if self.members > 0 {
            self.out.push_str(", ");
        }
        self.members += 1;
    }

    fn parameters(&mut self) -> Parameters<'_, 'a> {
        Parameters { out: self.out, problem: &mut self.problem, seen: HashSet::new() }
    }
}

impl<'w, 'a> DictionaryVisitor<'a> for &mut Writer<'w, 'a> {
    type Out = ();
    type Error = Stop;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Stop> {
        let key = key.as_str();
        // RFC 9651 lets the last one win, but not every reader of the field may know that.
        if !self.keys.insert(key) {
            return Err(self.stop(Problem::Ambiguous));
        }
        match self.only {
            Some(only) if only != key => Ok(None),
            Some(_) => {
                self.begin_member();
                Ok(Some(Member { writer: self, keyed: false }))
            }
            None => {
                self.begin_member();
                self.out.push_str(key);
                Ok(Some(Member { writer: self, keyed: true }))
            }
        }
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

impl<'w, 'a> ListVisitor<'a> for &mut Writer<'w, 'a> {
    type Out = ();
    type Error = Stop;

    fn entry(&mut self) -> Result<impl EntryVisitor<'a>, Stop> {
        self.begin_member();
        Ok(Member { writer: self, keyed: false })
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

/// A member of a list or dictionary, an item of an inner list, or the item of an item field.
struct Member<'m, 'w, 'a> {
    writer: &'m mut Writer<'w, 'a>,
    /// Whether the key of a dictionary was written, so that a value follows behind `=`.
    keyed: bool,
}

impl<'a> EntryVisitor<'a> for Member<'_, '_, 'a> {
    type Error = Stop;

    fn item(self) -> Result<impl ItemVisitor<'a>, Stop> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Stop> {
        self.writer.out.push_str(if self.keyed { "=(" } else { "(" });
        Ok(Inner { writer: self.writer, items: 0 })
    }
}

impl<'m, 'a> ItemVisitor<'a> for Member<'m, '_, 'a> {
    type Out = ();
    type Error = Stop;

    fn bare_item(
        self,
        item: BareItemFromInput<'a>,
    ) -> Result<impl ParameterVisitor<'a, Out = Self::Out>, Stop> {
        match (self.keyed, item.as_boolean()) {
            (true, Some(true)) => {}
            (true, _) => {
                self.writer.out.push('=');
                write_bare_item(&item, self.writer.out);
            }
            (false, _) => write_bare_item(&item, self.writer.out),
        }
        Ok(self.writer.parameters())
    }
}

struct Inner<'m, 'w, 'a> {
    writer: &'m mut Writer<'w, 'a>,
    items: usize,
}

impl<'a> InnerListVisitor<'a> for Inner<'_, '_, 'a> {
    type Error = Stop;

    fn item(&mut self) -> Result<impl ItemVisitor<'a>, Stop> {
        if self.items > 0 {
            self.writer.out.push(' ');
        }
        self.items += 1;
        Ok(Member { writer: self.writer, keyed: false })
    }

    fn finish(self) -> Result<impl ParameterVisitor<'a>, Stop> {
        self.writer.out.push(')');
        Ok(self.writer.parameters())
    }
}

struct Parameters<'p, 'a> {
    out: &'p mut String,
    problem: &'p mut Option<Problem>,
    /// New for every item: clearing a set costs as much as it once held.
    seen: HashSet<&'a str>,
}

impl<'a> ParameterVisitor<'a> for Parameters<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn parameter(&mut self, key: &'a KeyRef, value: BareItemFromInput<'a>) -> Result<(), Stop> {
        if !self.seen.insert(key.as_str()) {
            *self.problem = Some(Problem::Ambiguous);
            return Err(Stop);
        }
        write_parameter(key.as_str(), &value, self.out);
        Ok(())
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}
