// WIT cases about the token as text: compact form, base64url, size, JOSE header.
import { b64u, hmac, json, padded, raw, sign, signDer, standardAlphabet, strayBit, withDuplicate } from "./jose.mjs";
import { JUNE_5, OTHER_1, pub } from "./keys.mjs";
import { WIT_CLAIMS, WIT_HEADER, wit } from "./case.mjs";

const FORM = ["WIT-01", "WIT-25"];

export function compactForm(c) {
  const bad = (name, reason, token, req = FORM) => c.bad(name, "wit_malformed", req, reason, {}, { token });
  const [h, p, s] = wit().split(".");
  bad("two-parts", "two segments", `${h}.${p}`);
  bad("five-parts", "five segments, as in a JWE", `${h}.${p}.${s}.${p}.${s}`);
  bad("dot-after", "a dot after the token", `${h}.${p}.${s}.`);
  bad("dot-before", "a dot before the token", `.${h}.${p}.${s}`);
  bad("empty-header", "empty header segment", `.${p}.${s}`);
  bad("empty-payload", "empty payload segment", `${h}..${s}`);
  bad("empty-signature", "empty signature segment", `${h}.${p}.`);
  bad("only-dots", "three empty segments", "..");
  bad("one-word", "no dot at all", "opaque-token-1234");
  bad("quoted", "quotation marks around the token", `"${h}.${p}.${s}"`);
  bad("sf-binary", "structured-field colons around the token", `:${h}.${p}.${s}:`);
  bad("json-serialization", "flattened JSON serialization of the same JWS",
    `{"protected":"${h}","payload":"${p}","signature":"${s}"}`, ["WIT-01"]);
  bad("tab-inside", "a tab after the token's first dot", `${h}.\t${p}.${s}`);
  bad("percent-encoded-dot", "percent-encoded dots", `${h}%2E${p}%2E${s}`);
  bad("parameter", "a parameter after the token", `${h}.${p}.${s};v=1`);

  bad("padded-signature", "signature segment with padding", `${h}.${p}.${padded(s)}`);
  bad("stray-bit-signature", "unused bits of the last signature character are not zero", `${h}.${p}.${strayBit(s)}`);
  bad("length-1-mod-4", "signature segment of a length that base64url never has", `${h}.${p}.${s}AAA`);
  c.bad("standard-alphabet-signature", "wit_malformed", FORM, "signature in the alphabet of plain base64", {
    finish: (header, payload) => {
      const input = `${header}.${payload}`;
      let signature;
      do signature = b64u(sign("ES256", JUNE_5, input));
      while (!/[-_]/.test(signature));
      return `${input}.${standardAlphabet(signature)}`;
    },
  });
  const claims = (pad) => ({ ...WIT_CLAIMS, note: `~~~???${"x".repeat(pad)}` });
  const pad = [0, 1, 2].find((n) => Buffer.byteLength(json(claims(n))) % 3 === 1);
  c.ok("url-alphabet", ["WIT-25"], "counterpart of the next three: base64url as it should be", { payload: claims(pad) });
  c.bad("standard-alphabet-payload", "wit_malformed", FORM, "payload in the alphabet of plain base64, and signed so", {
    payload: claims(pad),
    encode: (header, payload) => {
      const changed = standardAlphabet(payload);
      if (changed === payload) throw new Error("nothing changed");
      return [header, changed];
    },
  });
  c.bad("padded-payload", "wit_malformed", FORM, "payload with padding, and signed so", {
    payload: claims(pad), encode: (header, payload) => [header, padded(payload)],
  });
  c.bad("stray-bit-payload", "wit_malformed", FORM, "unused bits of the payload are not zero, and signed so", {
    payload: claims(pad), encode: (header, payload) => [header, strayBit(payload)],
  });
  const header = [0, 1, 2].map((n) => ({ ...WIT_HEADER, x: "x".repeat(n) })).find((o) => json(o).length % 3 === 1);
  c.bad("padded-header", "wit_malformed", FORM, "header with padding, and signed so", {
    rawHeader: header, encode: (head, payload) => [padded(head), payload],
  });
  c.bad("stray-bit-header", "wit_malformed", FORM, "unused bits of the header are not zero, and signed so", {
    rawHeader: header, encode: (head, payload) => [strayBit(head), payload],
  });
}

/** A sound token of exactly this many octets. */
function ofSize(octets) {
  for (const x of ["", "x", "xx"]) {
    const size = (n) => wit({ header: { x }, claims: { filler: "f".repeat(n) } }).length;
    let n = Math.floor(((octets - size(0)) * 3) / 4) - 4;
    while (size(n) < octets) n += 1;
    if (size(n) === octets) return wit({ header: { x }, claims: { filler: "f".repeat(n) } });
  }
  throw new Error(`no token of ${octets} octets`);
}

export function size(c) {
  c.ok("size-16384", ["WIT-01"], "a token of exactly 16,384 octets", {}, { token: ofSize(16_384), interop: "strict" });
  c.bad("size-16385", "wit_too_large", ["WIT-31"], "a token of 16,385 octets", {}, { token: ofSize(16_385), interop: "strict" });
}

export function header(c) {
  const bad = (name, why, req, reason, how, rest) => c.bad(name, why, req, reason, how, rest);
  const rfc8725 = ["WIT-31", "AMB-25"];
  const strict = { interop: "strict" };

  // Extensions that must be understood. None is.
  for (const [name, value, reason] of [
    ["list", ["exp"], "crit names a claim that is no header extension"],
    ["unknown", ["https://example.com/ext"], "crit names an unknown extension"],
    ["empty", [], "empty crit list"],
    ["null", null, "crit is null"],
    ["string", "exp", "crit is a string"],
    ["object", {}, "crit is an object"],
  ]) bad(`crit-${name}`, "wit_malformed", rfc8725, reason, { header: { crit: value } });
  bad("crit-understood-name", "wit_malformed", rfc8725, "crit names kid, a standard parameter", { header: { crit: ["kid"] } });
  bad("b64-false", "wit_malformed", rfc8725, "b64 is false (RFC 7797 forbids it in a JWT)", { header: { b64: false } });
  bad("b64-true", "wit_malformed", rfc8725, "b64 is true: the extension is not supported in any shape", { header: { b64: true } }, strict);
  bad("b64-false-crit", "wit_malformed", rfc8725, "b64 false with crit naming it", { header: { b64: false, crit: ["b64"] } });

  // Parameters that could lead to a key are not read.
  const evil = { key: OTHER_1 };
  const lure = ["TA-03", "WIT-31", "AMB-25"];
  c.ok("jku-ignored", lure, "jku in a token of the right issuer: ignored, not fetched", { header: { jku: "https://issuer.example.com/jwks" } });
  c.ok("x5u-ignored", lure, "x5u in a token of the right issuer: ignored, not fetched", { header: { x5u: "https://issuer.example.com/chain.pem" } });
  c.ok("jwk-ignored", lure, "another key as jwk in a token of the right issuer: ignored", { header: { jwk: pub(OTHER_1) } });
  c.ok("x5c-ignored", lure, "x5c in a token of the right issuer: ignored", { header: { x5c: ["AAAA"] } });
  bad("jwk-attacker", "wit_signature", lure, "header jwk is the attacker's key, which signed; kid is the issuer's", { header: { jwk: pub(OTHER_1) }, ...evil });
  bad("jku-attacker", "wit_signature", lure, "header jku leads to the attacker's key, which signed", { header: { jku: "https://attacker.example/jwks" }, ...evil });
  bad("x5u-attacker", "wit_signature", lure, "header x5u leads to the attacker's key, which signed", { header: { x5u: "https://attacker.example/c.pem" }, ...evil });
  bad("iss-attacker", "wit_signature", ["TA-03"], "iss names the attacker's server, whose key signed", { claims: { iss: "https://attacker.example" }, ...evil });
  c.ok("unknown-header", ["WIT-31"], "unknown header parameter ignored", { header: { "https://example.com/h": { a: [1] }, cty: "x" } });

  // typ
  const either = { interop: "either" };
  c.ok("typ-upper-case", ["WIT-05", "AMB-05"], "media type names are case-insensitive", { header: { typ: "WIT+JWT" } }, either);
  c.ok("typ-application-mixed-case", ["WIT-05", "AMB-05"], "prefix and name in mixed case", { header: { typ: "Application/Wit+JWT" } }, either);
  for (const [name, typ] of [["text-prefix", "text/wit+jwt"], ["trailing-space", "wit+jwt "], ["empty", ""],
    ["prefix-only", "application/"], ["twice-prefixed", "application/application/wit+jwt"], ["txn-token", "txntoken+jwt"],
    ["parameter", "wit+jwt;v=1"], ["longer", "wit+jwt2"], ["shorter", "wit"], ["dpop", "dpop+jwt"]]) {
    bad(`typ-${name}`, "wit_type", ["WIT-05"], `typ ${JSON.stringify(typ)}`, { header: { typ } });
  }
  for (const [name, typ] of [["number", 1], ["null", null], ["array", ["wit+jwt"]]]) {
    bad(`typ-${name}`, undefined, ["WIT-05"], `typ is a JSON ${name}`, { header: { typ } });
  }

  // alg
  bad("alg-none-empty-signature", "wit_malformed", ["WIT-03"], "alg none without a signature", { header: { alg: "none" }, signer: () => "" });
  for (const [name, alg] of [["none", "none"], ["none-capital", "None"], ["none-mixed-case", "nOnE"], ["none-upper-case", "NONE"]]) {
    bad(`alg-${name}-with-signature`, "wit_algorithm", ["WIT-03"], `alg ${alg} over a good ES256 signature`, { header: { alg } });
  }
  const jwkText = JSON.stringify(pub(JUNE_5));
  for (const alg of ["HS256", "HS384", "HS512"]) {
    bad(`alg-${alg.toLowerCase()}`, "wit_algorithm", ["WIT-02", "WIT-04"], `${alg}, keyed with the text of the issuer's public JWK`, { header: { alg }, signer: (input) => hmac(jwkText, input) });
  }
  for (const [name, alg] of [["lower-case", "es256"], ["trailing-space", "ES256 "], ["ES256K", "ES256K"], ["Ed448", "Ed448"],
    ["RSA-OAEP", "RSA-OAEP"], ["ECDH-ES", "ECDH-ES"], ["A128KW", "A128KW"], ["dir", "dir"], ["empty", ""]]) {
    bad(`alg-${name}`, "wit_algorithm", ["WIT-02"], `alg ${JSON.stringify(alg)} over a good ES256 signature`, { header: { alg } });
  }
  bad("alg-missing", undefined, ["WIT-02"], "no alg", { header: { alg: undefined } });
  bad("alg-null", undefined, ["WIT-02"], "alg is null", { header: { alg: null } });
  bad("alg-number", undefined, ["WIT-02"], "alg is a number", { header: { alg: 256 } });
  bad("alg-array", undefined, ["WIT-02"], "alg is a list", { header: { alg: ["ES256"] } });

  // The header as JSON
  const duplicate = (name, extra, value, reason) => bad(name, "wit_malformed", rfc8725, reason, { rawHeader: withDuplicate(WIT_HEADER, extra, value) }, strict);
  duplicate("header-duplicate-alg", '"alg"', "none", "alg occurs twice");
  duplicate("header-duplicate-alg-escaped", '"a\\u006cg"', "none", "alg occurs twice, once with an escape");
  duplicate("header-duplicate-same", '"typ"', "wit+jwt", "typ occurs twice with the same value");
  duplicate("header-duplicate-kid", '"kid"', "other-1", "kid occurs twice");
  duplicate("header-duplicate-nested", '"x"', raw('{"a":1,"a":2}'), "duplicate member inside an unknown parameter");
  for (const [name, text] of [["array", '["ES256"]'], ["string", '"ES256"'], ["null", "null"], ["truncated", '{"alg":"ES256"'],
    ["trailing-text", `${json(WIT_HEADER)}x`], ["two-objects", `${json(WIT_HEADER)}{}`], ["comma", '{"alg":"ES256","kid":"June 5","typ":"wit+jwt",}'],
    ["bom", `\ufeff${json(WIT_HEADER)}`], ["not-json", "alg=ES256"], ["too-deep", json({ ...WIT_HEADER, x: raw("[".repeat(16) + "]".repeat(16)) })]]) {
    bad(`header-${name}`, "wit_malformed", ["WIT-31"], `header is not a single sound JSON object: ${name}`, { rawHeader: raw(text) });
  }
  bad("header-invalid-utf8", "wit_malformed", ["WIT-31"], "header is not UTF-8", {
    rawHeader: Buffer.concat([Buffer.from('{"alg":"ES256","kid":"June 5","typ":"wit+jwt","x":"'), Buffer.from([0xff]), Buffer.from('"}')]),
  });
}

export function signature(c) {
  const bad = (name, reason, how, req = ["WIT-28"]) => c.bad(name, "wit_signature", req, reason, how);
  bad("signature-der", "DER instead of the two numbers side by side", { signer: (input) => signDer(JUNE_5, input) }, ["WIT-28", "WIT-31"]);
  bad("signature-zero", "all signature octets zero", { signer: () => Buffer.alloc(64) });
  bad("signature-short", "last octet of the signature cut off", { signer: (input) => sign("ES256", JUNE_5, input).subarray(0, 63) });
  bad("signature-long", "one zero octet after the signature", { signer: (input) => Buffer.concat([sign("ES256", JUNE_5, input), Buffer.alloc(1)]) });
  bad("signature-one-octet", "signature of one octet", { signer: () => Buffer.from([1]) });
  bad("signature-header-changed", "header altered after signing", { finish: (h, p, s) => `${b64u(json({ ...WIT_HEADER, x: 1 }))}.${p}.${s}` });
  bad("signature-payload-changed", "subject altered after signing", { finish: (h, p, s) => `${h}.${b64u(json({ ...WIT_CLAIMS, sub: "wimse://example.com/admin" }))}.${s}` });
  bad("signature-cnf-changed", "confirmation key altered after signing", { finish: (h, p, s) => `${h}.${b64u(json({ ...WIT_CLAIMS, cnf: { jwk: pub(OTHER_1, { alg: "ES256" }) } }))}.${s}` });
  bad("signature-of-other-input", "signature over the payload alone", { signer: (input) => sign("ES256", JUNE_5, input.split(".")[1]) });
}
