//! Messages with signatures made by hand, sound or not. The signature base is written out here, so that the code under
//! test is held against RFC 9421 and not against itself.

use data_encoding::BASE64;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request};
use serde_json::Value;
use wimse_core::jose::SigningKey;
use wimse_core::{Peer, Reason, Rejection, Verifier};

use crate::{BASE, NOW, TARGET, World};

pub(crate) const TAG: &str = "wimse-workload-to-workload";
pub(crate) const CONTENT: &[u8] = b"{\"item\":7}";

/// The fields that a signature covers where they are present, in the order in which they are covered here.
const FIELDS: [&str; 6] =
    ["workload-identity-token", "content-type", "content-digest", "authorization", "txn-token", "x-user"];

/// What a signature covers and says, until it is made.
pub(crate) struct Draft {
    pub(crate) label: &'static str,
    pub(crate) covered: Vec<String>,
    /// Names and values as they are written; a true boolean is written as nothing.
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) key: SigningKey,
}

impl Draft {
    fn new(world: &World, covered: &[&str], headers: &HeaderMap) -> Self {
        let present = FIELDS.into_iter().filter(|name| headers.contains_key(*name));
        let covered = covered.iter().copied().chain(present).map(str::to_owned).collect();
        let nonce = wimse_core::jose::random_id().unwrap();
        let parameters = vec![
            ("created", NOW.to_string()),
            ("expires", (NOW + 60).to_string()),
            ("nonce", quoted(&nonce)),
            ("tag", quoted(TAG)),
        ];
        Self { label: "sig1", covered, parameters, key: world.workload.clone() }
    }

    /// Says this, instead of what it said under that name.
    pub(crate) fn says(&mut self, name: &'static str, value: &str) {
        self.leaves_out(name);
        self.parameters.push((name, value.to_owned()));
    }

    /// Says this time.
    pub(crate) fn times(&mut self, name: &'static str, seconds: i64) {
        self.says(name, &seconds.to_string());
    }

    /// Neither covers a component of this name nor says a parameter of it.
    pub(crate) fn leaves_out(&mut self, name: &str) {
        self.parameters.retain(|(parameter, _)| *parameter != name);
        self.covered.retain(|component| component != name);
    }

    /// The members of both fields.
    fn make(&self, value: impl Fn(&str, bool) -> String) -> (String, String) {
        let split = |component: &str| {
            component.split_once(';').map_or((component.to_owned(), false), |(name, _)| (name.into(), true))
        };
        let written = |component: &String| {
            let (name, of_request) = split(component);
            format!("{}{}", quoted(&name), if of_request { ";req" } else { "" })
        };
        let mut input = format!("({})", self.covered.iter().map(written).collect::<Vec<_>>().join(" "));
        for (name, value) in &self.parameters {
            let equals = if value.is_empty() { "" } else { "=" };
            input.push_str(&format!(";{name}{equals}{value}"));
        }
        let mut base = String::new();
        for component in &self.covered {
            let (name, of_request) = split(component);
            base.push_str(&format!("{}: {}\n", written(component), value(&name, of_request)));
        }
        base.push_str(&format!("\"@signature-params\": {input}"));
        let signature = BASE64.encode(&self.key.sign(base.as_bytes()).unwrap());
        (format!("{}={input}", self.label), format!("{}=:{signature}:", self.label))
    }
}

pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn field(headers: &HeaderMap, name: &str) -> String {
    let lines = headers.get_all(name).iter();
    lines
        .map(|line| String::from_utf8_lossy(line.as_bytes()).trim().to_owned())
        .collect::<Vec<_>>()
        .join(", ")
}

fn of_request(request: &Request<()>, name: &str) -> String {
    let uri = request.uri();
    match name {
        "@method" => request.method().to_string(),
        "@path" => uri.path().to_owned(),
        "@query" => format!("?{}", uri.query().unwrap_or_default()),
        "@request-target" => uri.path_and_query().unwrap().to_string(),
        name => field(request.headers(), name),
    }
}

fn append(headers: &mut HeaderMap, (input, signature): (String, String)) {
    headers.append("signature-input", input.parse().unwrap());
    headers.append("signature", signature.parse().unwrap());
}

/// The digest of some content, by the library rather than by the code under test.
pub(crate) fn digest(content: &[u8]) -> HeaderValue {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    format!("sha-256=:{}:", BASE64.encode(hash.as_ref())).parse().unwrap()
}

pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
}

/// The value of a parameter of the one signature of a message, without its quotes.
pub(crate) fn parameter(headers: &HeaderMap, name: &str) -> Option<String> {
    let input = headers["signature-input"].to_str().unwrap();
    let (_, parameters) = input.split_once(')').unwrap();
    let mut parameters =
        parameters.split(';').map(|parameter| parameter.split_once('=').unwrap_or((parameter, "?1")));
    parameters.find(|(found, _)| *found == name).map(|(_, value)| value.trim_matches('"').to_owned())
}

impl World {
    /// A request that posts [`CONTENT`], with the caller's token and without a proof.
    pub(crate) fn post(&self) -> Request<()> {
        let mut request = Request::post(TARGET).body(()).unwrap();
        set(request.headers_mut(), "content-type", "application/json");
        request.headers_mut().insert("content-digest", digest(CONTENT));
        set(request.headers_mut(), "workload-identity-token", &self.wit());
        request
    }

    /// Adds a signature by the caller, of what `change` has seen.
    pub(crate) fn sign_by_hand(&self, request: &mut Request<()>, change: impl FnOnce(&mut Draft)) {
        let mut draft = Draft::new(self, &["@method", "@path", "@query"], request.headers());
        draft.says("wimse-aud", &quoted(&format!("{BASE}{}", request.uri().path())));
        change(&mut draft);
        let members = draft.make(|name, _| of_request(request, name));
        append(request.headers_mut(), members);
    }

    /// A sound request that posts [`CONTENT`].
    pub(crate) fn signed(&self) -> Request<()> {
        self.signed_saying(|_| ())
    }

    /// A request that posts [`CONTENT`] with the signature that `change` has made of a sound one.
    pub(crate) fn signed_saying(&self, change: impl FnOnce(&mut Draft)) -> Request<()> {
        let mut request = self.post();
        self.sign_by_hand(&mut request, change);
        request
    }

    /// A request that `edit` has seen before it was signed.
    pub(crate) fn signed_after(&self, edit: impl FnOnce(&mut Request<()>)) -> Request<()> {
        let mut request = self.post();
        edit(&mut request);
        self.sign_by_hand(&mut request, |_| ());
        request
    }

    /// A sound request that `edit` has seen on its way.
    pub(crate) fn signed_before(&self, edit: impl FnOnce(&mut Request<()>)) -> Request<()> {
        let mut request = self.signed();
        edit(&mut request);
        request
    }

    /// Adds a Workload Proof Token for the token that the request has.
    pub(crate) fn add_proof(&self, request: &mut Request<()>, change: impl FnOnce(&mut Value, &mut Value)) {
        let wit = request.headers()["workload-identity-token"].to_str().unwrap().to_owned();
        let proof = self.proof_with(&wit, change);
        set(request.headers_mut(), "authorization", &format!("WPT {proof}"));
    }

    /// A sound request with a Workload Proof Token that `change` has seen and a signature over it.
    pub(crate) fn proven_twice(&self, change: impl FnOnce(&mut Value, &mut Value)) -> Request<()> {
        self.signed_after(|request| self.add_proof(request, change))
    }
}

/// Signs a response to `request` as `key` would, of what `change` has seen.
pub(crate) fn sign_response_by_hand(
    world: &World,
    key: &SigningKey,
    request: &Request<()>,
    status: u16,
    headers: &mut HeaderMap,
    change: impl FnOnce(&mut Draft),
) {
    let mut draft = Draft::new(world, &["@status", "@method;req", "@path;req", "@query;req"], headers);
    draft.key = key.clone();
    draft.says("wimse-req-nonce", &quoted(&parameter(request.headers(), "nonce").unwrap()));
    change(&mut draft);
    let members = draft.make(|name, from_request| match name {
        _ if from_request => of_request(request, name),
        "@status" => status.to_string(),
        name => field(headers, name),
    });
    append(headers, members);
}

/// The decision about a request whose content is all there, which must be there at once.
pub(crate) fn decide_all(
    verifier: &Verifier,
    request: &Request<()>,
    content: &[u8],
) -> Result<Peer, Rejection> {
    verifier.verify_with_content(request, content).now_or_never().unwrap()
}

pub(crate) fn verdict_all(verifier: &Verifier, request: &Request<()>, content: &[u8]) -> Result<(), Reason> {
    decide_all(verifier, request, content).map(drop).map_err(|rejection| rejection.reason())
}
