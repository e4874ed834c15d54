// The WIMSE profile (http-signature section 3) in the terms of http-message-signatures: what both directions share.

import { createHash } from 'node:crypto';

export const TAG = 'wimse-workload-to-workload';

// `cnf.jwk.alg` to the library's name. Its ECDSA signer and verifier use `dsaEncoding: 'ieee-p1363'`, the raw r || s
// that both RFC 9421 and JOSE want. Its `rsa-pss-sha512` salts with as many octets as fit instead of 64, so that RSA
// is left out.
export const ALGORITHMS = { ES256: 'ecdsa-p256-sha256', Ed25519: 'ed25519', EdDSA: 'ed25519' };

const REQUEST_TARGET = ['@method', '@path', '@query'];

const present = (headers, names) => names.filter((name) => name in headers);

export function requestCoverage({ headers }) {
  const conditional = ['content-type', 'content-digest', 'authorization', 'txn-token'];
  return [...REQUEST_TARGET, 'workload-identity-token', ...present(headers, conditional)];
}

export function responseCoverage({ headers }) {
  const bound = REQUEST_TARGET.map((name) => `${name};req`);
  return ['@status', ...bound, 'workload-identity-token', ...present(headers, ['content-type', 'content-digest'])];
}

export function contentDigest(content, name = 'sha-256') {
  const hash = createHash(name.replace('-', '')).update(content, 'utf8').digest('base64');
  return `${name}=:${hash}:`;
}
