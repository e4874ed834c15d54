//! What a proof covers of a message, told without the code under test.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request};
use wimse_core::httpsig::profile::TAG;
use wimse_core::httpsig::{Limits, ReceivedSignatures};
use wimse_core::testing::FrozenClock;
use wimse_core::{CalleeMap, Proof, Revision, Signer, WorkloadId};

use crate::{CALLEE, CALLER, CONTEXT, TRUST, credential};

/// Fields that both kinds of proof cover, or that hold one.
const FIELDS: [&str; 5] =
    ["workload-identity-token", "authorization", "workload-proof-token", "txn-token", CONTEXT];
const CONTENT_FIELDS: [&str; 2] = ["content-type", "content-digest"];

/// A request without its signature, as far as its proof covers it: two that are accepted and equal in this mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View(Vec<String>);

impl View {
    pub fn of(request: &Request<Vec<u8>>, proof: Proof, revision: Revision) -> Self {
        let (headers, uri) = (request.headers(), request.uri());
        let mut parts = vec![format!("path {}", uri.path())];
        for name in FIELDS {
            let values = lines(headers, name);
            // The older token covers what follows the scheme, without the white space around it.
            let token_alone = proof == Proof::Wpt
                && revision == Revision::Wpt01HttpSignature06
                && name == AUTHORIZATION.as_str();
            match values.as_slice() {
                [value] if token_alone && value.contains(' ') => {
                    parts.push(format!(
                        "token {}",
                        value.split_once(' ').map_or("", |(_, token)| token).trim()
                    ));
                }
                values => parts.push(format!("{name} {values:?}")),
            }
        }
        if proof == Proof::HttpSignature {
            // RFC 9421 §2.2.7: no query and an empty one are the same; the target as a whole tells them apart.
            let query = match revision {
                Revision::Wpt02HttpSignature07 => uri.query().unwrap_or_default().to_owned(),
                _ => format!("{:?}", uri.query()),
            };
            parts.push(format!("method {} query {query}", request.method()));
            parts.extend(CONTENT_FIELDS.map(|name| format!("{name} {:?}", lines(headers, name))));
            parts.push(format!("content {:?}", request.body()));
        }
        Self(parts)
    }

    /// A response in the same way. All of the request is known to be the one that was sent.
    pub fn of_response(status: u16, headers: &HeaderMap, content: &[u8]) -> Self {
        let mut parts = vec![format!("status {status} content {content:?}")];
        let names = ["workload-identity-token"].into_iter().chain(CONTENT_FIELDS);
        parts.extend(names.map(|name| format!("{name} {:?}", lines(headers, name))));
        Self(parts)
    }
}

/// The lines of a field, without white space around them.
pub fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| trimmed(value.as_bytes())).collect()
}

pub fn trimmed(value: &[u8]) -> String {
    value.trim_ascii().escape_ascii().to_string()
}

/// What the WIMSE signature of a message says, and the signature; `None` if there is none that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed(String, Vec<u8>);

impl Signed {
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let signatures = ReceivedSignatures::parse(headers, &Limits::default()).ok()?;
        let signature = signatures.by_tag(TAG).ok()?;
        Some(Self(signature.input().ok()?.to_string(), signature.signature().ok()?.to_vec()))
    }
}

/// A client's signer.
pub fn signer(clock: &FrozenClock, proof: Proof, revision: Revision, required: bool) -> Signer {
    let callees = CalleeMap::new().with("orders.example.com", WorkloadId::parse(CALLEE).unwrap());
    let builder = Signer::builder()
        .credentials(credential(CALLER))
        .proof(proof)
        .revision(revision)
        .context_tokens([CONTEXT])
        .expected_callees(callees)
        .response_anchors(&*TRUST)
        .clock(clock.clone());
    let builder = if required { builder.require_signed_responses() } else { builder };
    builder.build().unwrap()
}

/// A service's signer, for responses.
pub fn server(clock: &FrozenClock, subject: &str) -> Signer {
    Signer::builder().credentials(credential(subject)).clock(clock.clone()).build().unwrap()
}
