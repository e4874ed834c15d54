//! Messages written as HTTP/1.1 text, and signature bases of components written as identifiers.

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use wimse_core::httpsig::{
    BaseBuilder, Component, HttpSigError, Message, Problem, RequestParts, SignatureBuilder,
};

fn fields<'t>(lines: impl Iterator<Item = &'t str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        let name = HeaderName::try_from(name).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

pub(crate) fn request(text: &str) -> Request<()> {
    let mut lines = text.lines();
    let mut start = lines.next().unwrap().split(' ');
    let builder = Request::builder().method(start.next().unwrap()).uri(start.next().unwrap());
    let mut request = builder.body(()).unwrap();
    *request.headers_mut() = fields(lines);
    request
}

pub(crate) fn response(text: &str) -> Response<()> {
    let mut lines = text.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut response = Response::builder().status(status).body(()).unwrap();
    *response.headers_mut() = fields(lines);
    response
}

pub(crate) fn headers(text: &str) -> HeaderMap {
    fields(text.lines())
}

/// The value that one component has in a message.
pub(crate) fn value_in(message: &Message<'_>, identifier: &str) -> Result<String, HttpSigError> {
    let component: Component<'static> = identifier.parse()?;
    let signature = SignatureBuilder::new("sig").cover([component.clone()]);
    let mut base = BaseBuilder::new();
    let text = base.build(message, signature.input())?;
    let line = text.lines().next().unwrap();
    Ok(line.strip_prefix(&format!("{component}: ")).unwrap().to_owned())
}

pub(crate) fn value<'a>(
    request: impl Into<RequestParts<'a>>,
    identifier: &str,
) -> Result<String, HttpSigError> {
    value_in(&request.into().into(), identifier)
}

/// Why one component cannot be read from a message.
pub(crate) fn problem<'a>(request: impl Into<RequestParts<'a>>, identifier: &str) -> Problem {
    match value(request, identifier) {
        Err(HttpSigError::Unresolved(component, problem)) => {
            assert_eq!(component.to_string(), identifier);
            problem
        }
        other => panic!("{identifier}: {other:?}"),
    }
}
