// WIT cases about the claims: JSON, sub, lifetime, iss, unknown claims.
import { json, raw, withDuplicate } from "./jose.mjs";
import { DEFAULT_ANCHORS, OTHER_1, keys, pub } from "./keys.mjs";
import { CNF_ES256, NOW, SUBJECT, SVID_SUBJECT, WIT_CLAIMS } from "./case.mjs";

export function payload(c) {
  const strict = { interop: "strict" };
  const duplicate = (name, extra, value, reason, base = WIT_CLAIMS) =>
    c.bad(name, "wit_claims", ["WIT-31", "AMB-25"], reason, { payload: withDuplicate(base, extra, value) }, strict);
  duplicate("duplicate-sub-escaped", '"s\\u0075b"', "wimse://example.com/admin", "sub occurs twice, once with an escape");
  duplicate("duplicate-sub-same", '"sub"', SUBJECT, "sub occurs twice with the same value");
  duplicate("duplicate-exp", '"exp"', NOW + 7200, "exp occurs twice");
  duplicate("duplicate-cnf", '"cnf"', { jwk: pub(OTHER_1, { alg: "ES256" }) }, "cnf occurs twice");
  duplicate("duplicate-unknown", '"note"', 2, "an unknown claim occurs twice", { ...WIT_CLAIMS, note: 1 });
  duplicate("duplicate-nested-unknown", '"note"', raw('[{"a":[{"b":1,"\\u0062":2}]}]'), "duplicate member deep inside an unknown claim");
  const other = pub(keys.workload_p256_other, { alg: "ES256" });
  const inCnf = (text) => ({ ...WIT_CLAIMS, cnf: raw(text) });
  const jwk = json(CNF_ES256.jwk);
  for (const [name, text, reason] of [
    ["duplicate-cnf-jwk", `{"jwk":${jwk},"jwk":${json(other)}}`, "cnf.jwk occurs twice"],
    ["duplicate-cnf-jwk-escaped", `{"jwk":${jwk},"jw\\u006b":${json(other)}}`, "cnf.jwk occurs twice, once with an escape"],
    ["duplicate-jwk-x", `{"jwk":${jwk.slice(0, -1)},"x":"${other.x}"}}`, "member x of cnf.jwk occurs twice"],
    ["duplicate-jwk-alg-escaped", `{"jwk":${jwk.slice(0, -1)},"\\u0061lg":"none"}}`, "member alg of cnf.jwk occurs twice, once with an escape"],
  ]) c.bad(name, "wit_claims", ["WIT-31", "AMB-25", "WIT-14"], reason, { payload: inCnf(text) }, strict);

  const text = json(WIT_CLAIMS);
  for (const [name, body] of [["array", `[${text}]`], ["string", '"x"'], ["number", "1"], ["null", "null"], ["truncated", text.slice(0, -1)],
    ["trailing-text", `${text}x`], ["two-objects", `${text}${text}`], ["comma", `${text.slice(0, -1)},}`], ["bom", `\ufeff${text}`],
    ["comment", `/* */${text}`], ["single-quotes", text.replaceAll('"', "'")], ["lone-surrogate", `${text.slice(0, -1)},"x":"\\ud800"}`]]) {
    c.bad(`payload-${name}`, "wit_claims", ["WIT-31"], `payload is not a single sound JSON object: ${name}`, { payload: raw(body) },
      name === "lone-surrogate" ? strict : {});
  }
  c.bad("payload-empty-object", "wit_claims", ["WIT-06"], "no claims at all", { payload: raw("{}") });
  c.bad("payload-invalid-utf8", "wit_claims", ["WIT-31"], "payload is not UTF-8", {
    payload: Buffer.concat([Buffer.from(`${text.slice(0, -1)},"x":"`), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
  });
  c.ok("payload-whitespace", ["WIT-31"], "white space around and inside the JSON text", { payload: raw(`\n ${text.replaceAll(",", " ,\t")}\r\n`) });

  const nested = (levels) => ({ ...WIT_CLAIMS, deep: raw("[".repeat(levels - 1) + "]".repeat(levels - 1)) });
  c.ok("nesting-16", ["WIT-32"], "JSON nested 16 levels deep, the object itself included", { payload: nested(16) }, strict);
  c.bad("nesting-17", "wit_claims", ["WIT-31"], "JSON nested 17 levels deep", { payload: nested(17) }, strict);
  c.bad("nesting-5000", "wit_claims", ["WIT-31"], "unknown claim nested 5,000 deep, within the size limit", { payload: nested(5001) }, strict);
  c.bad("nesting-10000", "wit_too_large", ["WIT-31"], "unknown claim nested 10,000 deep", { payload: nested(10_001) }, strict);
  c.bad("nesting-10000-open", "wit_claims", ["WIT-31"], "10,000 opening brackets, never closed",
    { payload: raw(`{"sub":"${SUBJECT}","deep":${"[".repeat(10_000)}`) });
  c.bad("nesting-1500-objects", "wit_claims", ["WIT-31"], "objects nested 1,500 deep",
    { payload: { ...WIT_CLAIMS, deep: raw('{"a":'.repeat(1500) + "1" + "}".repeat(1500)) } });
}

export function subject(c) {
  const bad = (name, sub, req, reason, why = "wit_subject_invalid") => c.bad(`sub-${name}`, why, req, reason, { claims: { sub } });
  bad("number", 7, ["WIT-06"], "sub is a number", "wit_claims");
  bad("null", null, ["WIT-06"], "sub is null", "wit_claims");
  bad("object", { id: SUBJECT }, ["WIT-06"], "sub is an object", "wit_claims");
  bad("array-of-one", [SUBJECT], ["WIT-06"], "sub is a list of one identifier", "wit_claims");
  bad("empty", "", ["WIT-07", "ID-01"], "sub is the empty string");
  bad("two-identifiers", `${SUBJECT} wimse://example.com/b`, ["WIT-06", "ID-33"], "two identifiers in one string");
  bad("two-identifiers-comma", `${SUBJECT},wimse://example.com/b`, ["WIT-06", "ID-33"], "two identifiers joined by a comma");
  bad("plain-name", "orders-api", ["WIT-07", "ID-01"], "not a URI");
  bad("origin", "wimse://example.com", ["ID-18", "ID-32"], "an origin: scheme and trust domain without a path");
  bad("root-path", "wimse://example.com/", ["ID-32"], "no path segment");
  bad("trailing-slash", "wimse://example.com/orders/", ["ID-34", "ID-29"], "trailing slash");
  bad("empty-segment", "wimse://example.com//orders", ["ID-34", "ID-29"], "empty segment");
  bad("dot-segment", "wimse://example.com/orders/../admin", ["ID-34", "ID-29"], "dot segments");
  bad("encoded-slash", "wimse://example.com/orders%2Fapi", ["ID-33", "ID-29"], "percent-encoded slash");
  bad("userinfo", "wimse://user@example.com/orders", ["ID-05"], "user information");
  bad("port", "wimse://example.com:8443/orders", ["ID-06"], "port");
  bad("empty-query", "wimse://example.com/orders?", ["ID-03"], "empty query");
  bad("empty-fragment", "wimse://example.com/orders#", ["ID-04"], "empty fragment");
  bad("no-authority", "wimse:///orders", ["ID-02"], "empty trust domain");
  bad("trailing-dot", "wimse://example.com./orders", ["ID-31", "ID-29"], "trust domain with a trailing dot");
  bad("scheme-upper-case", "WIMSE://example.com/orders", ["ID-30", "ID-29"], "scheme in upper case");
  bad("ipv4", "wimse://192.0.2.1/orders", ["ID-12"], "IPv4 address as trust domain");
  bad("ipv6", "wimse://[2001:db8::1]/orders", ["ID-12"], "IPv6 address as trust domain");
  bad("leading-space", ` ${SUBJECT}`, ["ID-29"], "space before the identifier");
  bad("trailing-newline", `${SUBJECT}\n`, ["ID-29"], "line feed after the identifier");
  bad("nul", `${SUBJECT}\0`, ["ID-29"], "NUL after the identifier");
  bad("other-scheme", "https://example.com/orders", ["ID-09", "AMB-29"], "a scheme without registered rules");
  const ofLength = (n) => `wimse://example.com/${"a".repeat(n - "wimse://example.com/".length)}`;
  c.ok("sub-2048", ["ID-07", "ID-24"], "identifier of exactly 2,048 octets", { claims: { sub: ofLength(2048) } });
  bad("2049", ofLength(2049), ["ID-08"], "identifier of 2,049 octets");
  c.ok("sub-escaped-slashes", ["WIT-06"], "sub with JSON escapes for the slashes: the same string after parsing",
    { payload: { ...WIT_CLAIMS, sub: raw('"wimse:\\/\\/example.com\\/orders"') } });
  c.ok("sub-single-segment", ["ID-15", "WIT-44"], "one path segment", { claims: { sub: "wimse://example.com/o" } });
  c.ok("sub-path-case", ["ID-34"], "upper-case letters in the path are legal", { claims: { sub: "wimse://example.com/Orders/API" } });

  const unknown = (name, sub, req, reason, rest) => c.bad(`domain-${name}`, "trust_domain_unknown", req, reason, { claims: { sub } }, rest);
  unknown("sub-domain", "wimse://sub.example.com/orders", ["TA-01", "ID-26"], "sub-domain of a trusted domain");
  unknown("longer", "wimse://example.com.evil.test/orders", ["TA-01", "ID-26"], "trusted name as a prefix of another");
  unknown("suffix", "wimse://notexample.com/orders", ["TA-01", "ID-26"], "trusted name as a suffix of another");
  unknown("parent", "wimse://com/orders", ["TA-01", "ID-26"], "parent of a trusted domain");
  unknown("other-scheme", SVID_SUBJECT, ["ID-10", "TA-07"], "same name under the spiffe scheme, anchors only for wimse");
  unknown("anchors-of-spiffe", SUBJECT, ["ID-10", "TA-07"], "anchors only for spiffe://example.com, subject under wimse",
    { anchors: { "spiffe://example.com": DEFAULT_ANCHORS["example.com"] } });
  c.bad("invalid-sub-before-anchors", "wit_subject_invalid", ["ID-36"], "identifier is judged before trust domain, key and signature",
    { header: { kid: "none" }, claims: { sub: "wimse://UNKNOWN.example/a" }, key: OTHER_1 });
}

export function lifetime(c) {
  const exp = (name, why, value, reason, req = ["WIT-08"], rest = {}) => c.bad(`exp-${name}`, why, req, reason, { claims: { exp: value } }, rest);
  const strict = { interop: "strict" };
  c.ok("exp-in-1s", ["WIT-09"], "expires in one second", { claims: { exp: NOW + 1 } });
  c.ok("exp-leeway-59", ["WIT-09", "AMB-08"], "expired 59 s ago: within 60 s of leeway", { claims: { exp: NOW - 59 } });
  exp("leeway-60", "wit_expired", NOW - 60, "expired 60 s ago: the leeway is over", ["WIT-09", "AMB-08"], strict);
  exp("long-ago", "wit_expired", NOW - 86_400, "expired a day ago", ["WIT-09"]);
  exp("zero", "wit_expired", 0, "exp 0", ["WIT-09"]);
  exp("negative", "wit_expired", -1, "exp before 1970", ["WIT-09"]);
  exp("minus-1e300", "wit_expired", raw("-1e300"), "exp far below the range of integers", ["WIT-09"]);
  c.ok("exp-fraction", ["WIT-08"], "NumericDate with a fraction", { claims: { exp: raw(`${NOW + 600}.75`) } });
  c.ok("exp-exponent", ["WIT-08"], "NumericDate with an exponent", { claims: { exp: raw("17600006e2") } });
  c.ok("exp-24h", ["WIT-10", "AMB-08"], "24 h and 60 s left: the cap with leeway", { claims: { exp: NOW + 86_460 } });
  exp("over-24h", "wit_lifetime", NOW + 86_461, "one second over the cap with leeway", ["WIT-10", "AMB-08"], strict);
  exp("one-year", "wit_lifetime", NOW + 31_536_000, "valid for a year", ["WIT-10", "AMB-08"], strict);
  exp("milliseconds", "wit_lifetime", (NOW + 3600) * 1000, "exp in milliseconds", ["WIT-10"], strict);
  exp("2e63", "wit_lifetime", raw("9223372036854775808"), "exp 2^63", ["WIT-10"], strict);
  exp("2e64-1", "wit_lifetime", raw("18446744073709551615"), "exp 2^64-1", ["WIT-10"], strict);
  exp("2e64", "wit_lifetime", raw("18446744073709551616"), "exp 2^64", ["WIT-10"], strict);
  exp("1e300", "wit_lifetime", raw("1e300"), "exp 1e300", ["WIT-10"], strict);
  exp("1e999", undefined, raw("1e999"), "exp beyond the range of a double", ["WIT-08"], strict);
  for (const [name, value] of [["null", null], ["string-empty", ""], ["true", true], ["array", [NOW + 600]], ["object", {}]]) {
    exp(name, "wit_claims", value, `exp is ${JSON.stringify(value)}`);
  }
  exp("string-number", "wit_claims", String(NOW + 600), "exp is a number in a string");
  c.bad("exp-nan", "wit_claims", ["WIT-08"], "exp is NaN, which is no JSON", { payload: { ...WIT_CLAIMS, exp: raw("NaN") } });

  const nbf = (value) => ({ claims: { nbf: value } });
  const rule = ["AMB-36"];
  c.ok("nbf-past", rule, "nbf in the past", nbf(NOW - 60));
  c.ok("nbf-leeway-60", rule, "nbf 60 s ahead: within leeway", nbf(NOW + 60));
  c.bad("nbf-leeway-61", "wit_not_yet_valid", rule, "nbf 61 s ahead", nbf(NOW + 61), strict);
  c.bad("nbf-future", "wit_not_yet_valid", rule, "nbf half an hour ahead", nbf(NOW + 1800));
  c.bad("nbf-1e300", "wit_not_yet_valid", rule, "nbf 1e300", nbf(raw("1e300")));
  c.ok("nbf-fraction", rule, "nbf with a fraction", nbf(raw(`${NOW - 10}.5`)));
  c.bad("nbf-string", "wit_claims", rule, "nbf is a string", nbf(String(NOW - 60)));
  c.bad("nbf-null", "wit_claims", rule, "nbf is null", nbf(null), strict);
  c.ok("iat-missing", ["AMB-09"], "no iat", { claims: { iat: undefined } });
  c.ok("iat-future", ["AMB-09"], "iat ahead of the clock: says nothing about validity", { claims: { iat: NOW + 300 } });
}

export function furtherClaims(c) {
  const ok = (name, req, reason, claims, rest) => c.ok(name, req, reason, { claims }, rest);
  ok("iss-missing", ["WIT-12"], "no iss: identity comes from sub", {});
  ok("iss-any", ["WIT-11", "WIT-12"], "iss present, no allow-list configured", { iss: "https://issuer.example.com" });
  ok("iss-foreign", ["WIT-12"], "iss of another domain: no allow-list, so not looked at", { iss: "https://elsewhere.example" }, { interop: "either" });
  ok("jti-and-more", ["WIT-13", "WIT-37"], "jti and other data for correlation",
    { jti: "wit-1", "https://example.com/claims/pod": "orders-7f", "https://example.com/claims/labels": { tier: ["a", "b"] } });
  ok("private-claim-names", ["WIT-33", "WIT-32"], "private claim names are unwise for an issuer, and ignored", { role: "admin", scope: "all" });
  ok("collision-resistant-names", ["WIT-34", "WIT-32"], "claims of a closed deployment", { "https://example.com/claims/zone": 4 });
  ok("unregistered-claim", ["WIT-35", "WIT-32"], "an unregistered claim is an issuer's mistake, ignored here", { workload_tier: null });
  ok("second-identifier-claim", ["WIT-36", "WIT-32"], "an unknown claim that holds an identifier is not looked at",
    { "https://example.com/claims/also": "wimse://example.com/admin" }, { interop: "either" });
  ok("many-claims", ["WIT-32"], "two hundred unknown claims", Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`c${i}`, i])));
  ok("empty-claim-name", ["WIT-32"], "a claim whose name is empty", { "": 1 });
  ok("sub-case-claim", ["WIT-32"], "claims named Sub and SUB are other claims than sub", { Sub: "wimse://example.com/admin", SUB: 1 });
  c.ok("other-domain-own-key", ["TA-01", "WIT-27"], "the other trust domain's token, signed with its own key",
    { header: { kid: "other-1" }, claims: { sub: "wimse://other.example/orders" }, key: OTHER_1 });
}

