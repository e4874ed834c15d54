//! The accepted vectors, each as a document of its own with everything spelled out that its receiver is set up with.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wimse_cli::conformance::{Decision, decide};

use crate::jws::Jws;

/// Members that no decision depends on.
const FOR_READERS: [&str; 7] =
    ["source", "reason", "requirements", "header", "claims", "expected_reason", "signature_valid"];

/// Field lines, in order.
pub(crate) type Lines = Vec<(String, String)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Workload Identity Token alone.
    Token,
    /// A request with a Workload Proof Token.
    Proof,
    /// A request with an HTTP message signature.
    Request,
    /// A response with one.
    Response,
}

#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) vector: Value,
    anchors: Value,
}

/// Every accepted message of the project's vectors that says who sent it.
pub(crate) fn all() -> Vec<Base> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/vectors");
    let read =
        |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap() };
    let neighbour = read("wit.json")["trust_anchors"].clone();
    let files = ["wit.json", "wpt.json", "httpsig.json", "own-wit.json", "own-wpt.json", "own-httpsig.json"];
    let mut bases = Vec::new();
    for file in files {
        let document = read(file);
        let anchors = document.get("trust_anchors").unwrap_or(&neighbour);
        let vectors = document["vectors"].as_array().unwrap().iter();
        let accepted = vectors.filter(|vector| vector["expected"] == "accept");
        bases.extend(accepted.filter_map(|vector| Base::new(vector.clone(), anchors.clone())));
    }
    bases
}

impl Base {
    fn new(mut vector: Value, anchors: Value) -> Option<Self> {
        let members = vector.as_object_mut().unwrap();
        members.retain(|name, _| !FOR_READERS.contains(&name.as_str()));
        let kind = match (members.get("kind").and_then(Value::as_str), members.contains_key("wit")) {
            (Some("response"), _) => Kind::Response,
            (Some(_), _) => Kind::Request,
            (None, true) => Kind::Token,
            (None, false) => Kind::Proof,
        };
        // Nobody claims anything in a response without a signature.
        if kind == Kind::Response && !members.contains_key("label") {
            return None;
        }
        let mut base = Self { id: members["id"].as_str().unwrap().to_owned(), kind, vector, anchors };
        base.pin_receiver();
        Some(base)
    }

    /// Where a vector leaves the receiver open, its message decides. A mutant must not set up its own receiver.
    fn pin_receiver(&mut self) {
        let wit = |base: &Self| Jws::parse(&base.fields()[base.token_field().unwrap()].1).unwrap();
        match self.kind {
            Kind::Proof if self.vector.get("understood_oth").is_none() => {
                let (_, proof) = self.proof().unwrap();
                let covered = proof.claims["oth"].as_object();
                let covered: Vec<_> = covered.into_iter().flatten().map(|(name, _)| name.clone()).collect();
                self.vector["understood_oth"] = json!(covered);
            }
            Kind::Request if self.vector.get("expected_audiences").is_none() => {
                let audience = self.parameter("wimse-aud").expect("a covered audience");
                self.vector["expected_audiences"] = json!([audience]);
            }
            Kind::Response if self.vector.get("expected_server_identifier").is_none() => {
                self.vector["expected_server_identifier"] = wit(self).claims["sub"].clone();
            }
            Kind::Token | Kind::Proof | Kind::Request | Kind::Response => {}
        }
    }

    /// Which member of the vector holds the message that arrives.
    pub(crate) fn message(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Token => None,
            Kind::Proof | Kind::Request => Some("request"),
            Kind::Response => Some("response"),
        }
    }

    /// The field lines of the message that arrives; a token alone has none.
    pub(crate) fn fields(&self) -> Lines {
        let lines = self.message().map(|message| self.vector[message]["headers"].as_array().unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        lines.into_iter().flatten().map(|line| (text(&line[0]), text(&line[1]))).collect()
    }

    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.fields().iter().position(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    pub(crate) fn token_field(&self) -> Option<usize> {
        self.field("workload-identity-token")
    }

    /// The token that says who sends, and what stands before it.
    pub(crate) fn token(&self) -> String {
        match self.token_field() {
            Some(line) => self.fields()[line].1.clone(),
            None => self.vector["wit"].as_str().unwrap().to_owned(),
        }
    }

    /// The line with the proof token, and the proof.
    pub(crate) fn proof(&self) -> Option<(usize, Jws)> {
        let fields = self.fields();
        let line = self.field("workload-proof-token").or_else(|| self.field("authorization"))?;
        (self.kind == Kind::Proof)
            .then(|| (line, Jws::parse(fields[line].1.rsplit(' ').next().unwrap()).unwrap()))
    }

    /// A parameter of the signature, as text without quotes.
    fn parameter(&self, name: &str) -> Option<String> {
        let base = self.vector["signature_base"].as_str()?;
        let (_, after) = base.rsplit_once(&format!(";{name}=\""))?;
        Some(after.split('"').next()?.to_owned())
    }

    /// A copy with one thing changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut vector = self.vector.clone();
        change(&mut vector);
        vector
    }

    /// A copy with other field lines.
    pub(crate) fn with_fields(&self, change: impl FnOnce(&mut Lines)) -> Value {
        let mut fields = self.fields();
        change(&mut fields);
        self.with(|vector| vector[self.message().unwrap()]["headers"] = json!(fields))
    }

    /// A copy with another value in one line, or another token where there is nothing but that.
    pub(crate) fn with_text(&self, line: Option<usize>, text: &str) -> Value {
        match (line, self.message()) {
            (Some(line), Some(message)) => {
                self.with(|vector| vector[message]["headers"][line][1] = json!(text))
            }
            _ => self.with(|vector| vector["wit"] = json!(text)),
        }
    }

    /// What comes of messages at one receiver, one after another; `None` if the vector cannot be run at all.
    pub(crate) fn decide(&self, vectors: &[&Value]) -> Option<Vec<Decision>> {
        let mut document = json!({ "trust_anchors": self.anchors });
        let [alone] = vectors else {
            let mut named: Vec<Value> = vectors.iter().map(|&vector| vector.clone()).collect();
            let ids: Vec<String> = (0..named.len()).map(|index| format!("case {index}")).collect();
            named.iter_mut().zip(&ids).for_each(|(vector, id)| vector["id"] = json!(id));
            let mut sequence = named[0].clone();
            (sequence["id"], sequence["sequence"]) = (json!("sequence"), json!(ids));
            sequence["expected"] = json!(vec!["accept"; ids.len()]);
            named.push(sequence);
            document["vectors"] = json!(named);
            return decide(&document).ok()?.pop();
        };
        document["vectors"] = json!([alone]);
        decide(&document).ok()?.pop()
    }
}
