//! The signature base, written a second time straight from RFC 9421 §2: slow, plain, and without a line or a crate in
//! common with the engine under test. Names of sections are those of RFC 9421 unless another RFC is named.
//!
//! Where the RFC leaves room, this is the reading:
//! - the target URI is in the normal form of RFC 9110 §4.2.3, in `@target-uri` as in `@authority` and `@path`;
//! - a target in authority or asterisk form has no path, and so neither `@path`, `@query` nor `@target-uri`;
//! - a flag of a component (`sf`, `bs`, `tr`, `req`) is there or not: `;sf=?0` is no third possibility;
//! - a field of unknown type may have a `;key`, which says that it is a dictionary, and no `;sf`;
//! - user information in an authority is an error (RFC 9110 §4.2.4); a host is otherwise held to its characters alone, so that
//!   a percent sign needs no digits behind it.
#![allow(dead_code, reason = "whoever includes this uses a part of it")]

mod derived;
mod fields;
pub(crate) mod structured;
mod written;

use std::collections::BTreeMap;

use structured::{Bare, Member, Parameters};

/// Field lines in their order: names in lower case.
pub(crate) type Lines = Vec<(String, Vec<u8>)>;

/// A request in the terms of RFC 9421 §2.2. What is `None` is not there, or not known.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) scheme: Option<String>,
    /// The authority of the target; `None` if only the `Host` field tells.
    pub(crate) authority: Option<String>,
    /// `None` in authority and asterisk form.
    pub(crate) path: Option<String>,
    pub(crate) query: Option<String>,
    /// What stands in the request line.
    pub(crate) target: Option<String>,
    pub(crate) fields: Lines,
    pub(crate) trailers: Option<Lines>,
}

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) fields: Lines,
    pub(crate) trailers: Option<Lines>,
    pub(crate) request: Option<Request>,
}

#[derive(Debug, Clone)]
pub(crate) enum Message {
    Request(Request),
    Response(Response),
}

/// The structured type that an application knows a field to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Dictionary,
    List,
    Item,
}

/// A base, and in which places the RFCs allow what a stricter reader may refuse: the intentional differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) text: String,
    pub(crate) lax: Vec<Lax>,
}

/// What the RFCs accept and a reader may refuse, since others read it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lax {
    /// A dictionary key or a parameter that occurs twice: the last one counts (RFC 9651 §4.2.2, §4.2.3.2).
    Repeated,
    /// A query parameter whose name or value is not UTF-8, so that the form decoder replaces octets (URL Standard §5.1).
    Replaced,
    /// A port such as `0443`, which is the default port behind a zero, or one that no transport has: RFC 3986 §3.2.3 knows
    /// digits only, and RFC 9110 §4.2.3 numbers.
    Port,
}

/// A component identifier (§2): name and parameters.
#[derive(Debug, Clone)]
struct Component {
    name: String,
    parameters: Parameters,
}

/// The base of the signature `label`, by what `Signature-Input` says (§2.5). `None` where the RFC asks for an error.
pub(crate) fn base(
    message: &Message,
    signature_input: &str,
    label: &str,
    kinds: &BTreeMap<&str, Kind>,
) -> Option<Base> {
    let mut lax = Vec::new();
    let member = structured::dictionary(signature_input.as_bytes(), &mut lax)?
        .into_iter()
        .find(|(key, _)| key == label)?
        .1;
    let Member::List(items, parameters) = member else { return None };
    let mut components: Vec<Component> = Vec::new();
    for (item, parameters) in items {
        let Bare::String(name) = item else { return None };
        let component = Component { name, parameters };
        // §2: each identifier occurs once, whatever the order of its parameters.
        if components.iter().any(|known| same(known, &component)) {
            return None;
        }
        components.push(component);
    }
    let mut text = String::new();
    for component in &components {
        let value = value(message, component, kinds, &mut lax)?;
        text.push_str(&identifier(component));
        text.push_str(": ");
        text.push_str(&value);
        text.push('\n');
    }
    let items = components.into_iter().map(|c| (Bare::String(c.name), c.parameters)).collect();
    let last = written::write_member(&Member::List(items, parameters));
    text.push_str("\"@signature-params\": ");
    text.push_str(&last);
    // §2.5: an error if the base has anything else than ASCII.
    text.is_ascii().then_some(Base { text, lax })
}

fn same(a: &Component, b: &Component) -> bool {
    let sorted = |component: &Component| {
        let mut all: Vec<String> =
            component.parameters.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        all.sort();
        all
    };
    a.name == b.name && sorted(a) == sorted(b)
}

fn identifier(component: &Component) -> String {
    written::write_item(&Bare::String(component.name.clone()), &component.parameters)
}

/// The parameters of a component, each of which must be one that the RFC defines and of its type (§2.1, §2.2.8, §2.4).
#[derive(Debug, Default)]
struct Said {
    sf: bool,
    bs: bool,
    tr: bool,
    req: bool,
    key: Option<String>,
    name: Option<String>,
}

fn said(component: &Component) -> Option<Said> {
    let mut said = Said::default();
    for (name, value) in &component.parameters {
        match (name.as_str(), value) {
            ("sf", Bare::Boolean(true)) => said.sf = true,
            ("bs", Bare::Boolean(true)) => said.bs = true,
            ("tr", Bare::Boolean(true)) => said.tr = true,
            ("req", Bare::Boolean(true)) => said.req = true,
            ("key", Bare::String(key)) => said.key = Some(key.clone()),
            ("name", Bare::String(name)) => said.name = Some(name.clone()),
            _ => return None,
        }
    }
    Some(said)
}

fn value(
    message: &Message,
    component: &Component,
    kinds: &BTreeMap<&str, Kind>,
    lax: &mut Vec<Lax>,
) -> Option<String> {
    let said = said(component)?;
    // §2.4: `req` is for responses, and takes everything from the request that they answer.
    let message = match (message, said.req) {
        (Message::Request(_), true) => return None,
        (Message::Response(response), true) => &Message::Request(response.request.clone()?),
        (message, false) => message,
    };
    if !component.name.starts_with('@') {
        return field(message, component, &said, kinds, lax);
    }
    // §2.2: derived components have no parameters but `req`, and `name` where it is defined.
    if said.sf || said.bs || said.tr || said.key.is_some() {
        return None;
    }
    match (component.name.as_str(), message, &said.name) {
        ("@status", Message::Response(response), None) => Some(format!("{:03}", response.status)),
        ("@query-param", Message::Request(request), Some(name)) => derived::query_param(request, name, lax),
        (name, Message::Request(request), None) => derived::of_request(request, name, lax),
        _ => None,
    }
}

/// §2.1.
fn field(
    message: &Message,
    component: &Component,
    said: &Said,
    kinds: &BTreeMap<&str, Kind>,
    lax: &mut Vec<Lax>,
) -> Option<String> {
    let (headers, trailers) = match message {
        Message::Request(request) => (&request.fields, &request.trailers),
        Message::Response(response) => (&response.fields, &response.trailers),
    };
    let lines = if said.tr { trailers.as_ref()? } else { headers };
    // §2.1: the name of a field is in lower case here. None but a token is a name (RFC 9110 §5.1).
    let found: Vec<&[u8]> =
        lines.iter().filter(|(name, _)| *name == component.name).map(|(_, value)| value.as_slice()).collect();
    // §2.1.3: `bs` does not go with `sf` or `key`. `name` is not for fields.
    if found.is_empty() || said.name.is_some() || said.bs && (said.sf || said.key.is_some()) {
        return None;
    }
    if said.bs {
        return Some(fields::wrapped(&found));
    }
    let combined = fields::combined(&found)?;
    let kind = kinds.get(component.name.as_str()).copied();
    match (&said.key, said.sf) {
        (Some(key), _) if kind.is_none_or(|kind| kind == Kind::Dictionary) => {
            fields::member(&combined, key, lax)
        }
        (Some(_), _) => None,
        (None, true) => fields::strict(&combined, kind?, lax),
        (None, false) => Some(combined),
    }
}
