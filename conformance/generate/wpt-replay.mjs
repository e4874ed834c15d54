// WPT cases in sequence: replay protection, and what must not count as a use.
import { NOW } from "./case.mjs";
import { OTHER_1, keys } from "./keys.mjs";
import { BILLING, ELSEWHERE, ORDERS, SPIFFE, workload } from "./wpt-case.mjs";

export function replay(c) {
  const rule = ["WPT-21", "AMB-31"];
  const shared = { jti: "own-jti-shared" };
  const orders = c.ok("replay-orders", rule, "a proof with the jti that the next cases share", { claims: shared });
  const later = c.ok("replay-orders-later", rule, "same sender, same jti, another proof with a later exp", { claims: { ...shared, exp: NOW + 200 } });
  const renewed = workload(keys.workload_ed25519_b, "Ed25519", { jti: "renewed" });
  const again = c.ok("replay-orders-renewed", rule, "same sender with a renewed WIT and another key, same jti", { who: renewed, claims: shared });
  const billing = c.ok("replay-billing", rule, "another sender, same jti", { who: BILLING, claims: shared });
  const elsewhere = c.ok("replay-elsewhere", rule, "same path in another trust domain, same jti", { who: ELSEWHERE, claims: shared });
  const spiffe = c.ok("replay-spiffe", rule, "same name and path under the spiffe scheme, same jti", { who: SPIFFE, claims: shared });
  const upper = c.ok("replay-orders-upper-case", rule, "same sender, jti in other letters' case", { claims: { jti: "OWN-JTI-SHARED" } });
  const fresh = c.ok("replay-orders-fresh", rule, "same sender, fresh jti", { claims: { jti: "own-jti-fresh" } });
  const edge = c.ok("replay-edge", rule, "a proof in the last second of its leeway", { claims: { jti: "own-jti-edge", exp: NOW - 59 } });
  const key = c.ok("replay-separator", rule, "a jti with separators that a careless cache key could confuse", { claims: { jti: "a|b" } });

  const run = (name, ids, expected, reason, req = rule) => c.sequence(name, ids, expected, req, reason);
  const [yes, no] = ["accept", "reject"];
  run("sequence-same-proof", [orders, orders, orders], [yes, no, no], "the same proof three times");
  run("sequence-same-jti", [orders, later], [yes, no], "same sender and jti in another proof: uses are counted by sender and jti, not by token");
  run("sequence-same-jti-renewed", [orders, again], [yes, no], "same sender and jti after the WIT was renewed");
  run("sequence-other-sender", [orders, billing], [yes, yes], "the same jti of another sender is another use");
  run("sequence-other-domain", [orders, elsewhere, spiffe], [yes, yes, yes], "same path in another domain and under another scheme: other senders", [...rule, "ID-10", "ID-13"]);
  run("sequence-other-then-same", [orders, billing, orders, billing], [yes, yes, no, no], "two senders, each replayed");
  run("sequence-jti-case", [orders, upper], [yes, yes], "jti values are compared as strings");
  run("sequence-fresh", [orders, fresh, orders], [yes, yes, no], "a fresh proof between, then a replay");
  run("sequence-edge", [edge, edge], [yes, no], "remembered until the leeway is over");
  run("sequence-separator", [key, key], [yes, no], "the same proof twice, jti with a separator");
}

export function notBurnt(c) {
  const rule = ["AMB-31", "WIT-39"];
  const jti = "own-jti-not-burnt";
  const good = c.ok("burn-good", rule, "the sound request of the next sequences", { claims: { jti } });
  const forged = workload(ORDERS.key, "ES256", {}, { key: OTHER_1 });
  const parts = {
    "bad-wit": c.bad("burn-bad-wit", "wit_signature", rule, "same jti under a forged WIT", { who: forged, claims: { jti } }),
    "bad-signature": c.bad("burn-bad-signature", "proof_signature", rule, "same jti, proof signed by another key", { key: BILLING.key, claims: { jti } }),
    "bad-audience": c.bad("burn-bad-audience", "audience_mismatch", rule, "same jti, proof for another audience", { claims: { jti, aud: "https://billing.example.com/path" } }),
    "bad-context": c.bad("burn-bad-context", "txn_token_mismatch", rule, "same jti, Txn-Token added", { claims: { jti } }, { more: [["Txn-Token", "a.b.c"]] }),
  };
  for (const [name, id] of Object.entries(parts)) {
    c.sequence(`sequence-${name}-first`, [id, good, good], ["reject", "accept", "reject"], rule, `a refused request (${name}) does not use up the jti`);
  }
}

export function instances(c) {
  const rule = ["SVID-07", "WIT-13"];
  const who = workload(keys.workload_p256, "ES256", { jti: "wit-jti-1" });
  const one = c.ok("instance-first", rule, "a WIT with a jti", { who });
  const two = c.ok("instance-second", rule, "the same WIT again, with a fresh proof", { who });
  c.sequence("sequence-wit-reused", [one, two], ["accept", "accept"], rule, "the jti of a WIT is for audit, not for replay protection");
  const twin = workload(keys.workload_p256_other, "ES256", { jti: "wit-jti-1" });
  const three = c.ok("instance-twin", ["ID-17"], "another instance: same identifier, own key, own proof", { who: twin });
  c.sequence("sequence-two-instances", [one, three], ["accept", "accept"], ["ID-17", ...rule], "two instances share one identifier");
}
