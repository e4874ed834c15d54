//! One message and one `Signature-Input` for both sides: the engine and the reference.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use wimse_core::httpsig::{
    BaseBuilder, FieldType, FieldTypes, HttpSigError, Limits, Message, ReceivedSignatures, RequestParts,
    ResponseParts, SIGNATURE_INPUT,
};

use super::reference::{self, Base, Kind, Lines};

/// The form of the request target (RFC 9112 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `/path?query`, with the authority in `Host`.
    Origin,
    /// The same, where the caller knows the authority.
    OriginOfKnown,
    /// `https://host/path?query`, as in HTTP/2: there is no request line.
    Absolute,
    /// The same in a request line, as for a proxy.
    AbsoluteInLine,
    /// `host:port` of CONNECT.
    Authority,
    /// `*` of OPTIONS.
    Asterisk,
}

/// Everything that a base depends on, as text.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) form: Form,
    pub(crate) method: String,
    /// The scheme of an absolute target, or what the caller knows.
    pub(crate) scheme: Option<String>,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) fields: Lines,
    pub(crate) trailers: Option<Lines>,
    pub(crate) answer: Option<Answer>,
    /// What `Signature-Input` has behind `sig=`.
    pub(crate) input: String,
}

/// The response that is signed, if it is not the request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Lines,
    pub(crate) trailers: Option<Lines>,
    pub(crate) request_known: bool,
}

/// Fields whose type both sides know: three of their own, and of those that are registered one of each type.
const KINDS: [(&str, Kind, bool); 6] = [
    ("x-dictionary", Kind::Dictionary, true),
    ("x-list", Kind::List, true),
    ("x-item", Kind::Item, true),
    ("priority", Kind::Dictionary, false),
    ("cache-status", Kind::List, false),
    ("client-cert", Kind::Item, false),
];

/// What the two sides make of it; `None` if no HTTP library can hold the message.
pub(crate) fn sides(case: &Case) -> Option<(Result<String, HttpSigError>, Option<Base>)> {
    let absolute = matches!(case.form, Form::Absolute | Form::AbsoluteInLine);
    let origin = matches!(case.form, Form::Origin | Form::OriginOfKnown);
    let query = case.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    // No `?` and no `#` in a path, no `#` in a query, and the path begins with a slash or is empty: or the parts that the
    // text is made of are not those that it has (RFC 3986 §3).
    let sound = !case.path.contains(['?', '#'])
        && !query.contains('#')
        && !case.authority.contains(['/', '?', '#'])
        && (case.path.starts_with('/') || case.path.is_empty() && absolute);
    let target = match case.form {
        _ if !sound => return None,
        Form::Origin | Form::OriginOfKnown => format!("{}{query}", case.path),
        Form::Absolute | Form::AbsoluteInLine => {
            format!("{}://{}{}{query}", case.scheme.as_ref()?, case.authority, case.path)
        }
        Form::Authority => case.authority.clone(),
        Form::Asterisk => "*".to_owned(),
    };
    let method = match case.form {
        Form::Authority => "CONNECT",
        Form::Asterisk => "OPTIONS",
        _ if case.method == "CONNECT" => return None,
        _ => &case.method,
    };
    let in_host = matches!(case.form, Form::Origin | Form::Asterisk);
    let mut fields = case.fields.clone();
    if in_host {
        fields.push(("host".to_owned(), case.authority.clone().into_bytes()));
    }

    let uri: Uri = target.parse().ok()?;
    let headers = header_map(&fields)?;
    let trailers = case.trailers.as_ref().map(header_map).map_or(Some(None), |map| map.map(Some))?;
    let http_method: Method = method.parse().ok()?;
    let mut parts = RequestParts::new(&http_method, &uri, &headers);
    if let Some(trailers) = &trailers {
        parts = parts.with_trailers(trailers);
    }
    if let (false, Some(scheme)) = (absolute, &case.scheme) {
        parts = parts.with_scheme(scheme);
    }
    if case.form == Form::OriginOfKnown {
        parts = parts.with_authority(&case.authority);
    }
    if case.form == Form::AbsoluteInLine {
        parts = parts.with_request_target(&target);
    }
    let request = reference::Request {
        method: method.to_owned(),
        scheme: case.scheme.clone(),
        authority: (!in_host).then(|| case.authority.clone()),
        path: (absolute || origin).then(|| case.path.clone()),
        query: case.query.clone().filter(|_| absolute || origin),
        target: (case.form != Form::Absolute).then(|| target.clone()),
        fields,
        trailers: case.trailers.clone(),
    };

    let kinds: BTreeMap<&str, Kind> = KINDS.iter().map(|(name, kind, _)| (*name, *kind)).collect();
    let member = format!("sig={}", case.input);
    let Some(answer) = &case.answer else {
        let base = reference::base(
            &reference::Message::Request(request),
            member.trim_matches([' ', '\t']),
            "sig",
            &kinds,
        );
        return Some((engine(&Message::from(parts), &member)?, base));
    };
    let (answer_headers, status) = (header_map(&answer.fields)?, StatusCode::from_u16(answer.status).ok()?);
    let answer_trailers = answer.trailers.as_ref().map(header_map).map_or(Some(None), |map| map.map(Some))?;
    let mut response = ResponseParts::new(status, &answer_headers);
    if let Some(trailers) = &answer_trailers {
        response = response.with_trailers(trailers);
    }
    if answer.request_known {
        response = response.with_request(parts);
    }
    let message = reference::Message::Response(reference::Response {
        status: answer.status,
        fields: answer.fields.clone(),
        trailers: answer.trailers.clone(),
        request: answer.request_known.then_some(request),
    });
    let base = reference::base(&message, member.trim_matches([' ', '\t']), "sig", &kinds);
    Some((engine(&Message::from(response), &member)?, base))
}

fn header_map(lines: &Lines) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    Some(headers)
}

/// The engine's base, for what a field can carry.
fn engine(message: &Message<'_>, member: &str) -> Option<Result<String, HttpSigError>> {
    let mut signature = HeaderMap::new();
    signature.insert(SIGNATURE_INPUT, HeaderValue::from_str(member).ok()?);
    let mut types = FieldTypes::default();
    for (name, kind, own) in KINDS {
        let kind = match kind {
            Kind::Dictionary => FieldType::Dictionary,
            Kind::List => FieldType::List,
            Kind::Item => FieldType::Item,
        };
        if own {
            types = types.with(HeaderName::from_static(name), kind);
        }
    }
    let mut builder = BaseBuilder::new().with_field_types(types);
    let mut read = || {
        let received = ReceivedSignatures::parse(&signature, &Limits::default())?;
        builder.build(message, received.by_label("sig")?.input()?).map(str::to_owned)
    };
    Some(read())
}

/// Holds the two sides against each other. Whether there is a base, or `None` if there was nothing to compare.
///
/// The engine may refuse for its limits and where the reference says that the RFCs are lax. Everything else is to be the
/// same: a base of both and the same octets, or a refusal of both.
///
/// # Panics
///
/// If the two differ.
pub(crate) fn agree(case: &Case) -> Option<bool> {
    let (engine, reference) = sides(case)?;
    let limits = [
        HttpSigError::TooLarge,
        HttpSigError::TooManyLabels,
        HttpSigError::TooManyComponents,
        HttpSigError::TooManyParameters,
        HttpSigError::TooMuchCovered,
    ];
    match (&engine, &reference) {
        (Ok(ours), Some(theirs)) if *ours == theirs.text => Some(true),
        (Err(_), None) => Some(false),
        (Err(error), Some(_)) if limits.contains(error) => None,
        (Err(_), Some(theirs)) if !theirs.lax.is_empty() => None,
        (Ok(_), Some(theirs)) if theirs.lax.contains(&reference::Lax::Port) => None,
        _ => panic!("engine: {engine:#?}\nreference: {reference:#?}\nof {case:#?}"),
    }
}
