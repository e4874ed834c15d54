//! Responses that must be refused, each for one reason.

use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use wimse_core::Reason;

use crate::by_hand::{CONTENT, Draft, TAG, digest, parameter, quoted, set, sign_response_by_hand};
use crate::responses::{Answer, CALLEE, Call, Server, call};
use crate::{NOW, World, foreign_key};

/// A response that must be refused, and why.
pub(crate) struct Failing {
    pub(crate) what: &'static str,
    pub(crate) call: Call,
    pub(crate) answer: Answer,
    pub(crate) reason: Reason,
}

/// At least one response for every refusal that a response can bring about, where a signed one of [`CALLEE`] is
/// demanded.
pub(crate) fn failing_responses(world: &World) -> Vec<Failing> {
    let maker = Maker { world, server: Server::new(world) };
    let mut all = maker.unsigned();
    all.extend(maker.altered());
    all.extend(maker.others());
    all.extend(maker.drafts());
    all
}

struct Maker<'a> {
    world: &'a World,
    server: Server,
}

impl Maker<'_> {
    fn failing(
        &self,
        what: &'static str,
        reason: Reason,
        answer: impl FnOnce(&Call, Answer) -> Answer,
    ) -> Failing {
        let call = call(self.world);
        let sound = Answer::signed(&self.server, &call.exchange, 200, CONTENT);
        let answer = answer(&call, sound);
        Failing { what, call, answer, reason }
    }

    fn unsigned(&self) -> Vec<Failing> {
        let of = |what, status| {
            self.failing(what, Reason::ResponseUnsigned, |_, _| Answer::unsigned(status, b"{}"))
        };
        vec![
            of("success without a signature", 200),
            of("a refusal without a signature", 400),
            of("what the draft has for a server that cannot sign", 501),
            of("a proxy's error page", 502),
            of("a proxy's overload", 503),
            self.failing("the signature taken off", Reason::ResponseUnsigned, |_, mut answer| {
                answer.headers.remove("signature-input");
                answer.headers.remove("signature");
                answer
            }),
            self.failing("somebody else's signature", Reason::ResponseUnsigned, |_, mut answer| {
                let input = answer.headers["signature-input"].to_str().unwrap().replace(TAG, "proxies");
                set(&mut answer.headers, "signature-input", &input);
                answer
            }),
        ]
    }

    fn altered(&self) -> Vec<Failing> {
        let of = |what, reason, change: fn(&mut Answer)| {
            self.failing(what, reason, |_, mut answer| {
                change(&mut answer);
                answer
            })
        };
        vec![
            of("another status", Reason::ProofSignature, |a| a.status = http::StatusCode::CREATED),
            of("other content", Reason::DigestMismatch, |a| a.content[0] ^= 1),
            of("less content", Reason::DigestMismatch, |a| a.content.truncate(3)),
            of("no content", Reason::DigestMismatch, |a| a.content.clear()),
            of("more content", Reason::DigestMismatch, |a| a.content.push(b' ')),
            of("another type", Reason::ProofSignature, |a| set(&mut a.headers, "content-type", "text/html")),
            of("no type", Reason::ComponentUnresolved, |a| drop(a.headers.remove("content-type"))),
            of("no digest", Reason::ComponentUnresolved, |a| drop(a.headers.remove("content-digest"))),
            of("other content with its digest", Reason::ProofSignature, |a| {
                a.content = b"other".to_vec();
                a.headers.insert("content-digest", digest(b"other"));
            }),
            of("no token", Reason::WitMissing, |a| drop(a.headers.remove("workload-identity-token"))),
            of("a token that is none", Reason::WitMalformed, |a| {
                set(&mut a.headers, "workload-identity-token", "\u{e9}");
            }),
            of("two tokens", Reason::WitRepeated, |a| {
                let wit = a.headers["workload-identity-token"].clone();
                a.headers.append("workload-identity-token", wit);
            }),
            of("no signature in its field", Reason::ProofMalformed, |a| drop(a.headers.remove("signature"))),
            of("an unreadable input", Reason::ProofMalformed, |a| {
                set(&mut a.headers, "signature-input", "a=(");
            }),
            of("an input of 40,000 octets", Reason::ProofTooLarge, |a| {
                set(&mut a.headers, "signature-input", &"x".repeat(40_000));
            }),
        ]
    }

    /// Responses by others, and to others.
    fn others(&self) -> Vec<Failing> {
        let by = |what, reason, id: &str| {
            let other = Server::named(self.world, id);
            self.failing(what, reason, |call, _| Answer::signed(&other, &call.exchange, 200, CONTENT))
        };
        let wit = |what, reason, change: &dyn Fn(&mut Value)| {
            let wit = self.world.wit_with(|_, claims| {
                claims["sub"] = json!(CALLEE);
                claims["cnf"] = json!({ "jwk": self.server.key.public_jwk() });
                change(claims);
            });
            self.made(what, reason, &wit, |_| ())
        };
        let stale = call(self.world);
        vec![
            by("another workload", Reason::CalleeUnexpected, "wimse://example.com/billing"),
            by("a workload below the expected one", Reason::CalleeUnexpected, "wimse://example.com/orders/7"),
            by("the caller itself", Reason::CalleeUnexpected, crate::CALLER),
            by("a workload of an unknown domain", Reason::TrustDomainUnknown, "wimse://other.example/orders"),
            self.failing("the request as its own response", Reason::CalleeUnexpected, |call, mut answer| {
                answer.headers = call.request.headers().clone();
                answer.content.clear();
                answer
            }),
            self.failing("the response to an earlier request", Reason::RequestNonce, |_, _| {
                Answer::signed(&self.server, &stale.exchange, 200, CONTENT)
            }),
            wit("an expired token", Reason::WitExpired, &|claims| claims["exp"] = json!(NOW - 60)),
            wit("another key's token", Reason::ProofSignature, &|claims| {
                claims["cnf"] = json!({ "jwk": self.world.workload.public_jwk() });
            }),
            self.made("another's key", Reason::ProofSignature, &self.server.wit, |draft| {
                draft.key = foreign_key();
            }),
            self.about("the response to another method", |request| *request.method_mut() = Method::DELETE),
            self.about("the response to another path", |request| {
                *request.uri_mut() = "/orders/8?page=2".parse().unwrap();
            }),
            self.about("the response to another query", |request| {
                *request.uri_mut() = "/orders/7?page=3".parse().unwrap();
            }),
        ]
    }

    /// A response made by hand with this token.
    fn made(
        &self,
        what: &'static str,
        reason: Reason,
        wit: &str,
        change: impl FnOnce(&mut Draft),
    ) -> Failing {
        self.failing(what, reason, |call, mut answer| {
            answer.headers = self.headers(wit);
            let (key, world) = (&self.server.key, self.world);
            sign_response_by_hand(world, key, &call.request, 200, &mut answer.headers, change);
            answer
        })
    }

    fn headers(&self, wit: &str) -> HeaderMap {
        let mut headers = Answer::unsigned(200, b"").headers;
        set(&mut headers, "workload-identity-token", wit);
        headers.insert("content-digest", digest(CONTENT));
        headers
    }

    /// A response to a request that has the nonce of ours and is another one.
    fn about(&self, what: &'static str, edit: impl FnOnce(&mut Request<()>)) -> Failing {
        self.failing(what, Reason::ProofSignature, |call, mut answer| {
            let mut other = call.request.clone();
            edit(&mut other);
            answer.headers = self.headers(&self.server.wit);
            let (key, world) = (&self.server.key, self.world);
            sign_response_by_hand(world, key, &other, 200, &mut answer.headers, |_| ());
            assert_eq!(parameter(&answer.headers, "wimse-req-nonce"), parameter(other.headers(), "nonce"));
            answer
        })
    }

    fn drafts(&self) -> Vec<Failing> {
        let made =
            |what, reason, change: &dyn Fn(&mut Draft)| self.made(what, reason, &self.server.wit, change);
        let lacks = |name: &'static str, reason| made(name, reason, &|draft| draft.leaves_out(name));
        let says = |what, name, value: &str| {
            made(what, Reason::SignatureParameter, &|draft| draft.says(name, value))
        };
        let window = |what, reason, from: i64, to: i64| {
            made(what, reason, &|draft| {
                draft.times("created", NOW + from);
                draft.times("expires", NOW + to);
            })
        };
        let mut all: Vec<_> = [
            "@status",
            "@method;req",
            "@path;req",
            "@query;req",
            "workload-identity-token",
            "content-type",
            "content-digest",
        ]
        .into_iter()
        .map(|name| lacks(name, Reason::ComponentNotCovered))
        .collect();
        all.extend(["created", "expires", "nonce"].map(|name| lacks(name, Reason::SignatureParameter)));
        all.extend([
            lacks("wimse-req-nonce", Reason::RequestNonce),
            made("another request's nonce", Reason::RequestNonce, &|d| d.says("wimse-req-nonce", "\"n\"")),
            says("a request's nonce that is a token", "wimse-req-nonce", "abc"),
            says("an audience", "wimse-aud", &quoted(CALLEE)),
            says("a demand", "wimse-sign-response", ""),
            says("a key identifier", "keyid", "\"k\""),
            says("an algorithm", "alg", "\"ecdsa-p256-sha256\""),
            window("expired", Reason::ProofExpired, -120, -60),
            window("from the future", Reason::ProofNotYetValid, 61, 121),
            window("valid for too long", Reason::ProofLifetime, 0, 601),
            self.failing("two signatures", Reason::ProofRepeated, |call, mut answer| {
                let (key, headers) = (&self.server.key, &mut answer.headers);
                sign_response_by_hand(self.world, key, &call.request, 200, headers, |draft| {
                    draft.label = "b";
                });
                answer
            }),
            self.with_digest("content without a digest", Reason::DigestMissing, 200, None),
            self.with_digest("a malformed digest", Reason::DigestMalformed, 200, Some("sha-256=:AAAA:")),
            self.with_digest("no content and its digest", Reason::DigestMismatch, 204, Some(OTHER_DIGEST)),
        ]);
        all
    }

    /// A response with this digest over [`CONTENT`], or over nothing if its status says so.
    fn with_digest(&self, what: &'static str, reason: Reason, status: u16, digest: Option<&str>) -> Failing {
        self.failing(what, reason, |call, _| {
            let mut answer = Answer::unsigned(status, if status == 204 { b"" } else { CONTENT });
            set(&mut answer.headers, "workload-identity-token", &self.server.wit);
            if let Some(digest) = digest {
                set(&mut answer.headers, "content-digest", digest);
            }
            let (key, headers) = (&self.server.key, &mut answer.headers);
            sign_response_by_hand(self.world, key, &call.request, status, headers, |_| ());
            answer
        })
    }
}

/// The digest of some other content.
const OTHER_DIGEST: &str = "sha-256=:XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=:";
