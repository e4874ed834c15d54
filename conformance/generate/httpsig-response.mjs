// Response cases: what must be covered, how the response is tied to its request, who answered, content, unsigned ones.
import { raw, signDer } from "./jose.mjs";
import { OTHER_1 } from "./keys.mjs";
import { BILLING, ELSEWHERE, ORDERS, workload } from "./wpt-case.mjs";
import { AUDIENCE, NOW, TAG, addField, dropField, plus, setField, sha256, sha512, swap, without } from "./httpsig-case.mjs";

const ROWS = { '"@status"': "HSR-07", '"@method";req': "HSR-08", '"@path";req': "HSR-09", '"@query";req': "HSR-10", '"workload-identity-token"': "HSR-12", '"content-type"': "HSR-11", '"content-digest"': "HSR-11" };
const plain = (component) => component.replace(/[^a-z-]/g, "");
const noAsk = { asked: { params: { "wimse-sign-response": undefined } } };
const UNSIGNED = { unsigned: true, wits: [] };

export function coverage(c) {
  const bad = (name, rows, reason, how) => c.answerBad(`cover-${name}`, "component_not_covered", rows, reason, how);
  c.answerOk("baseline", ["HSR-01", "HSR-15", "HSR-16"], "a sound response");
  for (const [component, row] of Object.entries(ROWS)) {
    bad(`no-${plain(component)}`, [row], `${component} not covered`, { cover: without(component) });
    const other = component.endsWith(";req") ? component.slice(0, -4) : component === '"@status"' ? undefined : `${component};req`;
    if (other) bad(`other-source-${plain(component)}`, [row], `${component} covered only as ${other}`, { cover: swap(component, other), values: { [other]: "x" } });
  }
  bad("nothing", ["HSR-07"], "an empty list of components", { cover: () => [] });
  bad("accept-signature-weaker", ["HSR-27"], "Accept-Signature of the request asks for less than the profile, and the response covers no more", {
    cover: () => ['"@status"'],
  });
  c.list.at(-1).request.headers.push(["Accept-Signature", `sig=("@status");tag="${TAG}"`]);
  c.answerBad("content-type-added", "component_not_covered", ["HSR-11"], "Content-Type added after signing", { type: null, after: addField("Content-Type", "text/html") });
  c.answerBad("digest-removed", "component_unresolved", ["HSR-11"], "Content-Digest removed after signing", { after: dropField("Content-Digest") });
  c.answerOk("further", ["AMB-24", "HSQ-40"], "fields of request and response covered too", { fields: [["Location", "/orders/1"]], cover: plus('"location"', '"content-type";req', '"signature";req', '"@authority";req') });
  const missing = (name, component) => c.answerBad(`unresolved-${name}`, "component_unresolved", ["HSQ-40"], `${component} covered, which the message does not have`, { cover: plus(component), values: { [component]: "x" } });
  missing("field", '"x-absent"');
  missing("request-field", '"x-absent";req');
  missing("method", '"@method"');
  c.answerBad("component-twice", "proof_malformed", ["HSQ-40"], "@status listed twice", { cover: plus('"@status"') });
  c.answerBad("status-req", "proof_malformed", ["HSQ-40"], "@status with req", { cover: plus('"@status";req'), values: { '"@status";req': "200" } });
}

export function parameters(c) {
  const bad = (name, why, rows, reason, params, rest) => c.answerBad(`param-${name}`, why, rows, reason, { params }, rest);
  for (const name of ["created", "expires", "nonce"]) {
    bad(`no-${name}`, "signature_parameter", ["HSR-14"], `no ${name}`, { [name]: undefined });
    bad(`${name}-token`, "signature_parameter", ["HSR-14", "AMB-39"], `${name} is a token`, { [name]: raw("abc") });
  }
  bad("no-tag", "response_unsigned", ["HSR-14", "HSR-18"], "no tag: not the signature that was asked for", { tag: undefined });
  bad("tag-token", "response_unsigned", ["HSR-14", "HSR-18"], "the tag is a token", { tag: raw(TAG) });
  bad("keyid", "signature_parameter", ["HSR-14"], "keyid present", { keyid: "x" });
  bad("alg", "signature_parameter", ["HSR-14"], "alg present", { alg: "ecdsa-p256-sha256" });
  bad("wimse-aud", "signature_parameter", ["HSR-21", "AMB-24"], "the request's parameter wimse-aud in a response", { "wimse-aud": AUDIENCE }, { interop: "strict" });
  bad("wimse-sign-response", "signature_parameter", ["HSR-21", "AMB-24"], "the request's parameter wimse-sign-response in a response", { "wimse-sign-response": true }, { interop: "strict" });
  c.answerOk("param-unknown", ["AMB-39"], "an unknown parameter", { params: { "x-unknown": 1 } });
  c.answerBad("tag-twice", "proof_malformed", ["HSQ-23", "AMB-17"], "a second tag parameter", { suffix: `;tag="other"` }, { interop: "strict" });
  c.answerBad("tagged-two", "proof_repeated", ["HSQ-23"], "two signatures with our tag", { others: [[`x=("@status");tag="${TAG}"`, "x=:AAAA:"]] });
  c.answerOk("others", ["HSQ-37"], "a proxy's signature beside ours", { others: [['proxy=("@status");tag="proxy"', "proxy=:AAAA:"]] });
  c.answerOk("label", ["HSQ-24"], "another label", { label: "sig-b26" });
  const time = (name, why, created, expires, reason, rest) => bad(`time-${name}`, why, ["HSQ-35", "HSR-14"], reason, { created, expires }, rest);
  time("expired", "proof_expired", NOW - 100, NOW - 60, "expired for exactly the leeway");
  time("ahead", "proof_not_yet_valid", NOW + 61, NOW + 100, "created ahead by more than the leeway");
  time("equal", "proof_lifetime", NOW, NOW, "expires equals created");
  time("window", "proof_lifetime", NOW, NOW + 601, "valid for more than 10 minutes", { interop: "strict" });
}

export function tied(c) {
  const rule = ["HSR-15", "HSR-16", "HSR-17"];
  const bad = (name, why, value, reason) => c.answerBad(`nonce-${name}`, why, rule, reason, { params: { "wimse-req-nonce": value } });
  bad("missing", "request_nonce_mismatch", undefined, "no wimse-req-nonce");
  bad("empty", "request_nonce_mismatch", "", "an empty wimse-req-nonce");
  bad("other", "request_nonce_mismatch", "own-nonce-other", "another wimse-req-nonce");
  for (const [type, value] of [["token", raw("abc")], ["bytes", Buffer.from("own-nonce")], ["flag", true], ["number", 1]]) bad(type, "signature_parameter", value, `wimse-req-nonce has the wrong type: ${type}`);
  c.answerBad("nonce-case", "request_nonce_mismatch", rule, "wimse-req-nonce in other letters' case", { params: { "wimse-req-nonce": "OWN-NONCE-CASE" } }, { asked: { params: { nonce: "own-nonce-case" } } });
  c.answerBad("nonce-prefix", "request_nonce_mismatch", rule, "wimse-req-nonce is the beginning of the nonce", { params: { "wimse-req-nonce": "own-nonce-pre" } }, { asked: { params: { nonce: "own-nonce-prefix" } } });
  c.answerBad("other-request", "request_nonce_mismatch", rule, "a sound response to another request", { other: true });
  c.answerBad("nonce-twice", "proof_malformed", [...rule, "AMB-17"], "wimse-req-nonce twice", { suffix: ';wimse-req-nonce="x"' }, { interop: "strict" });
  const moved = (name, rows, reason, from, to) => {
    c.answerBad(`request-${name}`, "proof_signature", rows, reason);
    const { request } = c.list.at(-1);
    request.start_line = request.start_line.replace(from, to);
  };
  moved("method", ["HSR-08"], "signed for another method of the request", "POST", "PUT");
  moved("path", ["HSR-09"], "signed for another path of the request", "/orders", "/others");
  moved("query", ["HSR-10"], "signed for another query of the request", "x=1", "x=2");
}

export function peer(c) {
  const rule = ["HSR-22", "AMB-20"];
  const bad = (name, why, reason, how, rest) => c.answerBad(`peer-${name}`, why, rule, reason, how, rest);
  bad("other", "callee_unexpected", "a sound response of another workload", { who: ORDERS });
  bad("other-domain", "callee_unexpected", "a sound response of a workload in another trust domain", { who: ELSEWHERE });
  bad("longer", "callee_unexpected", "the expected identifier is a prefix of the one that answered", { who: ORDERS }, { server: "wimse://example.com/orders" });
  c.answerOk("peer-any-of-domain", rule, "no identifier expected: any workload of the response's trust domain will do", {}, { server: null, interop: "either" });
  bad("wit-missing", "wit_missing", "a signed response without a WIT", { wits: [] });
  bad("wit-removed", "wit_missing", "the WIT removed after signing", { after: dropField("Workload-Identity-Token") });
  bad("wit-two-lines", "wit_repeated", "two WIT lines, both covered", { wits: [BILLING.wit, BILLING.wit] });
  bad("wit-expired", "wit_expired", "WIT expired", { who: workload(BILLING.key, "ES256", { sub: "wimse://example.com/billing", exp: NOW - 3600 }) });
  bad("wit-forged", "wit_signature", "WIT not signed by the issuer", { who: workload(BILLING.key, "ES256", { sub: "wimse://example.com/billing" }, { key: OTHER_1 }) });
  bad("wit-replaced", undefined, "the WIT replaced by another workload's after signing", { after: setField("Workload-Identity-Token", () => ORDERS.wit) });
  const renewed = workload(BILLING.key, "ES256", { sub: "wimse://example.com/billing", jti: "renewed" });
  bad("wit-renewed", "proof_signature", "the WIT replaced by a renewed one after signing", { after: setField("Workload-Identity-Token", () => renewed.wit) });
  bad("key", "proof_signature", "signed with another workload's key", { key: ORDERS.key });
  bad("der", "proof_signature", "an ECDSA signature in DER", { signer: (base) => signDer(BILLING.key, base) });
  c.answerBad("key-algorithm-policy", "wit_confirmation", ["HSQ-30", "HSR-22"], "an algorithm that the client does not allow for the trust domain", {}, { settings: { "example.com": { proof_algorithms: ["EdDSA"] } } });
}

export function content(c) {
  const rule = ["HSR-13", "AMB-22", "AMB-23"];
  const ok = (name, reason, how, rest) => c.answerOk(`content-${name}`, rule, reason, how, rest);
  const bad = (name, why, reason, how, rest) => c.answerBad(`content-${name}`, why, rule, reason, how, rest);
  const elsewhere = { body: "", digest: sha256('{"ok":true}') };
  ok("204", "204 without content, type and digest", { status: "204 No Content", content: false });
  ok("204-digest", "204 with the digest of no content", { status: "204 No Content", body: "", type: null, digest: sha256("") });
  bad("204-other-digest", "digest_mismatch", "204 with the digest of other content", { status: "204 No Content", ...elsewhere });
  ok("head", "a response to HEAD, with the digest that GET would have", elsewhere, { asked: { method: "HEAD" } });
  ok("head-no-digest", "a response to HEAD without a digest", { body: "", digest: null }, { asked: { method: "HEAD" } });
  bad("head-uncovered", "component_not_covered", "a response to HEAD whose digest is not covered", { ...elsewhere, cover: without('"content-digest"') }, { asked: { method: "HEAD" } });
  ok("304", "304 with the digest of what the client has", { status: "304 Not Modified", ...elsewhere });
  bad("304-malformed", "digest_malformed", "304 with a malformed digest", { status: "304 Not Modified", body: "", digest: "sha-256=abc" });
  bad("get-removed", "digest_mismatch", "content removed from a response to GET", elsewhere, { asked: { method: "GET" } });
  bad("missing", "digest_missing", "content without a digest", { digest: null });
  bad("empty-digest", "digest_mismatch", "content with the digest of no content", { digest: sha256("") });
  bad("changed", "digest_mismatch", "content altered after signing", { after: (m) => ({ ...m, body: '{"ok":false}' }) });
  bad("one-wrong", "digest_mismatch", "two digests of which one is wrong", { digest: `${sha256('{"ok":true}')}, ${sha512("x")}` });
  bad("unknown-only", "digest_malformed", "an unknown algorithm alone", { digest: "x-new=:AAAA:" });
  ok("404", "an error response", { status: "404 Not Found" });
  ok("reason-phrase", "another reason phrase: only the code is covered", { after: (m) => ({ ...m, start_line: "HTTP/1.1 200 Fine" }) });
  bad("status-changed", "proof_signature", "the status altered after signing", { after: (m) => ({ ...m, start_line: "HTTP/1.1 201 Created" }) });
}

export function unsigned(c) {
  const bad = (name, reason, how, rest) => c.answerBad(`unsigned-${name}`, "response_unsigned", ["HSR-18", "AMB-11"], reason, { ...UNSIGNED, ...how }, rest);
  const ok = (name, reason, how, rest) => c.answerOk(`unsigned-${name}`, ["HSR-20", "AMB-12"], reason, { ...UNSIGNED, ...how }, { ...noAsk, ...rest });
  for (const status of ["200 OK", "204 No Content", "302 Found", "400 Bad Request", "401 Unauthorized", "501 Not Implemented", "502 Bad Gateway"]) {
    bad(status.slice(0, 3), `unsigned ${status} although a signature was asked for`, { status });
  }
  bad("wit", "unsigned although a signature was asked for, but with a WIT", { wits: [BILLING.wit] });
  bad("other-signature", "only a proxy's signature although ours was asked for", { after: (m) => addField("Signature", "p=:AAAA:")(addField("Signature-Input", 'p=("@status");tag="proxy"')(m)) });
  bad("accept-signature", "unsigned although a signature was asked for, by wimse-sign-response and Accept-Signature", {}, { asked: { fields: [["Accept-Signature", "sig=()"]] } });
  ok("unasked", "unsigned and not asked for");
  ok("unasked-error", "an unsigned error, and not asked for", { status: "500 Internal Server Error" });
  ok("declined", "unsigned, and wimse-sign-response is false", {}, { asked: { params: { "wimse-sign-response": false } } });
  ok("preferred", "unsigned, and only Accept-Signature asked for a signature: a preference", {}, { asked: { params: { "wimse-sign-response": undefined }, fields: [["Accept-Signature", "sig=()"]] } });
  c.answerOk("unsigned-preferred-declined", ["HSR-23", "HSR-24"], "unsigned: Accept-Signature asks for a signature, wimse-sign-response declines it and counts", UNSIGNED, { asked: { params: { "wimse-sign-response": false }, fields: [["Accept-Signature", "sig=()"]] } });
  c.answerOk("signed-unasked", ["HSR-06", "HSR-19"], "signed although not asked for", {}, noAsk);
  c.answerBad("signed-unasked-wrong", "proof_signature", ["HSR-19"], "signed although not asked for, and wrongly", { key: ORDERS.key }, noAsk);
  c.answerBad("signed-unasked-nonce", "request_nonce_mismatch", ["HSR-17", "HSR-19"], "signed although not asked for, for another request", { other: true }, noAsk);
  c.answerBad("signed-unasked-expired-wit", "wit_expired", ["HSR-19", "HSR-22"], "signed although not asked for, under an expired WIT", { who: workload(BILLING.key, "ES256", { sub: "wimse://example.com/billing", exp: NOW - 3600 }) }, noAsk);
  c.answerBad("signed-unasked-malformed", "proof_malformed", ["HSR-19"], "not asked for, with a Signature-Input that cannot be read", { after: setField("Signature-Input", (v) => `${v}(`) }, noAsk);
}
