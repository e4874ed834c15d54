// WPT cases about the proof as a token: form, header, algorithm, signature.
import { ALGORITHMS, b64u, hash, hmac, json, padded, raw, sign, signDer, standardAlphabet, strayBit, withDuplicate } from "./jose.mjs";
import { JUNE_5, OTHER_1, keyFor, keys, pub } from "./keys.mjs";
import { BILLING, ORDERS, proofClaims, workload, wpt } from "./wpt-case.mjs";

const HEADER = { alg: "ES256", typ: "wpt+jwt" };

export function algorithms(c) {
  const rule = ["WIT-19", "WPT-07", "WPT-08"];
  for (const alg of ALGORITHMS) {
    const who = workload(keyFor("workload", alg), alg);
    c.ok(`alg-${alg}`, rule, `proof with ${alg}`, { who });
    c.bad(`alg-${alg}-wrong-signature`, "proof_signature", ["WPT-08"], `one bit of a ${alg} signature flipped`, {
      who,
      signer: (input) => {
        const signature = Buffer.from(sign(alg, who.key, input));
        signature[signature.length >> 1] ^= 1;
        return signature;
      },
    });
  }
  const swap = (name, cnfAlg, proofAlg, key, reason) => {
    const who = workload(key, cnfAlg);
    c.bad(`swap-${name}`, "proof_algorithm", rule, reason, { who, header: { alg: proofAlg }, alg: proofAlg });
  };
  swap("rs256-ps256", "RS256", "PS256", keys.workload_rsa2048, "the same RSA key: cnf says RS256, the proof is a sound PS256");
  swap("ps256-rs256", "PS256", "RS256", keys.workload_rsa2048, "the same RSA key: cnf says PS256, the proof is a sound RS256");
  swap("rs256-rs512", "RS256", "RS512", keys.workload_rsa3072, "the same RSA key: cnf says RS256, the proof is a sound RS512");
  swap("eddsa-ed25519", "EdDSA", "Ed25519", keys.workload_ed25519_b, "cnf says EdDSA, the proof says Ed25519");
  swap("ed25519-eddsa", "Ed25519", "EdDSA", keys.workload_ed25519_b, "cnf says Ed25519, the proof says EdDSA");
  const rs256 = workload(keys.workload_rsa2048, "RS256");
  c.bad("rs256-header-ps256-signature", "proof_signature", rule, "header and cnf say RS256, the signature is PS256", { who: rs256, alg: "PS256" });
  c.bad("rs256-sha384", "proof_signature", rule, "header and cnf say RS256, the signature is over SHA-384", { who: rs256, alg: "RS384" });
  for (const [name, alg] of [["none", "none"], ["none-capital", "None"], ["lower-case", "es256"], ["ES384", "ES384"], ["EdDSA", "EdDSA"], ["RS256", "RS256"], ["empty", ""]]) {
    c.bad(`header-alg-${name}`, "proof_algorithm", ["WPT-07"], `proof header says ${JSON.stringify(alg)}, cnf says ES256`, { header: { alg } });
  }
  c.bad("alg-none-no-signature", "proof_malformed", ["WPT-05", "WPT-07"], "alg none without a signature", { header: { alg: "none" }, signer: () => "" });
  c.bad("alg-hs256", "proof_algorithm", ["WPT-07"], "HS256, keyed with the text of the public JWK", { header: { alg: "HS256" }, signer: (input) => hmac(JSON.stringify(pub(ORDERS.key)), input) });
  c.bad("alg-missing", undefined, ["WPT-07"], "no alg", { header: { alg: undefined } });
  c.bad("alg-null", undefined, ["WPT-07"], "alg is null", { header: { alg: null } });
}

export function signature(c) {
  const bad = (name, req, reason, how) => c.bad(name, "proof_signature", req, reason, how);
  bad("signed-by-issuer", ["WPT-08", "AMB-26"], "proof signed by the issuer's key instead of the workload's", { key: JUNE_5 });
  bad("signed-by-other-workload", ["WPT-08"], "proof signed by another workload's key", { key: BILLING.key });
  bad("signed-by-header-jwk", ["WPT-08", "AMB-25"], "proof header carries the attacker's key, which signed", { header: { jwk: pub(OTHER_1) }, key: OTHER_1 });
  bad("signature-der", ["WPT-08"], "DER instead of the two numbers side by side", { signer: (input) => signDer(ORDERS.key, input) });
  bad("signature-zero", ["WPT-08"], "all signature octets zero", { signer: () => Buffer.alloc(64) });
  bad("signature-short", ["WPT-08"], "signature of 63 octets", { signer: (input) => sign("ES256", ORDERS.key, input).subarray(1) });
  bad("payload-changed", ["WPT-08"], "jti altered after signing", {
    finish: (h, p, s) => `${h}.${b64u(json({ ...JSON.parse(Buffer.from(p, "base64url")), jti: "altered" }))}.${s}`,
  });
  c.bad("proof-for-other-wit", "proof_wit_mismatch", ["WPT-23"], "another workload's sound proof beside this WIT", { token: wpt({ who: BILLING }) });
  const renewed = workload(ORDERS.key, "ES256", { jti: "renewed" });
  c.bad("proof-for-older-wit", "proof_wit_mismatch", ["WPT-23"], "proof for an earlier WIT of the same workload and key", { who: renewed, claims: { wth: hash(ORDERS.wit) } });
  const stolen = workload(ORDERS.key, "ES256", { sub: "wimse://example.com/admin" });
  c.bad("proof-for-same-key-wit", "proof_wit_mismatch", ["WPT-23", "KEY-02"], "same key, another subject: the proof names the first WIT", { who: stolen, claims: { wth: hash(ORDERS.wit) } });
}

export function header(c) {
  const bad = (name, why, req, reason, how, rest) => c.bad(name, why, req, reason, how, rest);
  const either = { interop: "either" };
  c.ok("typ-upper-case", ["WPT-09", "AMB-05"], "media type names are case-insensitive", { header: { typ: "WPT+JWT" } }, either);
  c.ok("typ-application-mixed-case", ["WPT-09", "AMB-05"], "prefix and name in mixed case", { header: { typ: "Application/Wpt+JWT" } }, either);
  for (const [name, typ] of [["missing", undefined], ["wit", "wit+jwt"], ["dpop", "dpop+jwt"], ["txn-token", "txntoken+jwt"], ["at", "at+jwt"],
    ["empty", ""], ["trailing-space", "wpt+jwt "], ["text-prefix", "text/wpt+jwt"], ["longer", "wpt+jwtx"]]) {
    bad(`typ-${name}`, "proof_type", ["WPT-09"], `typ ${typ === undefined ? "missing" : JSON.stringify(typ)}`, { header: { typ } });
  }
  bad("typ-number", undefined, ["WPT-09"], "typ is a number", { header: { typ: 1 } });
  bad("typ-null", undefined, ["WPT-09"], "typ is null", { header: { typ: null } });
  const rule = ["WPT-05", "AMB-25"];
  for (const [name, extra] of [["crit-list", { crit: ["exp"] }], ["crit-empty", { crit: [] }], ["crit-null", { crit: null }],
    ["crit-string", { crit: "exp" }], ["b64-false", { b64: false }], ["b64-false-crit", { b64: false, crit: ["b64"] }]]) {
    bad(name, "proof_malformed", rule, `proof header with ${JSON.stringify(extra)}`, { header: extra });
  }
  bad("b64-true", "proof_malformed", rule, "b64 is true: not supported in any shape", { header: { b64: true } }, { interop: "strict" });
  c.ok("kid-ignored", ["WPT-08"], "kid in the proof header does not choose a key", { header: { kid: "June 5" } });
  c.ok("jku-ignored", ["WPT-08", "AMB-25"], "jku in the proof header is ignored, not fetched", { header: { jku: "https://attacker.example/jwks" } });
  c.ok("unknown-header", ["WPT-08"], "unknown header parameter ignored", { header: { x: { y: [1] } } });
  for (const [name, extra, value, reason] of [["header-duplicate-alg", '"alg"', "none", "alg occurs twice"],
    ["header-duplicate-alg-escaped", '"\\u0061lg"', "none", "alg occurs twice, once with an escape"],
    ["header-duplicate-typ", '"typ"', "wpt+jwt", "typ occurs twice with the same value"]]) {
    bad(name, "proof_malformed", rule, reason, { rawHeader: withDuplicate(HEADER, extra, value) }, { interop: "strict" });
  }
  for (const [name, text] of [["array", '["ES256"]'], ["null", "null"], ["truncated", '{"alg":"ES256"'], ["trailing-text", `${json(HEADER)}x`],
    ["bom", `\ufeff${json(HEADER)}`], ["too-deep", json({ ...HEADER, x: raw("[".repeat(16) + "]".repeat(16)) })]]) {
    bad(`header-${name}`, "proof_malformed", ["WPT-05"], `proof header is not a single sound JSON object: ${name}`, { rawHeader: raw(text) });
  }
}

/** A sound proof of exactly this many octets. */
function ofSize(octets) {
  for (const x of ["", "x", "xx"]) {
    const make = (n) => wpt({ header: { x }, claims: { jti: "own-jti-size", filler: "f".repeat(n) } });
    let n = Math.floor(((octets - make(0).length) * 3) / 4) - 4;
    while (make(n).length < octets) n += 1;
    if (make(n).length === octets) return make(n);
  }
  throw new Error(`no proof of ${octets} octets`);
}

export function form(c) {
  const rule = ["WPT-05"];
  const bad = (name, reason, how) => c.bad(name, "proof_malformed", rule, reason, how);
  const broken = (name, reason, finish) => bad(name, reason, { finish });
  broken("two-parts", "two segments", (h, p) => `${h}.${p}`);
  broken("five-parts", "five segments, as in a JWE", (h, p, s) => `${h}.${p}.${s}.${p}.${s}`);
  broken("empty-header", "empty header segment", (h, p, s) => `.${p}.${s}`);
  broken("empty-payload", "empty payload segment", (h, p, s) => `${h}..${s}`);
  broken("empty-signature", "empty signature segment", (h, p) => `${h}.${p}.`);
  broken("dot-after", "a dot after the token", (h, p, s) => `${h}.${p}.${s}.`);
  broken("only-dots", "three empty segments", () => "..");
  broken("padded-signature", "signature segment with padding", (h, p, s) => `${h}.${p}.${padded(s)}`);
  broken("stray-bit-signature", "unused bits of the last signature character are not zero", (h, p, s) => `${h}.${p}.${strayBit(s)}`);
  bad("opaque", "an opaque token", { token: "16_mAd0GiwaZokU26_0902100" });
  bad("standard-alphabet", "signature in the alphabet of plain base64", {
    finish: (h, p) => {
      let signature;
      do signature = b64u(sign("ES256", ORDERS.key, `${h}.${p}`));
      while (!/[-_]/.test(signature));
      return `${h}.${p}.${standardAlphabet(signature)}`;
    },
  });
  const claims = [0, 1, 2].map((n) => ({ ...proofClaims(), note: "x".repeat(n) })).find((o) => json(o).length % 3 === 1);
  bad("padded-payload", "payload with padding, and signed so", { payload: claims, encode: (h, p) => [h, padded(p)] });
  bad("stray-bit-payload", "unused bits of the payload are not zero, and signed so", { payload: claims, encode: (h, p) => [h, strayBit(p)] });
  c.ok("size-8192", rule, "a proof of exactly 8,192 octets", { token: ofSize(8192) }, { interop: "strict" });
  c.bad("size-8193", "proof_too_large", rule, "a proof of 8,193 octets", { token: ofSize(8193) }, { interop: "strict" });
}
