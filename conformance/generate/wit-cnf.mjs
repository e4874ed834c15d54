// WIT cases about the confirmation key.
import { ALGORITHMS, b64u, padded, unb64u } from "./jose.mjs";
import { keyFor, keys, pub } from "./keys.mjs";
import { CNF_ES256 } from "./case.mjs";

const ec = CNF_ES256.jwk;
const okp = pub(keys.workload_ed25519_a, { alg: "Ed25519" });
const rsa = pub(keys.workload_rsa2048, { alg: "RS256" });

export function accepted(c) {
  for (const alg of ALGORITHMS) {
    c.ok(`cnf-${alg}`, ["WIT-14", "WIT-15"], `confirmation key for ${alg}`, { claims: { cnf: { jwk: pub(keyFor("workload", alg), { alg }) } } });
  }
  c.ok("cnf-jwk-with-kid", ["WIT-14"], "cnf.jwk with kid and an unknown member", { claims: { cnf: { jwk: { ...ec, kid: "w1", "x-note": "n" } } } });
  c.ok("cnf-unknown-member", ["WIT-14"], "an unknown member beside jwk", { claims: { cnf: { ...CNF_ES256, "https://example.com/c": 1 } } }, { interop: "either" });
}

export function shape(c) {
  const bad = (name, cnf, reason, req = ["WIT-14"]) => c.bad(`cnf-${name}`, "wit_confirmation", req, reason, { claims: { cnf } });
  bad("null", null, "cnf is null");
  bad("string", "jwk", "cnf is a string");
  bad("array", [CNF_ES256], "cnf is a list");
  bad("empty", {}, "cnf has no member");
  bad("jwk-null", { jwk: null }, "cnf.jwk is null");
  bad("jwk-string", { jwk: JSON.stringify(ec) }, "cnf.jwk is a string with a JWK in it");
  bad("jwk-array", { jwk: [ec] }, "cnf.jwk is a list of one key");
  bad("jwk-set", { jwk: { keys: [ec] } }, "cnf.jwk is a JWK Set");
  bad("jkt-only", { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }, "only a thumbprint, as DPoP has it");
  bad("x5t-only", { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }, "only a certificate thumbprint");
  bad("jku-only", { jku: "https://attacker.example/jwks", kid: "k" }, "only a URL of keys, which must not be fetched", ["WIT-14", "TA-03"]);
  bad("jwk-in-other-case", { JWK: ec }, "member JWK instead of jwk");
}

export function algorithm(c) {
  const bad = (name, jwk, req, reason) => c.bad(`cnf-${name}`, "wit_confirmation", req, reason, { claims: { cnf: { jwk } } });
  for (const [name, alg] of [["none", "none"], ["none-capital", "None"], ["empty", ""], ["lower-case", "es256"], ["trailing-space", "ES256 "]]) {
    bad(`alg-${name}`, { ...ec, alg }, name.startsWith("none") ? ["WIT-16"] : ["WIT-15"], `cnf.jwk.alg ${JSON.stringify(alg)}`);
  }
  bad("alg-null", { ...ec, alg: null }, ["WIT-15"], "cnf.jwk.alg is null");
  bad("alg-number", { ...ec, alg: 256 }, ["WIT-15"], "cnf.jwk.alg is a number");
  bad("alg-array", { ...ec, alg: ["ES256"] }, ["WIT-15"], "cnf.jwk.alg is a list");
  for (const alg of ["HS256", "HS384", "HS512"]) bad(`alg-${alg}`, { ...ec, alg }, ["WIT-17"], `an EC key with the MAC algorithm ${alg}`);
  for (const alg of ["ECDH-ES", "ECDH-ES+A128KW", "A256GCM", "A128KW", "dir", "PBES2-HS256+A128KW"]) {
    bad(`alg-${alg}`, { ...ec, alg }, ["WIT-18"], `an EC key with the encryption algorithm ${alg}`);
  }
  for (const alg of ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"]) bad(`alg-${alg}`, { ...rsa, alg }, ["WIT-18"], `an RSA key with the encryption algorithm ${alg}`);
  bad("symmetric", { kty: "oct", k: b64u(Buffer.alloc(32, 7)), alg: "HS256" }, ["WIT-17"], "a symmetric key");
  bad("symmetric-signature-alg", { kty: "oct", k: b64u(Buffer.alloc(32, 7)), alg: "ES256" }, ["WIT-17"], "a symmetric key that claims ES256");

  const req = ["WIT-14", "WIT-31"];
  const p384 = pub(keys.workload_p384);
  bad("es256-p384", { ...p384, alg: "ES256" }, req, "ES256 with a P-384 key");
  bad("es384-p256", { ...ec, alg: "ES384" }, req, "ES384 with a P-256 key");
  bad("es512-p384", { ...p384, alg: "ES512" }, req, "ES512 with a P-384 key");
  bad("rs256-ec", { ...ec, alg: "RS256" }, req, "RS256 with an EC key");
  bad("es256-rsa", { ...rsa, alg: "ES256" }, req, "ES256 with an RSA key");
  bad("ed25519-ec", { ...ec, alg: "Ed25519" }, req, "Ed25519 with an EC key");
  bad("es256-okp", { ...okp, alg: "ES256" }, req, "ES256 with an Ed25519 key");
  bad("eddsa-x25519", { ...okp, crv: "X25519", alg: "EdDSA" }, req, "EdDSA with a key-agreement curve");
  bad("ed25519-ed448", { ...okp, crv: "Ed448", alg: "Ed25519" }, req, "Ed25519 with crv Ed448");
  bad("es256-secp256k1", { ...ec, crv: "secp256k1" }, req, "ES256 with crv secp256k1");
  bad("es256k", { ...ec, crv: "secp256k1", alg: "ES256K" }, req, "ES256K, which is not supported");
  bad("ed25519-okp-as-ec", { ...okp, kty: "EC" }, req, "kty EC with crv Ed25519");
}

const drop = (object, name) => Object.fromEntries(Object.entries(object).filter(([n]) => n !== name));

export function numbers(c) {
  const bad = (name, jwk, reason, rest) => c.bad(`cnf-${name}`, "wit_confirmation", ["WIT-14", "WIT-31"], reason, { claims: { cnf: { jwk } } }, rest);
  const octets = (text, change) => b64u(change(unb64u(text)));
  for (const member of ["kty", "crv", "x", "y"]) bad(`ec-no-${member}`, drop(ec, member), `EC key without ${member}`);
  for (const member of ["crv", "x"]) bad(`okp-no-${member}`, drop(okp, member), `Ed25519 key without ${member}`);
  for (const member of ["n", "e"]) bad(`rsa-no-${member}`, drop(rsa, member), `RSA key without ${member}`);
  bad("ec-x-number", { ...ec, x: 5 }, "x is a number");
  bad("ec-x-empty", { ...ec, x: "" }, "x is empty");
  bad("ec-x-padded", { ...ec, x: padded(ec.x) }, "x with padding");
  bad("ec-x-short", { ...ec, x: octets(ec.x, (o) => o.subarray(1)) }, "x of 31 octets");
  bad("ec-y-short", { ...ec, y: octets(ec.y, (o) => o.subarray(0, 31)) }, "y of 31 octets");
  bad("ec-x-long", { ...ec, x: octets(ec.x, (o) => Buffer.concat([Buffer.alloc(1), o])) }, "x of 33 octets, with a leading zero");
  const p521 = pub(keys.workload_p521, { alg: "ES512" });
  bad("p521-x-65", { ...p521, x: octets(p521.x, (o) => o.subarray(1)) }, "x of 65 octets for P-521");
  const zero = b64u(Buffer.alloc(32));
  bad("ec-zero-point", { ...ec, x: zero, y: zero }, "point (0, 0), which some write for infinity");
  bad("ec-max-point", { ...ec, x: b64u(Buffer.alloc(32, 255)), y: b64u(Buffer.alloc(32, 255)) }, "coordinates above the field prime");
  bad("ec-off-curve", { ...ec, y: octets(ec.y, (o) => Buffer.from(o.map((b, i) => (i === 31 ? b ^ 1 : b)))) }, "point off the curve");
  bad("ec-swapped", { ...ec, x: ec.y, y: ec.x }, "x and y exchanged");
  bad("okp-x-31", { ...okp, x: octets(okp.x, (o) => o.subarray(1)) }, "Ed25519 key of 31 octets");
  bad("okp-x-33", { ...okp, x: octets(okp.x, (o) => Buffer.concat([o, Buffer.alloc(1)])) }, "Ed25519 key of 33 octets");
  bad("rsa-1024", pub(keys.public_rsa1024, { alg: "RS256" }), "RSA modulus of 1024 bits");
  bad("rsa-e-1", { ...rsa, e: "AQ" }, "RSA exponent 1");
  bad("rsa-e-even", { ...rsa, e: b64u(Buffer.from([1, 0, 0])) }, "even RSA exponent");
  bad("rsa-e-empty", { ...rsa, e: "" }, "empty RSA exponent");
  bad("rsa-n-zero", { ...rsa, n: b64u(Buffer.alloc(256)) }, "RSA modulus 0");
  bad("rsa-n-leading-zero", { ...rsa, n: octets(rsa.n, (o) => Buffer.concat([Buffer.alloc(1), o])) }, "RSA modulus with a leading zero octet (RFC 7518 section 2)", { interop: "strict" });
  bad("kty-case", { ...ec, kty: "ec" }, "kty in lower case");
  bad("crv-case", { ...ec, crv: "p-256" }, "crv in lower case");
  bad("kty-unknown", { ...ec, kty: "LATTICE" }, "unknown key type");
}

export function privateMembers(c) {
  const bad = (name, jwk, reason) => c.bad(`cnf-private-${name}`, "wit_confirmation", ["WIT-14", "KEY-01", "AMB-25"], reason, { claims: { cnf: { jwk } } }, { interop: "strict" });
  bad("ec-d", { ...ec, d: keys.workload_p256.d }, "EC key with its private number");
  bad("okp-d", { ...okp, d: keys.workload_ed25519_a.d }, "Ed25519 key with its seed");
  bad("rsa-d", { ...rsa, d: keys.workload_rsa2048.d }, "RSA key with its private exponent");
  for (const member of ["p", "q", "dp", "dq", "qi"]) bad(`rsa-${member}`, { ...rsa, [member]: keys.workload_rsa2048[member] }, `RSA key with ${member}`);
  bad("ec-k", { ...ec, k: b64u(Buffer.alloc(32, 7)) }, "EC key with the member k of a symmetric key");
  bad("d-null", { ...ec, d: null }, "member d that is null");
  bad("d-empty", { ...ec, d: "" }, "member d that is empty");
}
