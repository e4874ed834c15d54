//! Covered components: what in a message a signature covers (RFC 9421 §2).

use std::borrow::Cow;
use std::fmt;

use http::HeaderName;
use sfv::StringRef;

use super::error::ComponentError;
use crate::few::Blank;

/// A component that is computed from the message instead of read from a field (RFC 9421 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Derived {
    /// `@method`: the method, as sent.
    Method,
    /// `@target-uri`: scheme, authority, path and query.
    TargetUri,
    /// `@authority`: host in lower case, and the port unless it is the scheme's default.
    Authority,
    /// `@scheme`: `http` or `https`.
    Scheme,
    /// `@request-target`: the target in the form in which the request line has it.
    RequestTarget,
    /// `@path`: the path, `/` if empty.
    Path,
    /// `@query`: the query with its question mark, `?` if there is none.
    Query,
    /// `@query-param`: one parameter of the query, named by `;name`.
    QueryParam,
    /// `@status`: the status code of a response.
    Status,
}

impl Derived {
    pub(super) const ALL: [Self; 9] = [
        Self::Method,
        Self::TargetUri,
        Self::Authority,
        Self::Scheme,
        Self::RequestTarget,
        Self::Path,
        Self::Query,
        Self::QueryParam,
        Self::Status,
    ];

    /// The name, with its `@`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "@method",
            Self::TargetUri => "@target-uri",
            Self::Authority => "@authority",
            Self::Scheme => "@scheme",
            Self::RequestTarget => "@request-target",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::QueryParam => "@query-param",
            Self::Status => "@status",
        }
    }
}

/// A parameter of a component identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentParameter<'a> {
    /// `;sf`: the strict serialisation of a structured field.
    Sf,
    /// `;key`: one member of a dictionary field.
    Key(Cow<'a, str>),
    /// `;bs`: each field line as a byte sequence.
    Bs,
    /// `;tr`: the field is in the trailers.
    Tr,
    /// `;req`: taken from the request that a response answers.
    Req,
    /// `;name`: which query parameter, percent-encoded as RFC 9421 §2.2.8 says.
    Name(Cow<'a, str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Sf,
    Key,
    Bs,
    Tr,
    Req,
    Name,
}

impl Flag {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sf => "sf",
            Self::Key => "key",
            Self::Bs => "bs",
            Self::Tr => "tr",
            Self::Req => "req",
            Self::Name => "name",
        }
    }
}

/// What the name of a field consists of (RFC 9110 §5.1), in lower case.
const fn is_field_byte(b: u8) -> bool {
    matches!(b, b'a'..=b'z' | b'-' | b'0'..=b'9' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// No more than this many parameters fit together: `sf`, `key`, `tr` and `req`.
const MAX_FLAGS: usize = 4;

/// A component identifier: a name and its parameters.
///
/// Two identifiers are equal if names and parameters are, whatever the order of the parameters (RFC 9421 §2);
/// the order is kept all the same, since it is part of the signed text. Parses from and displays as that text,
/// such as `"@method";req`.
#[derive(Clone)]
pub struct Component<'a> {
    name: Name<'a>,
    flags: [Option<Flag>; MAX_FLAGS],
    /// The value of `key` or `name`, which exclude each other.
    argument: Option<Cow<'a, str>>,
}

#[derive(Clone, PartialEq, Eq)]
enum Name<'a> {
    Derived(Derived),
    Field(Cow<'a, str>),
}

impl<'a> Component<'a> {
    /// A field by its name in lower case.
    ///
    /// # Errors
    ///
    /// [`ComponentError::Name`] if this is no field name, or not in lower case.
    pub fn field(name: impl Into<Cow<'a, str>>) -> Result<Self, ComponentError> {
        let name = name.into();
        if name.is_empty() || !name.bytes().all(is_field_byte) {
            return Err(ComponentError::Name);
        }
        Ok(Self::of(Name::Field(name)))
    }

    /// `"@query-param";name="…"`. The name is given as RFC 9421 §2.2.8 encodes it.
    ///
    /// # Errors
    ///
    /// [`ComponentError::ParameterType`] if the name is not printable ASCII.
    pub fn query_param(name: impl Into<Cow<'a, str>>) -> Result<Self, ComponentError> {
        Self::from(Derived::QueryParam).with(ComponentParameter::Name(name.into()))
    }

    const fn of(name: Name<'a>) -> Self {
        Self { name, flags: [None; MAX_FLAGS], argument: None }
    }

    /// A derived component of the request that a response answers. Not for `@status`, which requests do not have.
    pub(super) fn of_request(derived: Derived) -> Self {
        Self { flags: [Some(Flag::Req), None, None, None], ..Self::from(derived) }
    }

    /// Adds a parameter behind those that are there.
    ///
    /// # Errors
    ///
    /// [`ComponentError`] if it is there already or does not go with the name or the other parameters.
    pub fn with(mut self, parameter: ComponentParameter<'a>) -> Result<Self, ComponentError> {
        let (flag, argument) = match parameter {
            ComponentParameter::Sf => (Flag::Sf, None),
            ComponentParameter::Key(key) => (Flag::Key, Some(key)),
            ComponentParameter::Bs => (Flag::Bs, None),
            ComponentParameter::Tr => (Flag::Tr, None),
            ComponentParameter::Req => (Flag::Req, None),
            ComponentParameter::Name(name) => (Flag::Name, Some(name)),
        };
        if self.has(flag) {
            return Err(ComponentError::DuplicateParameter);
        }
        let fits = match self.name {
            Name::Derived(Derived::Status) => false,
            Name::Derived(Derived::QueryParam) => matches!(flag, Flag::Name | Flag::Req),
            Name::Derived(_) => flag == Flag::Req,
            Name::Field(_) => match flag {
                Flag::Name => false,
                Flag::Bs => !self.has(Flag::Sf) && !self.has(Flag::Key),
                Flag::Sf | Flag::Key => !self.has(Flag::Bs),
                Flag::Tr | Flag::Req => true,
            },
        };
        let free = self.flags.iter_mut().find(|slot| slot.is_none());
        let (true, Some(free)) = (fits, free) else {
            return Err(ComponentError::Combination);
        };
        *free = Some(flag);
        if let Some(text) = argument {
            StringRef::from_str(&text).map_err(|_| ComponentError::ParameterType)?;
            self.argument = Some(text);
        }
        Ok(self)
    }

    /// The derived component that this is, if it is one.
    pub fn as_derived(&self) -> Option<Derived> {
        match self.name {
            Name::Derived(derived) => Some(derived),
            Name::Field(_) => None,
        }
    }

    /// The name: of a field in lower case, or of a derived component with its `@`.
    pub fn name(&self) -> &str {
        match &self.name {
            Name::Derived(derived) => derived.as_str(),
            Name::Field(name) => name,
        }
    }

    /// Whether it is taken from the request that a response answers (`;req`).
    pub fn from_request(&self) -> bool {
        self.has(Flag::Req)
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Component<'static> {
        let name = match self.name {
            Name::Derived(derived) => Name::Derived(derived),
            Name::Field(name) => Name::Field(Cow::Owned(name.into_owned())),
        };
        let argument = self.argument.map(|text| Cow::Owned(text.into_owned()));
        Component { name, flags: self.flags, argument }
    }

    pub(super) fn is_strict(&self) -> bool {
        self.has(Flag::Sf)
    }

    pub(super) fn is_bytes(&self) -> bool {
        self.has(Flag::Bs)
    }

    pub(super) fn is_trailer(&self) -> bool {
        self.has(Flag::Tr)
    }

    /// The value of `;key`, or of `;name` on `@query-param`.
    pub(super) fn argument(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&Some(flag))
    }

    fn count(&self) -> usize {
        self.flags.iter().flatten().count()
    }

    /// Refuses `@query-param` without the name that it needs.
    pub(super) fn check_complete(&self) -> Result<(), ComponentError> {
        match self.name {
            Name::Derived(Derived::QueryParam) if self.argument.is_none() => Err(ComponentError::NameMissing),
            _ => Ok(()),
        }
    }

    /// Writes the identifier as the signature base has it.
    pub(super) fn write(&self, out: &mut String) {
        // No character that a name may have needs an escape.
        out.push('"');
        out.push_str(self.name());
        out.push('"');
        for flag in self.flags.iter().flatten() {
            out.push(';');
            out.push_str(flag.as_str());
            if let (Flag::Key | Flag::Name, Some(text)) = (flag, &self.argument) {
                out.push_str("=\"");
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out.push('"');
            }
        }
    }
}

impl Blank for Component<'_> {
    const BLANK: Self = Self::of(Name::Derived(Derived::Method));
}

impl From<Derived> for Component<'_> {
    fn from(derived: Derived) -> Self {
        Self::of(Name::Derived(derived))
    }
}

impl<'a> From<&'a HeaderName> for Component<'a> {
    fn from(name: &'a HeaderName) -> Self {
        Self::of(Name::Field(Cow::Borrowed(name.as_str())))
    }
}

impl PartialEq<Component<'_>> for Component<'_> {
    #[inline]
    fn eq(&self, other: &Component<'_>) -> bool {
        // No field has the name of a derived component, which begins with `@`.
        let same_flags =
            || self.count() == other.count() && self.flags.iter().flatten().all(|flag| other.has(*flag));
        self.name == other.name
            && (self.flags == other.flags || same_flags())
            && self.argument == other.argument
    }
}

impl Eq for Component<'_> {}

impl fmt::Display for Component<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for Component<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
