// The test keys: `keys.json` as it is, `keys-own.json` made once and then kept.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";

const here = (name) => new URL(`../${name}`, import.meta.url);
const read = (name) => JSON.parse(readFileSync(here(name), "utf8"));

const EC = (namedCurve) => () => generateKeyPairSync("ec", { namedCurve });
const RSA = (modulusLength) => () => generateKeyPairSync("rsa", { modulusLength });
const ED = () => generateKeyPairSync("ed25519");

const WANTED = {
  issuer_p256: EC("P-256"),
  issuer_p256_next: EC("P-256"),
  issuer_p384: EC("P-384"),
  issuer_p521: EC("P-521"),
  issuer_ed25519: ED,
  issuer_rsa2048: RSA(2048),
  issuer_rsa3072: RSA(3072),
  workload_p256: EC("P-256"),
  workload_p256_other: EC("P-256"),
  workload_p384: EC("P-384"),
  workload_p521: EC("P-521"),
  workload_ed25519_a: ED,
  workload_ed25519_b: ED,
  workload_rsa2048: RSA(2048),
  workload_rsa3072: RSA(3072),
  public_rsa1024: RSA(1024),
};

function own() {
  const keys = existsSync(here("keys-own.json")) ? read("keys-own.json") : {};
  const missing = Object.keys(WANTED).filter((name) => !(name in keys));
  if (missing.length === 0) return keys;
  keys.note = "test keys only, made by generate.mjs and published here: never use them for anything else";
  for (const name of missing) {
    const pair = WANTED[name]();
    keys[name] = (name.startsWith("public_") ? pair.publicKey : pair.privateKey).export({ format: "jwk" });
  }
  writeFileSync(here("keys-own.json"), `${JSON.stringify(keys, null, 1)}\n`);
  return keys;
}

const SECRET = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "_source", "alg", "kid"];

/** The public members of a JWK, then the extra ones. */
export const pub = (jwk, extra = {}) => ({
  ...Object.fromEntries(Object.entries(jwk).filter(([name]) => !SECRET.includes(name))),
  ...extra,
});

export const shared = read("keys.json");
export const keys = own();

export const JUNE_5 = shared.identity_server_june5;
export const OTHER_1 = shared.other_domain_issuer;

/** A key of the wanted role (`issuer` or `workload`) that can serve an algorithm. */
export function keyFor(role, alg) {
  if (alg === "ES256") return keys[`${role}_p256`];
  if (alg === "ES384") return keys[`${role}_p384`];
  if (alg === "ES512") return keys[`${role}_p521`];
  if (alg === "Ed25519" || alg === "EdDSA") return keys[role === "issuer" ? "issuer_ed25519" : "workload_ed25519_a"];
  return keys[alg.endsWith("256") ? `${role}_rsa2048` : `${role}_rsa3072`];
}

export const DEFAULT_ANCHORS = {
  "example.com": [pub(JUNE_5, { kid: "June 5" })],
  "other.example": [pub(OTHER_1, { kid: "other-1" })],
};
