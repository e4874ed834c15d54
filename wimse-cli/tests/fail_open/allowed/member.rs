//! Exceptions about HTTP message signatures and digests.

use data_encoding::{BASE64, Specification};
use serde_json::Value;

use super::message::{describes_other_content, is_free};
use super::{Allowed, content, values};
use crate::base::{Base, Kind};
use crate::member::digests_of;
use crate::mutant::Mutant;
use crate::signature::{Signature, component_name};

/// Parameters that say something.
const PARAMETERS: [&str; 9] = [
    "created",
    "expires",
    "nonce",
    "tag",
    "keyid",
    "alg",
    "wimse-aud",
    "wimse-req-nonce",
    "wimse-sign-response",
];

pub(super) const LIST: &[Allowed] = &[
    Allowed {
        name: "other members beside the WIMSE signature (HSQ-22, HSQ-37)",
        applies: |base, m| {
            !m.resigned
                && ["signature", "signature-input"].contains(&m.subject.as_str())
                && is_intact(base, m)
        },
    },
    Allowed {
        name: "pad bits and padding of the octets in Signature (RFC 9651 §4.2.7)",
        applies: |base, m| !m.resigned && m.subject == "signature" && has_same_octets(base, m),
    },
    Allowed {
        name: "spaces between the parts of Signature-Input and Signature (RFC 9651 §4.2)",
        applies: |base, m| {
            m.kind.starts_with("octet ")
                && m.subject.starts_with("signature")
                && squeezed(base, &base.vector) == squeezed(base, &m.vector)
        },
    },
    Allowed {
        name: "zeros in front of a number, and true written out (RFC 9651 §4.2)",
        applies: |base, m| {
            let plain = |vector| {
                let mut text =
                    squeezed(base, vector).replace("wimse-sign-response=?1", "wimse-sign-response");
                while text.contains("=0") {
                    text = text.replace("=0", "=");
                }
                text
            };
            let spelled = m.kind.starts_with("octet ") || m.kind == "parameter retyped";
            spelled && !m.resigned && plain(&base.vector) == plain(&m.vector)
        },
    },
    Allowed {
        name: "the label, if it is the same in both fields (HSQ-24)",
        applies: |_, m| m.resigned && m.kind == "label altered",
    },
    Allowed {
        name: "(r, n - s) for the ECDSA signature (r, s): replay goes by the identifier of the proof (AMB-31)",
        applies: |_, m| m.kind == "signature mirrored",
    },
    Allowed {
        name: "another nonce, which makes it another signature (HSQ-14; AMB-10)",
        applies: |_, m| {
            m.resigned && m.subject == "nonce" && matches!(m.kind, "parameter altered" | "parameter retyped")
        },
    },
    Allowed {
        name: "the order of parameters and components (RFC 9421 §2.5, §3.1)",
        applies: |_, m| m.resigned && matches!(m.kind, "parameters reordered" | "components reordered"),
    },
    Allowed {
        name: "an unknown parameter of the signature (AMB-39)",
        applies: |_, m| {
            let unknown = m.subject.split('=').next().is_some_and(|name| !PARAMETERS.contains(&name));
            m.resigned && m.kind.starts_with("parameter ") && unknown
        },
    },
    Allowed {
        name: "no wish for a signed response, or another one (HSQ-17)",
        applies: |base, m| {
            let gone = matches!(m.kind, "parameter removed" | "parameter renamed");
            let boolean = [" = ?0", " = ?1", " alone"].contains(&m.place.as_str());
            base.kind == Kind::Request
                && m.resigned
                && m.subject == "wimse-sign-response"
                && (gone || m.kind == "parameter retyped" && boolean)
        },
    },
    Allowed {
        name: "a component beside those that are covered (AMB-24)",
        applies: |_, m| m.resigned && m.kind == "component added",
    },
    Allowed {
        name: "a component that need not be covered, changed or left out (AMB-24)",
        applies: |base, m| {
            let changed = matches!(m.kind, "component removed" | "component retyped");
            m.resigned && changed && !m.subject.is_empty() && is_further(base, &m.subject)
        },
    },
    Allowed {
        name: "a field that is covered when present, left out with its component (HSQ-05, HSR-11; AMB-23)",
        applies: |base, m| {
            let no_content = content(base, &base.vector).is_empty() || describes_other_content(base);
            m.kind == "field and component removed" && (m.subject == "\"content-type\"" || no_content)
        },
    },
    Allowed {
        name: "a digest by an algorithm that is unknown or broken, beside a good one (AMB-22)",
        applies: |base, m| {
            let text = values(base, &m.vector, "content-digest").join(",");
            let good = || digests_of(content(base, &m.vector)).iter().any(|digest| text.contains(digest));
            m.resigned && m.kind == "digest altered" && m.place.starts_with('@') && good()
        },
    },
    Allowed {
        name: "the digest of content that is not sent (AMB-23)",
        applies: |base, m| m.resigned && m.kind == "digest altered" && describes_other_content(base),
    },
];

/// Whether a covered component is more than the profile wants.
fn is_further(base: &Base, component: &str) -> bool {
    let name = component_name(component);
    let older = base.vector["profile"] == "httpsig-06";
    match name {
        "@method" | "@status" => false,
        "@path" | "@query" => older,
        "@request-target" => !older,
        _ if name.starts_with('@') || component.contains(';') => true,
        "content-type" | "content-digest" | "workload-identity-token" | "authorization" | "txn-token" => {
            false
        }
        _ => base.field(name).is_some() && !is_free(base, name),
    }
}

/// Whether the WIMSE signature stands in the mutant as it was, and its label nowhere else.
fn is_intact(base: &Base, m: &Mutant) -> bool {
    let Some(signature) = Signature::of(base) else { return false };
    let label = format!("{}=", signature.label);
    let intact = |name: &str, member: &str| {
        let (before, now) = (values(base, &base.vector, name), values(base, &m.vector, name));
        let count = |values: &[&str]| values.join(", ").matches(&label).count();
        now.iter().any(|text| text.contains(member)) && count(&before) == count(&now)
    };
    intact("signature-input", signature.input()) && intact("signature", signature.value())
}

fn has_same_octets(base: &Base, m: &Mutant) -> bool {
    let Some(signature) = Signature::of(base) else { return false };
    let mut lenient: Specification = BASE64.specification();
    (lenient.check_trailing_bits, lenient.padding) = (false, None);
    let text = values(base, &m.vector, "signature").join(", ");
    let behind = text.split_once(&format!("{}=:", signature.label));
    let octets =
        behind.and_then(|(_, rest)| rest.split_once(':')).map(|(octets, _)| octets.trim_end_matches('='));
    let decoded = octets.map(|octets| lenient.encoding().unwrap().decode(octets.as_bytes()));
    decoded.is_some_and(|decoded| decoded.is_ok_and(|octets| octets == signature.octets))
}

/// Both signature fields without the spaces outside quotes.
fn squeezed(base: &Base, vector: &Value) -> String {
    let text = ["signature-input", "signature"].map(|name| values(base, vector, name).join(",")).join("\n");
    let mut quoted = true;
    let squeezed = text.split('"').map(|part| {
        quoted = !quoted;
        if quoted { part.to_owned() } else { part.replace(' ', "") }
    });
    squeezed.collect::<Vec<_>>().join("\"")
}
