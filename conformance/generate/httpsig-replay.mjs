// Requests in sequence: each nonce counts once, whoever sends it, and only if everything else is right.
import { BILLING, ELSEWHERE, ORDERS } from "./wpt-case.mjs";
import { NOW } from "./httpsig-case.mjs";

const [YES, NO] = ["accept", "reject"];

export function replay(c) {
  const rule = ["HSQ-26", "AMB-31"];
  const shared = { params: { nonce: "own-nonce-shared" } };
  const first = c.ok("replay-first", rule, "a request with the nonce that the next cases share", shared);
  const other = c.ok("replay-other-request", rule, "another request of the same workload with that nonce", { ...shared, target: "/orders?x=2" });
  const later = c.ok("replay-later", rule, "the same nonce with a later expires", { params: { ...shared.params, expires: NOW + 300 } });
  const sender = c.ok("replay-other-sender", rule, "another workload with that nonce", { ...shared, who: BILLING });
  const domain = c.ok("replay-other-domain", rule, "a workload of another trust domain with that nonce", { ...shared, who: ELSEWHERE });
  const upper = c.ok("replay-upper-case", rule, "that nonce in upper case", { params: { nonce: "OWN-NONCE-SHARED" } });
  const fresh = c.ok("replay-fresh", rule, "a fresh nonce");
  const edge = c.ok("replay-edge", rule, "a request in the last second of its leeway", { params: { created: NOW - 100, expires: NOW - 59 } });
  const run = (name, ids, expected, reason) => c.sequence(`sequence-${name}`, ids, expected, "replayed", rule, reason);
  run("same", [first, first, first], [YES, NO, NO], "the same request three times");
  run("other-request", [first, other], [YES, NO], "one nonce in two requests");
  run("later", [first, later], [YES, NO], "one nonce with two lifetimes");
  run("other-sender", [first, sender], [YES, NO], "one nonce of two workloads: the draft refuses it whoever sends it");
  run("other-domain", [first, domain], [YES, NO], "one nonce of workloads in two trust domains");
  run("case", [first, upper], [YES, YES], "nonces are compared as strings");
  run("fresh", [first, fresh, first], [YES, YES, NO], "a fresh nonce between, then a replay");
  run("edge", [edge, edge], [YES, NO], "remembered until the leeway is over");
}

export function notBurnt(c) {
  const rule = ["AMB-31", "HSQ-28"];
  const params = { nonce: "own-nonce-not-burnt" };
  const good = c.ok("burn-good", rule, "the sound request of the next sequences", { params });
  for (const [name, why, how] of [
    ["signature", "proof_signature", { key: BILLING.key }],
    ["audience", "audience_mismatch", { params: { ...params, "wimse-aud": "https://orders.example.com/" } }],
    ["coverage", "component_not_covered", { cover: () => ['"@method"'] }],
    ["content", "digest_mismatch", { after: (m) => ({ ...m, body: "x" }) }],
    ["content-missing", "digest_missing", { digest: null }],
    ["window", "proof_expired", { params: { ...params, created: NOW - 200, expires: NOW - 100 } }],
  ]) {
    const id = c.bad(`burn-${name}`, why, rule, `the same nonce in a request that is refused: ${name}`, { params, who: ORDERS, ...how });
    c.sequence(`sequence-burn-${name}`, [id, good, good], [NO, YES, NO], [why, null, "replayed"], rule, `a refused request (${name}) does not use up the nonce`);
  }
}
