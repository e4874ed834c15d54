//! Exceptions about the message around tokens and signatures.

use serde_json::Value;

use super::{Allowed, values};
use crate::base::{Base, Kind};
use crate::signature::{Signature, TAG, component_name};

/// Fields that say who calls and what he may do.
const OF_CALLERS: [&str; 4] =
    ["authorization", "workload-identity-token", "workload-proof-token", "txn-token"];
/// Fields that a signature must cover if they are there, or that hold it.
const OF_SIGNATURES: [&str; 4] = ["signature", "signature-input", "content-digest", "content-type"];

pub(super) const LIST: &[Allowed] = &[
    Allowed {
        name: "the case of a field name (RFC 9110 §5.1; WIT-26)",
        applies: |_, m| m.kind == "field name re-cased",
    },
    Allowed {
        name: "the order of lines that have different names (RFC 9110 §5.3)",
        applies: |base, m| {
            m.kind == "field moved"
                && values(base, &base.vector, &m.subject) == values(base, &m.vector, &m.subject)
        },
    },
    Allowed {
        name: "white space around a field value (RFC 9110 §5.5; WPT-28)",
        applies: |base, m| {
            let trimmed = |vector| {
                let values = values(base, vector, &m.subject).into_iter();
                values.map(|value| value.trim_matches([' ', '\t'])).collect::<Vec<_>>()
            };
            let spaced = m.kind == "white space added" || m.kind.starts_with("octet ");
            spaced && !m.resigned && trimmed(&base.vector) == trimmed(&m.vector)
        },
    },
    Allowed {
        name: "a field that neither is covered nor must be (WPT-32; HSQ-05 to HSQ-09; HSR-11)",
        applies: |base, m| {
            let about_field = ["field ", "value ", "octet ", "bit ", "base64 "];
            !m.resigned
                && about_field.iter().any(|start| m.kind.starts_with(start))
                && is_free(base, &m.subject)
        },
    },
    Allowed {
        name: "method, target and query under a proof token for a listed audience (AMB-33; WPT-12, WPT-13)",
        applies: |base, m| base.kind == Kind::Proof && matches!(m.kind, "method altered" | "target altered"),
    },
    Allowed {
        name: "the same path and query, at whatever authority: wimse-aud binds the audience (HSQ-03, HSQ-04)",
        applies: |base, m| {
            let covered = |vector: &Value| {
                let target: http::Uri =
                    vector["request"]["start_line"].as_str()?.split(' ').nth(1)?.parse().ok()?;
                // An empty query and none have the same value.
                Some((target.path().to_owned(), target.query().unwrap_or_default().to_owned()))
            };
            m.kind == "target altered"
                && base.kind != Kind::Proof
                && covered(&base.vector) == covered(&m.vector)
        },
    },
    Allowed {
        name: "the case of the scheme of Authorization, and spaces behind it (WPT-02)",
        applies: |base, m| {
            let spelled = |vector| {
                let values = values(base, vector, "authorization").into_iter();
                let parts = values.map(|text| text.split_once(' ').unwrap_or((text, "")));
                let spelled = |(scheme, rest): (&str, &str)| {
                    (scheme.to_ascii_lowercase(), rest.trim_start_matches(' ').to_owned())
                };
                parts.map(spelled).collect::<Vec<_>>()
            };
            let by_octets = m.kind.starts_with("octet ") || m.kind.starts_with("bit ");
            base.kind == Kind::Proof && by_octets && spelled(&base.vector) == spelled(&m.vector)
        },
    },
    Allowed {
        name: "the scheme of an access token: ath covers the token alone (WPTL-02)",
        applies: |base, m| {
            let token = |vector| {
                let values = values(base, vector, "authorization").into_iter();
                values.map(|text| text.split_once(' ').map(|(_, token)| token.trim())).collect::<Vec<_>>()
            };
            let older = base.vector["profile"] == "wpt-01" && m.subject == "authorization";
            older && !m.resigned && token(&base.vector) == token(&m.vector)
        },
    },
    Allowed {
        name: "a response that no longer has a signature, if none was asked for (HSR-20)",
        applies: |base, m| {
            let tagged = values(base, &m.vector, "signature-input").join(",");
            base.kind == Kind::Response && !asked(base) && !tagged.contains(&format!(";{TAG}"))
        },
    },
];

/// Whether a field may say anything: it is neither covered, nor would it have to be.
pub(super) fn is_free(base: &Base, name: &str) -> bool {
    let covered = || {
        let components = Signature::of(base).map(|signature| signature.components);
        components.is_none_or(|components| components.iter().any(|(other, _)| component_name(other) == name))
    };
    match base.kind {
        Kind::Token => false,
        Kind::Proof => {
            let context = base.vector["understood_oth"].as_array().into_iter().flatten();
            // A proof token says nothing about signatures and contents.
            !OF_CALLERS.contains(&name)
                && name != "signature-input"
                && !context.into_iter().any(|other| other == name)
        }
        // A response carries no authorization.
        Kind::Response => name != "workload-identity-token" && !OF_SIGNATURES.contains(&name) && !covered(),
        // The older field of proofs means nothing where signatures alone are verified.
        Kind::Request => {
            let guarded = OF_CALLERS.contains(&name) || OF_SIGNATURES.contains(&name);
            (!guarded || name == "workload-proof-token") && !covered()
        }
    }
}

/// Whether the client asked for a signed response.
fn asked(base: &Base) -> bool {
    let lines = base.vector["request"]["headers"].as_array().into_iter().flatten();
    let text: String = lines.filter_map(|line| line[1].as_str()).collect();
    text.contains(";wimse-sign-response") && !text.contains(";wimse-sign-response=?0")
}

/// Whether the response has the digest of content that it does not carry.
pub(super) fn describes_other_content(base: &Base) -> bool {
    let line = |message: &str| base.vector[message]["start_line"].as_str().unwrap_or_default().to_owned();
    base.kind == Kind::Response
        && (line("request").starts_with("HEAD ") || line("response").contains(" 304 "))
}
