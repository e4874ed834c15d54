//! Requests with HTTP signatures that must be refused, each for one reason.

use http::{HeaderValue, Method, Request, Uri};
use serde_json::json;
use wimse_core::Reason;

use crate::by_hand::{Draft, TAG, quoted, set};
use crate::failing::Failing;
use crate::{BASE, NOW, World, foreign_key};

/// At least one request for every refusal that a signature can bring about, for a verifier that knows `x-user` as a
/// context token. Their content is [`CONTENT`]. With `wpt` they have a sound Workload Proof Token as well.
pub(crate) fn failing_signatures(world: &World, wpt: bool) -> Vec<Failing> {
    let maker = Maker { world, wpt };
    let mut all = maker.fields();
    all.extend(maker.altered());
    all.extend(maker.coverage());
    all.extend(maker.parameters());
    all
}

struct Maker<'a> {
    world: &'a World,
    wpt: bool,
}

impl Maker<'_> {
    /// A request that `edit` has seen before, and `change` while it was signed.
    fn signed(&self, edit: impl FnOnce(&mut Request<()>), change: impl FnOnce(&mut Draft)) -> Request<()> {
        let mut request = self.world.post();
        set(request.headers_mut(), "txn-token", "a-transaction-token");
        set(request.headers_mut(), "x-user", "a-user-token");
        edit(&mut request);
        if self.wpt {
            let headers = request.headers().clone();
            self.world.add_proof(&mut request, |_, claims| {
                let hash = |name: &str| headers.get(name).map(|value| crate::sha256(value.as_bytes()));
                claims["tth"] = json!(hash("txn-token"));
                claims["oth"] = json!({ "x-user": hash("x-user") });
            });
        }
        self.world.sign_by_hand(&mut request, change);
        request
    }

    fn before(&self, edit: impl FnOnce(&mut Request<()>)) -> Request<()> {
        self.signed(edit, |_| ())
    }

    fn saying(&self, change: impl FnOnce(&mut Draft)) -> Request<()> {
        self.signed(|_| (), change)
    }

    fn after(&self, edit: impl FnOnce(&mut Request<()>)) -> Request<()> {
        let mut request = self.signed(|_| (), |_| ());
        edit(&mut request);
        request
    }

    fn fields(&self) -> Vec<Failing> {
        let input = |value: &str| self.after(|r| set(r.headers_mut(), "signature-input", value));
        let wit = |change: fn(&mut serde_json::Value)| {
            let wit = self.world.wit_with(|_, claims| change(claims));
            self.before(|r| set(r.headers_mut(), "workload-identity-token", &wit))
        };
        let lines = [
            ("an unreadable input", input("sig1=("), Reason::ProofMalformed),
            (
                "an input that is no list",
                input(&format!("sig1=1;tag={}", quoted(TAG))),
                Reason::ProofMalformed,
            ),
            ("an input of 40,000 octets", input(&"x".repeat(40_000)), Reason::ProofTooLarge),
            (
                "no signature",
                self.after(|r| drop(r.headers_mut().remove("signature"))),
                Reason::ProofMalformed,
            ),
            (
                "a signature of another type",
                self.after(|r| set(r.headers_mut(), "signature", "sig1=\"AAAA\"")),
                Reason::ProofMalformed,
            ),
            (
                "two signatures",
                self.after(|r| self.world.sign_by_hand(r, |draft| draft.label = "sig2")),
                Reason::ProofRepeated,
            ),
            (
                "the token removed",
                self.after(|r| drop(r.headers_mut().remove("workload-identity-token"))),
                Reason::WitMissing,
            ),
            (
                "the token twice",
                self.after(|r| {
                    let wit = r.headers()["workload-identity-token"].clone();
                    r.headers_mut().append("workload-identity-token", wit);
                }),
                Reason::WitRepeated,
            ),
            ("an expired token", wit(|claims| claims["exp"] = json!(NOW - 60)), Reason::WitExpired),
            (
                "a token of an unknown domain",
                wit(|claims| claims["sub"] = json!("wimse://b.example/a")),
                Reason::TrustDomainUnknown,
            ),
            (
                "CONNECT",
                self.after(|r| {
                    *r.method_mut() = Method::CONNECT;
                    *r.uri_mut() = Uri::from_static("orders.example.com:443");
                }),
                Reason::RequestTarget,
            ),
        ];
        lines.map(|(what, request, reason)| Failing { what, request, reason }).into()
    }

    /// What is changed on the way, or was wrong before.
    fn altered(&self) -> Vec<Failing> {
        let sets =
            |name: &'static str, value: &'static str| self.after(|r| set(r.headers_mut(), name, value));
        let lacks = |name: &'static str| self.after(|r| drop(r.headers_mut().remove(name)));
        let twice = |name: &'static str| {
            self.after(|r| assert!(r.headers_mut().append(name, HeaderValue::from_static("x"))))
        };
        let target = |uri: &'static str| self.after(|r| *r.uri_mut() = Uri::from_static(uri));
        let other = self.world.wit_with(|_, claims| claims["jti"] = json!("another"));
        let digest = |value: &'static str| self.before(|r| set(r.headers_mut(), "content-digest", value));
        let lines = [
            ("another method", self.after(|r| *r.method_mut() = Method::PUT), Reason::ProofSignature),
            ("another query", target("https://orders.example.com/orders/7?page=3"), Reason::ProofSignature),
            ("no query", target("https://orders.example.com/orders/7"), Reason::ProofSignature),
            ("another path", target("https://orders.example.com/orders/8?page=2"), Reason::AudienceMismatch),
            ("another type", sets("content-type", "text/html"), Reason::ProofSignature),
            ("no type", lacks("content-type"), Reason::ComponentUnresolved),
            ("two types", twice("content-type"), Reason::ComponentUnresolved),
            ("another signature", sets("signature", "sig1=:AAAA:"), Reason::ProofSignature),
            ("another's key", self.saying(|draft| draft.key = foreign_key()), Reason::ProofSignature),
            ("no digest any more", lacks("content-digest"), Reason::ComponentUnresolved),
            (
                "no digest",
                self.before(|r| drop(r.headers_mut().remove("content-digest"))),
                Reason::DigestMissing,
            ),
            ("a malformed digest", digest("sha-256=:AAAA:"), Reason::DigestMalformed),
            (
                "a digest by an unknown algorithm",
                digest("md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"),
                Reason::DigestMalformed,
            ),
            (
                "another digest",
                self.before(|r| drop(r.headers_mut().insert("content-digest", crate::by_hand::digest(b"x")))),
                Reason::DigestMismatch,
            ),
        ];
        let mut lines: Vec<_> = lines.into();
        if !self.wpt {
            // Beside a proof token, it is that which finds these.
            lines.extend([
                (
                    "another token of the caller",
                    self.after(|r| set(r.headers_mut(), "workload-identity-token", &other)),
                    Reason::ProofSignature,
                ),
                ("a bearer token", sets("authorization", "Bearer x"), Reason::ComponentNotCovered),
                ("another transaction", sets("txn-token", "x"), Reason::ProofSignature),
                ("no transaction", lacks("txn-token"), Reason::ComponentUnresolved),
                ("two transactions", twice("txn-token"), Reason::TxnToken),
                ("another user", sets("x-user", "x"), Reason::ProofSignature),
                ("two users", twice("x-user"), Reason::ContextTokenMismatch),
                (
                    "two authorizations",
                    self.after(|r| {
                        for bearer in ["Bearer x", "Bearer y"] {
                            r.headers_mut().append("authorization", HeaderValue::from_static(bearer));
                        }
                    }),
                    Reason::ProofRepeated,
                ),
            ]);
        }
        lines.into_iter().map(|(what, request, reason)| Failing { what, request, reason }).collect()
    }

    /// What must be covered, left out one after the other.
    fn coverage(&self) -> Vec<Failing> {
        let mut names = vec![
            "@method",
            "@path",
            "@query",
            "workload-identity-token",
            "content-type",
            "content-digest",
            "txn-token",
            "x-user",
        ];
        if self.wpt {
            names.push("authorization");
        }
        let reason = Reason::ComponentNotCovered;
        let without = |what| Failing { what, request: self.saying(|draft| draft.leaves_out(what)), reason };
        let mut all: Vec<_> = names.into_iter().map(without).collect();
        let covered = self.saying(|draft| draft.covered.clear());
        all.push(Failing { what: "nothing covered", request: covered, reason });
        let absent = self.saying(|draft| draft.covered.push("x-absent".to_owned()));
        all.push(Failing { what: "an absent field", request: absent, reason: Reason::ComponentUnresolved });
        all
    }

    fn parameters(&self) -> Vec<Failing> {
        let says = |name, value: &str| self.saying(|draft| draft.says(name, value));
        let lacks = |name| self.saying(|draft| draft.leaves_out(name));
        let window = |from: i64, to: i64| {
            self.saying(|draft| {
                draft.times("created", NOW + from);
                draft.times("expires", NOW + to);
            })
        };
        let parameter = Reason::SignatureParameter;
        let lines = [
            ("no created", lacks("created"), parameter),
            ("no expires", lacks("expires"), parameter),
            ("no nonce", lacks("nonce"), parameter),
            ("no audience", lacks("wimse-aud"), parameter),
            ("a key identifier", says("keyid", "\"k\""), parameter),
            ("an algorithm", says("alg", "\"ecdsa-p256-sha256\""), parameter),
            ("a request's nonce", says("wimse-req-nonce", "\"n\""), parameter),
            ("an empty nonce", says("nonce", "\"\""), parameter),
            ("a nonce of 257 octets", says("nonce", &quoted(&"n".repeat(257))), parameter),
            ("a nonce that is a token", says("nonce", "abc"), parameter),
            ("created as text", says("created", &quoted(&NOW.to_string())), parameter),
            ("an audience that is a token", says("wimse-aud", "orders"), parameter),
            ("a demand that is a number", says("wimse-sign-response", "1"), parameter),
            (
                "another's audience",
                says("wimse-aud", "\"https://b.example/orders/7\""),
                Reason::AudienceMismatch,
            ),
            ("an audience without path", says("wimse-aud", &quoted(BASE)), Reason::AudienceMismatch),
            ("expired", window(-120, -60), Reason::ProofExpired),
            ("from the future", window(61, 121), Reason::ProofNotYetValid),
            ("valid for too long", window(0, 601), Reason::ProofLifetime),
            ("valid for no time", window(0, 0), Reason::ProofLifetime),
            ("valid for less than no time", window(50, 0), Reason::ProofLifetime),
        ];
        lines.map(|(what, request, reason)| Failing { what, request, reason }).into()
    }
}
