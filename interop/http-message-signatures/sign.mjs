// Signs requests and their responses with http-message-signatures and prints them as one JSON document, together with
// the keys of the issuer whose tokens (npm jose) they carry, so that the Rust side can check what it did not make.

import { createPrivateKey, randomBytes, randomUUID } from 'node:crypto';
import { createSigner, httpbis } from 'http-message-signatures';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { ALGORITHMS, TAG, contentDigest, requestCoverage, responseCoverage } from './profile.mjs';

const ORIGIN = 'https://orders.example.com';
const LIFETIME = 120;
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y'];

// Only paths that the URL class leaves alone: the library derives `@path` from it, after dot segments were resolved
// and characters encoded, whereas the Rust code covers the octets as received.
const SCENARIOS = [
  { id: 'no-query', target: '/orders', status: 200, answer: 'three orders' },
  { id: 'query', target: '/orders?x=1&y=a%20b', status: 200, answer: 'one order', signResponse: true },
  { id: 'empty-query', target: '/orders?', status: 204 },
  { id: 'root', target: '/', status: 404, answer: 'nothing here', signResponse: true },
  { id: 'encoded-path', target: '/orders/a%2Fb;v=1/%C3%A9', status: 200 },
  { id: 'content', method: 'POST', target: '/orders', content: '{"item":"café"}', status: 201, answer: '{}' },
  { id: 'sha-512', method: 'PUT', target: '/orders/7?if=new', content: 'x', digest: 'sha-512', status: 200, answer: 'y' },
  { id: 'txn-token', target: '/orders', fields: { 'txn-token': 'eyJ0.eyJ0eG4i.c2ln' }, status: 200 },
  { id: 'authorization', target: '/orders', fields: { authorization: 'Bearer a-token' }, status: 401 },
  {
    id: 'everything', method: 'POST', target: '/orders?x=1', content: 'order', signResponse: true,
    fields: { authorization: 'DPoP a-token', 'txn-token': 'eyJ0.eyJ0eG4i.c2ln' }, status: 500, answer: 'out of order',
  },
  { id: 'head', method: 'HEAD', target: '/orders', status: 200, elsewhere: 'three orders', signResponse: true },
  // More than the profile asks for: a field of two lines, derived components and a parameter that nobody knows, and
  // the parameters in another order.
  {
    id: 'more-covered', target: '/orders?x=1', fields: { host: 'orders.example.com', 'x-lines': ['  one', 'two  '] },
    covered: ['x-lines', '@authority', '@scheme', '@target-uri'], parameters: { 'x-unknown': 42 }, reverse: true,
    status: 200, answer: 'an order', coveredAnswer: ['workload-identity-token;req', 'signature;req;key="sig1"'],
  },
  // The signature of an intermediary stands beside the caller's own.
  { id: 'second-signature', target: '/orders', intermediary: true, status: 200, answer: 'three orders' },
];

const now = Math.floor(Date.now() / 1000);

async function keyPair(alg, extra = {}) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const exported = await exportJWK(publicKey);
  const members = PUBLIC_MEMBERS.filter((name) => name in exported).map((name) => [name, exported[name]]);
  const jwk = { ...Object.fromEntries(members), alg, ...extra };
  return { privateKey, jwk, node: createPrivateKey({ key: await exportJWK(privateKey), format: 'jwk' }) };
}

const issuer = await keyPair('ES256', { kid: 'issuer' });

async function workload(name, alg) {
  const keys = await keyPair(alg);
  const wit = await new SignJWT({ sub: `wimse://example.com/${name}`, cnf: { jwk: keys.jwk } })
    .setProtectedHeader({ alg: issuer.jwk.alg, kid: issuer.jwk.kid, typ: 'wit+jwt' })
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .setJti(randomUUID())
    .sign(issuer.privateKey);
  return { wit, signer: createSigner(keys.node, ALGORITHMS[alg]) };
}

// `wimse-sign-response` is true or not there at all: the library leaves out values that are false, and its types know
// no boolean parameters, but `true` comes out as the structured field wants it.
async function sign({ signer }, name, fields, parameters, message, request, reverse = false) {
  const paramValues = {
    created: new Date(now * 1000),
    expires: new Date((now + LIFETIME) * 1000),
    nonce: randomBytes(16).toString('base64url'),
    tag: TAG,
    ...parameters,
  };
  // The names are given, or else the library adds `keyid` and `alg`, which the profile forbids.
  const params = Object.keys(paramValues);
  if (reverse) params.reverse();
  const signed = await httpbis.signMessage({ key: signer, name, fields, params, paramValues }, message, request);
  const headers = Object.entries(signed.headers).map(([field, value]) => [field.toLowerCase(), value]);
  return { message: { ...signed, headers: Object.fromEntries(headers) }, nonce: paramValues.nonce };
}

function content(headers, text, digest) {
  return text === undefined ? headers : { ...headers, 'content-type': 'text/plain', 'content-digest': contentDigest(text, digest) };
}

async function exchange(scenario, alg, caller, callee, proxy) {
  const url = `${ORIGIN}${scenario.target}`;
  const audience = url.replace(/\?.*/, '');
  const plain = {
    method: scenario.method ?? 'GET',
    url,
    headers: content({ 'workload-identity-token': caller.wit, ...scenario.fields }, scenario.content, scenario.digest),
  };
  const asked = scenario.signResponse ? { 'wimse-sign-response': true } : {};
  const said = { 'wimse-aud': audience, ...asked, ...scenario.parameters };
  const covered = [...requestCoverage(plain), ...scenario.covered ?? []];
  const sent = scenario.intermediary
    ? (await sign(proxy, 'proxy', ['@method', '@authority'], { tag: 'proxy' }, plain)).message
    : plain;
  const { message: request, nonce } = await sign(caller, 'sig1', covered, said, sent, undefined, scenario.reverse);

  const reply = {
    status: scenario.status,
    headers: content({ 'workload-identity-token': callee.wit }, scenario.answer ?? scenario.elsewhere),
  };
  const coveredReply = [...responseCoverage(reply), ...scenario.coveredAnswer ?? []];
  const { message: response } = await sign(callee, 'sig1', coveredReply, { 'wimse-req-nonce': nonce }, reply, request);
  return {
    id: `${alg} ${scenario.id}`,
    audience,
    nonce,
    sign_response: scenario.signResponse ?? false,
    request: { ...request, content: scenario.content ?? '' },
    response: { ...response, content: scenario.answer ?? '' },
  };
}

const cases = [];
for (const alg of Object.keys(ALGORITHMS)) {
  const [caller, callee, proxy] = await Promise.all(['caller', 'callee', 'proxy'].map((name) => workload(name, alg)));
  for (const scenario of SCENARIOS) {
    cases.push(await exchange(scenario, alg, caller, callee, proxy));
  }
}

console.log(JSON.stringify({ now, issuer_jwks: { keys: [issuer.jwk] }, cases }));
