//! What proxies do to answers, and what the client says of it.

use wimse_core::Reason;

use super::Rewriting;
use crate::client::Call;
use crate::intermediary::Program::{Haproxy, Nginx};

pub(super) const ANSWERS: &[Rewriting] = &[
    Rewriting(
        "the answer is compressed",
        Nginx,
        "gzip on; gzip_min_length 1; gzip_types *; location / { proxy_pass http://up; }",
        Call::get("/orders").with(&[("accept-encoding", "gzip")]),
        Reason::DigestMismatch,
        &["Content-Digest"],
    ),
    Rewriting(
        "the answer is compressed",
        Haproxy,
        "compression algo gzip
    compression type text/plain",
        Call::get("/orders").with(&[("accept-encoding", "gzip")]),
        Reason::DigestMismatch,
        &["Content-Digest"],
    ),
    Rewriting(
        "the content is replaced",
        Nginx,
        "sub_filter called said; sub_filter_types *; location / { proxy_pass http://up; }",
        Call::get("/orders"),
        Reason::DigestMismatch,
        &["Content-Digest"],
    ),
    Rewriting(
        "the status is changed",
        Haproxy,
        "http-response set-status 203",
        Call::get("/orders"),
        Reason::ProofSignature,
        &["@status", "203"],
    ),
    Rewriting(
        "the content type is changed",
        Haproxy,
        "http-response set-header content-type text/html",
        Call::get("/orders"),
        Reason::ProofSignature,
        &["content-type"],
    ),
    Rewriting(
        "a character set is added",
        Nginx,
        "charset utf-8; location / { proxy_pass http://up; }",
        Call::get("/orders"),
        Reason::ProofSignature,
        &["content-type"],
    ),
    Rewriting(
        "the content type is removed",
        Nginx,
        "location / { proxy_hide_header Content-Type; proxy_pass http://up; }",
        Call::get("/orders"),
        Reason::ComponentUnresolved,
        &["content-type"],
    ),
    Rewriting(
        "a content type is added",
        Haproxy,
        "http-response set-header content-type text/plain",
        Call::get("/nothing"),
        Reason::ComponentNotCovered,
        &["content-type"],
    ),
    Rewriting(
        "a second token is added",
        Nginx,
        "location / {
            add_header Workload-Identity-Token $upstream_http_workload_identity_token; proxy_pass http://up;
        }",
        Call::get("/orders"),
        Reason::WitRepeated,
        &["workload-identity-token"],
    ),
    Rewriting(
        "the token is taken off",
        Nginx,
        "location / { proxy_hide_header Workload-Identity-Token; proxy_pass http://up; }",
        Call::get("/orders"),
        Reason::WitMissing,
        &["Workload Identity Token"],
    ),
    Rewriting(
        "the signature is taken off",
        Haproxy,
        "http-response del-header signature-input",
        Call::get("/orders"),
        Reason::ResponseUnsigned,
        &[],
    ),
];
