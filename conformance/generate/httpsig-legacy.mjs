// Cases of the older revision, which covers @request-target, and of either revision at a receiver set to the other.
import { OTHER_1 } from "./keys.mjs";
import { TXN, workload } from "./wpt-case.mjs";
import { NOW, addField, plus, sha256, swap, without } from "./httpsig-case.mjs";

const TARGET = '"@request-target"';

export function legacy(c) {
  const profile = "httpsig-06";
  const ok = (name, req, reason, how, rest) => c.ok(`old-${name}`, req, reason, how, { profile, ...rest });
  const bad = (name, why, req, reason, how, rest) => c.bad(`old-${name}`, why, req, reason, how, { profile, ...rest });
  ok("baseline", ["AMB-01"], "a sound POST of the older revision");
  ok("get", ["AMB-01"], "a sound GET without a query", { method: "GET", target: "/orders" });
  ok("empty-query", ["AMB-01"], "an empty query", { target: "/orders?" });
  ok("encoded", ["AMB-01"], "an encoded path", { target: "/orders%2f1?a=%20" });
  ok("path-and-query-too", ["AMB-01", "AMB-24"], "@path and @query covered too, so that both revisions can take it", { cover: plus('"@path"', '"@query"') });
  for (const component of ['"@method"', TARGET, '"workload-identity-token"', '"content-type"', '"content-digest"']) {
    bad(`no-${component.replace(/[^a-z-]/g, "")}`, "component_not_covered", ["AMB-01"], `${component} not covered`, { cover: without(component) });
  }
  bad("path-only", "component_not_covered", ["AMB-01"], "@path covered instead of @request-target", { cover: swap(TARGET, '"@path"') });
  bad("txn-token-uncovered", "component_not_covered", ["HSQ-08"], "Txn-Token not covered", { fields: [["Txn-Token", TXN]], cover: without('"txn-token"') });
  bad("authorization-added", "component_not_covered", ["HSQ-07"], "Authorization added after signing", { after: addField("Authorization", "Bearer x") });
  bad("query-emptied", "proof_signature", ["AMB-01"], "an empty query added after signing: unlike @query, @request-target tells", { target: "/orders", after: (m) => ({ ...m, start_line: "POST /orders? HTTP/1.1" }) });
  bad("query-changed", "proof_signature", ["AMB-01"], "query altered after signing", { after: (m) => ({ ...m, start_line: m.start_line.replace("x=1", "x=2") }) });
  for (const name of ["created", "expires", "nonce", "wimse-aud"]) bad(`no-${name}`, "signature_parameter", ["AMB-01"], `no ${name}`, { params: { [name]: undefined } });
  bad("tag", "proof_missing", ["HSQ-22"], "another tag", { params: { tag: "other" } });
  bad("keyid", "signature_parameter", ["HSQ-19"], "keyid present", { params: { keyid: "x" } });
  bad("alg", "signature_parameter", ["HSQ-20"], "alg present", { params: { alg: "ecdsa-p256-sha256" } });
  bad("expired", "proof_expired", ["HSQ-35"], "expired", { params: { created: NOW - 200, expires: NOW - 100 } });
  bad("window", "proof_lifetime", ["HSQ-13"], "valid for an hour", { params: { expires: NOW + 3600 } }, { interop: "strict" });
  bad("aud", "audience_mismatch", ["HSQ-33"], "audience of another service", { params: { "wimse-aud": "https://orders.example.com/" } });
  bad("wit-forged", "wit_signature", ["HSQ-27"], "WIT not signed by the issuer", { who: workload(OTHER_1, "ES256", {}, { key: OTHER_1 }) });
  bad("body-changed", "digest_mismatch", ["HSQ-11"], "content altered after signing", { after: (m) => ({ ...m, body: "x" }) });
  bad("digest-missing", "digest_missing", ["HSQ-10"], "content without a digest", { digest: null });
  const one = ok("replay", ["HSQ-26"], "first of the replay sequence");
  c.sequence("old-replay-sequence", [one, one], ["accept", "reject"], "replayed", ["HSQ-26"], "the same request twice under the older revision");
}

export function legacyResponse(c) {
  const profile = "httpsig-06";
  const bad = (name, why, req, reason, how, rest) => c.answerBad(`old-${name}`, why, req, reason, how, { profile, ...rest });
  c.answerOk("old-baseline", ["AMB-01"], "a sound response of the older revision", {}, { profile });
  for (const component of ['"@status"', '"@method";req', `${TARGET};req`, '"workload-identity-token"', '"content-type"', '"content-digest"']) {
    bad(`no-${component.replace(/[^a-z-]/g, "")}`, "component_not_covered", ["AMB-01"], `${component} not covered`, { cover: without(component) });
  }
  bad("not-req", "component_not_covered", ["AMB-01"], "@request-target covered without req", { cover: swap(`${TARGET};req`, TARGET), values: { [TARGET]: "/orders?x=1" } });
  bad("no-nonce", "request_nonce_mismatch", ["HSR-17"], "no wimse-req-nonce", { params: { "wimse-req-nonce": undefined } });
  bad("unsigned", "response_unsigned", ["HSR-18"], "unsigned although a signature was asked for", { unsigned: true });
  bad("body-changed", "digest_mismatch", ["HSR-13"], "content altered after signing", { after: (m) => ({ ...m, body: "x" }) });
}

export function mixed(c) {
  const rule = ["AMB-01"];
  c.bad("old-at-new", "component_not_covered", rule, "a sound request of the older revision at a receiver set to the newest", {}, { profile: "httpsig-07", signedAs: "httpsig-06" });
  c.bad("new-at-old", "component_not_covered", rule, "a sound request of the newest revision at a receiver set to the older one", {}, { profile: "httpsig-06", signedAs: "httpsig-07" });
  c.answerBad("old-at-new", "component_not_covered", rule, "a response of the older revision to a request of the newest", {}, { profile: "httpsig-07", signedAs: "httpsig-06" });
  c.answerBad("new-at-old", "component_not_covered", rule, "a response of the newest revision to a request of the older one", {}, { profile: "httpsig-06", signedAs: "httpsig-07" });
  const both = { cover: plus(TARGET) };
  c.ok("both-at-new", rule, "a request that covers what either revision wants, at the newest", both);
  c.bad("both-digest-at-new", "digest_mismatch", ["HSQ-11"], "the same with another content's digest", { ...both, digest: sha256("x") });
}
