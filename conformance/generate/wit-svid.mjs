// WIT cases under the WIT-SVID profile of SPIFFE.
import { ALGORITHMS } from "./jose.mjs";
import { JUNE_5, keyFor, keys, pub } from "./keys.mjs";
import { NOW, SVID_SUBJECT } from "./case.mjs";

const USE = { use: "wit-svid" };
const bundle = (...jwks) => ({ "spiffe://example.com": jwks });
const ALLOWED = ALGORITHMS.filter((alg) => !alg.startsWith("Ed"));
const key1 = pub(JUNE_5, { kid: "k1", ...USE });
const key2 = (extra = {}) => pub(keys.issuer_p256_next, { kid: "k2", ...USE, ...extra });
const signed2 = { key: keys.issuer_p256_next, header: { alg: "ES256", kid: "k2" } };

export function svid(cases) {
  const add = (name, expected, why, req, reason, how = {}, rest = {}) =>
    cases.add(`svid-${name}`, expected, req, reason, {
      ...how, header: { kid: "k1", ...how.header }, claims: { sub: SVID_SUBJECT, ...how.claims },
    }, { profile: "wit-svid", anchors: bundle(key1), why, ...rest });
  const ok = (name, req, reason, how, rest) => add(name, "accept", undefined, req, reason, how, rest);
  const bad = (name, why, req, reason, how, rest) => add(name, "reject", why, req, reason, how, rest);

  for (const alg of ALGORITHMS) {
    const issuer = keyFor("issuer", alg);
    const how = { header: { alg }, key: issuer, alg };
    const anchors = bundle(pub(issuer, { kid: "k1", ...USE }));
    const cnf = { claims: { cnf: { jwk: pub(keyFor("workload", alg), { alg }) } } };
    if (ALLOWED.includes(alg)) {
      ok(`issuer-${alg}`, ["SVID-03", "TA-09"], `issuer signs with ${alg}`, how, { anchors });
      ok(`cnf-${alg}`, ["SVID-06"], `confirmation key for ${alg}`, cnf);
    } else {
      // The extra P-256 key keeps the bundle from being empty for a receiver that drops keys it cannot use.
      bad(`issuer-${alg}`, "wit_algorithm", ["SVID-03", "AMB-06"], `issuer signs with ${alg}, which the profile excludes`, how, { anchors: bundle(...anchors["spiffe://example.com"], key2()) });
      bad(`cnf-${alg}`, "wit_confirmation", ["SVID-06", "AMB-06"], `confirmation key for ${alg}, which the profile excludes`, cnf);
    }
  }
  bad("alg-none", "wit_algorithm", ["SVID-03"], "alg none", { header: { alg: "none" } });

  bad("kid-missing", "wit_profile", ["SVID-01"], "no kid, although the bundle has one key", { header: { kid: undefined } });
  bad("kid-unknown", "wit_key_unknown", ["SVID-01"], "kid of no key", { header: { kid: "k9" } });
  for (const [name, typ] of [["application-prefix", "application/wit+jwt"], ["upper-case", "WIT+JWT"], ["jwt", "JWT"], ["trailing-space", "wit+jwt "], ["missing", undefined]]) {
    bad(`typ-${name}`, "wit_type", ["SVID-02", "AMB-05"], `typ ${typ === undefined ? "missing" : JSON.stringify(typ)}`, { header: { typ } });
  }
  ok("unknown-header", ["SVID-04"], "unknown header parameter ignored", { header: { "x-extra": { a: 1 } } });
  bad("crit", "wit_malformed", ["SVID-04"], "unknown header parameter named in crit", { header: { "x-extra": 1, crit: ["x-extra"] } });

  bad("sub-wimse", "trust_domain_unknown", ["SVID-05"], "subject under the wimse scheme", { claims: { sub: "wimse://example.com/orders" } });
  for (const [name, sub, reason] of [
    ["domain", "spiffe://example.com", "the trust domain itself"],
    ["slash", "spiffe://example.com/", "root path"],
    ["tilde", "spiffe://example.com/a~b", "a tilde, legal only under wimse"],
    ["trailing-slash", "spiffe://example.com/a/", "trailing slash"],
    ["dot-segment", "spiffe://example.com/a/../b", "dot segment"],
    ["encoded", "spiffe://example.com/%61", "percent-encoding"],
    ["upper-case", "spiffe://Example.com/a", "trust domain in upper case"],
  ]) bad(`sub-${name}`, "wit_subject_invalid", ["SVID-05", "ID-38"], reason, { claims: { sub } });
  bad("sub-other-domain", "trust_domain_unknown", ["SVID-05", "ID-26"], "another trust domain", { claims: { sub: "spiffe://other.example/a" } });

  ok("jti", ["SVID-07"], "jti present", { claims: { jti: "svid-1" } });
  bad("exp-missing", "wit_claims", ["SVID-08"], "no exp", { claims: { exp: undefined } });
  bad("exp-past", "wit_expired", ["SVID-08"], "expired 10 min ago", { claims: { exp: NOW - 600 } });
  ok("exp-leeway", ["SVID-08"], "expired 30 s ago: within leeway", { claims: { exp: NOW - 30 } });
  bad("exp-leeway-60", "wit_expired", ["SVID-08", "AMB-08"], "expired 60 s ago", { claims: { exp: NOW - 60 } }, { interop: "strict" });
  bad("lifetime", "wit_lifetime", ["SVID-09", "AMB-08"], "valid for two days", { claims: { nbf: NOW - 60, exp: NOW + 172_800 } }, { interop: "strict" });
  bad("nbf-future", "wit_not_yet_valid", ["SVID-09"], "nbf 10 min ahead", { claims: { nbf: NOW + 600 } });
  ok("nbf-leeway", ["SVID-09"], "nbf 30 s ahead: within leeway", { claims: { nbf: NOW + 30 } });
  ok("iat-future", ["SVID-10"], "iat ahead of the clock does not delay validity", { claims: { iat: NOW + 600 } });
  ok("iat-missing", ["SVID-10"], "no iat", { claims: { iat: undefined } });
  ok("iss-discoverable", ["SVID-11"], "an https iss is the issuer's mistake; nothing is fetched", { claims: { iss: "https://oidc.example.com" } });
  for (const [name, aud] of [["string", "https://orders.example.com"], ["array", ["x"]], ["empty-array", []], ["null", null]]) {
    bad(`aud-${name}`, "wit_profile", ["SVID-12"], `aud present: ${JSON.stringify(aud)}`, { claims: { aud } }, { interop: "strict" });
  }

  const use = ["TA-09"];
  for (const [name, value] of [["missing", undefined], ["sig", "sig"], ["jwt-svid", "jwt-svid"], ["x509-svid", "x509-svid"], ["upper-case", "WIT-SVID"], ["empty", ""]]) {
    const other = JSON.parse(JSON.stringify(key2({ use: value })));
    bad(`use-${name}`, "wit_key_unknown", use, `signed by a key whose use is ${value === undefined ? "missing" : JSON.stringify(value)}`, signed2, { anchors: bundle(key1, other) });
    ok(`use-${name}-beside`, use, "such a key beside the right one is ignored", {}, { anchors: bundle(key1, other) });
  }
  bad("use-none-left", undefined, use, "every key of the bundle has another use", {}, { anchors: bundle({ ...key1, use: "jwt-svid" }) });
  bad("bundle-empty", undefined, use, "the bundle has no key", {}, { anchors: bundle() });
  ok("kty-unknown-beside", use, "a key of unknown kty is ignored", {}, { anchors: bundle({ kty: "LATTICE", kid: "pq", ...USE, pub: "AAAA" }, key1) });
  ok("two-keys", ["TA-04", "TA-10"], "two keys with different kid", signed2, { anchors: bundle(key1, key2()) });
  bad("kid-repeated", undefined, ["TA-10"], "two keys of the bundle share the kid that the token names", {}, { anchors: bundle(key1, key2({ kid: "k1" })) });
  bad("bundle-kid-missing", undefined, ["TA-10"], "the key that signed has no kid in the bundle", {}, { anchors: bundle(pub(JUNE_5, USE)) });
}
