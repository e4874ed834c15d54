// How a WPT case is put together: a sound request by default, changed where the case wants it.
import { hash, jws } from "./jose.mjs";
import { JUNE_5, OTHER_1, keys, pub } from "./keys.mjs";
import { CNF_ES256, Cases, NOW, SUBJECT, SVID_SUBJECT, wit } from "./case.mjs";

export const URI = "https://workload.example.com/path";
export const TXN = "eyJ0eXAiOiJ0eG50b2tlbitqd3QiLCJhbGciOiJFUzI1NiJ9.eyJ0eG4iOiIxIn0.c2ln";

export const WPT_ANCHORS = {
  "example.com": [pub(JUNE_5, { kid: "June 5" })],
  "other.example": [pub(OTHER_1, { kid: "other-1" })],
  "spiffe://example.com": [pub(keys.issuer_p256, { kid: "spiffe-1", use: "wit-svid" })],
};

/** A workload: its WIT, its key, the algorithm of its proofs. */
export const workload = (key, alg, claims = {}, how = {}) => ({
  key, alg, wit: wit({ claims: { cnf: { jwk: pub(key, { alg }) }, ...claims }, ...how }),
});

export const ORDERS = { key: keys.workload_p256, alg: "ES256", wit: wit({ claims: { sub: SUBJECT, cnf: CNF_ES256 } }) };
export const BILLING = workload(keys.workload_p256_other, "ES256", { sub: "wimse://example.com/billing" });
export const ELSEWHERE = workload(keys.workload_p256_other, "ES256", { sub: "wimse://other.example/orders/api" }, { header: { kid: "other-1" }, key: OTHER_1 });
export const SPIFFE = workload(keys.workload_p256_other, "ES256", { sub: SVID_SUBJECT }, { header: { kid: "spiffe-1" }, key: keys.issuer_p256 });

let serial = 0;
const jti = () => `own-jti-${String((serial += 1)).padStart(5, "0")}`;

export const proofClaims = (who = ORDERS) => ({ aud: URI, exp: NOW + 120, jti: jti(), wth: hash(who.wit) });

/** A WPT: by default sound. `claims` and `header` are merged into the defaults. */
export function wpt({ who = ORDERS, header = {}, claims = {}, rawHeader, payload, ...how } = {}) {
  return jws({
    header: rawHeader ?? { alg: who.alg, typ: "wpt+jwt", ...header },
    payload: payload ?? { ...proofClaims(who), ...claims },
    key: who.key, alg: who.alg, ...how,
  });
}

export const WIT_FIELD = "Workload-Identity-Token";
export const LEGACY_FIELD = "Workload-Proof-Token";

/** The cases of `own-wpt.json`. */
export class WptCases extends Cases {
  constructor() {
    super("own-wpt");
  }

  /**
   * `how`: arguments of `wpt`, or `token`. `rest`: `fields` (all credential fields), `more` (further fields),
   * `target`, `host`, `accepted`, `now`, `profile`, `understood`, `settings`, `interop`, `why`.
   */
  add(name, expected, requirements, reason, how = {}, rest = {}) {
    const { fields, more = [], target = URI, host = "workload.example.com", accepted = [URI], now = NOW } = rest;
    const { profile = "wpt-02", settings, interop, why } = rest;
    const { understood = how.claims?.oth === undefined ? undefined : [] } = rest;
    const who = how.who ?? ORDERS;
    const proof = () => how.token ?? wpt(how);
    const credentials = fields ? (typeof fields === "function" ? fields(proof()) : fields)
      : profile === "wpt-01" ? [[WIT_FIELD, who.wit], [LEGACY_FIELD, proof()]]
      : [[WIT_FIELD, who.wit], ["Authorization", `WPT ${proof()}`]];
    return this.push(name, {
      profile,
      now,
      request: {
        method: "POST",
        target_uri: target,
        headers: [["Host", host], ["Content-Type", "application/json"], ...credentials, ...more],
        body: '{"do stuff":"please"}\n',
      },
      accepted_audiences: accepted,
      ...(understood ? { understood_oth: understood } : {}),
      ...(settings ? { settings } : {}),
      ...(interop ? { interop } : {}),
      expected,
      ...(why ? { expected_reason: why } : {}),
      reason,
      requirements,
    });
  }

  ok(name, requirements, reason, how, rest) {
    return this.add(name, "accept", requirements, reason, how, rest);
  }

  bad(name, why, requirements, reason, how, rest) {
    return this.add(name, "reject", requirements, reason, how, { why, ...rest });
  }

  /** One verifier sees the named cases one after another. */
  sequence(name, ids, expected, requirements, reason, interop) {
    const profile = this.list.find((v) => v.id === ids[0]).profile;
    this.push(name, { profile, now: NOW, sequence: ids, ...(interop ? { interop } : {}), expected, reason, requirements });
  }
}
