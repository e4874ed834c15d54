// Checks signed requests and responses with http-message-signatures and their tokens with npm jose. Reads one JSON
// document on stdin, prints one line per case and exits with 1 unless there were cases and all passed. A case passes
// if its messages verify and none of the changed copies of them does.
//
// The library always takes the current time, so that stored messages cannot be checked later on.

import { createPublicKey } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { createVerifier, httpbis } from 'http-message-signatures';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { ALGORITHMS, TAG, contentDigest, requestCoverage, responseCoverage } from './profile.mjs';

const LONGEST_WINDOW = 600;

function check(condition, message) {
  if (!condition) throw new Error(message);
}

async function confirmationKey(message, keySet) {
  const token = message.headers['workload-identity-token'];
  const options = { algorithms: ['ES256'], typ: 'wit+jwt', requiredClaims: ['sub', 'exp', 'cnf'] };
  const { payload } = await jwtVerify(token, keySet, options);
  const { jwk } = payload.cnf;
  check(jwk.alg in ALGORITHMS, `cnf.jwk.alg is ${JSON.stringify(jwk.alg)}`);
  return createVerifier(createPublicKey({ key: jwk, format: 'jwk' }), ALGORITHMS[jwk.alg]);
}

// Returns what the one WIMSE signature of the message says. The library passes a message if its last known signature
// is good, knows required fields by name alone, so that `@method` passes for `@method;req`, and does not tell a token
// from a string; the first two are settled here.
async function verifySignature(message, request, keySet, coverage) {
  const verify = await confirmationKey(message, keySet);
  const covered = [];
  let tagged = 0;
  let said;
  const verified = await httpbis.verifyMessage({
    async keyLookup({ tag }) {
      if (tag !== TAG) return null;
      tagged += 1;
      return { verify: (base, signature, parameters) => { said = parameters; return verify(base, signature); } };
    },
    // Asked for every component that goes into the base; null leaves the value to the library.
    componentParser(name, parameters) {
      covered.push([name, ...parameters.keys()].join(';'));
      return null;
    },
    requiredParams: ['created', 'expires', 'nonce', 'tag'],
  }, message, request);
  check(tagged === 1, `${tagged} signatures with the tag`);
  check(verified === true, 'the signature does not verify');
  const missing = coverage.filter((name) => !covered.includes(name));
  check(missing.length === 0, `not covered: ${missing.join(' ')}`);
  check(!('keyid' in said) && !('alg' in said), 'keyid or alg is there');
  check(typeof said.nonce === 'string' && said.nonce.length >= 22, 'the nonce is too short');
  const window = said.expires - said.created.getTime() / 1000;
  check(window > 0 && window <= LONGEST_WINDOW, `the window has ${window} s`);
  return said;
}

function checkContent({ headers, content }, elsewhere = false) {
  if (elsewhere) return;
  const digest = headers['content-digest'];
  check(digest !== undefined || content === '', 'content without Content-Digest');
  const [name] = digest?.split('=') ?? [];
  check(digest === undefined || digest === contentDigest(content, name), 'the digest is not that of the content');
}

async function verifyExchange({ audience, sign_response: signResponse, request, response }, keySet) {
  const asked = await verifySignature(request, undefined, keySet, requestCoverage(request));
  check(asked['wimse-aud'] === audience, `wimse-aud is ${asked['wimse-aud']}`);
  check((asked['wimse-sign-response'] ?? false) === signResponse, 'wimse-sign-response is not as expected');
  check(!('wimse-req-nonce' in asked), 'wimse-req-nonce on a request');
  checkContent(request);

  const answered = await verifySignature(response, request, keySet, responseCoverage(response));
  check(answered['wimse-req-nonce'] === asked.nonce, 'the response answers another request');
  check(!('wimse-aud' in answered) && !('wimse-sign-response' in answered), 'request parameters on a response');
  checkContent(response, request.method === 'HEAD' || response.status === 304);
}

const replaced = (message, name, value) => ({ ...message, headers: { ...message.headers, [name]: value } });

function* changedMessages(message) {
  for (const name of ['content-type', 'authorization', 'txn-token']) {
    if (name in message.headers) yield [name, replaced(message, name, 'other/value')];
  }
  if ('content-digest' in message.headers) {
    yield ['content-digest', replaced({ ...message, content: 'other' }, 'content-digest', contentDigest('other'))];
  }
  if (message.content !== '') yield ['content', { ...message, content: `${message.content}.` }];
  const { 'signature-input': input, ...unsigned } = message.headers;
  for (const [from, to] of [['nonce="', 'nonce="x'], ['created=1', 'created=0'], ['"@method"', '"@scheme"'], [TAG, 'x']]) {
    // The last one: that of an intermediary comes first.
    const at = input.lastIndexOf(from);
    check(at >= 0, `${from} is not in ${input}`);
    yield [from, replaced(message, 'signature-input', input.slice(0, at) + to + input.slice(at + from.length))];
  }
  delete unsigned.signature;
  yield ['unsigned', { ...message, headers: unsigned }];
}

// Copies of a case that nobody may accept.
function* changedExchanges(item, other) {
  const { request, response } = item;
  const url = new URL(request.url);
  const requests = [
    ['method', { ...request, method: 'PATCH' }],
    ['path', { ...request, url: `${url.origin}${url.pathname}x${url.search}` }],
    ['query', { ...request, url: `${request.url}${url.search ? '&' : '?'}z=1` }],
    ['token', replaced(request, 'workload-identity-token', response.headers['workload-identity-token'])],
    ...changedMessages(request),
  ];
  for (const [what, changed] of requests) yield [`request: ${what}`, { ...item, request: changed }];
  const responses = [
    ['status', { ...response, status: 299 }],
    ['token', replaced(response, 'workload-identity-token', request.headers['workload-identity-token'])],
    ['of another request', other.response],
    ...changedMessages(response),
  ];
  for (const [what, changed] of responses) yield [`response: ${what}`, { ...item, response: changed }];
  yield ['audience', { ...item, audience: `${item.audience}x` }];
}

async function verifyCase(item, other, keySet) {
  await verifyExchange(item, keySet);
  let refused = 0;
  for (const [what, changed] of changedExchanges(item, other)) {
    const accepted = await verifyExchange(changed, keySet).then(() => true, () => false);
    check(!accepted, `accepted in spite of a change (${what})`);
    refused += 1;
  }
  return refused;
}

const { issuer_jwks: issuerJwks, cases } = JSON.parse(await text(process.stdin));
check(Array.isArray(cases) && cases.length > 1, 'no two cases');
const keySet = createLocalJWKSet(issuerJwks);

for (const [index, item] of cases.entries()) {
  try {
    const refused = await verifyCase(item, cases.at(index - 1), keySet);
    console.log(`ok ${item.id} (${refused} changes refused)`);
  } catch (error) {
    console.log(`FAIL ${item.id} ${error.message}`);
    process.exitCode = 1;
  }
}
