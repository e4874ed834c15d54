//! What may happen to a message on its way, and how we notice.

use http::{HeaderValue, Method, StatusCode};

use crate::ORIGIN;
use crate::case::{Case, Rest};

pub(crate) type Change = fn(&mut Case);

/// What is done to every case, and by which reason it must be refused. A change that has nothing to bite on leaves the
/// case as it is.
pub(crate) const CHANGES: [(&str, Change, &str); 21] = [
    ("the method", |c| c.method = Method::PATCH, "proof_signature"),
    ("the path", |c| retarget(c, "x", ""), "proof_signature"),
    ("the query", |c| retarget(c, "", "z=1"), "proof_signature"),
    ("the audience", |c| c.audience.push('x'), "audience_mismatch"),
    ("the caller's token", |c| copy_token(&c.response, &mut c.request), "proof_signature"),
    ("the request's type", |c| set(&mut c.request, "content-type", "a/b"), "proof_signature"),
    ("the authorization", |c| set(&mut c.request, "authorization", "Bearer b"), "proof_signature"),
    ("the transaction token", |c| set(&mut c.request, "txn-token", "b"), "proof_signature"),
    ("the request's digest", |c| set(&mut c.request, "content-digest", OTHER_DIGEST), "proof_signature"),
    ("the request's content", |c| more(&mut c.request), "digest_mismatch"),
    ("the request's nonce", |c| edit(&mut c.request, ";nonce=\"", ";nonce=\"x"), "proof_signature"),
    ("the wish for a signature", |c| edit(&mut c.request, ";wimse-sign-response", ""), "proof_signature"),
    ("an unknown parameter", |c| edit(&mut c.request, "x-unknown=42", "x-unknown=43"), "proof_signature"),
    ("the request's coverage", |c| edit(&mut c.request, "\"@path\" ", ""), "component_not_covered"),
    ("the status", |c| c.status = StatusCode::IM_A_TEAPOT, "proof_signature"),
    ("the callee's token", |c| copy_token(&c.request, &mut c.response), "proof_signature"),
    ("the response's type", |c| set(&mut c.response, "content-type", "a/b"), "proof_signature"),
    ("the response's content", |c| more(&mut c.response), "digest_mismatch"),
    ("the response's nonce", |c| edit(&mut c.response, ";nonce=\"", ";nonce=\"x"), "proof_signature"),
    (
        "the tie",
        |c| edit(&mut c.response, "wimse-req-nonce=\"", "wimse-req-nonce=\"x"),
        "request_nonce_mismatch",
    ),
    (
        "the response's coverage",
        |c| edit(&mut c.response, "\"@path\";req", "\"@path\""),
        "component_not_covered",
    ),
];

const OTHER_DIGEST: &str = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

fn retarget(case: &mut Case, path: &str, query: &str) {
    let query = match case.uri.query() {
        Some(old) => format!("?{old}{query}"),
        None if query.is_empty() => String::new(),
        None => format!("?{query}"),
    };
    case.uri = format!("{ORIGIN}{}{path}{query}", case.uri.path()).parse().unwrap();
}

fn copy_token(from: &Rest, to: &mut Rest) {
    let name = "workload-identity-token";
    to.headers.insert(name, from.headers[name].clone());
}

fn set(message: &mut Rest, name: &'static str, value: &'static str) {
    if message.headers.contains_key(name) {
        message.headers.insert(name, HeaderValue::from_static(value));
    }
}

fn more(message: &mut Rest) {
    if !message.content.is_empty() {
        message.content.push('.');
    }
}

fn edit(message: &mut Rest, from: &str, to: &str) {
    let input = message.headers["signature-input"].to_str().unwrap();
    // The last one: that of an intermediary comes first.
    let Some((before, after)) = input.rsplit_once(from) else { return };
    let input = format!("{before}{to}{after}");
    message.headers.insert("signature-input", input.parse().unwrap());
}
