// Request cases about the parameters of a signature: presence, type, number, audience.
import { raw } from "./jose.mjs";
import { AUDIENCE, NOW, TAG } from "./httpsig-case.mjs";

const ROWS = { created: "HSQ-12", expires: "HSQ-13", nonce: "HSQ-14", "wimse-aud": "HSQ-16" };

export function presence(c) {
  c.ok("baseline", ["HSQ-01", "HSQ-10", "HSQ-16", "HSQ-29"], "a sound POST with ES256");
  c.ok("baseline-get", ["HSQ-01", "HSQ-10"], "a sound GET without content", { method: "GET" });
  for (const [name, row] of Object.entries(ROWS)) {
    c.bad(`param-no-${name}`, "signature_parameter", [row], `no ${name}`, { params: { [name]: undefined } });
    for (const [type, value] of [["token", raw("abc")], ["bytes", raw(":YWJj:")], ["flag", true], ["decimal", raw("1.5")]]) {
      c.bad(`param-${name}-${type}`, "signature_parameter", [row, "AMB-39"], `${name} has the wrong type: ${type}`, { params: { [name]: value } });
    }
  }
  const type = (name, key, value, reason) => c.bad(`param-${name}`, "signature_parameter", [ROWS[key], "AMB-39"], reason, { params: { [key]: value } });
  type("created-string", "created", String(NOW), "created is a string of digits");
  type("expires-string", "expires", String(NOW + 60), "expires is a string of digits");
  type("created-date", "created", raw(`@${NOW - 5}`), "created is a date");
  type("nonce-number", "nonce", 12345, "nonce is a number");
  type("nonce-display", "nonce", raw('%"abc"'), "nonce is a display string");
  type("wimse-aud-number", "wimse-aud", 1, "wimse-aud is a number");
  c.bad("param-wimse-aud-list", "proof_malformed", ["HSQ-16", "HSQ-40"], "wimse-aud is a list: a parameter cannot hold one", { params: { "wimse-aud": raw(`("${AUDIENCE}")`) } });
  c.bad("param-none", "proof_missing", ["HSQ-15", "HSQ-22"], "no parameters at all", { params: { created: undefined, expires: undefined, nonce: undefined, tag: undefined, "wimse-aud": undefined } });
}

export function tag(c) {
  const none = (name, value, reason) => c.bad(`tag-${name}`, "proof_missing", ["HSQ-15", "HSQ-22"], reason, { params: { tag: value } });
  none("missing", undefined, "no tag");
  none("token", raw(TAG), "the tag is a token instead of a string");
  none("bytes", Buffer.from(TAG), "the tag is a byte sequence");
  none("upper-case", TAG.toUpperCase(), "the tag in upper case");
  none("prefix", `${TAG}-2`, "a tag that begins like ours");
  none("space", ` ${TAG}`, "a space before the tag");
  none("empty", "", "an empty tag");
  const twice = (name, how, reason) => c.bad(`tag-twice-${name}`, "proof_malformed", ["HSQ-15", "HSQ-23", "AMB-17"], reason, how, { interop: "strict" });
  twice("ours-first", { suffix: ';tag="other"' }, "a second tag parameter: ours, then another");
  twice("ours-last", { params: { tag: "other" }, suffix: `;tag="${TAG}"` }, "a second tag parameter: another, then ours");
  twice("same", { suffix: `;tag="${TAG}"` }, "the tag parameter twice with the same value");
}

export function repeated(c) {
  const values = { created: NOW - 4, expires: NOW + 116, nonce: "another", "wimse-aud": "https://evil.example/", "wimse-sign-response": true };
  for (const [name, value] of Object.entries(values)) {
    const text = value === true ? "" : typeof value === "number" ? `=${value}` : `="${value}"`;
    const params = name === "wimse-sign-response" ? { [name]: false } : {};
    c.bad(`param-twice-${name}`, "proof_malformed", [ROWS[name] ?? "HSQ-17", "AMB-17"], `${name} twice with different values`, { params, suffix: `;${name}${text}` }, { interop: "strict" });
  }
  const many = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, i]));
  c.ok("param-32", ["AMB-39", "HSQ-40"], "32 parameters", { params: many(27) });
  c.bad("param-33", "proof_too_large", ["HSQ-40"], "33 parameters, more than this project reads", { params: many(28) }, { interop: "strict" });
}

export function forbidden(c) {
  for (const [name, row, value] of [["keyid", "HSQ-19", "svc-a-key"], ["alg", "HSQ-20", "ecdsa-p256-sha256"]]) {
    c.bad(`param-${name}`, "signature_parameter", [row], `${name} present and right`, { params: { [name]: value } });
    c.bad(`param-${name}-empty`, "signature_parameter", [row], `${name} present and empty`, { params: { [name]: "" } });
    c.bad(`param-${name}-token`, "signature_parameter", [row], `${name} is a token`, { params: { [name]: raw("x") } });
  }
  c.bad("param-alg-other", "signature_parameter", ["HSQ-20", "HSQ-29"], "alg names another algorithm", { params: { alg: "ed25519" } });
  c.bad("param-wimse-req-nonce", "signature_parameter", ["HSR-15"], "the response's parameter wimse-req-nonce in a request", { params: { "wimse-req-nonce": "own-nonce" } }, { interop: "strict" });
  const rule = ["AMB-39", "HSQ-40"];
  c.ok("param-unknown", rule, "an unknown parameter", { params: { "x-unknown": "kept" } });
  c.ok("param-unknown-types", rule, "unknown parameters of every type", { params: { "x-1": raw("tok"), "x-2": true, "x-3": false, "x-4": raw("1.5"), "x-5": Buffer.from("abc"), "x-6": -7, "x-7": raw("@1659578233"), "*x": "star" } });
  c.ok("param-order", rule, "created last, behind an unknown parameter: the order is free", { params: { created: undefined }, suffix: `;x-unknown=1;created=${NOW - 5}` });
  c.ok("param-escapes", rule, "an unknown parameter whose value needs escapes", { params: { "x-unknown": 'say "\\"' } });
}

export function nonce(c) {
  const ok = (name, value, reason) => c.ok(`nonce-${name}`, ["HSQ-14", "AMB-10"], reason, { params: { nonce: value } });
  ok("one", "n", "a nonce of one octet");
  ok("256", "n".repeat(256), "a nonce of 256 octets");
  ok("printable", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~ \"\\", "a nonce with every kind of printable character");
  c.bad("nonce-empty", "signature_parameter", ["HSQ-14", "AMB-10"], "an empty nonce", { params: { nonce: "" } });
  c.bad("nonce-257", "signature_parameter", ["HSQ-14", "AMB-10"], "a nonce of 257 octets", { params: { nonce: "n".repeat(257) } }, { interop: "strict" });
}

export function signResponse(c) {
  const ask = (name, value, reason) => c.ok(`sign-response-${name}`, ["HSQ-17"], reason, { params: { "wimse-sign-response": value } });
  ask("true", true, "wimse-sign-response is true");
  ask("false", false, "wimse-sign-response is false");
  const explicit = (m) => ({ ...m, input: m.input.replace(";wimse-sign-response", "$&=?1") });
  c.ok("sign-response-explicit", ["HSQ-17", "HSQ-40"], "true sent as =?1: RFC 9421 signs the short form, byte identity would refuse it", { params: { "wimse-sign-response": true }, member: explicit }, { interop: "either" });
  for (const [type, value] of [["string", "?1"], ["number", 1], ["token", raw("true")], ["bytes", Buffer.from("1")]]) {
    c.bad(`sign-response-${type}`, "signature_parameter", ["HSQ-17", "AMB-39"], `wimse-sign-response is no boolean: ${type}`, { params: { "wimse-sign-response": value } }, { interop: "strict" });
  }
}

export function audience(c) {
  const bad = (name, value, reason, how = {}, rest = {}) => c.bad(`aud-${name}`, "audience_mismatch", ["HSQ-33", "AMB-13"], reason, { params: { "wimse-aud": value }, ...how }, rest);
  bad("other", "https://orders.example.com/orders", "audience of another service");
  bad("empty", "", "an empty audience");
  bad("suffix", "https://billing.example.com.evil.test/orders", "our host as a prefix of another");
  bad("longer", `${AUDIENCE}/1`, "our audience as a prefix");
  bad("shorter", "https://billing.example.com", "a prefix of our audience");
  bad("query", `${AUDIENCE}?x=1`, "the audience with the query");
  bad("fragment", `${AUDIENCE}#a`, "the audience with a fragment");
  bad("port", "https://billing.example.com:443/orders", "the audience with the default port");
  bad("slash", `${AUDIENCE}/`, "the audience with a slash at its end");
  bad("scheme", "http://billing.example.com/orders", "the audience with http");
  bad("path-case", "https://billing.example.com/Orders", "the path in other letters' case");
  bad("host-case", "https://BILLING.example.com/orders", "the host in upper case", {}, { interop: "strict" });
  bad("two", `${AUDIENCE} https://orders.example.com/orders`, "two audiences in one string");
  bad("from-host", "https://orders.example.com/orders", "Host and audience agree, but this receiver is another service", { host: "orders.example.com" });
  bad("from-forwarded", "https://orders.example.com/orders", "X-Forwarded-Host and audience agree, but this receiver is another service", { fields: [["X-Forwarded-Host", "orders.example.com"]] });
  c.ok("aud-deployment", ["HSQ-32", "HSQ-33"], "an audience that the deployment has agreed on", { params: { "wimse-aud": "urn:example:billing" } }, { audiences: ["urn:example:billing"] });
  c.ok("aud-alias", ["HSQ-33"], "the second of two audiences", {}, { audiences: ["https://billing.internal/orders", AUDIENCE] });
  c.ok("aud-rewritten", ["HSQ-32", "HSQ-34"], "an audience other than Host: a proxy in front of the receiver has another name", { host: "10.0.0.7:8443" });
}
