//! Exceptions about Workload Identity Tokens and Workload Proof Tokens. Whoever can sign them may say what he likes,
//! as long as the receiver can tell what it means: most of these hold for tokens that were signed again.

use serde_json::{Map, Value};

use super::{Allowed, values};
use crate::base::{Base, Kind};
use crate::jws::Jws;
use crate::mutant::Mutant;

/// Members that decide, by the part of a token. What is done to any other one changes nothing.
const DECIDING: [(&str, &[&str]); 4] = [
    ("wit header", &["alg", "typ", "crit", "b64"]),
    ("wpt header", &["alg", "typ", "crit", "b64"]),
    ("wit claims", &["sub", "exp", "nbf", "cnf"]),
    ("wpt claims", &["aud", "exp", "nbf", "jti", "wth", "tth", "oth"]),
];
/// Members of a key that decide.
const OF_KEYS: [&str; 17] =
    ["kty", "crv", "x", "y", "n", "e", "alg", "d", "k", "p", "q", "dp", "dq", "qi", "oth", "use", "key_ops"];

pub(super) const LIST: &[Allowed] = &[
    Allowed {
        name: "an escape in the name of a JSON member (RFC 8259 §8.3)",
        applies: |_, m| m.resigned && m.kind == "member respelled",
    },
    Allowed {
        name: "white space around JSON (RFC 8259 §2)",
        applies: |_, m| m.resigned && m.kind == "white space around",
    },
    Allowed {
        name: "an unknown or unused member (WIT-12, WIT-32, WPT-37, SVID-04, SVID-10; AMB-25)",
        applies: |base, m| m.resigned && is_about_member(m) && is_unused(base, m),
    },
    Allowed {
        name: "no kid, where the domain has one anchor (WIT-30)",
        applies: |base, m| {
            let gone = matches!(m.kind, "member removed" | "member renamed");
            m.resigned
                && gone
                && m.subject == "wit header"
                && m.place.starts_with("/kid")
                && base.vector["profile"] != "wit-svid"
        },
    },
    Allowed {
        name: "another spelling of the media type in typ (WIT-05, WPT-09; AMB-05)",
        applies: |base, m| {
            let media = |header: &Value| {
                let name = header["typ"].as_str().unwrap_or_default().to_ascii_lowercase();
                name.trim_start_matches("application/").to_owned()
            };
            let wanted = if m.subject == "wit header" { "wit+jwt" } else { "wpt+jwt" };
            m.resigned
                && m.kind == "value altered"
                && m.place.starts_with("/typ")
                && media(&altered(base, m)) == wanted
                && base.vector["profile"] != "wit-svid"
        },
    },
    Allowed {
        name: "another workload of the domain, if the issuer says so (WIT-27)",
        applies: |_, m| {
            m.resigned
                && m.subject == "wit claims"
                && m.kind == "value altered"
                && m.place.starts_with("/sub ")
        },
    },
    Allowed {
        name: "another algorithm or RSA key in cnf, if the issuer says so: no proof is with it (WIT-14, WIT-15)",
        applies: |base, m| {
            let member = m.place.strip_prefix("/cnf/jwk/").and_then(|rest| rest.split(' ').next());
            base.kind == Kind::Token
                && m.resigned
                && m.kind == "value altered"
                && member.is_some_and(|member| ["alg", "n", "e"].contains(&member))
        },
    },
    Allowed {
        name: "the other name of Ed25519, where nothing else names the algorithm (AMB-06)",
        applies: |base, m| {
            let of_key = m.place.starts_with("/cnf/jwk/alg = E") && base.kind != Kind::Proof;
            let of_anchor = m.subject == "wit header" && m.place.starts_with("/alg = E");
            m.resigned && (of_key || of_anchor) && m.place.contains(" = Ed")
        },
    },
    Allowed {
        name: "a fraction or an exponent in a time (RFC 7519 §2)",
        applies: |_, m| {
            let times = [
                "/exp with a fraction",
                "/exp with an exponent",
                "/nbf with a fraction",
                "/nbf with an exponent",
            ];
            m.resigned && m.kind == "member retyped" && times.contains(&m.place.as_str())
        },
    },
    Allowed {
        name: "an nbf that is absent or passed (WIT-08; AMB-36)",
        applies: |base, m| {
            let now = base.vector["now"].as_f64().unwrap();
            let nbf = altered(base, m)["nbf"].clone();
            let gone = matches!(m.kind, "member removed" | "member renamed");
            let passed = nbf.as_f64().is_some_and(|nbf| nbf <= now + 60.0);
            m.resigned && m.place.starts_with("/nbf") && m.kind != "member doubled" && (gone || passed)
        },
    },
    Allowed {
        name: "a list of one audience (AMB-14)",
        applies: |_, m| m.resigned && m.subject == "wpt claims" && m.place == "/aud = [it]",
    },
    Allowed {
        name: "another identifier of the proof, which makes it another proof (WPT-20)",
        applies: |base, m| {
            let text = || altered(base, m)["jti"].as_str().is_some_and(|jti| (1..=256).contains(&jti.len()));
            m.resigned
                && m.subject == "wpt claims"
                && m.place.starts_with("/jti")
                && matches!(m.kind, "value altered" | "member retyped")
                && text()
        },
    },
    Allowed {
        name: "an empty oth in the place of none, and the other way round (WPT-26)",
        applies: |base, m| {
            let empty =
                |claims: &Value| claims.get("oth").is_none_or(|oth| *oth == Value::Object(Map::new()));
            let before = base.proof().is_some_and(|(_, proof)| empty(&proof.claims));
            let about = m.subject == "wpt claims" && m.place.starts_with("/oth");
            m.resigned && about && m.kind != "member doubled" && before && empty(&altered(base, m))
        },
    },
];

fn is_about_member(m: &Mutant) -> bool {
    m.place.starts_with('/')
        && ["member ", "value ", "element "].iter().any(|start| m.kind.starts_with(start))
}

/// Whether a member is none of those that decide.
fn is_unused(base: &Base, m: &Mutant) -> bool {
    let mut path = m.place.split(' ').next().unwrap().split('/').skip(1);
    let (top, second, third) = (path.next().unwrap_or_default(), path.next(), path.next());
    if m.subject == "wit claims" && top == "cnf" {
        return match (second, third) {
            (Some("jwk"), Some(member)) => !OF_KEYS.contains(&member),
            (Some("jwk") | None, _) => false,
            (Some(_), _) => true,
        };
    }
    let settings = || base.vector["settings"].as_object().into_iter().flatten();
    let used_here = match (m.subject.as_str(), top) {
        ("wit header", "kid") => true,
        ("wit claims", "aud") => base.vector["profile"] == "wit-svid",
        ("wit claims", "iss") => settings().any(|(_, domain)| domain.get("issuers").is_some()),
        ("wpt claims", "ath") => base.vector["profile"] == "wpt-01",
        _ => false,
    };
    let deciding = DECIDING.iter().find(|(part, _)| *part == m.subject);
    m.kind != "member doubled" && !used_here && deciding.is_some_and(|(_, names)| !names.contains(&top))
}

/// The JSON of the part of the token that was altered, as it is now; null if it is none.
fn altered(base: &Base, m: &Mutant) -> Value {
    let token = match m.subject.as_str() {
        "wpt header" | "wpt claims" => {
            let fields = ["workload-proof-token", "authorization"].into_iter();
            fields.flat_map(|name| values(base, &m.vector, name)).next()
        }
        _ => {
            values(base, &m.vector, "workload-identity-token").into_iter().next().or(m.vector["wit"].as_str())
        }
    };
    let jws = token.and_then(|token| token.rsplit(' ').next()).and_then(Jws::parse);
    jws.map_or(Value::Null, |jws| if m.subject.ends_with("header") { jws.header } else { jws.claims })
}
