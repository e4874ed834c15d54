// How a case of HTTP message signatures is put together: sound messages by default, changed where the case wants it.
import { createHash } from "node:crypto";

import { sign } from "./jose.mjs";
import { Cases, NOW } from "./case.mjs";
import { BILLING, ORDERS, WIT_FIELD, WPT_ANCHORS } from "./wpt-case.mjs";
import { members, signatureBase, signatureParams } from "./httpsig-base.mjs";

export { NOW };
export const HTTPSIG_ANCHORS = WPT_ANCHORS;
export const TAG = "wimse-workload-to-workload";
export const AUDIENCE = "https://billing.example.com/orders";
export const BODY = '{"do stuff":"please"}\n';

export const sha256 = (body) => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
export const sha512 = (body) => `sha-512=:${createHash("sha512").update(body).digest("base64")}:`;

/** A field whose value is a list of members, with one more at its end. */
const joined = (before, member) => (before ? `${before}, ${member}` : member);

let serial = 0;
const nonce = () => `own-nonce-${String((serial += 1)).padStart(5, "0")}`;

const has = (message, name) => message.headers.some(([n]) => n.toLowerCase() === name);
const present = (message, names) => names.filter((name) => has(message, name)).map((name) => `"${name}"`);

const TARGET = { "httpsig-07": ['"@path"', '"@query"'], "httpsig-06": ['"@request-target"'] };

function requestComponents(request, profile) {
  const fields = ["workload-identity-token", "content-type", "content-digest", "authorization", "txn-token"];
  return ['"@method"', ...TARGET[profile], ...present(request, fields)];
}

function responseComponents(response, profile) {
  const asked = ['"@method"', ...TARGET[profile]].map((name) => `${name};req`);
  return ['"@status"', ...asked, ...present(response, ["workload-identity-token", "content-type", "content-digest"])];
}

const requestParams = () => ({ created: NOW - 5, expires: NOW + 115, nonce: nonce(), tag: TAG, "wimse-aud": AUDIENCE });
const responseParams = (asked) => ({ created: NOW - 2, expires: NOW + 118, nonce: nonce(), tag: TAG, "wimse-req-nonce": asked });

/**
 * Adds one signature to a message. `cover` changes the list of components, `params` the parameters, `suffix` is appended to
 * them as it is, `values` are claimed for components without a value, `key`, `alg` and `signer` make the signature,
 * `member` changes the finished members, `others` are [input, signature] members of other signatures, which come first.
 */
function addSignature(message, request, components, defaults, who, how) {
  const { cover = (list) => list, params = {}, suffix = "", values, label = "wimse", others = [] } = how;
  const { key = who.key, alg = who.alg, signer = (base) => sign(alg, key, base), member = (m) => m } = how;
  const covered = cover(components);
  const text = signatureParams(covered, { ...defaults, ...params }) + suffix;
  const base = signatureBase({ components: covered, params: text, values, message, request });
  const own = member(members(label, text, signer(base)));
  const before = (index) => others.map((other) => other[index]).join(", ");
  const input = joined(before(0), own.input);
  const signature = own.signature === undefined ? before(1) : joined(before(1), own.signature);
  message.headers.push(["Signature-Input", input], ["Signature", signature]);
  return { label, base };
}

/** Fields of a message with content: type, digests (a text or list of lines, null for none), then further ones. */
function contentFields({ body, type, digest = sha256(body ?? ""), fields = [] }, content) {
  const digests = digest === null || !content ? [] : [digest].flat();
  return [...(type && content ? [["Content-Type", type]] : []), ...digests.map((line) => ["Content-Digest", line]), ...fields];
}

/**
 * A signed request: by default a sound POST. `method`, `target`, `host`, `body`, `type`, `digest`, `fields` and `wits` (the
 * tokens sent) make the message, `after` changes it once it is signed, `unsigned` leaves the signature out.
 */
export function request(how = {}, profile = "httpsig-07") {
  const { who = ORDERS, method = "POST", target = "/orders?x=1", host = "billing.example.com", type = "application/json" } = how;
  const content = how.content ?? (method !== "GET" && method !== "HEAD");
  const body = how.body ?? (content ? BODY : "");
  const message = {
    start_line: `${method} ${target} HTTP/1.1`,
    headers: [["Host", host], ...(how.wits ?? [who.wit]).map((w) => [WIT_FIELD, w]), ...contentFields({ ...how, body, type }, content)],
    body,
  };
  const defaults = requestParams();
  const signed = how.unsigned ? {} : addSignature(message, undefined, requestComponents(message, profile), defaults, who, how);
  return { message: how.after ? how.after(message) : message, nonce: defaults.nonce, ...signed };
}

/** A signed response to a request: by default a sound 200 of another workload. */
export function response(asked, how = {}, profile = "httpsig-07") {
  const { who = BILLING, status = "200 OK", type = "application/json", content = true } = how;
  const body = how.body ?? (content ? '{"ok":true}' : "");
  const message = {
    start_line: `HTTP/1.1 ${status}`,
    headers: [...(how.wits ?? [who.wit]).map((w) => [WIT_FIELD, w]), ...contentFields({ ...how, body, type }, content)],
    body,
  };
  const components = responseComponents(message, profile);
  const signed = how.unsigned ? {} : addSignature(message, asked.message, components, responseParams(asked.nonce), who, how);
  return { message: how.after ? how.after(message) : message, ...signed };
}

/** A change to the fields of a message after it was signed. */
export const setField = (name, change) => (message) => ({
  ...message,
  headers: message.headers.map(([n, v]) => [n, n.toLowerCase() === name.toLowerCase() ? change(v) : v]),
});
export const addField = (...line) => (message) => ({ ...message, headers: [...message.headers, line] });
export const dropField = (name) => (message) => ({ ...message, headers: message.headers.filter(([n]) => n.toLowerCase() !== name.toLowerCase()) });

/** A component list without or with some. */
export const without = (...names) => (list) => list.filter((c) => !names.includes(c));
export const plus = (...names) => (list) => [...list, ...names];
export const swap = (from, to) => (list) => list.map((c) => (c === from ? to : c));

/** The cases of `own-httpsig.json`. */
export class HttpsigCases extends Cases {
  constructor() {
    super("own-httpsig");
  }

  #push(name, kind, messages, expected, requirements, reason, rest) {
    const { profile = "httpsig-07", now = NOW, why, audiences, server, shown, ...more } = rest;
    return this.push(name, {
      kind,
      profile,
      now,
      ...(audiences ? { expected_audiences: audiences } : {}),
      ...(server ? { expected_server_identifier: server } : {}),
      ...messages,
      // For a refused message there is no text that all verifiers must agree on.
      ...(shown?.base && expected === "accept" ? { label: shown.label, signature_base: shown.base } : {}),
      ...more,
      expected,
      ...(why ? { expected_reason: why } : {}),
      reason,
      requirements,
    });
  }

  /** `how`: arguments of `request`. `rest`: `profile`, `now`, `audiences`, `settings`, `interop`, `why`. */
  request(name, expected, requirements, reason, how = {}, rest = {}) {
    const { audiences = [AUDIENCE], signedAs = rest.profile, ...more } = rest;
    const shown = request(how, signedAs);
    return this.#push(name, "request", { request: shown.message }, expected, requirements, reason, { audiences, shown, ...more });
  }

  /** `how`: arguments of `response`; `asked`: those of the request before it, by default with `wimse-sign-response`. */
  response(name, expected, requirements, reason, how = {}, rest = {}) {
    const { asked = {}, server = "wimse://example.com/billing", signedAs = rest.profile, ...more } = rest;
    const params = { "wimse-sign-response": true, ...asked.params };
    const sent = request({ ...asked, params }, rest.profile);
    const shown = response(how.other ? request({}, rest.profile) : sent, how, signedAs);
    const messages = { request: sent.message, response: shown.message };
    return this.#push(name, "response", messages, expected, requirements, reason, { server, shown, ...more });
  }

  ok(name, requirements, reason, how, rest) {
    return this.request(name, "accept", requirements, reason, how, rest);
  }

  bad(name, why, requirements, reason, how, rest) {
    return this.request(name, "reject", requirements, reason, how, { why, ...rest });
  }

  answerOk(name, requirements, reason, how, rest) {
    return this.response(`response-${name}`, "accept", requirements, reason, how, rest);
  }

  answerBad(name, why, requirements, reason, how, rest) {
    return this.response(`response-${name}`, "reject", requirements, reason, how, { why, ...rest });
  }

  /** One receiver sees the named requests one after another. */
  sequence(name, ids, expected, why, requirements, reason) {
    const { profile } = this.list.find((v) => v.id === ids[0]);
    this.push(name, { kind: "request", profile, now: NOW, sequence: ids, expected, expected_reason: why, reason, requirements });
  }
}
