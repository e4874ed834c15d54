//! Altered tokens with sound signatures: what is wrong with them is in their words alone.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use wimse_core::jose::SigningKey;

use crate::base::{Base, Kind};
use crate::json::{Variant, variants};
use crate::jws::{Jws, Keys, encode, input, signed};
use crate::mutant::{Mutant, Sink};
use crate::signature::Signature;

const TOKEN_HEADER: [(&str, &str); 14] = [
    ("crit", "[\"x\"]"),
    ("crit", "[\"exp\"]"),
    ("crit", "[]"),
    ("crit", "null"),
    ("crit", "[\"b64\"]"),
    ("b64", "false"),
    ("zip", "\"DEF\""),
    ("cty", "\"JWT\""),
    ("jku", "\"https://evil.example/keys\""),
    ("x5u", "\"https://evil.example/chain\""),
    ("x5c", "[\"AAAA\"]"),
    ("jwk", "{\"kty\":\"oct\",\"k\":\"AAAA\"}"),
    ("enc", "\"A256GCM\""),
    ("kid", "\"another\""),
];
const TOKEN_CLAIMS: [(&str, &str); 12] = [
    ("nbf", "99999999999"),
    ("nbf", "null"),
    ("nbf", "\"0\""),
    ("nbf", "-1e400"),
    ("aud", "\"https://evil.example\""),
    ("iss", "7"),
    ("iss", "null"),
    ("sub2", "\"wimse://example.com/admin\""),
    ("Sub", "\"wimse://example.com/admin\""),
    ("cnf2", "{}"),
    ("jti", "7"),
    ("iat", "\"x\""),
];
const PROOF_CLAIMS: [(&str, &str); 13] = [
    ("nbf", "99999999999"),
    ("nbf", "null"),
    ("iat", "99999999999"),
    ("tth", "\"x\""),
    ("tth", "null"),
    ("oth", "{}"),
    ("oth", "null"),
    ("oth", "[]"),
    ("oth", "{\"x-unknown\":\"x\"}"),
    ("oth", "{\"host\":\"x\"}"),
    ("oth", "{\"authorization\":\"x\"}"),
    ("ath", "\"x\""),
    ("ath", "null"),
];
const ALGORITHMS: [&str; 19] = [
    "none", "None", "NONE", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384",
    "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448", "dir", "RSA-OAEP",
];
const TYPES: [&str; 9] = [
    "wit+jwt",
    "wpt+jwt",
    "WIT+JWT",
    "application/wit+jwt",
    "application/wpt+jwt",
    "jwt",
    "JOSE",
    "at+jwt",
    "wit+jwt;v=1",
];

/// The keys behind one vector.
pub(crate) struct Reissue<'a> {
    base: &'a Base,
    issuer: Option<SigningKey>,
    sender: Option<SigningKey>,
    signature: Option<Signature>,
}

impl<'a> Reissue<'a> {
    pub(crate) fn new(base: &'a Base, keys: &Keys) -> Self {
        let behind = |jws: &Jws| keys.behind(jws.algorithm(), jws.input.as_bytes(), &jws.signature);
        let token = Jws::parse(&base.token()).unwrap();
        let signature = Signature::of(base);
        let sender = match (&signature, base.proof()) {
            (Some(signature), _) => {
                let algorithm = token.claims["cnf"]["jwk"]["alg"].as_str().unwrap().parse().unwrap();
                keys.behind(algorithm, signature.base().as_bytes(), &signature.octets)
            }
            (None, Some((_, proof))) => behind(&proof),
            (None, None) => None,
        };
        Self { base, issuer: behind(&token), sender, signature }
    }

    pub(crate) fn signature(&self) -> Option<(&Signature, &SigningKey)> {
        self.signature.as_ref().zip(self.sender.as_ref())
    }

    pub(crate) fn mutate(&self, sink: &mut Sink<'_>) {
        self.tokens(sink);
        self.proofs(sink);
    }

    /// Nothing changed but the signatures: must be accepted, or the search would look in the wrong place.
    pub(crate) fn unchanged(&self) -> Vec<Value> {
        let token = self.issuer.as_ref().map(|issuer| {
            let jws = Jws::parse(&self.base.token()).unwrap();
            signed(&jws.header.to_string(), &jws.claims.to_string(), issuer)
        });
        let reissued = token.and_then(|token| self.presented(&token));
        let again = self.presented(&self.base.token()).filter(|_| self.base.kind != Kind::Token);
        reissued.into_iter().chain(again).collect()
    }

    fn tokens(&self, sink: &mut Sink<'_>) {
        let jws = Jws::parse(&self.base.token()).unwrap();
        let (header, claims) = (jws.header.to_string(), jws.claims.to_string());
        let headers = altered(&jws.header, &TOKEN_HEADER);
        let bodies = altered(&jws.claims, &TOKEN_CLAIMS);
        let line = self.base.token_field();
        for (part, variants) in [("wit header", headers), ("wit claims", bodies)] {
            for Variant { kind, place, text } in variants {
                let (header, claims) = if part == "wit header" { (&text, &claims) } else { (&header, &text) };
                let old = format!("{}.{}", input(header, claims), encode(&jws.signature));
                sink(Mutant::new(kind, part, place.as_str(), self.base.with_text(line, &old)));
                let new =
                    self.issuer.as_ref().and_then(|issuer| self.presented(&signed(header, claims, issuer)));
                if let Some(vector) = new {
                    sink(Mutant::resigned(kind, part, place, vector));
                }
            }
        }
    }

    fn proofs(&self, sink: &mut Sink<'_>) {
        let Some((line, jws)) = self.base.proof() else { return };
        let (header, claims) = (jws.header.to_string(), jws.claims.to_string());
        let value = &self.base.fields()[line].1;
        let scheme = value.rfind(' ').map_or("", |at| &value[..=at]);
        let headers = altered(&jws.header, &TOKEN_HEADER);
        let bodies = altered(&jws.claims, &PROOF_CLAIMS);
        for (part, variants) in [("wpt header", headers), ("wpt claims", bodies)] {
            for Variant { kind, place, text } in variants {
                let (header, claims) = if part == "wpt header" { (&text, &claims) } else { (&header, &text) };
                let put = |proof: String| self.base.with_text(Some(line), &format!("{scheme}{proof}"));
                let old = format!("{}.{}", input(header, claims), encode(&jws.signature));
                sink(Mutant::new(kind, part, place.as_str(), put(old)));
                if let Some(sender) = &self.sender {
                    sink(Mutant::resigned(kind, part, place, put(signed(header, claims, sender))));
                }
            }
        }
    }

    /// The message with another token, and with a proof or signature that fits it.
    fn presented(&self, token: &str) -> Option<Value> {
        match self.base.kind {
            Kind::Token => Some(self.base.with_text(None, token)),
            Kind::Proof => {
                let (line, mut jws) = self.base.proof()?;
                jws.claims["wth"] = json!(encode(digest(&SHA256, token.as_bytes()).as_ref()));
                let proof = signed(&jws.header.to_string(), &jws.claims.to_string(), self.sender.as_ref()?);
                let value = &self.base.fields()[line].1;
                let scheme = value.rfind(' ').map_or("", |at| &value[..=at]);
                Some(self.base.with_fields(|fields| {
                    fields[line].1 = format!("{scheme}{proof}");
                    fields[self.base.token_field().unwrap()].1 = token.to_owned();
                }))
            }
            Kind::Request | Kind::Response => {
                let (signature, sender) = self.signature()?;
                signature.clone().with_value("\"workload-identity-token\"", token).put(
                    self.base,
                    sender,
                    |fields| {
                        fields[self.base.token_field().unwrap()].1 = token.to_owned();
                    },
                )
            }
        }
    }
}

/// Everything that is done to the JSON of one part of a token.
fn altered(value: &Value, added: &[(&str, &str)]) -> Vec<Variant> {
    let mut variants = variants(value);
    let text = value.to_string();
    let mut put = |kind, place: String, text: String| variants.push(Variant { kind, place, text });
    for (name, member) in added.iter().filter(|(name, _)| value.get(name).is_none()) {
        put(
            "member added",
            format!("/{name} = {member}"),
            format!("{},\"{name}\":{member}}}", &text[..text.len() - 1]),
        );
    }
    for (name, others) in [("alg", ALGORITHMS.as_slice()), ("typ", &TYPES)] {
        if let Some(member) = value.get(name).and_then(Value::as_str) {
            for other in others.iter().filter(|other| **other != member) {
                let mut value = value.clone();
                value[name] = json!(other);
                put("value altered", format!("/{name} = {other}"), value.to_string());
            }
        }
    }
    if let Some(key) = value.pointer("/cnf/jwk") {
        for other in ALGORITHMS.iter().filter(|other| key["alg"] != **other) {
            let mut value = value.clone();
            value["cnf"]["jwk"]["alg"] = json!(other);
            put("value altered", format!("/cnf/jwk/alg = {other}"), value.to_string());
        }
        for (name, member) in [
            ("d", "\"AAAA\""),
            ("k", "\"AAAA\""),
            ("d", "null"),
            ("use", "\"enc\""),
            ("key_ops", "[\"encrypt\"]"),
            ("p", "\"AAAA\""),
        ] {
            let mut key = key.to_string();
            key.truncate(key.len() - 1);
            let mut others = value.clone();
            others["cnf"]["jwk"] = json!("KEY");
            let text = others.to_string().replace("\"KEY\"", &format!("{key},\"{name}\":{member}}}"));
            put("member added", format!("/cnf/jwk/{name} = {member}"), text);
        }
    }
    for (place, other) in [
        ("trailing text", format!("{text}x")),
        ("a second value", format!("{text}{text}")),
        ("an array around", format!("[{text}]")),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("a comma too many", format!("{},}}", &text[..text.len() - 1])),
        ("a comment", format!("{}/**/}}", &text[..text.len() - 1])),
        ("nothing", String::new()),
        ("null", "null".to_owned()),
        ("an empty object", "{}".to_owned()),
    ] {
        put("JSON altered", place.to_owned(), other);
    }
    put("white space around", "in front".to_owned(), format!(" {text}"));
    put("white space around", "behind".to_owned(), format!("{text}\n"));
    variants
}
