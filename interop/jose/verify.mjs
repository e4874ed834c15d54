// Checks WIT + WPT pairs with npm jose. Reads one JSON document on stdin, prints
// one line per case and exits with 1 unless there were cases and all passed.

import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { calculateJwkThumbprint, createLocalJWKSet, importJWK, jwtVerify } from 'jose';

// Asymmetric signatures only, for both tokens: jose itself would also take a MAC
// key from `cnf.jwk`.
const ALGORITHMS = [
  'ES256', 'ES384', 'ES512',
  'Ed25519', 'EdDSA',
  'RS256', 'RS384', 'RS512',
  'PS256', 'PS384', 'PS512',
];

// A key that the WIT makes public proves nothing.
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

function check(condition, message) {
  if (!condition) throw new Error(message);
}

const isText = (value) => typeof value === 'string' && value !== '';

// jose's messages do not say which of the two tokens they are about.
async function labelled(label, promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Error(`${label}: ${error.message}`);
  }
}

async function verifyCase(item, keySet, currentDate) {
  // jwtVerify skips the audience check when it is given none.
  check(isText(item.audience), 'case has no audience');

  // `kid` and `alg` of the header select the key; an ambiguous choice is an error.
  const { payload: wit } = await labelled('WIT', jwtVerify(item.wit, keySet, {
    algorithms: ALGORITHMS,
    typ: 'wit+jwt',
    requiredClaims: ['sub', 'exp', 'cnf'],
    currentDate,
  }));
  check(isText(wit.sub), 'WIT: sub is not a string');

  const jwk = wit.cnf?.jwk;
  check(jwk !== null && typeof jwk === 'object', 'WIT: cnf.jwk is not an object');
  check(ALGORITHMS.includes(jwk.alg), `WIT: cnf.jwk.alg is ${JSON.stringify(jwk.alg)}`);
  check(!PRIVATE_MEMBERS.some((name) => name in jwk), 'WIT: cnf.jwk holds private members');
  if (item.thumbprint !== undefined) {
    const thumbprint = await calculateJwkThumbprint(jwk, 'sha256');
    check(thumbprint === item.thumbprint, `WIT: thumbprint of cnf.jwk is ${thumbprint}`);
  }

  // A list of one algorithm: the header has to repeat `cnf.jwk.alg` letter for letter.
  const confirmationKey = await labelled('WIT: cnf.jwk', importJWK(jwk));
  const { payload: wpt } = await labelled('WPT', jwtVerify(item.wpt, confirmationKey, {
    algorithms: [jwk.alg],
    typ: 'wpt+jwt',
    audience: item.audience,
    requiredClaims: ['exp', 'jti', 'wth'],
    currentDate,
  }));
  check(isText(wpt.jti), 'WPT: jti is not a non-empty string');
  const wth = createHash('sha256').update(item.wit, 'ascii').digest('base64url');
  check(wpt.wth === wth, 'WPT: wth is not the hash of the WIT');
}

const { now, issuer_jwks: issuerJwks, cases } = JSON.parse(await text(process.stdin));
check(Number.isFinite(now), '"now" is not a number');
check(Array.isArray(cases) && cases.length > 0, 'no cases');

// The time comes from the input, so that stored tokens can be checked later on.
const currentDate = new Date(now * 1000);
const keySet = createLocalJWKSet(issuerJwks);

for (const item of cases) {
  try {
    await verifyCase(item, keySet, currentDate);
    console.log(`ok ${item.id}`);
  } catch (error) {
    console.log(`FAIL ${item.id} ${error.message}`);
    process.exitCode = 1;
  }
}
