// Compact JWS as the cases need it: well-formed by default, broken on request.
import { createHash, createHmac, createPrivateKey, sign as nodeSign, constants } from "node:crypto";

const EC = { ES256: "sha256", ES384: "sha384", ES512: "sha512" };
const RSA = { RS256: "sha256", RS384: "sha384", RS512: "sha512" };
const PSS = { PS256: "sha256", PS384: "sha384", PS512: "sha512" };

export const ALGORITHMS = [...Object.keys(EC), "Ed25519", "EdDSA", ...Object.keys(RSA), ...Object.keys(PSS)];

export const b64u = (octets) => Buffer.from(octets).toString("base64url");
export const unb64u = (text) => Buffer.from(text, "base64url");
export const hash = (text) => createHash("sha256").update(text).digest("base64url");

/** Signs `input` with a private JWK; for ECDSA the two numbers side by side. */
export function sign(alg, jwk, input) {
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const data = Buffer.from(input);
  if (alg in EC) return nodeSign(EC[alg], data, { key, dsaEncoding: "ieee-p1363" });
  if (alg in RSA) return nodeSign(RSA[alg], data, key);
  if (alg in PSS) {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return nodeSign(PSS[alg], data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
  }
  if (alg === "Ed25519" || alg === "EdDSA") return nodeSign(null, data, key);
  throw new Error(`no signer for ${alg}`);
}

export const signDer = (jwk, input) =>
  nodeSign("sha256", Buffer.from(input), { key: createPrivateKey({ key: jwk, format: "jwk" }), dsaEncoding: "der" });

export const hmac = (secret, input) => createHmac("sha256", secret).update(input).digest();

/** JSON text put in where a JavaScript value cannot express it. */
export class Raw {
  constructor(text) {
    this.text = text;
  }
}
export const raw = (text) => new Raw(text);

/** JSON text of an object; `Raw` members as they are, a list of pairs as an object that may repeat names. */
export function json(value) {
  if (value instanceof Raw) return value.text;
  const isPairs = Array.isArray(value) && value.length > 0 && value.every((p) => p instanceof Pair);
  if (isPairs) return `{${value.map((p) => `${p.name}:${json(p.value)}`).join(",")}}`;
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).filter(([, v]) => v !== undefined);
    return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${json(v)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

class Pair {
  constructor(name, value) {
    this.name = name;
    this.value = value;
  }
}

/** The members of an object as pairs, then further ones, whose names are JSON texts such as `"s\u0075b"`. */
export const withDuplicate = (object, name, value) => [
  ...Object.entries(object).map(([k, v]) => new Pair(JSON.stringify(k), v)),
  new Pair(name, value),
];

/** Whether a value is plain enough to be shown beside the token. */
export function isPlain(value) {
  if (value instanceof Raw || value instanceof Pair || value instanceof Buffer || value === undefined) return false;
  if (value !== null && typeof value === "object") return Object.values(value).every(isPlain);
  return typeof value !== "number" || Number.isSafeInteger(value);
}

/**
 * A token. `header` and `payload` are objects, pairs or Raw texts; `payload` may be a Buffer.
 * `encode` changes the encoded segments before signing, `signer` replaces the signature, `finish` the whole.
 */
export function jws({ header, payload, key, alg, encode, signer, finish }) {
  const segments = [header, payload].map((part) => b64u(part instanceof Buffer ? part : json(part)));
  const [h, p] = encode ? encode(...segments) : segments;
  const input = `${h}.${p}`;
  const signature = signer ? signer(input) : sign(alg ?? header.alg, key, input);
  const s = typeof signature === "string" ? signature : b64u(signature);
  return finish ? finish(h, p, s) : `${input}.${s}`;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The same octets with a stray bit set after the last one; the length must leave room for one. */
export function strayBit(text) {
  if (text.length % 4 === 0) throw new Error("no unused bits");
  return text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.at(-1)) | 1];
}

export const standardAlphabet = (text) => text.replaceAll("-", "+").replaceAll("_", "/");
export const padded = (text) => text + "=".repeat((4 - (text.length % 4)) % 4);
