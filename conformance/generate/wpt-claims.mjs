// WPT cases about the claims of the proof: aud, exp, jti, wth, unknown ones.
import { b64u, hash, json, padded, raw, withDuplicate } from "./jose.mjs";
import { createHash } from "node:crypto";
import { NOW, wit } from "./case.mjs";
import { BILLING, ORDERS, URI, proofClaims } from "./wpt-case.mjs";

export function audience(c) {
  const rule = ["WPT-13", "AMB-13"];
  const bad = (name, aud, reason, rest = {}) => c.bad(`aud-${name}`, "audience_mismatch", rule, reason, { claims: { aud } }, rest);
  const strict = { interop: "strict" };
  c.ok("aud-target", ["WPT-11"], "aud is the target URI without query and fragment", {}, { target: `${URI}?x=1&y=2` });
  const urn = "urn:example:workload:orders";
  c.ok("aud-deployment", ["WPT-12"], "a deployment's own audience value, configured", { claims: { aud: urn } }, { accepted: [urn] });
  c.ok("aud-second-alias", ["WPT-12", "WPT-13"], "the second of three configured audiences", { claims: { aud: urn } }, { accepted: [URI, urn, "https://alias.example.com/path"] });
  c.bad("aud-deployment-unknown", "audience_mismatch", ["WPT-12", "WPT-14"], "a deployment's own audience value, not configured", { claims: { aud: urn } });
  c.bad("aud-other-service", "audience_mismatch", ["WPT-14"], "meant for another service, forwarded to this one", { claims: { aud: "https://billing.example.com/path" } });
  const evil = "https://evil.example.com/path";
  c.bad("aud-host-named", "audience_mismatch", ["WPT-15", "WPT-16"], "aud, Host and target name an authority that is not configured", { claims: { aud: evil } }, { target: evil, host: "evil.example.com" });
  c.bad("aud-forwarded-host", "audience_mismatch", ["WPT-15", "WPT-16"], "aud is named by X-Forwarded-Host only", { claims: { aud: evil } }, { more: [["X-Forwarded-Host", "evil.example.com"]] });
  c.bad("aud-forwarded", "audience_mismatch", ["WPT-15", "WPT-16"], "aud is named by Forwarded only", { claims: { aud: evil } }, { more: [["Forwarded", "host=evil.example.com;proto=https"]] });
  c.ok("aud-internal-host", ["WPT-15", "WPT-16"], "a proxy changed Host; the configured audience decides", {}, { target: "https://10-0-0-7.internal/path", host: "10-0-0-7.internal" });

  bad("path-case", "https://workload.example.com/Path", "path differs in case");
  bad("host-case", "https://Workload.Example.com/path", "host differs in case: compared as a string", strict);
  bad("scheme-case", "HTTPS://workload.example.com/path", "scheme differs in case: compared as a string", strict);
  bad("scheme-http", "http://workload.example.com/path", "http instead of https");
  bad("evil-suffix", "https://workload.example.com.evil.test/path", "the own host as a prefix of another");
  bad("evil-userinfo", "https://workload.example.com@evil.test/path", "the own host as user information of another");
  bad("evil-backslash", "https://workload.example.com\\@evil.test/path", "a backslash that some parsers read as a slash");
  bad("evil-prefix", "https://evil-workload.example.com/path", "the own host as a suffix of another");
  bad("origin-only", "https://workload.example.com", "only the beginning of the configured audience");
  bad("origin-slash", "https://workload.example.com/", "only the origin");
  bad("path-prefix", "https://workload.example.com/pat", "a prefix of the configured path");
  bad("path-longer", "https://workload.example.com/path/sub", "the configured audience is a prefix");
  bad("path-suffixed", "https://workload.example.com/path-admin", "the configured audience is a prefix within the segment");
  bad("trailing-slash", "https://workload.example.com/path/", "trailing slash", strict);
  bad("default-port", "https://workload.example.com:443/path", "default port written out", strict);
  bad("other-port", "https://workload.example.com:8443/path", "another port");
  bad("trailing-dot", "https://workload.example.com./path", "host with a trailing dot", strict);
  bad("percent-encoded", "https://workload.example.com/%70ath", "percent-encoded letter", strict);
  bad("dot-segment", "https://workload.example.com/x/../path", "dot segments", strict);
  bad("double-slash", "https://workload.example.com//path", "empty segment");
  bad("leading-space", ` ${URI}`, "space before the audience");
  bad("trailing-newline", `${URI}\n`, "line feed after the audience");
  bad("host-only", "workload.example.com", "host name instead of a URI");
  bad("wildcard", "*", "an asterisk");
  c.bad("aud-with-query", "audience_mismatch", rule, "aud with a query, which a sender should leave out", { claims: { aud: `${URI}?x=1` } }, { interop: "either", target: `${URI}?x=1` });

  const shape = ["WPT-10", "AMB-14"];
  const odd = (name, why, aud, reason, rest = {}) => c.bad(`aud-${name}`, why, shape, reason, { claims: { aud } }, rest);
  c.ok("aud-array-one", shape, "a list of one audience", { claims: { aud: [URI] } }, { interop: "either" });
  odd("array-one-other", "audience_mismatch", [evil], "a list of one foreign audience");
  odd("array-two", undefined, [URI, evil], "a list of two audiences, one of them right", strict);
  odd("array-two-same", undefined, [URI, URI], "a list of the right audience twice", strict);
  odd("array-empty", undefined, [], "an empty list");
  odd("array-nested", undefined, [[URI]], "a list in a list");
  odd("array-number", undefined, [1], "a list with a number");
  odd("missing", "proof_claims", undefined, "no aud");
  odd("number", undefined, 7, "aud is a number");
  odd("null", undefined, null, "aud is null");
  odd("object", undefined, { uri: URI }, "aud is an object");
  odd("true", undefined, true, "aud is true");
  odd("empty", "audience_mismatch", "", "aud is the empty string");
}

export function expiry(c) {
  const bad = (name, why, exp, reason, req = ["WPT-18"], rest = {}) => c.bad(`exp-${name}`, why, req, reason, { claims: { exp } }, rest);
  const strict = { interop: "strict" };
  const cap = ["WPT-17", "WPT-19", "AMB-08"];
  c.ok("exp-in-1s", ["WPT-18", "WIT-42"], "expires in one second", { claims: { exp: NOW + 1 } });
  c.ok("exp-leeway-59", ["WPT-18", "AMB-08"], "expired 59 s ago: within 60 s of leeway", { claims: { exp: NOW - 59 } });
  bad("leeway-60", "proof_expired", NOW - 60, "expired 60 s ago: the leeway is over", ["WPT-18", "WIT-42", "AMB-08"], strict);
  bad("long-ago", "proof_expired", NOW - 3600, "expired an hour ago", ["WPT-18", "WIT-42"]);
  bad("zero", "proof_expired", 0, "exp 0");
  bad("negative", "proof_expired", -1, "exp before 1970");
  c.ok("exp-fraction", ["WPT-18"], "NumericDate with a fraction", { claims: { exp: raw(`${NOW + 60}.25`) } });
  c.ok("exp-cap", cap, "5 min and 60 s left: the cap with leeway", { claims: { exp: NOW + 360 } });
  bad("over-cap", "proof_lifetime", NOW + 361, "one second over the cap with leeway", cap, strict);
  bad("one-hour", "proof_lifetime", NOW + 3600, "valid for an hour", cap, strict);
  bad("2e64-1", "proof_lifetime", raw("18446744073709551615"), "exp 2^64-1", cap, strict);
  bad("1e300", "proof_lifetime", raw("1e300"), "exp 1e300", cap, strict);
  bad("milliseconds", "proof_lifetime", (NOW + 60) * 1000, "exp in milliseconds", cap, strict);
  bad("missing", "proof_claims", undefined, "no exp");
  bad("null", "proof_claims", null, "exp is null");
  bad("string", "proof_claims", String(NOW + 60), "exp is a string");
  bad("array", "proof_claims", [NOW + 60], "exp is a list");
  bad("true", "proof_claims", true, "exp is true");
}

export function identifier(c) {
  const bad = (name, jti, reason, rest = {}) => c.bad(`jti-${name}`, "proof_claims", ["WPT-20"], reason, { claims: { jti } }, rest);
  bad("missing", undefined, "no jti");
  bad("empty", "", "jti is empty");
  bad("number", 7, "jti is a number");
  bad("null", null, "jti is null");
  bad("array", ["a"], "jti is a list");
  c.ok("jti-one-octet", ["WPT-20"], "jti of one octet: a receiver cannot judge randomness", { claims: { jti: "j" } });
  c.ok("jti-256", ["WPT-20"], "jti of 256 octets", { claims: { jti: "j".repeat(256) } });
  bad("257", "j".repeat(257), "jti of 257 octets", { interop: "strict" });
  c.ok("jti-256-two-octet", ["WPT-20"], "jti of 128 characters, two octets each", { claims: { jti: "é".repeat(128) } });
  bad("258-two-octet", "é".repeat(129), "jti of 129 characters, two octets each", { interop: "strict" });
}

export function witHash(c) {
  const right = hash(ORDERS.wit);
  const bad = (name, why, wth, reason) => c.bad(`wth-${name}`, why, ["WPT-22", "WPT-23"], reason, { claims: { wth } });
  const mismatch = (name, wth, reason) => bad(name, "proof_wit_mismatch", wth, reason);
  bad("missing", undefined, undefined, "no wth");
  bad("null", undefined, null, "wth is null");
  bad("number", undefined, 7, "wth is a number");
  bad("array", undefined, [right], "wth is a list with the right hash");
  bad("empty", undefined, "", "wth is empty");
  mismatch("padded", padded(right), "the right hash with padding");
  mismatch("hex", createHash("sha256").update(ORDERS.wit).digest("hex"), "the right hash in hexadecimal");
  mismatch("sha512", createHash("sha512").update(ORDERS.wit).digest("base64url"), "SHA-512 of the WIT");
  mismatch("short", right.slice(0, -1), "the right hash without its last character");
  mismatch("half", b64u(createHash("sha256").update(ORDERS.wit).digest().subarray(0, 16)), "the first half of the hash");
  mismatch("of-other-wit", hash(BILLING.wit), "the hash of another WIT");
  mismatch("of-signing-input", hash(ORDERS.wit.split(".").slice(0, 2).join(".")), "the hash of the WIT without its signature");
  mismatch("of-field-line", hash(`Workload-Identity-Token: ${ORDERS.wit}`), "the hash of the whole field line");
  mismatch("of-newline", hash(`${ORDERS.wit}\n`), "the hash of the WIT and a line feed");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  mismatch("stray-bit", right.slice(0, -1) + alphabet[alphabet.indexOf(right.at(-1)) | 1], "the right hash with unused bits set");
  let plus;
  do plus = wit({ claims: { jti: `wth-${Math.random()}` } });
  while (!/[-_]/.test(hash(plus)));
  c.bad("wth-standard-alphabet", "proof_wit_mismatch", ["WPT-22", "WPT-23"], "the right hash in the alphabet of plain base64", {
    who: { ...ORDERS, wit: plus }, claims: { wth: hash(plus).replaceAll("-", "+").replaceAll("_", "/") },
  });
}

export function unknownClaims(c) {
  const ok = (name, claims, reason, rest) => c.ok(name, ["WPT-37"], reason, { claims }, rest);
  ok("unknown-claims", { "https://example.com/trace": { id: [1, 2, { a: null }] }, note: "n" }, "unknown claims ignored");
  ok("unknown-htm-htu", { htm: "GET", htu: "https://elsewhere.example/" }, "DPoP's claims have no meaning here");
  ok("unknown-iss-sub", { iss: "wimse://example.com/admin", sub: "wimse://example.com/admin" }, "iss and sub of a proof name nobody: the WIT does");
  c.ok("ath-number-ignored", ["WPT-43", "WPT-37"], "ath, of whatever type, is an unknown claim", { claims: { ath: 5 } });
  ok("iat-past", { iat: NOW - 10 }, "iat present");
  ok("cnf-ignored", { cnf: BILLING.wit }, "cnf of a proof is not looked at");
  c.bad("nbf-future", undefined, ["WPT-37"], "nbf an hour ahead: not a claim of the draft, but RFC 7519 defines it", { claims: { nbf: NOW + 3600 } }, { interop: "either" });

  const strict = { interop: "strict" };
  const base = () => proofClaims();
  const duplicate = (name, extra, value, reason) => c.bad(name, undefined, ["WPT-05", "AMB-25"], reason, { payload: withDuplicate(base(), extra, value) }, strict);
  duplicate("duplicate-aud", '"aud"', "https://evil.example.com/path", "aud occurs twice");
  duplicate("duplicate-aud-escaped", '"a\\u0075d"', "https://evil.example.com/path", "aud occurs twice, once with an escape");
  duplicate("duplicate-jti", '"jti"', "another", "jti occurs twice");
  duplicate("duplicate-exp-same", '"exp"', NOW + 120, "exp occurs twice with the same value");
  duplicate("duplicate-wth", '"wth"', hash(BILLING.wit), "wth occurs twice");
  duplicate("duplicate-nested", '"x"', raw('{"a":{"b":1,"b":1}}'), "duplicate member inside an unknown claim");
  const text = () => json(base());
  for (const [name, body] of [["array", `[${text()}]`], ["null", "null"], ["string", '"x"'], ["truncated", text().slice(0, -1)], ["trailing-text", `${text()}x`], ["bom", `\ufeff${text()}`]]) {
    c.bad(`payload-${name}`, undefined, ["WPT-05"], `payload is not a single sound JSON object: ${name}`, { payload: raw(body) });
  }
  const nested = (levels) => ({ ...base(), deep: raw("[".repeat(levels - 1) + "]".repeat(levels - 1)) });
  c.ok("nesting-16", ["WPT-37"], "JSON nested 16 levels deep, the object itself included", { payload: nested(16) }, strict);
  c.bad("nesting-17", undefined, ["WPT-05"], "JSON nested 17 levels deep", { payload: nested(17) }, strict);
  c.bad("nesting-2500", undefined, ["WPT-05"], "unknown claim nested 2,500 deep", { payload: nested(2501) }, strict);
  c.bad("nesting-10000", "proof_too_large", ["WPT-05"], "unknown claim nested 10,000 deep", { payload: nested(10_001) }, strict);
}
