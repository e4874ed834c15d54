// WIT cases about the issuer's side: trust anchors, kid, algorithms, allow-lists.
import { ALGORITHMS, sign } from "./jose.mjs";
import { JUNE_5, OTHER_1, keyFor, keys, pub } from "./keys.mjs";
import { SVID_SUBJECT } from "./case.mjs";

const domain = (...jwks) => ({ "example.com": jwks });
const anchor = (key, kid, extra = {}) => pub(key, { kid, ...extra });
const june5 = anchor(JUNE_5, "June 5");
const next = anchor(keys.issuer_p256_next, "next");

/** A token signed with `key` under `alg`. */
const by = (key, alg, kid, claims = {}) => ({ header: { alg, kid }, claims, key, alg });

export function issuerAlgorithms(c) {
  for (const alg of ALGORITHMS) {
    const key = keyFor("issuer", alg);
    c.ok(`issuer-${alg}`, ["WIT-02", "WIT-20", "WIT-28"], `issuer signs with ${alg}; the anchor has no alg`, by(key, alg, "k"), { anchors: domain(anchor(key, "k")) });
    c.ok(`issuer-${alg}-anchor-alg`, ["WIT-02", "WIT-28"], `issuer signs with ${alg}; the anchor's alg is the same`, by(key, alg, "k"), { anchors: domain(anchor(key, "k", { alg })) });
    c.bad(`issuer-${alg}-wrong-signature`, "wit_signature", ["WIT-28"], `one bit of a ${alg} signature flipped`, {
      ...by(key, alg, "k"),
      signer: (input) => {
        const signature = Buffer.from(sign(alg, key, input));
        signature[signature.length >> 1] ^= 1;
        return signature;
      },
    }, { anchors: domain(anchor(key, "k")) });
  }

  const mismatch = (name, headerAlg, signAlg, key, extra, reason) =>
    c.bad(`mismatch-${name}`, undefined, ["WIT-31", "WIT-02"], reason, { header: { alg: headerAlg, kid: "k" }, key, alg: signAlg }, { anchors: domain(anchor(key, "k", extra)) });
  mismatch("ps256-anchor-rs256", "PS256", "PS256", keys.issuer_rsa2048, { alg: "RS256" }, "the anchor's alg is RS256, the token is signed with PS256");
  mismatch("rs512-anchor-rs256", "RS512", "RS512", keys.issuer_rsa2048, { alg: "RS256" }, "the anchor's alg is RS256, the token is signed with RS512");
  mismatch("ed25519-anchor-eddsa", "Ed25519", "Ed25519", keys.issuer_ed25519, { alg: "EdDSA" }, "the two names of Ed25519 are not equated across objects");
  mismatch("es384-p256", "ES384", "ES256", keys.issuer_p256, {}, "header says ES384, the anchor is a P-256 key");
  mismatch("rs256-p256", "RS256", "ES256", keys.issuer_p256, {}, "header says RS256, the anchor is a P-256 key");
  mismatch("es256-p384", "ES256", "ES384", keys.issuer_p384, {}, "header says ES256, signed with ES384 by a P-384 anchor");
  mismatch("eddsa-p256", "EdDSA", "ES256", keys.issuer_p256, {}, "header says EdDSA, the anchor is a P-256 key");
  mismatch("rs256-signed-ps256", "RS256", "PS256", keys.issuer_rsa2048, {}, "header says RS256, the signature is PS256");
  mismatch("rs256-signed-rs384", "RS256", "RS384", keys.issuer_rsa2048, {}, "header says RS256, the signature is over SHA-384");
}

export function keyChoice(c) {
  const two = { anchors: domain(june5, next) };
  const rotation = ["TA-04", "WIT-29"];
  const nextKey = keys.issuer_p256_next;
  c.ok("two-anchors-first", rotation, "two anchors, signed by the first", {}, two);
  c.ok("two-anchors-second", rotation, "two anchors, signed by the second", by(nextKey, "ES256", "next"), two);
  c.bad("two-anchors-crossed", "wit_signature", rotation, "two anchors, kid of one and signature of the other: only the named key counts", by(nextKey, "ES256", "June 5"), two);
  c.bad("two-anchors-no-kid", "wit_key_unknown", ["WIT-30", "AMB-04"], "two anchors and no kid: the key is ambiguous", { header: { kid: undefined } }, two);
  c.bad("two-types-no-kid", "wit_key_unknown", ["WIT-30", "AMB-04"], "no kid, and only one of two anchors fits the algorithm: still no guessing",
    { header: { kid: undefined } }, { anchors: domain(june5, anchor(keys.issuer_ed25519, "ed")), interop: "strict" });
  c.bad("rotated-out", "wit_key_unknown", ["TA-04", "TA-11"], "the anchor that signed is no longer configured", {}, { anchors: domain(next) });
  c.bad("kid-unknown-one-anchor", "wit_key_unknown", ["WIT-29"], "one anchor, another kid, signature by that anchor", { header: { kid: "June" } });
  c.bad("kid-case", "wit_key_unknown", ["WIT-29"], "kid differs in case", { header: { kid: "june 5" } });
  c.bad("kid-empty", "wit_key_unknown", ["WIT-29"], "kid is the empty string", { header: { kid: "" } });
  c.bad("kid-anchor-without", "wit_key_unknown", ["WIT-29", "AMB-04"], "token has a kid, the only anchor has none", {}, { anchors: domain(pub(JUNE_5)), interop: "strict" });
  c.ok("no-kid-anchor-without", ["WIT-30"], "neither token nor the only anchor has a kid", { header: { kid: undefined } }, { anchors: domain(pub(JUNE_5)) });
  for (const [name, kid] of [["number", 5], ["null", null], ["array", ["June 5"]], ["object", {}]]) {
    c.bad(`kid-${name}`, undefined, ["WIT-29", "WIT-31"], `kid is a JSON ${name}`, { header: { kid } });
  }
  c.bad("kid-path", "wit_key_unknown", ["WIT-29"], "kid looks like a file path", { header: { kid: "../../dev/null" } });
}

export function domains(c) {
  const rule = ["TA-01", "TA-07"];
  c.bad("cross-domain-signed", "wit_signature", rule, "subject and kid of example.com, signed by other.example's key", { key: OTHER_1 });
  c.bad("cross-domain-subject", "wit_key_unknown", rule, "subject in other.example, signed and named by example.com's key", { claims: { sub: "wimse://other.example/orders" } });
  const same = { "example.com": [anchor(JUNE_5, "k")], "other.example": [anchor(OTHER_1, "k")] };
  c.bad("same-kid-other-domain", "wit_signature", rule, "both domains use the same kid; signed by the other domain's key", by(OTHER_1, "ES256", "k"), { anchors: same });
  c.ok("same-kid-own-domain", rule, "both domains use the same kid; signed by the own key", by(JUNE_5, "ES256", "k"), { anchors: same });

  const schemes = { "example.com": [june5], "spiffe://example.com": [anchor(OTHER_1, "June 5", { use: "wit-svid" })] };
  const spiffe = (key) => by(key, "ES256", "June 5", { sub: SVID_SUBJECT });
  c.ok("schemes-wimse", ["ID-10", "TA-07"], "same name under two schemes, each with its own key: wimse", {}, { anchors: schemes });
  c.ok("schemes-spiffe", ["ID-10", "TA-07"], "same name under two schemes, each with its own key: spiffe", spiffe(OTHER_1), { anchors: schemes });
  c.bad("schemes-crossed-wimse", "wit_signature", ["ID-10", "TA-07"], "wimse subject, signed by the key of the spiffe domain", by(OTHER_1, "ES256", "June 5"), { anchors: schemes });
  c.bad("schemes-crossed-spiffe", "wit_signature", ["ID-10", "TA-07"], "spiffe subject, signed by the key of the wimse domain", spiffe(JUNE_5), { anchors: schemes });

  c.bad("no-keys-left", undefined, ["TA-09", "TA-11"], "the domain is known but has no key", {}, { anchors: { "example.com": [] } });
  c.ok("anchor-use-sig", ["TA-01"], "anchor with use sig", {}, { anchors: domain({ ...june5, use: "sig" }) });
  c.bad("anchor-use-enc", undefined, ["TA-01"], "anchor meant for encryption", {}, { anchors: domain({ ...june5, use: "enc" }), interop: "strict" });
  c.ok("anchor-unknown-type", ["TA-04"], "an anchor of unknown type beside a good one is ignored", {}, { anchors: domain({ kty: "LATTICE", kid: "pq", pub: "AAAA" }, june5) });
  c.bad("anchor-rsa1024", undefined, ["WIT-31"], "the only anchor is a 1024-bit RSA key", { header: { alg: "RS256", kid: "weak" }, signer: () => Buffer.alloc(128, 1) },
    { anchors: domain(anchor(keys.public_rsa1024, "weak")) });
}

export function allowLists(c) {
  const set = (settings) => ({ settings: { "example.com": settings } });
  const algs = ["WIT-04"];
  c.ok("algorithms-listed", algs, "the token's alg is on the domain's list", {}, set({ algorithms: ["ES384", "ES256"] }));
  c.bad("algorithms-not-listed", "wit_algorithm", algs, "the token's alg is not on the domain's list", {}, set({ algorithms: ["ES384", "EdDSA"] }));
  c.bad("algorithms-name", "wit_algorithm", [...algs, "AMB-06"], "Ed25519 is listed, the token says EdDSA", by(keys.issuer_ed25519, "EdDSA", "k"),
    { anchors: domain(anchor(keys.issuer_ed25519, "k")), ...set({ algorithms: ["Ed25519"] }) });
  c.bad("algorithms-rsa-family", "wit_algorithm", algs, "PS256 is listed, the token says RS256", by(keys.issuer_rsa2048, "RS256", "k"),
    { anchors: domain(anchor(keys.issuer_rsa2048, "k")), ...set({ algorithms: ["PS256"] }) });
  c.ok("algorithms-other-domain", algs, "another domain's list does not matter", {}, { settings: { "other.example": { algorithms: ["ES384"] } } });

  const proof = ["HSQ-30", "WIT-15"];
  c.ok("proof-algorithms-listed", proof, "cnf.jwk.alg is on the domain's list", {}, set({ proof_algorithms: ["ES256"] }));
  c.bad("proof-algorithms-not-listed", "wit_confirmation", proof, "cnf.jwk.alg is not on the domain's list", {}, set({ proof_algorithms: ["ES384"] }));
  c.bad("proof-algorithms-name", "wit_confirmation", [...proof, "AMB-06"], "Ed25519 is listed, cnf.jwk.alg says EdDSA",
    { claims: { cnf: { jwk: pub(keys.workload_ed25519_a, { alg: "EdDSA" }) } } }, set({ proof_algorithms: ["Ed25519"] }));
  c.ok("proof-algorithms-apart", proof, "the list for proofs does not bind the issuer", {}, set({ algorithms: ["ES256"], proof_algorithms: ["ES256"] }));
  c.ok("algorithms-apart", algs, "the list for issuers does not bind the workload's key", { claims: { cnf: { jwk: pub(keys.workload_ed25519_a, { alg: "Ed25519" }) } } },
    set({ algorithms: ["ES256"] }));

  const rule = ["TA-06"];
  const iss = (value) => ({ claims: { iss: value } });
  const list = set({ issuers: ["https://issuer.example.com", "https://standby.example.com"] });
  c.ok("iss-list-listed", rule, "iss is on the list", iss("https://issuer.example.com"), list);
  c.ok("iss-list-listed-second", rule, "iss is the second on the list", iss("https://standby.example.com"), list);
  for (const [name, value, reason] of [
    ["missing", undefined, "no iss although the domain has a list"],
    ["other", "https://elsewhere.example", "iss is not on the list"],
    ["slash", "https://issuer.example.com/", "iss differs by a trailing slash"],
    ["case", "https://Issuer.example.com", "iss differs in case"],
    ["longer", "https://issuer.example.com.evil.test", "iss begins with a listed one"],
    ["shorter", "https://issuer.example", "iss is the beginning of a listed one"],
    ["empty", "", "iss is the empty string"],
  ]) c.bad(`iss-list-${name}`, "wit_issuer", rule, reason, iss(value), list);
  c.bad("iss-list-array", undefined, rule, "iss is a list with an allowed issuer", iss(["https://issuer.example.com"]), list);
  c.bad("iss-list-other-domain", "wit_issuer", ["TA-06", "TA-07"], "iss is on the list of another domain only", iss("https://issuer.other.example"),
    { settings: { "example.com": { issuers: ["https://issuer.example.com"] }, "other.example": { issuers: ["https://issuer.other.example"] } } });
  c.ok("iss-list-list-elsewhere", rule, "a list of another domain does not bind this one", {}, { settings: { "other.example": { issuers: ["https://issuer.other.example"] } } });
}
