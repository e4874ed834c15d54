// Request cases about the token and the key: order of checks, algorithms, signatures, targets.
import { ALGORITHMS, sign, signDer } from "./jose.mjs";
import { OTHER_1, keyFor, keys } from "./keys.mjs";
import { BILLING, ELSEWHERE, ORDERS, SPIFFE, workload } from "./wpt-case.mjs";
import { NOW, setField } from "./httpsig-case.mjs";

const flipped = (who, at) => (base) => {
  const signature = Buffer.from(sign(who.alg, who.key, base));
  signature[at(signature.length)] ^= 1;
  return signature;
};

export function algorithms(c) {
  const rule = ["HSQ-29", "WIT-19", "AMB-06"];
  for (const alg of ALGORITHMS) {
    const who = workload(keyFor("workload", alg), alg);
    c.ok(`alg-${alg}`, rule, `signed with ${alg}`, { who });
    for (const [name, at] of [["first", () => 0], ["last", (n) => n - 1]]) {
      c.bad(`alg-${alg}-${name}-octet`, "proof_signature", ["HSQ-29"], `the ${name} octet of a ${alg} signature altered`, { who, signer: flipped(who, at) });
    }
  }
  const bad = (name, reason, how) => c.bad(`key-${name}`, "proof_signature", ["HSQ-29"], reason, how);
  bad("der", "an ECDSA signature in DER", { signer: (base) => signDer(ORDERS.key, base) });
  bad("empty", "a signature without octets", { signer: () => Buffer.alloc(0) });
  bad("zeros", "an ECDSA signature of zeros", { signer: () => Buffer.alloc(64) });
  bad("short", "an ECDSA signature without its last octet", { signer: (base) => sign("ES256", ORDERS.key, base).subarray(0, 63) });
  bad("long", "an ECDSA signature with one octet more", { signer: (base) => Buffer.concat([sign("ES256", ORDERS.key, base), Buffer.alloc(1)]) });
  bad("other-workload", "signed with another workload's key", { key: BILLING.key });
  bad("issuer", "signed with the issuer's key", { key: keys.issuer_p256 });
  const rs256 = workload(keys.workload_rsa2048, "RS256");
  bad("rs256-ps256", "the confirmation key is for RS256, the signature is PS256", { who: rs256, alg: "PS256" });
  bad("rs256-rs512", "the confirmation key is for RS256, the signature is RS512", { who: rs256, alg: "RS512" });
  bad("base64url-of-jws", "the signature is over the base in base64url", { signer: (base) => sign("ES256", ORDERS.key, Buffer.from(base).toString("base64url")) });
  c.bad("key-algorithm-policy", "wit_confirmation", ["HSQ-30"], "an algorithm that the receiver does not allow for the trust domain", {}, { settings: { "example.com": { proof_algorithms: ["EdDSA", "Ed25519"] } } });
  c.ok("key-algorithm-allowed", ["HSQ-30"], "an algorithm that the receiver allows for the trust domain", {}, { settings: { "example.com": { proof_algorithms: ["ES256"] } } });
}

export function token(c) {
  const rule = ["HSQ-27", "HSQ-28"];
  const forged = workload(ORDERS.key, "ES256", {}, { key: OTHER_1 });
  const expired = workload(ORDERS.key, "ES256", { exp: NOW - 3600 });
  c.bad("wit-forged", "wit_signature", rule, "WIT not signed by the issuer, signature sound for it", { who: forged });
  c.bad("wit-expired", "wit_expired", rule, "WIT expired, signature fresh", { who: expired });
  c.bad("wit-forged-signature-bad", "wit_signature", rule, "WIT forged and signature wrong: the WIT is judged first", { who: forged, key: BILLING.key });
  c.bad("wit-expired-signature-bad", "wit_expired", rule, "WIT expired and nothing covered: the WIT is judged first", { who: expired, cover: () => [] });
  c.bad("wit-unknown-domain", "trust_domain_unknown", rule, "a WIT of a trust domain that is not trusted", { who: workload(ORDERS.key, "ES256", { sub: "wimse://unknown.example/a" }) });
  c.ok("wit-other-domain", rule, "a WIT of another trusted domain", { who: ELSEWHERE });
  c.ok("wit-spiffe", rule, "a WIT with a SPIFFE ID", { who: SPIFFE });
  c.bad("wit-cross-domain", "wit_key_unknown", rule, "a WIT of one domain signed by the other's issuer", { who: workload(ORDERS.key, "ES256", { sub: "wimse://other.example/orders/api" }) });
  const field = ["WIT-25", "AMB-17"];
  c.bad("wit-two-lines", "wit_repeated", field, "two WIT lines, both covered", { wits: [ORDERS.wit, BILLING.wit] });
  c.bad("wit-two-lines-same", "wit_repeated", field, "the same WIT on two lines, both covered", { wits: [ORDERS.wit, ORDERS.wit] });
  c.bad("wit-joined", "wit_malformed", field, "two WITs joined by a comma, covered", { wits: [`${ORDERS.wit}, ${BILLING.wit}`] });
  const underscores = (m) => ({ ...m, headers: m.headers.map(([n, v]) => [n.replace("Workload-Identity-Token", "Workload_Identity_Token"), v]) });
  c.bad("wit-underscores", "wit_missing", ["WIT-24"], "the WIT in Workload_Identity_Token, which some gateways map to the same name", { after: underscores });
  c.bad("wit-empty", undefined, field, "an empty WIT field, covered", { wits: [""] });
  c.bad("wit-replaced", "proof_signature", ["HSQ-09", "HSQ-29"], "the WIT replaced by another workload's after signing", { after: setField("Workload-Identity-Token", () => BILLING.wit) });
  const renewed = workload(ORDERS.key, "ES256", { jti: "renewed" });
  c.bad("wit-renewed", "proof_signature", ["HSQ-09"], "the WIT replaced by a renewed one for the same key after signing", { after: setField("Workload-Identity-Token", () => renewed.wit) });
  c.ok("wit-name-lower-case", ["WIT-26"], "field names in lower case", { after: (m) => ({ ...m, headers: m.headers.map(([n, v]) => [n.toLowerCase(), v]) }) });
  c.ok("wit-name-upper-case", ["WIT-26"], "field names in upper case", { after: (m) => ({ ...m, headers: m.headers.map(([n, v]) => [n.toUpperCase(), v]) }) });
}

export function target(c) {
  const rule = ["HSQ-02", "HSQ-03", "AMB-32"];
  const at = (name, uri, reason, how = {}) => c.ok(`target-${name}`, rule, reason, { target: uri, ...how });
  const moved = (name, from, to, reason, why = "proof_signature") => c.bad(`target-${name}`, why, rule, reason, { target: from, after: (m) => ({ ...m, start_line: `POST ${to} HTTP/1.1` }) });
  at("no-query", "/orders", "no query");
  at("empty-query", "/orders?", "an empty query");
  at("query-mark", "/orders?a=?b=/", "a query with question marks and slashes");
  at("query-encoded", "/orders?a=%20%2f+b&a=&&", "a query with encodings, repeated names and empty parts");
  at("encoded", "/orders%2F1%20a", "an encoded path");
  at("encoded-lower-case", "/orders%2f1", "an encoded path in lower-case hexadecimal");
  at("root", "/", "the path /");
  at("double-slash", "//orders//1", "empty path segments");
  at("dots", "/a/../orders/.", "dot segments");
  at("absolute", "https://billing.example.com/orders?x=1", "the target in absolute form");
  at("absolute-no-path", "https://billing.example.com?x=1", "the target in absolute form without a path, which stands for /");
  at("characters", "/-._~!$&'()*+,;=:@a", "every character that a path may have");
  at("method-own", "/orders?x=1", "a method of its own", { method: "M-SEARCH" });
  c.ok("target-query-lost", rule, "an empty query added after signing: @query has the same value with and without one", { target: "/orders", after: (m) => ({ ...m, start_line: "POST /orders? HTTP/1.1" }) });
  moved("decoded", "/orders/%70", "/orders/p", "the path decoded on the way");
  moved("hexadecimal", "/orders%2f1", "/orders%2F1", "the hexadecimal digits of the path normalized on the way");
  moved("slashes-merged", "//orders", "/orders", "slashes merged on the way");
  moved("dots-removed", "/a/../orders", "/orders", "dot segments removed on the way");
  moved("prefix-added", "/orders", "/api/orders", "a prefix added on the way");
  moved("slash-added", "/orders", "/orders/", "a slash added on the way");
  moved("query-added", "/orders", "/orders?admin=1", "a query added on the way");
  moved("query-removed", "/orders?x=1", "/orders", "the query removed on the way");
  moved("query-reordered", "/orders?a=1&b=2", "/orders?b=2&a=1", "the query reordered on the way");
  moved("query-plus", "/orders?a=b%20c", "/orders?a=b+c", "the query recoded on the way");
  moved("space", "/orders", "/orders 1", "a target with a space, which no server can take", "request_not_representable");
  const method = (name, to) => c.bad(`target-method-${name}`, "proof_signature", ["HSQ-01"], `POST turned into ${to}`, { after: (m) => ({ ...m, start_line: m.start_line.replace("POST", to) }) });
  method("delete", "DELETE");
  method("lower-case", "post");
  c.bad("target-options-star", undefined, ["AMB-32"], "OPTIONS *, which has no path", { method: "OPTIONS", target: "*" });
  c.bad("target-connect", undefined, ["AMB-32"], "CONNECT, which has no path", { method: "CONNECT", target: "billing.example.com:443" });
}
