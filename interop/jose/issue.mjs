// Issues WIT + WPT pairs with npm jose and prints them as one JSON document,
// so that the Rust verifier can be run on tokens it did not make itself.

import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';

const TRUST_DOMAIN = 'example.com';
const AUDIENCE = 'https://workload.example.com/path';
const WIT_LIFETIME = 3600;
const WPT_LIFETIME = 120;

// Every signature algorithm of jose except HMAC (forbidden for WIMSE) and
// ML-DSA, which the Rust code does not implement. "EdDSA" and "Ed25519" are two
// names for the same signature; both occur in the field and neither stands in
// for the other, so both are here.
const ALGORITHMS = [
  'ES256', 'ES384', 'ES512',
  'Ed25519', 'EdDSA',
  'RS256', 'RS384', 'RS512',
  'PS256', 'PS384', 'PS512',
];

// Shared test keys to confirm with. The first key has no `alg` of its own, so
// it is used once under each of its two names.
const WORKLOAD_KEYS = [
  ['workload_ed25519', 'Ed25519'],
  ['workload_ed25519', 'EdDSA'],
  ['httpsig06_svcA', 'EdDSA'],
  ['httpsig06_svcB', 'EdDSA'],
  ['httpsig07_svcA', 'Ed25519'],
  ['httpsig07_svcB', 'Ed25519'],
  ['httpsig07_svcC', 'ES256'],
];

const testKeys = JSON.parse(readFileSync(new URL('../../conformance/keys.json', import.meta.url), 'utf8'));

// Picks by name what may be published, so that neither a private member nor an
// annotation of the key file can slip into a token.
function publicPart(jwk, extra) {
  const names = { EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'], RSA: ['n', 'e'] }[jwk.kty];
  return { kty: jwk.kty, ...Object.fromEntries(names.map((name) => [name, jwk[name]])), ...extra };
}

// A signer is the private key plus the JWK that others get to see.
async function sharedSigner(name, alg, extra = {}) {
  const { kty, crv, x, y, d } = testKeys[name];
  const privateKey = await importJWK({ kty, crv, x, y, d }, alg);
  return { alg, privateKey, jwk: publicPart(testKeys[name], { alg, ...extra }) };
}

async function freshSigner(alg, extra = {}) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { alg, privateKey, jwk: publicPart(await exportJWK(publicKey), { alg, ...extra }) };
}

function signWit(issuer, sub, cnfJwk, now) {
  return new SignJWT({ sub, cnf: { jwk: cnfJwk } })
    .setProtectedHeader({ alg: issuer.alg, kid: issuer.jwk.kid, typ: 'wit+jwt' })
    .setIssuedAt(now)
    .setExpirationTime(now + WIT_LIFETIME)
    .setJti(randomUUID())
    .sign(issuer.privateKey);
}

function signWpt(workload, wit, now) {
  const wth = createHash('sha256').update(wit, 'ascii').digest('base64url');
  return new SignJWT({ wth })
    .setProtectedHeader({ alg: workload.alg, typ: 'wpt+jwt' })
    .setAudience(AUDIENCE)
    .setExpirationTime(now + WPT_LIFETIME)
    .setJti(randomUUID())
    .sign(workload.privateKey);
}

async function makeCase(id, issuer, workload, now) {
  // Only lower-case letters, digits and hyphens: safe under every identifier scheme.
  const sub = `wimse://${TRUST_DOMAIN}/${id.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`;
  const wit = await signWit(issuer, sub, workload.jwk, now);
  return {
    id,
    wit,
    wpt: await signWpt(workload, wit, now),
    audience: AUDIENCE,
    thumbprint: await calculateJwkThumbprint(workload.jwk, 'sha256'),
    alg: workload.alg,
  };
}

const now = Math.floor(Date.now() / 1000);
const june5 = await sharedSigner('identity_server_june5', 'ES256', { kid: testKeys.identity_server_june5.kid });
const anchors = [june5.jwk];
const cases = [];

// One issuer, every kind of confirmation key.
for (const [name, alg] of WORKLOAD_KEYS) {
  cases.push(await makeCase(`cnf-${alg}-${name}`, june5, await sharedSigner(name, alg), now));
}
for (const alg of ALGORITHMS) {
  cases.push(await makeCase(`cnf-${alg}-generated`, june5, await freshSigner(alg), now));
}

// Every other kind of issuer key, one confirmation key: the mandatory ES256.
const workload = await sharedSigner('httpsig07_svcC', 'ES256');
for (const alg of ALGORITHMS.filter((name) => name !== june5.alg)) {
  const issuer = await freshSigner(alg, { kid: `issuer-${alg}` });
  anchors.push(issuer.jwk);
  cases.push(await makeCase(`issuer-${alg}`, issuer, workload, now));
}

console.log(JSON.stringify({ now, trust_anchors: { keys: anchors }, cases }));
